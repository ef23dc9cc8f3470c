"""Which order was learnt? State, impulse response and error over time.

The poster says that the rEFH learns second-order dynamics. This script tests
it in four ways, on the models that `python -m examples.ppc_table` has trained
(run it first, with the same --out):

  read-out               R² of a linear read-out of position and velocity from
                         the state, on unseen trajectories (panel A)
  impulse response       one observation is perturbed by 0.1 rad: the change of
                         the estimate, then and later, as a fraction (panel B)
  instantaneous weight   the first value of that response (panel C)
  error over time        since the start of the trajectories (panel D)

Takes a minute or two; writes ppc_order.png and ppc_order.json. A second-order
filter follows an outlier little and for a long time. Its response then falls
below zero (the undershoot), because part of the outlier was taken for a change
of velocity.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import sys

import numpy as np

from datasets import ppc
from examples.ppc import networks, oscillator
from examples.ppc_table import NETWORKS
from examples.tools import plots, results, run
from kalman import filtering

PERTURBATION = 0.1  # rad, of one observation
PERTURBED_STEP = 300  # its time step
N_PERTURBED = 400  # trajectories
LAGS = 60  # time steps from it on
ROWS = [
    "ORDER 0",
    "TVAE",
    "TRBM",
    "KF-1",
    "rVAE + BPTT",
    "rVAE",
    "rVAE, control settings",
    "rEFH",
    "hybrid, w = 0.03",
    "hybrid, falling w",
    "rEFH + BPTT",
    "RTRBM",
    "KF-2",
]
CURVES = ["ORDER 0", "TRBM", "KF-1", "rVAE", "rEFH", "hybrid, falling w", "RTRBM", "KF-2"]
BIN = 10  # time steps over which the error is averaged, over time
MEASURES = (
    "position_r2",
    "velocity_r2",
    "instantaneous_weight",
    "impulse_response",
    "error_by_time",
)


# %% [markdown]
# ## Linear read-out
# Fitted by least squares on half of the trajectories, and tested on the other half.


# %%
def readout(state, target):
    """R² of a linear read-out of the target from the state, on the second half of the trajectories.

    The first time steps are left out, because no model can have the velocity there.

    Parameters
    ----------
    state : (n_traj, T, n)
    target : (n_traj, T)
    """
    half = len(state) // 2
    state, target = state[:, oscillator.SETTLED :], target[:, oscillator.SETTLED :]

    def design(s):
        s = s.reshape(-1, s.shape[-1]).astype(float)
        return np.column_stack([s, np.ones(len(s))])

    weights = np.linalg.lstsq(design(state[:half]), target[:half].ravel(), rcond=None)[0]
    error = target[half:].ravel() - design(state[half:]) @ weights
    return float(1 - np.mean(error**2) / target[half:].var())


# %% [markdown]
# ## Impulse response
# Two runs over the same spikes, with the exception of one time step. There the second run has the
# spikes of an oscillator whose position is 0.1 rad larger. The difference of the two estimates,
# divided by the difference of the two decoded positions, is the filter's impulse response: a
# regression over many trajectories.


# %%
def perturbed(batch, rng):
    """The batch's spikes, with one time step that reports a position PERTURBATION larger."""
    y = batch.y.copy()
    position = batch.z[:, PERTURBED_STEP, 0] + PERTURBATION
    tuning = ppc.tuning(position)
    y[:, PERTURBED_STEP] = rng.poisson(batch.gain[:, PERTURBED_STEP, None] * tuning)
    return y


def impulse_response(estimate, batch, y_perturbed):
    """Response of an estimate to the perturbation, as a fraction of it, by lag.

    Parameters
    ----------
    estimate : function of spikes (n_traj, T, 15) that returns positions (n_traj, T), rad
    batch : of ppc.sample
    y_perturbed : its perturbed spikes

    Returns
    -------
    (LAGS,)
    """
    window = slice(PERTURBED_STEP, PERTURBED_STEP + LAGS)

    def change(function):
        difference = function(y_perturbed)[:, window] - function(batch.y)[:, window]
        return ppc.wrap(difference)

    perturbation = change(lambda y: ppc.decode(y)[0])[:, :1]
    # a regression through 0 over trajectories, lag by lag, because perturbations differ
    return (change(estimate) * perturbation).sum(0) / (perturbation**2).sum()


