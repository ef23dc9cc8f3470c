"""Which order was learnt? What a model does without observations, its state, its responses.

The poster says that the rEFH learns second-order dynamics. This script tests
it, on the models that `python -m examples.ppc_table` has trained (run it first,
with the same --out):

  coasting               the spikes end: does the estimate stay where it is
                         (order 1) or move on (order 2)? The criterion
  read-out               R² of a linear read-out (ridge) of position and
                         velocity from the state, on unseen trajectories
  impulse response       one observation is perturbed by 0.1 rad: the change of
                         the estimate, then and later, as a fraction
  instantaneous weight   the first value of that response
  error over time        since the start of the trajectories

The read-out has controls, which say how little it means by itself: untrained
networks, with small and with large weights, and a TRBM and an rEFH in the
course of a training. They take five minutes, and are kept in DIR/ppc_order.

Takes two more minutes per seed; writes ppc_order.png (coasting, beside the
read-out), ppc_order_response.png (impulse response, error over time) and
ppc_order.json. A second-order filter follows an outlier little and for a long
time. Its response then falls below zero (the undershoot), because part of the
outlier was taken for a change of velocity.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import sys
from dataclasses import replace

import numpy as np

from datasets import ppc
from examples.ppc import coasting, figures, networks, oscillator
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
RIDGE = 1e-5  # of the read-out, per time step
CONTROLS = {"TRBM": "refh_numpy.trbm", "rEFH": "refh_numpy.refh"}
CONTROL = dict(n_traj=40, T=200, chunk=1, learning_rate=1e-3, n_updates=30_000)
POINTS = (300, 1000, 4000, 30_000)  # updates after which a control is examined
LARGE = dict(W_u=4 / np.sqrt(240), W_y=0.1)  # standard deviations of large untrained weights
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
# Fitted by ridge regression on half of the trajectories, and tested on the other half.


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

    X = state.reshape(-1, state.shape[-1])[: half * state.shape[1]].astype(float)
    centre, mean = X.mean(0), target[:half].mean()
    X = X - centre
    penalty = RIDGE * len(X) * np.eye(X.shape[1])
    weights = np.linalg.solve(X.T @ X + penalty, X.T @ (target[:half].ravel() - mean))
    tested = state[half:].reshape(-1, state.shape[-1]).astype(float) - centre
    error = target[half:].ravel() - mean - tested @ weights
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
    """{name: (estimate, states, coasting)} of the Kalman filters and trained networks of a seed.

    Parameters
    ----------
    y_to_fit : spikes for the Kalman filters' EM
    test : Batch; the states are those of its spikes
    """
    found = {}
    for name in ("KF-1", "KF-2"):
        fitted = oscillator.fit_kalman(y_to_fit, name)
        states = filtering.kalman_filter(fitted, *oscillator.observations(test.y)).mean
        found[name] = (
            lambda y, fitted=fitted: oscillator.kalman_estimate(fitted, y),
            states,
            coasting.kalman(fitted, seed),
        )
    for name in NETWORKS:
        model, params = networks.load(name, seed, NETWORKS[name], folder)
        if model is None:
            continue
        found[name] = (
            (lambda y, model=model, params=params: oscillator.network_estimate(model, params, y)),
            model.infer(params, test.y),
            coasting.network(model, params, seed),
        )
    return found


def examine(seed, folder, rng):
    """{name: {measure: value}} of the models of a seed, for MEASURES."""
    test = networks.test_data(seed)
    batch = ppc.sample(n_traj=N_PERTURBED, T=PERTURBED_STEP + LAGS, rng=rng, random_phase=True)
    y_perturbed = perturbed(batch, rng)
    y_to_fit = ppc.sample(**oscillator.TEST, rng=rng).y
    found = {}
    for name, (estimate, states, slopes) in models(seed, folder, y_to_fit, test).items():
        response = impulse_response(estimate, batch, y_perturbed)
        error = ppc.squared_error(estimate(test.y), test.z[..., 0])
        found[name] = {
            "coasting": slopes,
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
        means["coasting"], means["coasting_spread"] = {}, {}
        for k in map(str, coasting.STEPS):
            slopes = [one["coasting"][k] for one in seeds]
            means["coasting"][k], means["coasting_spread"][k] = results.mean_and_spread(slopes)
        rows.append(
            {"model": name, **means, "undershoot": min(means["impulse_response"]), "seeds": seeds}
        )
    return rows


# %% [markdown]
# ## Controls of the read-out
# Networks that have learnt nothing, or not yet: does their state contain velocity, too?


# %%
def untrained(seed, large):
    """An rEFH before training: as init makes it, or with large weights and centred biases."""
    rng = np.random.default_rng([seed, 14])
    model = networks.module({"model": CONTROLS["rEFH"]})
    params = networks.initialised(model, {}, rng)
    if not large:
        return model, params
    W_u, W_y = (
        rng.normal(0, sd, getattr(params, name).shape).astype(params.W_u.dtype)
        for name, sd in LARGE.items()
    )
    y = ppc.sample(n_traj=10, T=100, rng=rng, random_phase=True).y.mean((0, 1))
    return model, replace(params, W_u=W_u, W_y=W_y, b_x=-W_u.sum(1) / 2 - W_y @ y, b_y=np.log(y))


def control_rows(seed, folder, settings=CONTROL, points=POINTS):
    """Rows {"label", "model", "n_updates", "velocity_r2", "coasting", "mse"}, kept in a folder."""
    path, asked = folder / f"controls_{seed}.json", {"settings": settings, "points": list(points)}
    if (row := results.kept(path, asked)) is not None:
        return row["rows"]
    test, rows = networks.test_data(seed), []

    def examine_control(module, params, **identity):
        velocity = readout(module.infer(params, test.y), test.z[..., 1])
        found = networks.test_network(module, params, seed)
        rows.append({**identity, "seed": seed, "velocity_r2": velocity, **found})

    for large, size in ((False, "small"), (True, "large")):
        label = f"untrained, {size} weights"
        examine_control(*untrained(seed, large), label=label, model="untrained", n_updates=0)
    for name, module in CONTROLS.items():
        rng = np.random.default_rng([seed, 15])
        model = networks.module({"model": module})
        params = networks.initialised(model, {}, rng)

        def check(params, log, name=name, model=model):
            n = log.n_updates[-1]
            if n in points:
                examine_control(
                    model, params, label=f"{name}, {n} updates", model=name, n_updates=n
                )

        (_, stage), *_ = oscillator.stages(settings)
        batches = oscillator.training_batches(rng, settings["n_traj"], settings["T"])
        every = int(np.gcd.reduce(points))
        _, log = model.train(params, batches, rng, **stage, callback=check, every=every)
        if log.interrupted:
            raise KeyboardInterrupt
    results.keep(path, asked | {"rows": rows, "version": results.version()})
    return rows


def control_table(rows):
    """One row per control: means over the seeds."""
    table = {}
    for row in rows:
        table.setdefault(row["label"], []).append(row)
    return [
        {
            **{name: seeds[0][name] for name in ("label", "model", "n_updates")},
            "velocity_r2": float(np.mean([one["velocity_r2"] for one in seeds])),
            "coasting": {
                k: float(np.mean([one["coasting"][k] for one in seeds]))
                for k in map(str, coasting.STEPS)
            },
            "mse": float(np.mean([one["mse"] for one in seeds])),
            "seeds": seeds,
        }
        for seeds in table.values()
    ]


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
    kept = arguments.out / "ppc_order"
    run.prepare_folder(kept)
    controls = control_table([row for seed in seeds for row in control_rows(seed, kept)])
    results.write_json(arguments.out / "ppc_order.json", rows, arguments.seed, controls=controls)
    figure = plots.save(figures.plot_order(rows, controls), arguments.out / "ppc_order.png")
    plots.save(figures.plot_responses(rows), arguments.out / "ppc_order_response.png")
    slopes = [
        (f"coasting {k}", lambda row, k=f"{k}": f"{row['coasting'][k]:.2f}") for k in coasting.STEPS
    ]
    velocity = ("velocity R²", lambda row: f"{row['velocity_r2']:.3f}")
    results.print_table(
        [
            ("", lambda row: row["model"]),
            *slopes,
            ("position R²", lambda row: f"{row['position_r2']:.3f}"),
            velocity,
            ("instantaneous weight", lambda row: f"{row['instantaneous_weight']:.2f}"),
            ("undershoot", lambda row: f"{row['undershoot']:+.3f}"),
        ],
        rows,
    )
    print("\ncontrols of the read-out:")
    results.print_table([("", lambda row: row["label"]), *slopes, velocity], controls)
    print(
        f"\nseeds: {', '.join(map(str, seeds))}; written: {figure.name}, ppc_order_response.png "
        f"and ppc_order.json in {arguments.out}"
    )


if __name__ == "__main__":
    run.start(main)
