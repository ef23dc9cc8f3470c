"""Hybrid objective: the error as a function of the weight w of log p(u).

The TRBM learns the spikes given its previous state, log p(y | u). The rEFH
learns both, log p(y | u) + log p(u). This script multiplies the second term by
w, from 0 (TRBM) to 1 (rEFH), by a rule that is as local in time for every w
(refh_numpy/hybrid.py). It plots the error against w: hybrid_weight.png.

--quick takes seconds. By default one seed, a minute on two cores; --full has
three seeds, three minutes. Runs that are done are kept (in DIR/ppc_table) and
not run again. Writes hybrid_weight.json as well.
"""
# %%
import os

import numpy as np

from examples import _plots, _run
from examples.ppc_table import HYBRID, run_all

WEIGHTS = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0]
ENDS = {0.0: "TRBM", 1.0: "rEFH"}
VALIDATION = 100            # added to the seed: w is not chosen on the trajectories of Table 1


def name_of(w):
    """Name of the row of a weight."""
    return f"hybrid, w = {w:g}, 40k"


# %%
def plot(rows, filters):
    """The figure; filters: {"KF-1": mse, "KF-2": mse}, means over the seeds"""
    figure = _plots.figure(6.5, 4)
    zero, axes = figure.subplots(1, 2, sharey=True, width_ratios=[1, 6])   # no 0 on a log axis
    for one in (zero, axes):
        for name, value in filters.items():
            one.axhline(1e4 * value, **_plots.style(name) | {"linewidth": 1})
    positive = [row for row in rows if row["w"]]
    axes.plot([row["w"] for row in positive], [1e4 * row["mse"] for row in positive], color="0.8",
              zorder=0)
    for row in rows:
        values = [1e4 * one["mse"] for one in row["seeds"]]
        style = _plots.style(ENDS.get(row["w"], "hybrid, w = 0.03"))
        (axes if row["w"] else zero).plot(
            row["w"] * np.geomspace(0.97, 1.03, len(values)), values, "o", color=style["color"],
            markeredgecolor="white", markeredgewidth=0.5, markersize=6)
    zero.set(xlim=(-1, 1), yscale="log", ylabel="MSE of the position (10$^{-4}$ rad²)")
    zero.set_xticks([0], ["0\n(TRBM)"])
    axes.set(xscale="log", xlim=(0.006, 1.7), xlabel="w, the weight of log p(u)",
             title="One dot per seed")
    axes.set_xticks([row["w"] for row in positive], [
        f"{row['w']:g}" + (f"\n({ENDS[row['w']]})" if row["w"] in ENDS else "")
        for row in positive])
    zero.set_yticks([1.5, 2, 3, 4, 5, 6], labels=["1.5", "2", "3", "4", "5", "6"])
    for one in (zero, axes):
        one.minorticks_off()
    _plots.break_axis(zero, axes)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.85))
    return figure


def main(argv=None):
    arguments = _run.parse(_run.parser("hybrid_weight", __doc__), argv)
    folder = arguments.out / "ppc_table"
    _run.prepare_folder(folder)
    first = VALIDATION + arguments.seed
    seeds = range(first, first + (3 if arguments.full else 1))
    n_updates = 100 if arguments.quick else 40_000
    jobs = [(name_of(w), seed, HYBRID | dict(n_updates=n_updates, w=w))
            for seed in seeds for w in WEIGHTS]
    jobs += [(name, seed, {}) for seed in seeds for name in ("KF-1", "KF-2")]
    results = run_all(jobs, folder, os.cpu_count(), arguments.scheduler)

    rows, filters = [], {}
    for w in WEIGHTS:
        mine = [row for row in results if row["model"] == name_of(w)]
        if mine:
            mean, spread = _run.mean_and_spread([row["mse"] for row in mine])
            rows.append({"model": name_of(w), "w": w, "mse": mean, "mse_spread": spread,
                         "seeds": mine})
    for name in ("KF-1", "KF-2"):
        errors = [row["mse"] for row in results if row["model"] == name]
        if errors:
            filters[name] = float(np.mean(errors))
    _run.write_json(arguments.out / "hybrid_weight.json", rows, arguments.seed, filters=filters)
    figure = _plots.save(plot(rows, filters), arguments.out / "hybrid_weight.png")
    print()
    _run.print_table([
        ("w", lambda row: f"{row['w']:g}"),
        ("MSE (1e-4 rad²)", lambda row: _run.with_spread(row["mse"], row["mse_spread"], 1e4)),
    ], rows)
    print(f"\nwritten: {figure.name}, hybrid_weight.json in {arguments.out}")


if __name__ == "__main__":
    _run.start(main)
