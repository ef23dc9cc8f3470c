"""One style for all figures, and for every model one colour, line style and marker everywhere.

The colours of two models differ by a CIE delta E of at least 12, also for readers with deuteranopia
or protanopia. No two models share line style and marker, so that lines
differ in grey too. Figures are made without pyplot, because they go to files and need no display.
Importing this module sets matplotlib's rcParams.
"""

import io
import sys

import matplotlib
from matplotlib.figure import Figure

from examples.tools import run
from examples.tools.results import write_or_hold

GROUND_TRUTH = "black"
GROUND_TRUTH_ON_SPIKES = "#D40000"  # over a grey raster
COLOURS = {
    "ORDER 0": "#858585",
    "TVAE": "#6C5E00",
    "TRBM": "#4699D3",
    "KF-1": "#C7733A",
    "rVAE": "#DE6A06",
    "rEFH": "#0D4390",
    "RTRBM": "#1A7B57",
    "KF-2": "#B45397",
    "KF-2, random starts": "#B45397",
    "true parameters": "#000000",
    "hybrid, w = 0.03": "#7356BF",
    "hybrid, falling w": "#2F085D",
    "VAE": "#474A4B",
    "TVAE, prior N(0, I)": "#3D3500",
    "rVAE, all runs": "#DE6A06",
    "rVAE, sigma per latent": "#804030",
    "rVAE, control settings": "#BD5360",
    "rVAE + BPTT": "#AD5838",
    "rEFH + BPTT": "#2E2B5F",
}
# models that figures show as horizontal lines have dashes, the others markers
DASHES = {
    "ORDER 0": (0, (4, 1, 1, 1)),
    "KF-1": (0, (6, 2)),
    "KF-2": (0, (2.5, 1.5)),
    "KF-2, random starts": (0, (2.5, 1.5, 1, 1.5)),
    "true parameters": (0, (1, 1)),
}
MARKERS = {
    "TVAE": "<",
    "TRBM": "v",
    "rVAE": "^",
    "rEFH": "o",
    "RTRBM": "s",
    "hybrid, w = 0.03": "D",
    "hybrid, falling w": "P",
    "VAE": "p",
    "TVAE, prior N(0, I)": ">",
    "rVAE, all runs": "1",
    "rVAE, sigma per latent": "2",
    "rVAE, control settings": "x",
    "rVAE + BPTT": "+",
    "rEFH + BPTT": "d",
    "ORDER 0": "X",
}

matplotlib.rcParams.update(
    {
        "figure.constrained_layout.use": True,
        "savefig.dpi": 150,
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "legend.fontsize": 8,
        "legend.frameon": False,
        "lines.linewidth": 1.5,
        "pdf.fonttype": 42,  # text stays text
    }
)
_displayed = set()  # what notebooks show: (path, number of the cell's run)


def figure(width, height):
    """An empty figure, width and height in inches."""
    return Figure(figsize=(width, height))


def style(model):
    """Keyword arguments of the line of a model."""
    line = {"color": COLOURS[model], "linestyle": DASHES.get(model, "-"), "label": model}
    if model not in DASHES:
        line |= {"marker": MARKERS[model], "markersize": 4, "markevery": (0.03, 0.12)}
    return line


def letters(panels):
    """Write A, B, C, ... above the panels (axes), at the left."""
    for letter, axes in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", panels, strict=False):
        axes.annotate(
            letter,
            (0, 1),
            xycoords="axes fraction",
            xytext=(-26, 5),
            textcoords="offset points",
            fontsize=11,
            fontweight="bold",
        )


def end_labels(axes, x, ends, gap=0.08):
    """Write the names of lines beside their ends, moved apart where they would touch.

    Parameters
    ----------
    axes : with its final limits and scale
    x : where the names begin
    ends : {name: (value, colour)} of the last point of each line
    gap : the least distance of two names, as a fraction of the axis
    """
    to_fraction = axes.transData + axes.transAxes.inverted()
    names = sorted(ends, key=lambda name: ends[name][0])
    heights = [to_fraction.transform((x, ends[name][0]))[1] for name in names]
    for _ in range(100):  # neighbours that are too near push each other apart
        for k in range(len(names) - 1):
            missing = gap - (heights[k + 1] - heights[k])
            if missing > 0:
                heights[k] -= missing / 2
                heights[k + 1] += missing / 2
    place = dict(transform=axes.get_xaxis_transform(), va="center", fontsize=8)
    for name, height in zip(names, heights, strict=True):
        axes.text(x, max(height, 0.03), name, color=ends[name][1], **place)


def break_axis(left, right):
    """Mark that the horizontal axis jumps from the left panel to the right one."""
    right.spines["left"].set_visible(False)
    right.tick_params(axis="y", left=False)
    mark = dict(
        marker=[(-0.5, -1), (0.5, 1)],
        markersize=8,
        linestyle="none",
        color="black",
        markeredgewidth=0.8,
        clip_on=False,
    )
    left.plot(1, 0, transform=left.transAxes, **mark)
    right.plot(0, 0, transform=right.transAxes, **mark)


def save(figure, path):
    """Write a figure whole or not at all, and show it if this is a notebook.

    Parameters
    ----------
    figure : matplotlib Figure
    path : its suffix becomes that of the format that --format asks for

    Returns
    -------
    the path of the file
    """
    path = path.with_suffix(f".{matplotlib.rcParams['savefig.format']}")
    write_or_hold(path, figure.savefig)
    show(figure, path)
    return path


def save_all(script, description, prefix, makers, argv):
    """The command of a script that plots PREFIX_NAME.png for each function NAME(seed) of makers."""
    arguments = run.parse(run.parser(script, description, sizes=(), jobs=False), argv)
    run.prepare_folder(arguments.out)
    for make in makers:
        print(save(make(arguments.seed), arguments.out / f"{prefix}_{make.__name__}.png"))


def show(figure, path):
    """Show a figure in a notebook: once per run of a cell, then refreshed in place."""
    if "IPython" not in sys.modules:
        return
    from IPython import display, get_ipython

    shell = get_ipython()
    if not hasattr(shell, "kernel"):
        return
    image = io.BytesIO()
    figure.savefig(image, format="png")
    key = f"{path}:{shell.execution_count}"
    display.display(display.Image(image.getvalue()), display_id=key, update=key in _displayed)
    _displayed.add(key)
