"""One style for every figure, and one colour for every model, the same everywhere.

The colours are Okabe and Ito's, which readers with any common kind of colour vision can tell apart; models that share a
picture differ in their dashes or markers too, so that a print in grey can be read. Figures are made without pyplot: they go to
files, and need neither a window nor a display.
"""
import matplotlib
from matplotlib.figure import Figure

from examples import _run

TRUTH = "black"
TRUTH_ON_SPIKES = "#D40000"         # over a grey raster
COLOURS = {
    "ORDER 0": "#999999",
    "TVAE": "#F0E442",
    "TRBM": "#56B4E9",
    "KF-1": "#E69F00",
    "rVAE": "#D55E00",
    "rEFH": "#0072B2",
    "RTRBM": "#009E73",
    "KF-2": "#CC79A7",
    "true parameters": "#000000",
    "VAE": "#555555",
    "TVAE, prior N(0, I)": "#A89A00",
    "rVAE, control": "#F08A4B",
    "rVAE + BPTT": "#7A2E00",
    "rEFH + BPTT": "#7A4FA3",
    "hybrid, w = 0.03": "#5B8C1A",
    "hybrid, falling w": "#8C4A9E",
}
MARKERS = {"rEFH": "o", "RTRBM": "s", "TRBM": "v", "hybrid, w = 0.03": "D", "hybrid, falling w": "d", "rVAE": "^", "rEFH + BPTT": "P",
           "ORDER 0": "X"}                                                          # on learning curves
DASHES = {"KF-1": (0, (6, 2)), "KF-2": (0, (2, 1.5)), "true parameters": (0, (1, 1)), "ORDER 0": (0, (4, 1, 1, 1))}

matplotlib.rcParams.update({
    "figure.constrained_layout.use": True,
    "figure.dpi": 110,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "lines.linewidth": 1.5,
})


def figure(width, height):
    """An empty figure, width and height in inches."""
    return Figure(figsize=(width, height))


def style(model):
    """Keyword arguments of a line that stands for this model."""
    return {"color": COLOURS[model], "linestyle": DASHES.get(model, "-"), "label": model}


def save(figure, path):
    """Write a figure whole or not at all."""
    _run.write_whole(path, figure.savefig)
