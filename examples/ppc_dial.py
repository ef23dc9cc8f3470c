"""How much is the past worth? Between TRBM and rEFH, one step of a dial after the other.

The TRBM learns the spikes given its previous state, log p(y | u); the rEFH learns both, log p(y | u) + log p(u). This
script weighs the second term by w, from 0 (TRBM) to 1 (rEFH), by a rule that is as local in time for every w
(refh_numpy/hybrid.py), and draws the error against w: ppc_dial.png.

--quick: seconds. By default one seed, a minute on two cores; --full: three seeds, three minutes. What is done is
kept (in DIR/ppc_table) and not run again.
"""
# %%
import os

import numpy as np

from examples import _plots, _run
from examples.ppc_table import LOCAL, run_all

DIAL = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0]
VALIDATION = 100            # added to the seed: table 1 is tested on other trajectories than those on which w is chosen


def name_of(w):
    return f"hybrid, w = {w:g}, 40k"


# %%
def draw(rows, filters):
    """filters: {"KF-1": mse, "KF-2": mse}"""
    figure = _plots.figure(6.5, 4)
    axes = figure.subplots()
    places = np.arange(len(rows))
    for name, value in filters.items():
        axes.axhline(1e4 * value, **(_plots.style(name) | {"linewidth": 1}))
    ends = {0: "TRBM", 1: "rEFH"}
    colours = [_plots.COLOURS[ends.get(row["w"], "hybrid, w = 0.03")] for row in rows]
    axes.plot(places, [1e4 * row["mse"] for row in rows], color="0.8", zorder=0)
    for place, row, colour in zip(places, rows, colours):
        values = [1e4 * one["mse"] for one in row["seeds"]]
        axes.plot([place] * len(values), values, "o", color=colour, markeredgecolor="white", markeredgewidth=0.5)
    axes.set_xticks(places, [f"{row['w']:g}\n{ends.get(row['w'], '')}" for row in rows])
    axes.set(xlabel="w, the weight of log p(u)", ylabel="MSE (10$^{-4}$ rad²)", yscale="log",
             title="How much the past is worth: one dot a seed")
    axes.set_yticks([1.5, 2, 3, 4, 5, 6], labels=["1.5", "2", "3", "4", "5", "6"])
    axes.minorticks_off()
    axes.legend()
    return figure


def main(argv=None):
    arguments = _run.parse(_run.parser("ppc_dial", __doc__), argv)
    folder = arguments.out / "ppc_table"
    _run.prepare_folder(folder)
    first = VALIDATION + arguments.seed
    seeds = range(first, first + (3 if arguments.full else 1))
    n_updates = 100 if arguments.quick else 40_000
    settings = {w: LOCAL | dict(model="refh_numpy.hybrid", n_updates=n_updates, w=w) for w in DIAL}
    jobs = [(name_of(w), seed, settings[w]) for seed in seeds for w in DIAL]
    jobs += [(name, seed, {}) for seed in seeds for name in ("KF-1", "KF-2")]
    results = run_all(jobs, folder, n_workers=os.cpu_count())

    rows = []
    for w in DIAL:
        mine = [row for row in results if row["model"] == name_of(w)]
        if not mine:
            continue
        mean, spread = _run.mean_and_spread([row["mse"] for row in mine])
        rows.append({"model": name_of(w), "w": w, "mse": mean, "mse_spread": spread, "seeds": mine})
    filters = {name: float(np.mean([row["mse"] for row in results if row["model"] == name]))
               for name in ("KF-1", "KF-2") if any(row["model"] == name for row in results)}
    _run.write_json(arguments.out / "ppc_dial.json", rows, arguments.seed, filters=filters)
    _plots.save(draw(rows, filters), arguments.out / "ppc_dial.png")
    print()
    _run.print_table([("w", lambda row: f"{row['w']:g}"),
                      ("MSE (1e-4 rad²)", lambda row: _run.with_spread(row["mse"], row["mse_spread"], scale=1e4))], rows)
    print(f"\nwritten: ppc_dial.png, ppc_dial.json in {arguments.out}")


if __name__ == "__main__":
    main()