# %% [markdown]
# ## All models


# %%
def models(seed, folder, y_to_fit, test):
    """{name: (estimate, states)} of the Kalman filters and of the trained networks of a seed.

    Parameters
    ----------
    y_to_fit : spikes for the Kalman filters' EM
    test : Batch; the states are those of its spikes
    """
    found = {}
    for name in ("KF-1", "KF-2"):
        fitted = oscillator.fit_kalman(y_to_fit, name)
        states = filtering.kalman_filter(fitted, *oscillator.observations(test.y)).mean
        found[name] = lambda y, fitted=fitted: oscillator.kalman_estimate(fitted, y), states
    for name in NETWORKS:
        model, params = networks.load(name, seed, NETWORKS[name], folder)
        if model is None:
            continue
        found[name] = (
            (lambda y, model=model, params=params: oscillator.network_estimate(model, params, y)),
            model.infer(params, test.y),
        )
    return found


def examine(seed, folder, rng):
    """{name: {measure: value}} of the models of a seed, for MEASURES."""
    test = networks.test_data(seed)
    batch = ppc.sample(n_traj=N_PERTURBED, T=PERTURBED_STEP + LAGS, rng=rng, random_phase=True)
    y_perturbed = perturbed(batch, rng)
    y_to_fit = ppc.sample(**oscillator.TEST, rng=rng).y
    found = {}
    for name, (estimate, states) in models(seed, folder, y_to_fit, test).items():
        response = impulse_response(estimate, batch, y_perturbed)
        error = ppc.squared_error(estimate(test.y), test.z[..., 0])
        found[name] = {
            "position_r2": readout(states, test.z[..., 0]),
            "velocity_r2": readout(states, test.z[..., 1]),
            "instantaneous_weight": float(response[0]),
            "impulse_response": response.tolist(),
            "error_by_time": error.mean(0).reshape(-1, BIN).mean(1).tolist(),
        }
    return found


def table(found):
    """Rows of means over the seeds; found: {seed: what `examine` returns}"""
    rows = []
    for name in ROWS:
        seeds = [{"seed": seed, **result[name]} for seed, result in found.items() if name in result]
        if not seeds:
            print(f"{name}: expected its weights, got none; left out")
            continue
        means = {
            measure: np.mean([one[measure] for one in seeds], axis=0).tolist()
            for measure in MEASURES
        }
        rows.append(
            {"model": name, **means, "undershoot": min(means["impulse_response"]), "seeds": seeds}
        )
    return rows


# %% [markdown]
# ## The figure


# %%
def plot(rows):
    figure = plots.figure(9, 8)
    (readouts, response), (weights, error) = figure.subplots(2, 2)
    curves = [row for row in rows if row["model"] in CURVES]
    plot_readouts(readouts, rows)
    plot_response(response, curves)
    plot_weights(weights, rows)
    plot_error(error, curves)
    figure.legend(
        *error.get_legend_handles_labels(),
        loc="outside lower center",
        ncols=8,
        title="lines in B and D",
    )
    plots.letters([readouts, response, weights, error])
    return figure


def plot_readouts(axes, rows):
    heights = np.arange(len(rows))[::-1]
    for measure, marker, label in (
        ("position_r2", "o", "position"),
        ("velocity_r2", "D", "velocity"),
    ):
        colours = [plots.COLOURS[row["model"]] for row in rows]
        axes.scatter(
            [row[measure] for row in rows],
            heights,
            marker=marker,
            s=36,
            label=label,
            zorder=2,
            edgecolors=colours,
            facecolors=colours if marker == "o" else "none",
        )
    axes.set_yticks(heights, [row["model"] for row in rows])
    axes.set(
        xlabel="R² of a linear read-out",
        xlim=(-0.05, 1.05),
        title="Position and velocity in the state",
    )
    axes.grid(axis="y", color="0.92")
    axes.legend(loc="center", bbox_to_anchor=(0.3, 0.6))


