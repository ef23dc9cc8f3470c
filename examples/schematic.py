"""Draws the schematic of the models: conditional against joint, harmonium and autoencoder.

Writes schematic.png. Top: a conditional model reproduces the observation y_t alone. Bottom: a
model of the joint reproduces its previous state u_{t-1} as well. In all four, no gradient goes
back to earlier time steps. Takes a second.
"""
# %%
import numpy as np
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from examples import _plots, _run

REPRODUCED, GIVEN, HIDDEN, STOP = "#0050A0", "#E4E4E4", "#FFFFFF", "#B00020"
WIDTH, HEIGHT = 1.9, 0.62                       # of a box
PLACES = {"u": (1.9, 0.4), "y": (5.0, 0.4), "x": (3.45, 2.3)}
PANELS = (("TRBM: conditional", False, "harmonium"), ("TVAE: conditional", False, "autoencoder"),
          ("rEFH: joint", True, "harmonium"), ("rVAE: joint", True, "autoencoder"))


# %%
def box(axes, place, text, reproduced, note=""):
    """A box with a name; filled if the model has to reproduce what it holds"""
    x, y = place
    colour = {True: REPRODUCED, False: GIVEN, None: HIDDEN}[reproduced]
    axes.add_patch(FancyBboxPatch((x - WIDTH / 2, y - HEIGHT / 2), WIDTH, HEIGHT, facecolor=colour,
                                  edgecolor="black", linewidth=1,
                                  boxstyle="round,pad=0.02,rounding_size=0.15"))
    axes.text(x, y, text, ha="center", va="center", fontsize=11,
              color="white" if reproduced else "black")
    axes.text(x, y - HEIGHT / 2 - 0.16, note, ha="center", va="top", fontsize=8)


def arrow(axes, start, end, style="-|>", curve=0.0, **line):
    axes.add_patch(FancyArrowPatch(start, end, arrowstyle=style, mutation_scale=11, shrinkA=2,
                                   shrinkB=2, connectionstyle=f"arc3,rad={curve}",
                                   **({"color": "black", "linewidth": 1.1} | line)))


def gradient_stop(axes):
    """The path back in time through u_{t-1}, crossed out"""
    x, y = PLACES["u"]
    start = x - WIDTH / 2
    arrow(axes, (start, y), (start - 0.95, y), color=STOP, linestyle="--")
    middle = start - 0.42
    axes.plot([middle - 0.12, middle + 0.12], [y - 0.2, y + 0.2], color=STOP, linewidth=2)
    axes.plot([middle - 0.12, middle + 0.12], [y + 0.2, y - 0.2], color=STOP, linewidth=2)
    axes.text(middle - 0.05, y + 0.34, "no gradient\nto t - 1", ha="center", va="bottom",
              fontsize=8, color=STOP)


def draw_panel(axes, title, joint, kind):
    u, y, x = (np.array(PLACES[name]) for name in "uyx")
    top, bottom = np.array([0, HEIGHT / 2]), np.array([0, -HEIGHT / 2])
    harmonium = kind == "harmonium"
    word = "resampled" if harmonium else "reconstructed"
    box(axes, x, r"$x_t$", None)
    box(axes, u, r"$u_{t-1}$", joint, word if joint else ("clamped" if harmonium else "given"))
    box(axes, y, r"$y_t$", True, word)
    if harmonium:
        for visible in (u, y):
            arrow(axes, visible + top, x + bottom, style="-")
        axes.text(*(x + (0, 0.5)), "hidden units; symmetric weights", ha="center", fontsize=8)
    else:
        for visible, decoded, side in ((u, joint, -1), (y, True, 1)):
            arrow(axes, visible + top, x + bottom + (0.25 * side, 0), curve=-0.12 * side)
            if decoded:
                arrow(axes, x + bottom + (0.55 * side, 0), visible + top + (0.35 * side, 0),
                      curve=-0.22 * side, color=REPRODUCED, linestyle=(0, (4, 2)))
        prior = r"prior $\mathcal{N}(0, I)$" if joint else r"prior $p(x_t \mid u_{t-1})$"
        axes.text(*(x + (0, 0.5)), f"latent variables; {prior}", ha="center", fontsize=8)
    gradient_stop(axes)
    learns = r"p(u_{t-1}, y_t)" if joint else r"p(y_t \mid u_{t-1})"
    axes.set_title(f"{title}, learns ${learns}$", fontsize=10)
    axes.set(xlim=(-0.2, 6.4), ylim=(-0.55, 3.15), aspect="equal")
    axes.axis("off")


def draw():
    figure = _plots.figure(8.4, 5.2)
    panels = figure.subplots(2, 2).ravel()
    for axes, panel in zip(panels, PANELS, strict=True):
        draw_panel(axes, *panel)
    handles = [FancyBboxPatch((0, 0), 1, 1, facecolor=REPRODUCED, edgecolor="black"),
               FancyBboxPatch((0, 0), 1, 1, facecolor=GIVEN, edgecolor="black")]
    figure.legend(handles, ["the model must reproduce it (negative phase, decoder)",
                            "given: the model may use it, but need not reproduce it"],
                  loc="outside lower center", ncols=2)
    return figure


# %%
def main(argv=None):
    arguments = _run.parse(_run.parser("schematic", __doc__, ()), argv)
    _run.prepare_folder(arguments.out)
    print(f"written: {_plots.save(draw(), arguments.out / 'schematic.png')}")


if __name__ == "__main__":
    main()
