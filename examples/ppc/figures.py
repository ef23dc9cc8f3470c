"""Figures of the oscillator: Table 1."""

import numpy as np

from examples.tools import plots

# Table 1. One error is a hundred times the others: the axis is broken.

NEAR, FAR = (1.25, 15), (800, 1700)  # 1e-4 rad^2: the two parts of the axis


def plot_table(rows):
    """One dot per seed and model of Table 1, the poster's number as a bar."""
    figure = plots.figure(8, 4.6)
    near, far = figure.subplots(1, 2, sharey=True, width_ratios=[7, 1])
    for height, row in enumerate(reversed(rows)):
        values = 1e4 * np.array([run["mse"] for run in runs_of(row, rows)])
        for axes in (near, far):
            axes.plot(
                values,
                [height] * len(values),
                "o",
                color=plots.COLOURS[row["model"]],
                markersize=6,
                alpha=0.8,
                markeredgecolor="white",
                markeredgewidth=0.5,
                label="ours, one dot per seed" if height == 0 else None,
            )
        if row["poster"]:
            near.plot(
                [1e4 * row["poster"]] * 2,
                [height - 0.38, height + 0.38],
                color="black",
                linewidth=2,
                label="poster" if row["model"] == "KF-2" else None,
            )
        if row["mse"] is None:
            near.text(1.3, height, row["missing"], va="center", color="0.4", fontsize=8)
        elif row["model"] in ("KF-1", "KF-2"):
            near.axvline(
                1e4 * row["mse"],
                **plots.style(row["model"])
                | {"linewidth": 1, "zorder": 0, "label": f"{row['model']}, mean"},
            )
    for axes, limits, ticks in ((near, NEAR, [1.5, 2, 3, 4, 5, 6, 8, 10, 12]), (far, FAR, [1200])):
        axes.set(xscale="log", xlim=limits)
        axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    near.set_yticks(range(len(rows)), [row["model"] for row in reversed(rows)])
    near.set(
        xlabel="MSE of the position, all 1000 time steps (10$^{-4}$ rad²)",
        title="Position decoded from spikes",
    )
    plots.break_axis(near, far)
    for axes in (near, far):  # the poster's rows above, ours below
        axes.axhline(len(rows) - 8.5, color="0.85", linewidth=0.8, zorder=0)
    near.legend(loc="center right", bbox_to_anchor=(1, 0.68))
    return figure


def runs_of(row, rows):
    """The runs that a row is the mean of."""
    if row["model"] != "rVAE, all runs":
        return row["seeds"]
    return [run for other in rows for one in other["seeds"] for run in one.get("restarts", [])]