def plot_response(axes, rows):
    time_s = oscillator.SYSTEM.dt * np.arange(LAGS)
    inset = axes.inset_axes([0.36, 0.3, 0.62, 0.4])
    for row in rows:
        for one in (axes, inset):
            one.plot(time_s, row["impulse_response"], **plots.style(row["model"]))
    for one in (axes, inset):
        one.axhline(0, color="0.6", linewidth=0.8, zorder=0)
    axes.set(
        xlabel="time since the perturbed observation (s)",
        xlim=(0, 2.95),
        ylabel="response / perturbation",
        title="Impulse response",
    )
    inset.set(xlim=(0.5, 2.95), ylim=(-0.014, 0.02))
    inset.tick_params(labelsize=8)
    inset.set_title("undershoot (enlarged)", fontsize=8)


def plot_weights(axes, rows):
    heights = np.arange(len(rows))[::-1]
    spreads = [
        results.mean_and_spread([one["instantaneous_weight"] for one in row["seeds"]])[1] or 0
        for row in rows
    ]
    axes.barh(
        heights,
        [row["instantaneous_weight"] for row in rows],
        height=0.6,
        xerr=spreads,
        color=[plots.COLOURS[row["model"]] for row in rows],
        ecolor="black",
        error_kw={"linewidth": 1, "capsize": 2},
    )
    axes.set_yticks(heights, [row["model"] for row in rows])
    axes.set(
        xlabel="weight of the current observation (mean ± sd over seeds)",
        title="Instantaneous weight",
    )


def plot_error(axes, rows):
    for row in rows:
        error = 1e4 * np.array(row["error_by_time"])
        time_s = oscillator.SYSTEM.dt * BIN * (np.arange(len(error)) + 0.5)
        axes.plot(time_s, error, **plots.style(row["model"]))
    axes.set(
        xlabel="time since the start of the trajectory (s)",
        xlim=(0, 20),
        ylim=(1, 15),
        yscale="log",
        ylabel="MSE of the position (10$^{-4}$ rad²)",
        title="Error over time",
    )
    axes.set_yticks([1, 2, 3, 5, 10], labels=["1", "2", "3", "5", "10"])
    axes.minorticks_off()


# %%
def main(argv=None):
    arguments = run.parse(run.parser("ppc_order", __doc__, ("full",), jobs=False), argv)
    folder = arguments.out / "ppc_table"
    run.prepare_folder(arguments.out)
    seeds = [
        seed
        for seed in range(arguments.seed, arguments.seed + (5 if arguments.full else 1))
        if any(networks.file(folder, name, seed, ".npz").exists() for name in NETWORKS)
    ]
    if not seeds:
        sys.exit(
            "--out: expected the folder of a finished `python -m examples.ppc_table`, got "
            f"{arguments.out} (no trained models there)"
        )
    rows = table({seed: examine(seed, folder, np.random.default_rng([seed, 3])) for seed in seeds})
    results.write_json(arguments.out / "ppc_order.json", rows, arguments.seed)
    figure = plots.save(plot(rows), arguments.out / "ppc_order.png")
    results.print_table(
        [
            ("", lambda row: row["model"]),
            ("position R²", lambda row: f"{row['position_r2']:.3f}"),
            ("velocity R²", lambda row: f"{row['velocity_r2']:.3f}"),
            ("instantaneous weight", lambda row: f"{row['instantaneous_weight']:.2f}"),
            ("undershoot", lambda row: f"{row['undershoot']:+.3f}"),
        ],
        rows,
    )
    print(
        f"\nseeds: {', '.join(map(str, seeds))}; written: {figure.name}, ppc_order.json in "
        f"{arguments.out}"
    )


if __name__ == "__main__":
    run.start(main)
