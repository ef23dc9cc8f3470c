"""Local rules and backpropagation through time (BPTT): gradients and learning.

Four rules differ in two ways: whether the negative phase resamples the previous
state (joint: rEFH) or not (conditional: TRBM), and whether the gradient goes
back through time. One figure, local_vs_bptt.png:

  angles   at checkpoints of the training of an rEFH (panel A) and of a TRBM
           (panel B), the angle between the expected gradients of a local rule
           and of a rule with BPTT: within the joint (rEFH and rEFH + BPTT),
           within the conditional (TRBM and RTRBM), and across (rEFH and RTRBM)
  curves   the error of the four rules, from the same initialisation on the
           same data, against updates (C) and against time (D)

Angles come from inner products of gradients of different batches, which are
unbiased; their standard errors are by the jackknife. Late in training gradients
are small and noisy, so late checkpoints have more batches.

--quick takes half a minute: few batches, and a learning rate ten times as high.
By default one seed, five minutes on two cores; --full: three seeds, longer
curves and more batches, half an hour. Writes local_vs_bptt.json as well.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os
import time

import numpy as np

from datasets import ppc
from examples.ppc import oscillator
from examples.ppc.angles import angle
from examples.tools import plots, results, run
from examples.tools.jobs import in_parallel
from refh_numpy import harmonium, refh, refh_bptt, rtrbm, trbm

RULES = {"TRBM": trbm, "rEFH": refh, "RTRBM": rtrbm, "rEFH + BPTT": refh_bptt}
LOCAL = ("rEFH", "TRBM")
# local rule, rule with BPTT
PAIRS = {
    "joint": ("rEFH", "rEFH + BPTT"),
    "conditional": ("TRBM", "RTRBM"),
    "across": ("rEFH", "RTRBM"),
}
N_HIDDEN = 240
BATCH = dict(n_traj=10, T=200)
CHUNK = 50  # time steps per update, the same for all four
LEARNING_RATE = 1e-3
PROBE = dict(n_traj=20, T=100)  # one of the batches on which gradients are compared
# n_batches: of the first checkpoint and of the last
QUICK = dict(n_updates=500, n_checkpoints=4, n_batches=(3, 6), learning_rate=1e-2)
DEFAULT = dict(n_updates=10_000, n_checkpoints=12, n_batches=(8, 32))
FULL = dict(n_updates=15_000, n_checkpoints=12, n_batches=(12, 96))


# %% [markdown]
# ## Angles between expected gradients


# %%
def all_angles(params, n_batches, rng):
    """{pair: (degrees, standard error)} of PAIRS at these parameters."""
    gradients = {rule: [] for rule in RULES}
    for _ in range(n_batches):
        y = ppc.sample(**PROBE, rng=rng, random_phase=True).y
        u0 = np.zeros((len(y), len(params.b_u)), y.dtype)
        x_mean = harmonium.forward(params, u0, y)
        u = harmonium.previous_states(params, u0, x_mean)
        for rule, model in RULES.items():
            gradient = model.gradient(params, u, y, x_mean, 1, rng).params
            gradients[rule].append(
                np.concatenate([leaf.ravel() for leaf in gradient.leaves().values()])
            )
    return {pair: angle(gradients[local], gradients[bptt]) for pair, (local, bptt) in PAIRS.items()}


# %% [markdown]
# ## One rule, from the common initialisation


# %%
def train_by(rule, seed, n_updates, n_checkpoints, n_batches, learning_rate=LEARNING_RATE):
    """Train by one rule.

    Returns
    -------
    {"model", "seed", "curve": {"n_updates", "seconds" of CPU time, "mse"}, and "angles": {pair:
    {"n_updates", "degrees", "error"}} if the rule is local}; lists over checkpoints
    """
    rng = np.random.default_rng([seed, 4])  # the same for all rules
    params = RULES[rule].init(
        n_x=N_HIDDEN, n_y=oscillator.SYSTEM.n_neurons, family="poisson", rng=rng
    )
    data, chains = rng.spawn(2)
    probe_rng = np.random.default_rng([seed, 6])
    test = ppc.sample(**oscillator.TEST, rng=np.random.default_rng([seed, 5]))
    sizes = np.geomspace(*n_batches, n_checkpoints).round().astype(int)
    points, found = [], {pair: [] for pair in PAIRS}
    checking, start = 0.0, time.process_time()

    def check(params, log):
        nonlocal checking
        began = time.process_time()
        error = oscillator.mse(oscillator.network_estimate(RULES[rule], params, test.y), test.z)[0]
        if rule in LOCAL:
            size = sizes[min(len(points), len(sizes) - 1)]
            for pair, angle in all_angles(params, size, probe_rng).items():
                found[pair].append((log.n_updates[-1], *angle))
        points.append((log.n_updates[-1], began - start - checking, error))
        checking += time.process_time() - began

    RULES[rule].train(
        params,
        oscillator.training_batches(data, **BATCH),
        chains,
        n_updates=n_updates,
        chunk=CHUNK,
        learning_rate=learning_rate,
        callback=check,
        every=n_updates // n_checkpoints,
    )
    run = {"model": rule, "seed": seed, "curve": named(points, "n_updates", "seconds", "mse")}
    if rule in LOCAL:
        run["angles"] = {
            pair: named(values, "n_updates", "degrees", "error") for pair, values in found.items()
        }
    return run


def named(rows, *names):
    """{name: column} of a list of rows."""
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def table(runs):
    """One row per rule: means over the seeds."""
    rows = []
    for rule in RULES:
        mine = [run for run in runs if run["model"] == rule]
        mean, spread = results.mean_and_spread([run["curve"]["mse"][-1] for run in mine])
        row = {
            "model": rule,
            "mse": mean,
            "mse_spread": spread,
            "poster": oscillator.POSTER.get(rule),
            "seconds": float(np.median([run["curve"]["seconds"][-1] for run in mine])),
        }
        if rule in LOCAL:
            row["angles"] = {
                pair: mean_angles([run["angles"][pair] for run in mine]) for pair in PAIRS
            }
        rows.append(row | {"seeds": mine})
    return rows


def mean_angles(of_seeds):
    """Mean over the seeds, and its standard error from those of the seeds; None if one is None."""
    degrees, error = (
        np.array([seed[name] for seed in of_seeds], dtype=float) for name in ("degrees", "error")
    )
    means = degrees.mean(0), np.sqrt((error**2).sum(0)) / len(of_seeds)
    return {"n_updates": of_seeds[0]["n_updates"]} | {
        name: [None if np.isnan(value) else float(value) for value in values]
        for name, values in zip(("degrees", "error"), means, strict=True)
    }


# %% [markdown]
# ## The figure

# %%
LINES = {
    "joint": dict(color="#0D4390", linestyle="-", marker="o"),
    "conditional": dict(color="#C7733A", linestyle=(0, (5, 2)), marker="s"),
    "across": dict(color="#1A7B57", linestyle=(0, (1, 1.2)), marker="^"),
}
MAX_MSE = 12  # 1e-4 rad^2


def plot(rows):
    figure = plots.figure(9, 7.5)
    panels = figure.subplots(2, 2).ravel()
    of_rule = {row["model"]: row for row in rows}
    for axes, rule in zip(panels, LOCAL, strict=False):
        plot_angles(axes, of_rule[rule])
    panels[0].legend(loc="upper right")
    for axes, column, label, name in (
        (panels[2], "n_updates", "updates", "updates"),
        (panels[3], "seconds", "training time, one core (s)", "time"),
    ):
        plot_curves(axes, rows, column)
        axes.set(xlabel=label, title=f"Error against {name}")
    panels[3].legend(loc="upper right", bbox_to_anchor=(1, 0.9))
    plots.letters(panels)
    return figure


def plot_angles(axes, row):
    for pair, (local, bptt) in PAIRS.items():
        for seed in row["seeds"]:
            found = seed["angles"][pair]
            axes.plot(
                found["n_updates"],
                np.array(found["degrees"], dtype=float),
                color=LINES[pair]["color"],
                linewidth=0.5,
                alpha=0.5,
            )
        mean = row["angles"][pair]
        axes.errorbar(
            mean["n_updates"],
            np.array(mean["degrees"], dtype=float),
            np.array(mean["error"], dtype=float),
            **LINES[pair],
            markersize=4,
            capsize=2,
            label=f"{pair}: {local} to {bptt}",
        )
    for degrees, meaning in ((0, "same direction"), (90, "unrelated")):
        axes.axhline(degrees, color="0.8", linewidth=0.8, zorder=0)
        axes.annotate(
            meaning,
            (0.99, degrees),
            xycoords=axes.get_yaxis_transform(),
            xytext=(0, 2),
            textcoords="offset points",
            fontsize=7,
            color="0.4",
            ha="right",
        )
    axes.set(
        xlabel=f"updates of the {row['model']}",
        ylabel="angle between gradients (°)",
        ylim=(0, 150),
        yticks=range(0, 151, 30),
        title=f"Angles during the training of the {row['model']}",
    )


def plot_curves(axes, rows, column):
    for row in rows:
        style = plots.style(row["model"]) | {"linewidth": 1}
        for number, one in enumerate(row["seeds"]):
            curve = {name: np.array(values) for name, values in one["curve"].items()}
            label = row["model"] if number == 0 else None
            inside = 1e4 * curve["mse"] <= MAX_MSE
            if inside.any():
                axes.plot(curve[column], 1e4 * curve["mse"], **style | {"label": label})
            else:
                axes.plot(
                    curve[column][-1],
                    MAX_MSE,
                    **style
                    | {
                        "clip_on": False,
                        "linestyle": "none",
                        "markevery": None,
                        "label": f"{label}, {1e4 * row['mse']:.0f} at the end" if label else None,
                    },
                )
    axes.set(yscale="log", ylabel="MSE of the position (10$^{-4}$ rad²)", ylim=(1.5, MAX_MSE))
    axes.set_yticks([1.5, 2, 3, 4, 6, 8, 12], labels=["1.5", "2", "3", "4", "6", "8", "12"])
    axes.minorticks_off()


# %%
def print_rows(rows):
    """The errors, and the angles by checkpoint."""
    results.print_table(
        [
            ("", lambda row: row["model"]),
            (
                "MSE (1e-4 rad²)",
                lambda row: results.with_spread(row["mse"], row["mse_spread"], 1e4),
            ),
            ("seconds", lambda row: f"{row['seconds']:.0f}"),
        ],
        rows,
    )
    print("\nangles in degrees ± standard error, along the training of the model after the colon")
    found = {row["model"]: row["angles"] for row in rows if row["model"] in LOCAL}
    n_updates = found["rEFH"]["joint"]["n_updates"]
    results.print_table(
        [
            ("updates", lambda n: str(n_updates[n])),
            *(
                (f"{pair}: {rule}", lambda n, angles=found[rule][pair]: angle_text(angles, n))
                for rule in LOCAL
                for pair in PAIRS
            ),
        ],
        range(len(n_updates)),
    )


def angle_text(angles, n):
    if angles["degrees"][n] is None:
        return "-"
    return f"{angles['degrees'][n]:.0f} ± {angles['error'][n]:.0f}"


def main(argv=None):
    arguments = run.parse(run.parser("local_vs_bptt", __doc__), argv)
    run.prepare_folder(arguments.out)
    settings = QUICK if arguments.quick else FULL if arguments.full else DEFAULT
    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    jobs = [(rule, seed, *settings.values()) for seed in seeds for rule in reversed(RULES)]
    runs = in_parallel(
        "four rules",
        train_by,
        jobs,
        os.cpu_count(),
        lambda run: (
            f"{run['model']}, seed {run['seed']}: {1e4 * run['curve']['mse'][-1]:.2f}e-4 rad²"
        ),
        arguments.scheduler,
    )
    if len(runs) < len(jobs):  # interrupted: half a comparison is none
        return
    runs.sort(key=lambda run: (run["seed"], list(RULES).index(run["model"])))
    rows = table(runs)
    results.write_json(
        arguments.out / "local_vs_bptt.json", rows, arguments.seed, settings=settings
    )
    figure = plots.save(plot(rows), arguments.out / "local_vs_bptt.png")
    print(f"\nafter {settings['n_updates']} updates:")
    print_rows(rows)
    print(f"\nwritten: {figure.name}, local_vs_bptt.json in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
