"""Figures of the oscillator: Table 1, and the order of what was learnt."""

import itertools

import numpy as np

from examples.ppc.coasting import STEPS
from examples.ppc.oscillator import SYSTEM
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
                label="ours, one dot per run" if height == 0 else None,
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


# The order

CURVES = ["TRBM", "KF-1", "rVAE", "rEFH", "RTRBM", "KF-2"]  # at most six lines
K = "20"  # steps of coasting in the comparison with the read-out


def spread_out(values, distance):
    """Shifts (in units of the values) that keep labels at least a distance apart."""
    order, placed = np.argsort(values), np.array(values, dtype=float)
    for _ in range(100):
        for low, high in itertools.pairwise(order):
            overlap = distance - (placed[high] - placed[low])
            if overlap > 0:
                placed[low] -= overlap / 2
                placed[high] += overlap / 2
    return placed - values


NAMES_AT = {"TRBM": (0.2, -0.12), "rEFH": (0.45, 0.5)}  # of the controls of plot_order


def plot_order(rows, controls):
    """Coasting, and coasting beside the read-out of velocity, with the controls."""
    figure = plots.figure(9.5, 4)
    left, right = panels = figure.subplots(1, 2)
    controls = [row | {"slope": row["coasting"][K]} for row in controls]
    shown = [row for row in rows if row["model"] in CURVES]
    ends = [row["coasting"][f"{STEPS[-1]}"] for row in shown]
    for row, shift in zip(shown, spread_out(ends, 0.06), strict=True):
        line = plots.style(row["model"]) | {"markevery": 1}
        slopes = [row["coasting"][f"{k}"] for k in STEPS]
        left.plot(STEPS, slopes, **line)
        left.annotate(
            row["model"],
            (STEPS[-1], slopes[-1]),
            xytext=(STEPS[-1] + 1.5, slopes[-1] + shift),
            va="center",
            fontsize=8,
            color=line["color"],
            annotation_clip=False,
        )
    left.set(
        xlabel="time steps since the last spikes",
        xticks=STEPS,
        ylabel="slope on the true displacement",
        ylim=(-0.1, 1.1),
        title="Coasting: 0 stays where it is, 1 moves on",
    )
    for row in shown:
        color = plots.COLOURS[row["model"]]
        right.plot(row["velocity_r2"], row["coasting"][K], "o", color=color, markersize=6)
    right.annotate("RTRBM, KF-2", (0.93, 1.06), fontsize=8, ha="right")
    for name in dict.fromkeys(row["model"] for row in controls):
        path = [row for row in controls if row["model"] == name]
        x, y = ([row[key] for row in path] for key in ("velocity_r2", "slope"))
        color = plots.COLOURS.get(name, "0.3")
        look = dict(marker="s", markersize=5, markerfacecolor="none", color=color)
        trained = path[0]["n_updates"] > 0
        right.plot(x, y, **look, linestyle=":" if trained else "none")
        words = [f"{row['n_updates']}" if trained else row["label"] for row in path]
        for where, text in zip(zip(x, y, strict=True), words, strict=True):
            right.annotate(
                text,
                where,
                (0, 6),
                textcoords="offset points",
                fontsize=7,
                ha="center",
                color=color,
            )
        if trained:
            right.text(*NAMES_AT[name], f"{name}, number of updates", color=color, fontsize=8)
    for axes in panels:
        axes.axhline(0, color="0.85", linewidth=0.8, zorder=0)
        axes.axhline(1, color="0.85", linewidth=0.8, zorder=0)
    right.set(
        xlabel="R² of velocity, linear read-out",
        ylabel=f"coasting after {K} steps",
        xlim=(-0.25, 1.1),
        ylim=(-0.3, 1.15),
        title="Velocity can be read from states that do not use it",
    )
    plots.letters(panels)
    return figure


def plot_responses(rows):
    """The impulse response, its undershoot, and the error over time."""
    figure = plots.figure(11, 3.6)
    panels = figure.subplots(1, 3)
    rows = [row for row in rows if row["model"] in CURVES]
    n_lags, n_bins = len(rows[0]["impulse_response"]), len(rows[0]["error_by_time"])
    lags = SYSTEM.dt * np.arange(n_lags)
    times = SYSTEM.dt * 1000 / n_bins * (np.arange(n_bins) + 0.5)
    for row in rows:
        line = plots.style(row["model"])
        for axes in panels[:2]:
            axes.plot(lags, row["impulse_response"], **line)
        panels[2].plot(times, 1e4 * np.array(row["error_by_time"]), **line)
    for axes in panels[:2]:
        axes.axhline(0, color="0.6", linewidth=0.8, zorder=0)
        axes.set(xlabel="time since the perturbed observation (s)")
    panels[0].set(xlim=(0, lags[-1]), ylabel="response / perturbation", title="Impulse response")
    panels[1].set(xlim=(0.5, lags[-1]), ylim=(-0.015, 0.02), title="The same, enlarged")
    panels[2].set(
        xlabel="time since the start of the trajectory (s)",
        xlim=(0, 20),
        ylim=(1, 15),
        yscale="log",
        ylabel="MSE of the position (10$^{-4}$ rad²)",
        title="Error over time",
    )
    panels[2].set_yticks([1, 2, 3, 5, 10], labels=["1", "2", "3", "5", "10"])
    panels[2].minorticks_off()
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=6)
    plots.letters(panels)
    return figure
