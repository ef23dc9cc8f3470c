"""Figures of bouncing balls: predictions, errors during training, errors of forecasts."""

import numpy as np

from examples.balls.networks import MODELS
from examples.tools import plots

NAMES = {"sutskever": "Sutskever's rendering", "authors": "Authors' rendering"}
DASHES = {
    "noise": (0, (2.5, 1.2)),
    "long": (0, (6, 1.5, 1, 1.5)),
    "wide": (0, (1, 2.5)),
    "wider": (0, (1, 1)),
    "tuned": (0, (2.5, 1.2)),
    "ours": (0, (3, 1, 1, 1)),
    "quick": (0, (1, 1)),
}
# the samplers of the rVAE differ in their dashes
SAMPLERS = {"rerank": "-", "map": (0, (5, 1.5)), "laplace": (0, (3, 1, 1, 1)), "gibbs": (0, (1, 1))}
PLAIN = {"previous frame": "--", "regression on two frames": ":"}
TICKS = [0.003, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.03, 0.05]


def plot_predictions(shape, strip, first):
    """A figure with one row per prediction and per error.

    Parameters
    ----------
    shape : of a frame, in pixels
    strip : [(label, frames (n, n_pixels))]; rows labelled "error" are signed
    first : number of the first frame shown
    """
    n_shown = len(strip[0][1])
    figure = plots.figure(0.6 * n_shown + 1.9, 0.53 * len(strip) + 0.6)
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.0, hspace=0.0)
    grid = figure.subplots(len(strip), n_shown, squeeze=False)
    images = {}
    for line, (label, frames) in zip(grid, strip, strict=True):
        signed = label == "error"
        for axes, frame in zip(line, frames, strict=True):
            images[signed] = axes.imshow(
                frame.reshape(shape),
                origin="lower",
                vmax=1,
                vmin=-1 if signed else 0,
                cmap="RdBu_r" if signed else "Greys_r",
            )
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    for axes, number in zip(grid[-1], range(first, first + n_shown), strict=True):
        axes.set_xlabel(f"{number}", fontsize=9)
    figure.supxlabel("frame", fontsize=9)
    for signed, name in ((False, "brightness"), (True, "prediction - ground truth")):
        if signed in images:
            figure.colorbar(
                images[signed],
                ax=list(grid.flat),
                label=name,
                shrink=2 / len(strip),
                location="right",
                ticks=[-1, 0, 1] if signed else [0, 1],
            )
    figure.suptitle("Predictions made one frame before", fontsize=10, x=0.01, ha="left")
    return figure


def plot_curves(rows, plain, poster):
    """Errors during training, on videos that are not the test's.

    Parameters
    ----------
    rows, plain : of balls_table.json, networks and predictors without a network
    poster : {model: error}
    """
    figure = plots.figure(9.5, 4.4)
    panels = figure.subplots(1, 2, sharey=True)
    plots.letters(panels)
    titles = "One chain from noise", "Mean field"
    for axes, way, title in zip(panels, ("noise_1", "mean_field"), titles, strict=True):
        for row in rows:
            updates, errors = curve(row, rows, way)
            if errors:
                axes.plot(np.array(updates) / 1000, errors, **style(row))
        for line in plain:
            if line["rendering"] == "authors" and line["model"] in PLAIN:
                axes.axhline(
                    line["mse"],
                    color="black",
                    linestyle=PLAIN[line["model"]],
                    linewidth=1,
                    label=line["model"],
                )
        axes.set(title=title, xlabel="updates (thousands)", yscale="log")
        axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
        axes.minorticks_off()
    shown = [name for name in MODELS if name in poster and any(r["model"] == name for r in rows)]
    for number, name in enumerate(shown):
        panels[0].plot(
            1.02 + 0.03 * (number % 2),
            poster[name],
            marker="*",
            markersize=9,
            color=plots.COLOURS[name],
            clip_on=False,
            linestyle="none",
            transform=panels[0].get_yaxis_transform(),
            label=f"poster: {name}",
        )
    panels[0].set_ylabel("MSE per pixel")
    legend = {
        label: line
        for axes in panels
        for line, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(legend.values(), legend, loc="outside right center", handlelength=3.5)
    return figure


def curve(row, rows, way):
    """Numbers of updates and errors; from the end of the earlier training that it continues."""
    points = [point for point in row["seeds"][0]["curve"] if way in point]
    updates = [point["n_updates"] for point in points]
    errors = [point[way] for point in points]
    for other in rows:
        if (
            (other["model"], other["rendering"]) == (row["model"], row["rendering"])
            and other["setting"] == row["settings"].get("after")
            and points
        ):
            before, last = curve(other, rows, way)
            updates = before[-1:] + [before[-1] + n for n in updates]
            errors = last[-1:] + errors
    return updates, errors


def style(row):
    """Keyword arguments of the line of a row; hollow markers for Sutskever's rendering."""
    hollow = row["rendering"] == "sutskever"
    return dict(
        color=plots.COLOURS[row["model"]],
        marker=plots.MARKERS[row["model"]],
        markersize=4,
        markerfacecolor="white" if hollow else None,
        linestyle=DASHES.get(row["setting"], "-"),
        label=f"{row['model']}: {row['setting']}" + (", Sutskever's rendering" if hollow else ""),
    )


# Generated videos


def plot_open_loop(rows, n_generated):
    """Error of the forecast against the frame number, in both renderings.

    rows : of balls_generate.json
    """
    figure = plots.figure(8, 3.4)
    panels = figure.subplots(1, 2)
    plots.letters(panels)
    for axes, (rendering, name) in zip(panels, NAMES.items(), strict=True):
        for row in rows:
            line = open_loop_style(row)
            if row["rendering"] == rendering and line:
                axes.plot(np.arange(1, n_generated + 1), row["seeds"][0]["error"], **line)
        axes.set(xlabel="generated frame", title=name, ylim=(0, None))
        axes.legend()
    panels[0].set_ylabel("MSE per pixel")
    return figure


def open_loop_style(row):
    """Keyword arguments of the line of a row, or None for a row that is not shown."""
    name, sampler = row["model"], row.get("sampler")
    if name == "previous frame":
        return dict(color="black", linestyle="--", linewidth=1, label="previous frame, repeated")
    if name not in plots.COLOURS or row["direction"] == "backward":
        return None
    line = plots.style(name)
    if name == "rVAE":
        if sampler not in SAMPLERS or row["n_refine"]:
            return None
        line |= {"linestyle": SAMPLERS[sampler], "label": f"rVAE, {sampler}"}
        if sampler != "rerank":
            line["marker"] = "none"
    return line
