"""Receptive fields: mean activity of a trained rEFH's hidden units.

As in Makin, Dichter and Sabes 2015. Loads the network that
`python -m examples.quickstart --full` has trained (run it first, same --out),
runs it on 200 new trajectories, and averages the activity of every hidden unit
over time steps with similar position and velocity. No neuron encodes velocity;
a unit whose map changes along the velocity axis has extracted it.

For each unit, R² is computed by position alone, and by position and velocity.
The difference sorts the units. Takes seconds; writes receptive_fields.png (maps
of sixteen units, from the largest difference to the smallest, and a histogram
of the differences of all units) and receptive_fields.json.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import sys

import numpy as np

from datasets import ppc
from examples.ppc import oscillator
from examples.tools import plots, results, run
from refh_numpy import refh

N_BINS = 15  # along each axis
MIN_VISITS = 20  # a cell of the map with fewer is left blank
N_SHOWN = 16
TEST = dict(n_traj=200, T=1000)


# %% [markdown]
# ## Maps
# The activity of a unit, averaged in cells of the plane of position and velocity.


# %%
def edges(quantity):
    """Edges of N_BINS cells that hold all values but a thousandth at either end."""
    return np.linspace(*np.quantile(quantity, [0.001, 0.999]), N_BINS + 1)


def maps(u, z):
    """Mean activity per cell of velocity and position.

    Parameters
    ----------
    u : (n, n_units) states
    z : (n, 2) position (rad) and velocity (rad/s)

    Returns
    -------
    (n_units, N_BINS, N_BINS) activity by velocity and position, NaN where there are few visits;
    edges of the cells in position, and in velocity
    """
    position, velocity = edges(z[:, 0]), edges(z[:, 1])
    cell = np.stack([np.digitize(z[:, 1], velocity) - 1, np.digitize(z[:, 0], position) - 1])
    inside = ((cell >= 0) & (cell < N_BINS)).all(0)
    flat = cell[0, inside] * N_BINS + cell[1, inside]
    visits = np.bincount(flat, minlength=N_BINS**2)
    sums = np.array([np.bincount(flat, weights=one, minlength=N_BINS**2) for one in u[inside].T])
    with np.errstate(invalid="ignore"):
        mean = np.where(visits >= MIN_VISITS, sums / visits, np.nan)
    return mean.reshape(-1, N_BINS, N_BINS), position, velocity


def explained(u, z):
    """R² of each unit's activity by position alone, and by position and velocity (cell means).

    Parameters
    ----------
    u : (n, n_units)
    z : (n, 2)

    Returns
    -------
    (n_units,), (n_units,)
    """
    position = np.digitize(z[:, 0], edges(z[:, 0]))
    both = position * (N_BINS + 2) + np.digitize(z[:, 1], edges(z[:, 1]))
    total = u.var(0)

    def r2(cell):
        visits = np.maximum(np.bincount(cell), 1)
        residual = [
            np.mean((one - (np.bincount(cell, weights=one) / visits)[cell]) ** 2) for one in u.T
        ]
        return 1 - np.array(residual) / np.maximum(total, 1e-12)

    return r2(position), r2(both)


# %%
def plot(mean, position, velocity, by_velocity, order):
    figure = plots.figure(9, 6.8)
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 1.2])
    grid = top.subplots(2, N_SHOWN // 2, sharex=True, sharey=True)
    for axes, unit in zip(grid.ravel(), order, strict=True):
        image = axes.pcolormesh(
            position, velocity, mean[unit], vmin=0, vmax=1, cmap="viridis", rasterized=True
        )
        axes.set_title(f"{by_velocity[unit]:.2f}", loc="center", fontsize=9)
    grid[0, 0].set_xticks([-0.5, 0.5])
    top.supxlabel("position (rad)", fontsize=9)
    top.supylabel("velocity (rad/s)", fontsize=9)
    top.colorbar(image, ax=grid, label="mean activity", shrink=0.8)
    top.suptitle(
        "Activity of sixteen hidden units; above each map: R² that velocity adds", fontsize=10
    )
    axes = bottom.subplots()
    axes.hist(by_velocity, bins=np.arange(0, 1.001, 0.025), color=plots.COLOURS["rEFH"])
    axes.set(
        xlabel="R² by position and velocity, minus R² by position alone",
        ylabel="hidden units",
        xlim=(0, 1),
        title="All hidden units",
    )
    plots.letters([grid[0, 0], axes])
    return figure


# %%
def main(argv=None):
    arguments = run.parse(run.parser("receptive_fields", __doc__, (), jobs=False), argv)
    run.prepare_folder(arguments.out)
    weights = arguments.out / "refh.npz"
    if not weights.exists():
        sys.exit(
            f"--out: expected a folder with the weights of a trained rEFH ({weights}), got "
            "none; run python -m examples.quickstart --full first"
        )
    params, _ = refh.load(weights)
    rng = np.random.default_rng([arguments.seed, 7])
    test = ppc.sample(**TEST, rng=rng, random_phase=True)
    u = (
        refh.infer(params, test.y)[:, oscillator.SETTLED :]
        .reshape(-1, len(params.b_x))
        .astype(float)
    )
    z = test.z[:, oscillator.SETTLED :].reshape(-1, 2)
    mean, position, velocity = maps(u, z)
    by_position, by_both = explained(u, z)
    by_velocity = by_both - by_position
    units = np.argsort(-by_velocity)
    order = units[np.linspace(0, len(units) - 1, N_SHOWN).round().astype(int)]
    figure = plots.save(
        plot(mean, position, velocity, by_velocity, order), arguments.out / "receptive_fields.png"
    )
    rows = [
        {
            "unit": int(unit),
            "r2_position": float(by_position[unit]),
            "r2_position_and_velocity": float(by_both[unit]),
        }
        for unit in units
    ]
    results.write_json(arguments.out / "receptive_fields.json", rows, arguments.seed)
    print(
        f"{len(units)} hidden units: position alone explains {np.median(by_position):.2f} of a "
        f"unit's variance (median), velocity adds {np.median(by_velocity):.2f}, and more than "
        f"0.1 in {np.sum(by_velocity > 0.1)} units"
    )
    print(f"written: {figure.name}, receptive_fields.json in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
