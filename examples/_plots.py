"""One style for all figures, and for every model one colour, line style and marker everywhere.

Models of the poster, and the hybrids, differ by a CIE delta E of at least 12 for readers with
deuteranopia or protanopia too. No two models share line style and marker, so that all can be told
apart in grey. Figures are made without pyplot, because they go to files and need no display.
Importing this module sets matplotlib's rcParams.
"""
import io
import sys

import matplotlib
from matplotlib.figure import Figure

from examples._results import write_whole

GROUND_TRUTH = "black"
GROUND_TRUTH_ON_SPIKES = "#D40000"      # over a grey raster
COLOURS = {
    "ORDER 0": "#8C8C8C",
    "TVAE": "#9A8700",
    "TRBM": "#3F9BD8",
    "KF-1": "#D98200",
    "rVAE": "#D55E00",
    "rEFH": "#0050A0",
    "RTRBM": "#008A63",
    "KF-2": "#C05A9A",
    "true parameters": "#000000",
    "hybrid, w = 0.03": "#6B3FA0",
    "hybrid, falling w": "#4B1A6B",
    "VAE": "#555555",
    "TVAE, prior N(0, I)": "#6B6B20",
    "rVAE, all runs": "#D55E00",
    "rVAE, control settings": "#E08060",
    "rVAE + BPTT": "#7A2E00",
    "rEFH + BPTT": "#102A60",
}
# models that figures show as horizontal lines have dashes, the others markers
DASHES = {"ORDER 0": (0, (4, 1, 1, 1)), "KF-1": (0, (6, 2)), "KF-2": (0, (2.5, 1.5)),
          "true parameters": (0, (1, 1))}
MARKERS = {"TVAE": "<", "TRBM": "v", "rVAE": "^", "rEFH": "o", "RTRBM": "s",
           "hybrid, w = 0.03": "D", "hybrid, falling w": "P", "VAE": "p",
           "TVAE, prior N(0, I)": ">", "rVAE, all runs": "1", "rVAE, control settings": "x",
           "rVAE + BPTT": "+", "rEFH + BPTT": "d", "ORDER 0": "X"}

matplotlib.rcParams.update({
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
    "pdf.fonttype": 42,                 # text stays text
})
_displayed = set()                      # what notebooks show: (path, number of the cell's run)


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
        axes.annotate(letter, (0, 1), xycoords="axes fraction", xytext=(-26, 5),
                      textcoords="offset points", fontsize=11, fontweight="bold")


def break_axis(left, right):
    """Mark that the horizontal axis jumps from the left panel to the right one."""
    right.spines["left"].set_visible(False)
    right.tick_params(axis="y", left=False)
    mark = dict(marker=[(-0.5, -1), (0.5, 1)], markersize=8, linestyle="none", color="black",
                markeredgewidth=0.8, clip_on=False)
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
    write_whole(path, figure.savefig)
    if "IPython" in sys.modules:
        show(figure, path)
    return path


def show(figure, path):
    """Show a figure in a notebook: once per run of a cell, then refreshed in place."""
    from IPython import display, get_ipython

    shell = get_ipython()
    if not hasattr(shell, "kernel"):
        return
    image = io.BytesIO()
    figure.savefig(image, format="png")
    key = f"{path}:{shell.execution_count}"
    display.display(display.Image(image.getvalue()), display_id=key, update=key in _displayed)
    _displayed.add(key)
