"""Initial state: three rules for u_0, in the models of Table 1.

A Kalman filter has a prior for its first state. A network has an initial state
u_0 that is not observed. Three rules, for the models that
`python -m examples.ppc_table` has trained (run it first, with the same --out):

  zero         u_0 = 0
  joint        the most probable u_0 given y_1 under the model itself: x_1 and
               u_0 are set to their means alternately (V9). A model of the
               joint p(u, y) defines it; a conditional model p(y | u) does not
  regression   a linear regression of u_{t-1} on the square roots of y_t, over
               other trajectories; it is defined for every model

Prints the error over all 1000 time steps and over the first 100, for each
rule. Plots the first five seconds: ppc_initial_state.png. Takes a minute;
writes ppc_initial_state.json as well.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import sys

import numpy as np

from datasets import ppc
from examples.ppc import networks, oscillator
from examples.ppc_table import NETWORKS
from examples.tools import plots, results, run
from refh_numpy import harmonium
from rvae_numpy import inference

MODELS = ["TVAE", "TRBM", "rVAE", "rEFH", "hybrid, w = 0.03", "RTRBM"]
RULES = {"zero": "$u_0 = 0$", "joint": "joint", "regression": "regression"}
DEFAULT = {name: "joint" if name == "rVAE" else "zero" for name in MODELS}  # of the model's `infer`
N_ITERATIONS = 25  # of the joint rule, as the rVAE has
N_SHOWN = 100  # time steps in the figure


# %% [markdown]
# ## The rules


# %%
def joint(model, params, y_1):
    """u_0 (n_traj, n_u) given y_1, by setting x_1 and u_0 alternately (V9)."""
    if model.__package__ == "rvae_numpy":
        return inference.infer_u0(params, y_1)
    u = np.zeros((len(y_1), len(params.b_u)), y_1.dtype)
    for _ in range(N_ITERATIONS):
        u = harmonium.u_mean(params, harmonium.hidden_mean(params, u, y_1))
    return u


def regression(model, params, y_1, other):
    """u_0 (n_traj, n_u): E[u_{t-1} | y_t] over other trajectories, without their first steps."""
    u = model.infer(params, other)[:, oscillator.SETTLED :]
    states = u[:, :-1].reshape(-1, u.shape[-1])
    observed_next = other[:, oscillator.SETTLED + 1 :].reshape(-1, other.shape[-1])

    def design(y):
        return np.column_stack([np.sqrt(y), np.ones(len(y))])

    weights = np.linalg.lstsq(design(observed_next), states.astype(float), rcond=None)[0]
    u_0 = design(y_1) @ weights
    return np.clip(u_0, 0, 1) if model.__package__ == "refh_numpy" else u_0


def initial_state(rule, model, params, y_1, other):
    """u_0 (n_traj, n_u) by one of RULES, from the first observations y_1 (n_traj, 15)."""
    if rule == "zero":
        return np.zeros((len(y_1), model.infer(params, y_1[:, None]).shape[-1]))
    if rule == "joint":
        return joint(model, params, y_1)
    return regression(model, params, y_1, other)


# %% [markdown]
# ## All models


# %%
def examine(name, seed, folder):
    """{rule: squared error by time step (T,)} of one trained model; None without weights."""
    model, params = networks.load(name, seed, NETWORKS[name], folder)
    if model is None:
        return None
    test = networks.test_data(seed)
    rng = np.random.default_rng([seed, 9])
    other = ppc.sample(**oscillator.TEST, rng=rng, random_phase=True).y
    errors = {}
    for rule in RULES:
        u_0 = initial_state(rule, model, params, test.y[:, 0], other)
        z_hat = oscillator.network_estimate(model, params, test.y, u_0)
        errors[rule] = ppc.squared_error(z_hat, test.z[..., 0]).mean(0)
    return errors


def table(seeds, folder):
    """One row per model, means over the seeds."""
    rows = []
    for name in MODELS:
        found = {
            seed: errors for seed in seeds if (errors := examine(name, seed, folder)) is not None
        }
        if not found:
            print(f"{name}: expected its weights in {folder}, got none; left out")
            continue
        mean = {
            rule: np.mean([errors[rule] for errors in found.values()], axis=0) for rule in RULES
        }
        rows.append(
            {
                "model": name,
                "default_rule": DEFAULT[name],
                "mse": {rule: float(mean[rule].mean()) for rule in RULES},
                "mse_first_100": {
                    rule: float(mean[rule][: oscillator.SETTLED].mean()) for rule in RULES
                },
                "error_by_time": {rule: mean[rule][:N_SHOWN].tolist() for rule in RULES},
                "seeds": [
                    {"seed": seed, "mse": {rule: float(errors[rule].mean()) for rule in RULES}}
                    for seed, errors in found.items()
                ],
            }
        )
    return rows


SHOWN = ["rVAE", "RTRBM"]  # where the rule matters most, and where it matters least


def plot(rows):
    rows = [row for row in rows if row["model"] in SHOWN]
    figure = plots.figure(8, 3.6)
    panels = figure.subplots(1, len(rows), sharey=True, squeeze=False)[0]
    # widest first, so that rules with equal errors are all visible
    lines = {
        "zero": dict(linestyle="-", linewidth=3.5, alpha=0.35),
        "joint": dict(linestyle="-", linewidth=1.3),
        "regression": dict(linestyle=(0, (4, 2)), linewidth=1.3),
    }
    time_s = oscillator.SYSTEM.dt * (np.arange(N_SHOWN) + 0.5)
    for axes, row in zip(panels, rows, strict=True):
        for rule, label in RULES.items():
            default = " (used in training)" * (row["default_rule"] == rule)
            errors = 1e4 * np.array(row["error_by_time"][rule])
            axes.plot(
                time_s,
                errors,
                label=label + default,
                color=plots.COLOURS[row["model"]],
                **lines[rule],
            )
        axes.set(title=row["model"], yscale="log", ylim=(1, 1e4), xlim=(0, time_s[-1]))
        axes.set_xlabel("time since the start (s)")
        axes.legend(loc="upper right")
    panels[0].set_ylabel("MSE (10$^{-4}$ rad²)")
    plots.letters(panels)
    return figure


def main(argv=None):
    arguments = run.parse(run.parser("ppc_initial_state", __doc__, ("full",), jobs=False), argv)
    folder = arguments.out / "ppc_table"
    run.prepare_folder(arguments.out)
    seeds = range(arguments.seed, arguments.seed + (5 if arguments.full else 1))
    rows = table(seeds, folder)
    if not rows:
        sys.exit(
            "--out: expected the folder of a finished `python -m examples.ppc_table`, got "
            f"{arguments.out} (no trained models there)"
        )
    results.write_json(arguments.out / "ppc_initial_state.json", rows, arguments.seed)
    figure = plots.save(plot(rows), arguments.out / "ppc_initial_state.png")

    def mse(row, rule):
        return f"{1e4 * row['mse'][rule]:.2f}{' *' if row['default_rule'] == rule else '  '}"

    results.print_table(
        [
            ("MSE (1e-4 rad²)", lambda row: row["model"]),
            *((rule, lambda row, rule=rule: mse(row, rule)) for rule in RULES),
            *(
                (
                    f"{rule}, first 100",
                    lambda row, rule=rule: f"{1e4 * row['mse_first_100'][rule]:.2f}",
                )
                for rule in RULES
            ),
        ],
        rows,
    )
    print(
        f"\n*: the rule in Table 1 and in training; seeds: {', '.join(map(str, seeds))}; "
        f"written: {figure.name}, ppc_initial_state.json in {arguments.out}"
    )


if __name__ == "__main__":
    run.start(main)
