"""Which order was learnt? What the states of the models know, and how they answer a single misleading observation.

The poster says that the rEFH learns second-order dynamics. This script looks for it in four ways, in the models that
`python -m examples.ppc_table` has trained (run it first, with the same --out):

  read-out    how well position and velocity can be read linearly from the state (R^2 on unseen trajectories)
  impulse     one observation is moved aside by 0.1 rad: how far, and for how long, does the estimate follow?
  gain        the first value of that answer: the weight given to the present observation
  start       the error as a function of time since the start

Takes a minute or two; writes ppc_order.png and ppc_order.json. A second-order filter follows an outlier little and for a
long time, then swings back below zero, for it took part of the step for a change of velocity.
"""
# %%
import sys

import numpy as np

from datasets import ppc
from examples import _plots, _ppc, _run
from examples.ppc_table import NETWORKS, file, module, test_data
from kalman import filtering

PUSH = 0.1              # rad, how far one observation is moved aside
MOMENT = 300            # the step at which it is
LAGS = 60               # steps after it that are looked at
ROWS = ["ORDER 0", "TVAE", "TRBM", "KF-1", "rVAE + BPTT", "rVAE", "rEFH", "hybrid, w = 0.03", "rEFH + BPTT", "RTRBM", "KF-2"]
BIN = 10                # steps over which the error is averaged, where it is shown against time


# %% [markdown]
# ## What the state knows
# A linear read-out, fitted by least squares on half of the trajectories and judged on the other half.

# %%
def readout(state, target):
    """R^2 of a linear read-out of target (n_traj, T) from state (n_traj, T, n), on the second half of the trajectories

    The first steps are left out: no model knows the velocity there.
    """
    half = len(state) // 2
    state, target = state[:, _ppc.SETTLED:], target[:, _ppc.SETTLED:]

    def design(s):
        s = s.reshape(-1, s.shape[-1]).astype(float)
        return np.column_stack([s, np.ones(len(s))])

    weights = np.linalg.lstsq(design(state[:half]), target[:half].ravel(), rcond=None)[0]
    error = target[half:].ravel() - design(state[half:]) @ weights
    return float(1 - error.var() / target[half:].var())


# %% [markdown]
# ## How an observation is answered
# Two runs over the same spikes, but for one step: there the spikes of a mass that is 0.1 rad further on are put in the
# place of the true ones. The difference of the two estimates, divided by the difference of the two decoded positions, is
# the filter's impulse response; a regression over many trajectories.

# %%
def pushed(batch, rng):
    """The same spikes, but for one step, where they report a position that is PUSH further on"""
    y = batch.y.copy()
    position = batch.z[:, MOMENT, 0] + PUSH
    y[:, MOMENT] = rng.poisson(batch.gain[:, MOMENT, None] * ppc.tuning(_ppc.SYSTEM, position))
    return y


def impulse_response(estimate, batch, y_pushed):
    """(LAGS,) answer of estimate(y) -> (n_traj, T) to the push, as a fraction of it"""
    window = slice(MOMENT, MOMENT + LAGS)

    def moved(function):
        return ppc.short_way(_ppc.SYSTEM, function(y_pushed)[:, window] - function(batch.y)[:, window])

    push = moved(lambda y: ppc.decode(_ppc.SYSTEM, y)[0])[:, :1]
    # a regression through 0 over trajectories, lag by lag: the push differs from one to the next
    return (moved(estimate) * push).sum(0) / (push**2).sum()


# %% [markdown]
# ## All models

# %%
def examine(seed, folder, rng):
    """{model: what was found} for the models of this seed"""
    test = test_data(seed)
    pushes = ppc.sample(_ppc.SYSTEM, n_traj=400, T=MOMENT + LAGS, rng=rng, staggered=True)
    y_pushed = pushed(pushes, rng)
    to_fit = ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=rng).y
    kalman = {name: _ppc.fit_kalman(to_fit, name) for name in ("KF-1", "KF-2")}
    estimates = {name: lambda y, fitted=fitted: _ppc.kalman_estimate(fitted, y) for name, fitted in kalman.items()}
    states = {name: filtering.kalman_filter(fitted, *_ppc.observations(test.y)).mean for name, fitted in kalman.items()}
    for name in NETWORKS:
        model = module(NETWORKS[name])
        try:
            params, _ = model.load(file(folder, name, seed, ".npz"))
        except FileNotFoundError:
            continue
        estimates[name] = lambda y, model=model, params=params: _ppc.network_estimate(model, params, y)
        states[name] = model.infer(params, test.y)
    found = {}
    for name, estimate in estimates.items():
        response = impulse_response(estimate, pushes, y_pushed)
        error = ppc.squared_error(_ppc.SYSTEM, estimate(test.y), test.z[..., 0])
        found[name] = {"position_r2": readout(states[name], test.z[..., 0]),
                       "velocity_r2": readout(states[name], test.z[..., 1]),
                       "gain": float(response[0]), "impulse_response": response.tolist(),
                       "error_by_time": error.mean(0).reshape(-1, BIN).mean(1).tolist()}
    return found


