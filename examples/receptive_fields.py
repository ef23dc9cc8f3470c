"""Receptive fields: what the hidden units of a trained rEFH respond to (Makin, Dichter and Sabes 2015).

Takes the network that `python -m examples.quickstart` has left behind (run it first, with the same --out), shows it 200 new
trajectories, and averages the activity of every hidden unit over times at which position and velocity are alike. No neuron
reports velocity; units whose map changes along its velocity axis have found it.

A unit's activity is also explained by position alone, and by both: what velocity adds to R^2 sorts the units. Takes seconds; writes
receptive_fields.png (maps of sixteen units, from those to which velocity matters most to those to which it matters least,
and what velocity adds in all units) and receptive_fields.json.
"""
# %%
import sys

import numpy as np

from datasets import ppc
from examples import _plots, _ppc, _run
from refh_numpy import refh

N_BINS = 15                 # along each axis
FEWEST = 20                 # visits without which a cell of the map is left blank
N_SHOWN = 16
TEST = dict(n_traj=200, T=1000)


# %% [markdown]
# ## Maps
# The activity of a unit, averaged in cells of the plane of position and velocity.

# %%
def edges(quantity):
    """Of N_BINS cells that cover all but a thousandth of the values at either end"""
    return np.linspace(*np.quantile(quantity, [0.001, 0.999]), N_BINS + 1)


def maps(u, z):
    """Mean activity (n_units, N_BINS, N_BINS) over velocity and position, NaN where they are seldom together; and the edges

    u : (n, n_units) states;  z : (n, 2) position and velocity
    """
    position, velocity = edges(z[:, 0]), edges(z[:, 1])
    cell = np.stack([np.digitize(z[:, 1], velocity) - 1, np.digitize(z[:, 0], position) - 1])
    inside = ((cell >= 0) & (cell < N_BINS)).all(0)
    flat = cell[0, inside] * N_BINS + cell[1, inside]
    visits = np.bincount(flat, minlength=N_BINS**2)
    sums = np.array([np.bincount(flat, weights=one, minlength=N_BINS**2) for one in u[inside].T])
    with np.errstate(invalid="ignore"):
        mean = np.where(visits >= FEWEST, sums / visits, np.nan)
    return mean.reshape(-1, N_BINS, N_BINS), position, velocity


def explained(u, z):
    """R^2 (n_units,) of each unit's activity by position alone, and by position and velocity: means over cells

    u : (n, n_units);  z : (n, 2)
    """
    position = np.digitize(z[:, 0], edges(z[:, 0]))
    both = position * (N_BINS + 2) + np.digitize(z[:, 1], edges(z[:, 1]))
    total = u.var(0)

    def r2(cell):
        visits = np.maximum(np.bincount(cell), 1)
        residual = [np.mean((one - (np.bincount(cell, weights=one) / visits)[cell]) ** 2) for one in u.T]
        return 1 - np.array(residual) / np.maximum(total, 1e-12)

    return r2(position), r2(both)


# %%
def draw(mean, position, velocity, gain, order):
    figure = _plots.figure(9, 6.4)
    top, bottom = figure.subfigures(2, 1, height_ratios=[3, 1.1])
    grid = top.subplots(2, N_SHOWN // 2, sharex=True, sharey=True)
    for axes, unit in zip(grid.ravel(), order):
        picture = axes.pcolormesh(position, velocity, mean[unit], vmin=0, vmax=1, cmap="viridis", rasterized=True)
        axes.set_title(f"{gain[unit]:.2f}", fontsize=8)
    grid[0, 0].set_xticks([-0.5, 0, 0.5], ["-½", "0", "½"])
    top.supxlabel("position (rad)", fontsize=9)
    top.supylabel("velocity (rad/s)", fontsize=9)
    top.colorbar(picture, ax=grid, label="mean activity", shrink=0.8)
    top.suptitle("Hidden units: activity at each position and velocity (above: what velocity adds to R²)", fontsize=9)
    axes = bottom.subplots()
    axes.hist(gain, bins=30, color=_plots.COLOURS["rEFH"])
    axes.set(xlabel="R² by position and velocity, minus R² by position alone", ylabel="hidden units")
    return figure


# %%
def main(argv=None):
    arguments = _run.parse(_run.parser("receptive_fields", __doc__, ()), argv)
    _run.prepare_folder(arguments.out)
    weights = arguments.out / "refh.npz"
    if not weights.exists():
        sys.exit(f"--out: wanted a folder with the weights of a trained rEFH ({weights}): run python -m examples.quickstart first")
    params, _ = refh.load(weights)
    test = ppc.sample(_ppc.SYSTEM, **TEST, rng=np.random.default_rng([arguments.seed, 7]), staggered=True)
    u = refh.infer(params, test.y)[:, _ppc.SETTLED:].reshape(-1, len(params.b_x)).astype(float)
    z = test.z[:, _ppc.SETTLED:].reshape(-1, 2)
    mean, position, velocity = maps(u, z)
    by_position, by_both = explained(u, z)
    gain = by_both - by_position
    sorted_units = np.argsort(-gain)
    order = sorted_units[np.linspace(0, len(gain) - 1, N_SHOWN).round().astype(int)]
    _plots.save(draw(mean, position, velocity, gain, order), arguments.out / "receptive_fields.png")
    rows = [{"unit": int(unit), "r2_position": float(by_position[unit]), "r2_position_and_velocity": float(by_both[unit])}
            for unit in sorted_units]
    _run.write_json(arguments.out / "receptive_fields.json", rows, arguments.seed)
    print(f"{len(gain)} hidden units: position alone explains {np.median(by_position):.2f} of a unit's variance (median), "
          f"velocity adds {np.median(gain):.2f}, and more than 0.1 in {np.sum(gain > 0.1)} units")
    print(f"written: receptive_fields.png, receptive_fields.json in {arguments.out}")


if __name__ == "__main__":
    main()
