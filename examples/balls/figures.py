"""Figures of bouncing balls: predictions, errors during training, errors of forecasts."""

import numpy as np

from examples.tools import plots

NAMES = {"sutskever": "Sutskever's rendering", "authors": "Authors' rendering"}
# the samplers of the rVAE differ in their dashes
SAMPLERS = {"rerank": "-", "map": (0, (5, 1.5)), "laplace": (0, (3, 1, 1, 1)), "gibbs": (0, (1, 1))}
PLAIN = {"previous frame": "--", "regression on two frames": ":"}
TICKS = [0.004, 0.005, 0.006, 0.008, 0.01, 0.015, 0.02]
APART = 1.09  # ratio of the heights of two labels, at least


def plot_predictions(shape, strip, first):
    """A figure of the ground truth and of the signed errors of one prediction per network.

    Parameters
    ----------
    shape : of a frame, in pixels
    strip : [(label, frames (n, n_pixels))]: ground truth first, then errors
    first : number of the first frame shown
    """
    n_shown = len(strip[0][1])
    figure = plots.figure(0.6 * n_shown + 1.9, 0.6 * len(strip) + 0.7)
    figure.get_layout_engine().set(w_pad=0.01, h_pad=0.01, wspace=0.0, hspace=0.0)
    grid = figure.subplots(len(strip), n_shown, squeeze=False)
    for number, (line, (label, frames)) in enumerate(zip(grid, strip, strict=True)):
        look = dict(vmin=-1, cmap="RdBu_r") if number else dict(vmin=0, cmap="Greys_r")
        for axes, frame in zip(line, frames, strict=True):
            image = axes.imshow(frame.reshape(shape), origin="lower", vmax=1, **look)
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    for axes, number in zip(grid[-1], range(first, first + n_shown), strict=True):
        axes.set_xlabel(f"{number}", fontsize=9)
    figure.supxlabel("frame", fontsize=9)
    figure.colorbar(
        image,
        ax=list(grid.flat),
        label="prediction - ground truth",
        shrink=2.5 / len(strip),
        location="right",
        ticks=[-1, 0, 1],
    )
    figure.suptitle(
        "Errors of predictions made one frame before (number: MSE per pixel)",
        fontsize=10,
        x=0.01,
        ha="left",
    )
    return figure


WAY = "authors"  # of the learning curves: the protocol of the authors' code
SHOWN = [  # model, setting: at most six curves
    ("TRBM", "noise"),
    ("rEFH", "third"),
    ("rEFH", "wider"),
    ("hybrid, falling w", "noise"),
    ("hybrid, falling w", "wider"),
    ("RTRBM", "noise"),
]


def plot_curves(rows, plain, poster):
    """Errors in the protocol of the authors during training, on videos that are not the test's.

    Parameters
    ----------
    rows, plain : of balls_table.json, networks and predictors without a network
    poster : {model: error}
    """
    figure = plots.figure(8, 4.4)
    axes = figure.subplots()
    shown = [row for row in rows if (row["model"], row["setting"]) in SHOWN]
    shown = shown or [row for row in rows if any(WAY in p for p in row["seeds"][0]["curve"])]
    height = 0
    for row in sorted(shown, key=last_error):
        points = [point for point in row["seeds"][0]["curve"] if WAY in point]
        if not points:
            continue
        updates = np.array([point["n_updates"] for point in points]) / 1000
        errors = [point[WAY] for point in points]
        wide = row.get("n_hidden", 0) > 400
        line = dict(color=plots.COLOURS[row["model"]], linestyle="--" if wide else "-")
        axes.plot(updates, errors, marker=plots.MARKERS[row["model"]], markersize=4, **line)
        name = row["model"]
        if wide:  # short, because the figure is narrow
            name = f"{name.partition(',')[0]}, {row['n_hidden']} units"
        height = max(APART * height, errors[-1])
        axes.annotate(
            name,
            (1, height),
            xycoords=axes.get_yaxis_transform(),
            xytext=(9, 0),
            textcoords="offset points",
            va="center",
            color=line["color"],
            annotation_clip=False,
        )
        if row["model"] in poster:
            axes.plot(
                1,
                poster[row["model"]],
                marker="*",
                markersize=9,
                color=line["color"],
                clip_on=False,
                linestyle="none",
                transform=axes.get_yaxis_transform(),
            )
    for row in plain:
        if row["rendering"] == "authors" and row["model"] in PLAIN:
            look = dict(color="black", linestyle=PLAIN[row["model"]], linewidth=1, zorder=0)
            axes.axhline(row["mse"], **look)
            axes.annotate(
                row["model"],
                (0.4, row["mse"]),
                xycoords=axes.get_yaxis_transform(),
                xytext=(0, 3),
                textcoords="offset points",
                fontsize=8,
            )
    axes.set(
        title="One step ahead, in the protocol of the authors; stars: the poster",
        xlabel="updates (thousands)",
        ylabel="MSE per pixel",
        yscale="log",
    )
    axes.set_yticks(TICKS, [f"{tick:g}" for tick in TICKS])
    axes.minorticks_off()
    return figure


def last_error(row):
    """The error at the end of a row's learning curve; 0 if it has none."""
    return ([0] + [point[WAY] for point in row["seeds"][0]["curve"] if WAY in point])[-1]


# Generated videos


SHOWN_FRAMES = 20  # of the forecast: later, all models have the same error


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
        axes.set(xlim=(0, SHOWN_FRAMES), xticks=range(0, SHOWN_FRAMES + 1, 5))
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