def draw(rows):
    figure = _plots.figure(9, 7.5)
    axes = figure.subplots(2, 2)
    shown = [row for row in rows if row["model"] != "ORDER 0"]

    known = axes[0, 0]
    heights = np.arange(len(rows))[::-1]
    for measure, marker, label in (("position_r2", "o", "position"), ("velocity_r2", "D", "velocity")):
        known.scatter([row[measure] for row in rows], heights, marker=marker, s=40, label=label, zorder=2,
                      color=[_plots.COLOURS[row["model"]] for row in rows],
                      facecolors=None if marker == "o" else "none")
    known.set_yticks(heights, [row["model"] for row in rows])
    known.set(xlabel="R² of a linear read-out", xlim=(-0.03, 1.03), title="What the state knows")
    known.grid(axis="y", color="0.92")
    known.legend(loc="lower center")

    answer = axes[0, 1]
    answer.axhline(0, color="0.85", linewidth=0.8)
    for row in shown:
        answer.plot(_ppc.SYSTEM.dt * np.arange(LAGS), row["impulse_response"], **_plots.style(row["model"]))
    answer.set(xlabel="time since one observation was moved aside (s)", ylabel="answer / push", xlim=(-0.02, 2),
               title="How an outlier is answered")
    answer.legend(fontsize=8)

    gain = axes[1, 0]
    gain.barh(heights, [row["gain"] for row in rows], color=[_plots.COLOURS[row["model"]] for row in rows], height=0.6)
    gain.set_yticks(heights, [row["model"] for row in rows])
    gain.set(xlabel="weight of the present observation", title="Gain: the answer at once")

    start = axes[1, 1]
    for row in shown:
        error = np.array(row["error_by_time"])
        if error.min() > 15e-4:
            start.text(0.98, 0.97, f"{row['model']}: off the scale", ha="right", va="top", transform=start.transAxes,
                       color=_plots.COLOURS[row["model"]], fontsize=8)
            continue
        start.plot(_ppc.SYSTEM.dt * BIN * (np.arange(len(error)) + 0.5), 1e4 * error, **_plots.style(row["model"]))
    start.set(xlabel="time since the start (s)", ylabel="MSE (10$^{-4}$ rad²)", yscale="log", xlim=(0, 20), ylim=(1, 15),
              title="How long the start is felt")
    start.set_yticks([1, 2, 3, 5, 10], labels=["1", "2", "3", "5", "10"])
    start.minorticks_off()
    return figure


def main(argv=None):
    arguments = _run.parse(_run.parser("ppc_order", __doc__, ("full",)), argv)
    folder = arguments.out / "ppc_table"
    _run.prepare_folder(arguments.out)
    seeds = [seed for seed in range(arguments.seed, arguments.seed + (5 if arguments.full else 1))
             if any(file(folder, name, seed, ".npz").exists() for name in NETWORKS)]
    if not seeds:
        sys.exit(f"--out: wanted the folder of a finished `python -m examples.ppc_table`, got {arguments.out} "
                 "(no trained models there)")
    found = {seed: examine(seed, folder, np.random.default_rng([seed, 3])) for seed in seeds}
    rows = []
    for name in ROWS:
        results = [result[name] for result in found.values() if name in result]
        if not results:
            print(f"{name}: not trained in {folder}, left out")
            continue
        row = {"model": name,
               "seeds": [{"seed": seed, **result[name]} for seed, result in found.items() if name in result]}
        for measure in ("position_r2", "velocity_r2", "gain", "impulse_response", "error_by_time"):
            row[measure] = np.mean([result[measure] for result in results], axis=0).tolist()
        rows.append(row)
    _run.write_json(arguments.out / "ppc_order.json", rows, arguments.seed)
    _plots.save(draw(rows), arguments.out / "ppc_order.png")
    _run.print_table([
        ("", lambda row: row["model"]),
        ("position R²", lambda row: f"{row['position_r2']:.3f}"),
        ("velocity R²", lambda row: f"{row['velocity_r2']:.3f}"),
        ("gain", lambda row: f"{row['gain']:.2f}"),
        ("lowest answer", lambda row: f"{min(row['impulse_response']):+.3f}"),
    ], rows)
    print(f"\nseeds: {', '.join(map(str, seeds))}; written: ppc_order.png, ppc_order.json in {arguments.out}")


if __name__ == "__main__":
    main()
