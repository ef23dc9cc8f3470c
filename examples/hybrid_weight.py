"""Hybrid objective: the error as a function of the weight w of log p(u).

The TRBM learns the spikes given its previous state, log p(y | u). The rEFH
learns both, log p(y | u) + log p(u). This script multiplies the second term by
w, from 0 (TRBM) to 1 (rEFH), by a rule that is as local in time for every w
(refh_numpy/hybrid.py). In one more row w falls during training, from 0.3 to
0.003. It plots the error against w: hybrid_weight.png.

--quick shows the curve in half a minute: one seed, 2000 updates at a higher
learning rate, two seconds per weight. By default one seed of 40 000 updates, a
minute on two cores; --full has three seeds, and four of the rows with 300 000
updates too, in 20 minutes. Runs that are done are kept (in DIR/ppc_table) and
not run again. Writes hybrid_weight.json as well.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os

import numpy as np

from examples.ppc import networks
from examples.ppc_table import HYBRID
from examples.tools import plots, results, run
from examples.tools.jobs import in_parallel

FALLING = [0.3, 0.003]
WEIGHTS = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0, FALLING]
ENDS = {0.0: "TRBM", 1.0: "rEFH"}
SHORT, LONG = 40_000, 300_000  # updates
QUICK = dict(n_updates=2000, learning_rate=5e-3)
LONG_WEIGHTS = [0.0, 0.03, 1.0, FALLING]
VALIDATION = 100  # added to the seed: w is not chosen on the trajectories of Table 1


def text_of(w):
    """A weight as text: a number, or the two ends of the falling one."""
    return f"{w[0]:g} to {w[1]:g}" if w == FALLING else f"{w:g}"


def name_of(w, n_updates):
    """Name of the row of a weight."""
    return f"hybrid, w = {text_of(w)}, {n_updates} updates"


def colour_of(w):
    """Colour of the model that the weight makes of the hybrid."""
    if w == FALLING:
        return plots.COLOURS["hybrid, falling w"]
    return plots.COLOURS[ENDS.get(w, "hybrid, w = 0.03")]


# %%
def plot(rows, filters):
    """The figure; filters: {"KF-1": mse, "KF-2": mse}, means over the seeds"""
    figure = plots.figure(7.5, 4)
    # no 0 on a log axis
    zero, axes, falling = figure.subplots(1, 3, sharey=True, width_ratios=[1, 6, 1])
    for one in (zero, axes, falling):
        for name, value in filters.items():
            one.axhline(1e4 * value, **plots.style(name) | {"linewidth": 1})
    positive = [w for w in WEIGHTS if w != FALLING and w > 0]
    for n_updates in sorted({row["n_updates"] for row in rows}):
        chosen = [row for row in rows if row["n_updates"] == n_updates]
        look = dict(marker="D", linestyle="none", markersize=5)
        if n_updates != LONG:
            look |= dict(marker="o", markerfacecolor="none")
            constant = [row for row in chosen if row["w"] in positive]
            axes.plot(
                [row["w"] for row in constant],
                [1e4 * row["mse"] for row in constant],
                color="0.8",
                zorder=0,
            )
        axes.plot([], [], color="0.4", label=f"{n_updates:,} updates".replace(",", " "), **look)
        for row in chosen:
            values = 1e4 * np.array([one["mse"] for one in row["seeds"]])
            where, x = (
                (falling, 1) if row["w"] == FALLING else (axes, row["w"]) if row["w"] else (zero, 0)
            )
            where.plot(
                x * np.geomspace(0.97, 1.03, len(values)), values, **look, color=colour_of(row["w"])
            )
    zero.set(xlim=(-1, 1), yscale="log", ylabel="MSE of the position (10$^{-4}$ rad²)")
    zero.set_xticks([0], ["0\n(TRBM)"])
    axes.set(
        xscale="log",
        xlim=(0.006, 1.7),
        xlabel="w, the weight of log p(u)",
        title="One dot per seed",
    )
    axes.set_xticks(
        positive, [f"{w:g}" + (f"\n({ENDS[w]})" if w in ENDS else "") for w in positive]
    )
    falling.set_xticks([1], [f"falling:\n{text_of(FALLING)}"])
    falling.set(xlim=(0.5, 1.5))
    zero.set_yticks([1.5, 2, 3, 4, 5, 6], labels=["1.5", "2", "3", "4", "5", "6"])
    for one in (zero, axes, falling):
        one.minorticks_off()
    plots.break_axis(zero, axes)
    plots.break_axis(axes, falling)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.85))
    return figure


def main(argv=None):
    arguments = run.parse(run.parser("hybrid_weight", __doc__), argv)
    folder = arguments.out / "ppc_table"
    run.prepare_folder(folder)
    first = VALIDATION + arguments.seed
    seeds = range(first, first + (3 if arguments.full else 1))
    short = QUICK if arguments.quick else dict(n_updates=SHORT)
    cases = [(w, short) for w in WEIGHTS]
    if arguments.full:
        cases += [(w, dict(n_updates=LONG)) for w in LONG_WEIGHTS]
    runs = {"n_free_runs": 1} if arguments.quick else {}
    asked = [
        {"model": name_of(w, more["n_updates"]), "settings": HYBRID | more | dict(w=w), **runs}
        for w, more in cases
    ]
    asked += [{"model": name, "settings": {}} for name in ("KF-1", "KF-2")]
    jobs = [(row, seed, folder) for seed in seeds for row in asked]
    found = in_parallel(
        "oscillator",
        networks.train_and_test,
        jobs,
        os.cpu_count(),
        networks.said,
        arguments.scheduler,
        networks.kept,
    )

    rows, filters = [], {}
    for w, more in cases:
        n_updates = more["n_updates"]
        mine = [row for row in found if row["model"] == name_of(w, n_updates)]
        if mine:
            mean, spread = results.mean_and_spread([row["mse"] for row in mine])
            rows.append(
                {
                    "model": name_of(w, n_updates),
                    "label": text_of(w),
                    "w": w,
                    "n_updates": n_updates,
                    "mse": mean,
                    "mse_spread": spread,
                    "seeds": mine,
                }
            )
    for name in ("KF-1", "KF-2"):
        errors = [row["mse"] for row in found if row["model"] == name]
        if errors:
            filters[name] = float(np.mean(errors))
    results.write_json(arguments.out / "hybrid_weight.json", rows, arguments.seed, filters=filters)
    figure = plots.save(plot(rows, filters), arguments.out / "hybrid_weight.png")
    print()
    results.print_table(
        [
            ("w", lambda row: row["label"]),
            ("updates", lambda row: f"{row['n_updates']}"),
            (
                "MSE (1e-4 rad²)",
                lambda row: results.with_spread(row["mse"], row["mse_spread"], 1e4),
            ),
        ],
        rows,
    )
    print(f"\nwritten: {figure.name}, hybrid_weight.json in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
