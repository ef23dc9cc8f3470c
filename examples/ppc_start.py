"""How to begin? Three rules for the state before the first observation, in every model of table 1.

A Kalman filter has a prior for its first state. A network has a state u_0 that nobody has seen. Three rules, for the models
that `python -m examples.ppc_table` has trained (run it first, with the same --out):

  zero        u_0 = 0
  joint       what the model itself says about u_0 given y_1: x_1 and u_0 are filled in by turns, with means (D34). A
              model of the joint p(u, y) can say it; a conditional model p(y | u) was never asked
  typical     the mean of the states that the model has been in when it went on to see an observation like y_1: a regression
              of u_{t-1} on the square roots of y_t, over other trajectories. Every model alike can be begun like this

Prints the error over all 1000 steps and over the first 100, for each; draws the first five seconds: ppc_start.png. A minute.
"""
# %%
import sys

import numpy as np

from datasets import ppc
from examples import _plots, _ppc, _run
from examples.ppc_table import NETWORKS, file, module, test_data
from refh_numpy import harmonium
from rvae_numpy import autoencoder

MODELS = ["TVAE", "TRBM", "rVAE", "rEFH", "hybrid, w = 0.03", "RTRBM"]
RULES = ["zero", "joint", "typical"]
OWN = {name: "joint" if name == "rVAE" else "zero" for name in MODELS}      # what `infer` does when it is told nothing
SHOWN = 100                     # steps


# %% [markdown]
# ## The rules

# %%
def joint(model, params, y_1):
    """u_0 by D34: given y_1, x_1 and u_0 by turns"""
    if model.__package__ == "rvae_numpy":
        return autoencoder.first_state(params, y_1)
    u = np.zeros((len(y_1), len(params.b_u)), y_1.dtype)
    for _ in range(autoencoder.FIRST_ROUNDS):
        u = harmonium.u_mean(params, harmonium.hidden_mean(params, u, y_1))
    return u


def typical(model, params, y_1, other):
    """u_0 by regression: E[u_{t-1} | y_t] over the trajectories `other`, their first steps left out"""
    u = model.infer(params, other)[:, _ppc.SETTLED:]
    states, followers = u[:, :-1].reshape(-1, u.shape[-1]), other[:, _ppc.SETTLED + 1:].reshape(-1, other.shape[-1])

    def design(y):
        return np.column_stack([np.sqrt(y), np.ones(len(y))])

    weights = np.linalg.lstsq(design(followers), states.astype(float), rcond=None)[0]
    u_0 = design(y_1) @ weights
    return np.clip(u_0, 0, 1) if model.__package__ == "refh_numpy" else u_0


def first_state(rule, model, params, y_1, other):
    if rule == "zero":
        return np.zeros((len(y_1), model.infer(params, y_1[:, None]).shape[-1]))
    if rule == "joint":
        return joint(model, params, y_1)
    return typical(model, params, y_1, other)


# %% [markdown]
# ## All models

# %%
def examine(name, seed, folder):
    """{rule: squared error by time step (T,)} of one trained model, or None if there is none"""
    model = module(NETWORKS[name])
    try:
        params, _ = model.load(file(folder, name, seed, ".npz"))
    except FileNotFoundError:
        return None
    test = test_data(seed)
    other = ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=np.random.default_rng([seed, 9]), staggered=True).y
    errors = {}
    for rule in RULES:
        u_0 = first_state(rule, model, params, test.y[:, 0], other)
        z_hat = _ppc.network_estimate(model, params, test.y, u_0)
        errors[rule] = ppc.squared_error(_ppc.SYSTEM, z_hat, test.z[..., 0]).mean(0)
    return errors


def draw(rows):
    figure = _plots.figure(9, 5)
    grid = figure.subplots(2, 3, sharex=True, sharey=True)
    lines = {"zero": (0, (1, 1)), "joint": "-", "typical": (0, (5, 2))}
    time_s = _ppc.SYSTEM.dt * (np.arange(SHOWN) + 0.5)
    for axes, row in zip(grid.flat, rows):
        for rule in RULES:
            axes.plot(time_s, 1e4 * np.array(row["error_by_time"][rule]), color=_plots.COLOURS[row["model"]],
                      linestyle=lines[rule], linewidth=1 if rule == "zero" else 1.5, label=rule)
        axes.set(title=f"{row['model']} (trained from: {row['own']})", yscale="log", ylim=(1, 1500), xlim=(0, time_s[-1]))
        axes.legend(fontsize=8)
    for axes in grid[-1]:
        axes.set_xlabel("time since the start (s)")
    for axes in grid[:, 0]:
        axes.set_ylabel("MSE (10$^{-4}$ rad²)")
    return figure


def main(argv=None):
    arguments = _run.parse(_run.parser("ppc_start", __doc__, ("full",)), argv)
    folder = arguments.out / "ppc_table"
    _run.prepare_folder(arguments.out)
    seeds = range(arguments.seed, arguments.seed + (5 if arguments.full else 1))
    rows = []
    for name in MODELS:
        found = {seed: errors for seed in seeds if (errors := examine(name, seed, folder)) is not None}
        if not found:
            print(f"{name}: not trained in {folder}, left out")
            continue
        mean = {rule: np.mean([errors[rule] for errors in found.values()], axis=0) for rule in RULES}
        rows.append({"model": name, "own": OWN[name],
                     "mse": {rule: float(mean[rule].mean()) for rule in RULES},
                     "mse_first_100": {rule: float(mean[rule][:_ppc.SETTLED].mean()) for rule in RULES},
                     "error_by_time": {rule: mean[rule][:SHOWN].tolist() for rule in RULES},
                     "seeds": [{"seed": seed, "mse": {rule: float(errors[rule].mean()) for rule in RULES}}
                               for seed, errors in found.items()]})
    if not rows:
        sys.exit(f"--out: wanted the folder of a finished `python -m examples.ppc_table`, got {arguments.out} "
                 "(no trained models there)")
    _run.write_json(arguments.out / "ppc_start.json", rows, arguments.seed)
    _plots.save(draw(rows), arguments.out / "ppc_start.png")
    _run.print_table([
        ("MSE (1e-4 rad²)", lambda row: row["model"]),
        *((f"{rule}", lambda row, rule=rule: f"{1e4 * row['mse'][rule]:.2f}{' *' if row['own'] == rule else '  '}")
          for rule in RULES),
        *((f"{rule}, first 100", lambda row, rule=rule: f"{1e4 * row['mse_first_100'][rule]:.2f}") for rule in RULES),
    ], rows)
    print(f"\n*: how the model begins in table 1, as in its training; seeds: {', '.join(map(str, seeds))}; "
          f"written: ppc_start.png, ppc_start.json in {arguments.out}")


if __name__ == "__main__":
    main()
