"""Schematics: what separates a conditional model from a joint one, and why these two models.

Plots schematic.png, in two columns (harmonium, autoencoder) and two rows
(conditional, joint). It shows which units are given and which ones the model
must reproduce, and where the gradient stops. Plots rationale.png as well: what
each of the poster's six candidates has, and what it lacks. Takes a second.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Rectangle

from examples.tools import plots, run

GIVEN, REPRODUCED, HIDDEN = "#DADADA", "#F2C14E", "#FFFFFF"
LEARNT, LOCAL = "#0050A0", "#B3261E"
RADIUS = 0.5


def plot():
    figure = plots.figure(8.6, 7)
    panels = figure.subplots(2, 2)
    titles = [
        ["Harmonium, conditional: TRBM", "Autoencoder, conditional: TVAE"],
        ["Harmonium, joint: rEFH", "Autoencoder, joint: rVAE"],
    ]
    for joint in (False, True):
        harmonium, autoencoder = panels[int(joint)]
        plot_harmonium(harmonium, joint)
        plot_autoencoder(autoencoder, joint)
        for axes, title in zip((harmonium, autoencoder), titles[int(joint)], strict=True):
            axes.set_title(title, fontsize=11, fontweight="bold")
            axes.set(xlim=(-0.4, 9.4), ylim=(-1.2, 6.4), aspect="equal")
            axes.axis("off")
    plots.letters(panels.flat)
    plot_legend(figure)
    return figure


def plot_harmonium(axes, joint):
    """The data at the left (positive phase), the model's samples at the right (negative phase)."""
    u_colour = REPRODUCED if joint else GIVEN
    for x, title in ((0.8, "positive phase"), (6.2, "negative phase")):
        axes.text(x + 1, 5.95, title, ha="center", fontsize=9, style="italic")
    unit(axes, (1.8, 4.6), r"$x_t$", HIDDEN)
    unit(axes, (0.8, 1.5), r"$u_{t-1}$", GIVEN)
    unit(axes, (2.8, 1.5), r"$y_t$", GIVEN)
    unit(axes, (7.2, 4.6), r"$\hat{x}_t$", HIDDEN)
    unit(axes, (6.2, 1.5), r"$\hat{u}_{t-1}$" if joint else r"$u_{t-1}$", u_colour)
    unit(axes, (8.2, 1.5), r"$\hat{y}_t$", REPRODUCED)
    arrow(axes, (0.8, 1.5), (1.8, 4.6))
    arrow(axes, (2.8, 1.5), (1.8, 4.6))
    arrow(axes, (6.2, 1.5), (7.2, 4.6), both=joint)
    arrow(axes, (8.2, 1.5), (7.2, 4.6), both=True)
    axes.annotate(
        "",
        (6.3, 4.6),
        (2.7, 4.6),
        arrowprops={"arrowstyle": "->", "linestyle": "--", "color": "0.35"},
    )
    axes.text(4.5, 4.8, "Gibbs sweeps", ha="center", fontsize=9, color="0.25")
    stopped(axes, (0.8, 1.5))
    axes.text(
        7.2,
        0.55,
        "resampled: u and y" if joint else "resampled: y; u clamped",
        ha="center",
        fontsize=9,
    )


def plot_autoencoder(axes, joint):
    """From data to data: the recognition model at the left, the generative model at the right."""
    for x, title in ((1.8, "recognition model"), (7.2, "generative model")):
        axes.text(x, 5.95, title, ha="center", fontsize=9, style="italic")
    unit(axes, (1.0, 4.4), r"$u_{t-1}$", GIVEN)
    unit(axes, (1.0, 1.5), r"$y_t$", GIVEN)
    unit(axes, (4.5, 2.95), r"$x_t$", HIDDEN)
    unit(axes, (8.0, 1.5), r"$\hat{y}_t$", REPRODUCED)
    arrow(axes, (1.0, 4.4), (4.5, 2.95))
    arrow(axes, (1.0, 1.5), (4.5, 2.95))
    arrow(axes, (4.5, 2.95), (8.0, 1.5))
    if joint:
        unit(axes, (8.0, 4.4), r"$\hat{u}_{t-1}$", REPRODUCED)
        arrow(axes, (4.5, 2.95), (8.0, 4.4))
    else:
        unit(axes, (8.0, 4.4), r"$u_{t-1}$", GIVEN)
        arrow(axes, (8.0, 4.4), (4.5, 2.95))
        axes.text(6.05, 4.25, r"prior of $x_t$", ha="center", fontsize=9, color="0.25")
    stopped(axes, (1.0, 4.4), below=False)
    axes.text(
        6.2,
        0.55,
        "reconstructed: u and y" if joint else "reconstructed: y; u given",
        ha="center",
        fontsize=9,
    )


def unit(axes, place, label, colour):
    """A layer of units, or a vector of variables."""
    axes.add_patch(
        Circle(place, RADIUS, facecolor=colour, edgecolor="black", linewidth=1.1, zorder=3)
    )
    axes.text(*place, label, ha="center", va="center", fontsize=11, zorder=4)


def arrow(axes, tail, head, both=False):
    """Learnt weights, from one layer to another, or in both directions."""
    axes.add_patch(
        FancyArrowPatch(
            tail,
            head,
            arrowstyle="<|-|>" if both else "-|>",
            shrinkA=RADIUS * 32,
            shrinkB=RADIUS * 32,
            mutation_scale=11,
            color=LEARNT,
            linewidth=1.6,
            zorder=2,
        )
    )


def stopped(axes, place, below=True):
    """The past of u, to which no gradient goes back."""
    x, y = place
    start = (x, y - 2) if below else (x, y + 1.4)
    axes.add_patch(
        FancyArrowPatch(
            start,
            place,
            arrowstyle="-|>",
            shrinkB=RADIUS * 32,
            mutation_scale=11,
            color="0.45",
            linewidth=1.4,
            zorder=2,
        )
    )
    middle = y - 1.25 if below else y + 0.95
    axes.plot(
        [x - 0.32, x + 0.32],
        [middle, middle],
        color=LOCAL,
        linewidth=3,
        solid_capstyle="butt",
        zorder=3,
    )
    axes.text(x + 0.5, middle, "no gradient goes back", color=LOCAL, fontsize=9, va="center")


def plot_legend(figure):
    """What the colours mean, below the panels."""
    axes = figure.add_axes([0, 0, 1, 0.06], frameon=False, xticks=[], yticks=[])
    axes.set_in_layout(False)
    axes.set(xlim=(0, 100), ylim=(0, 6))
    items = [
        (GIVEN, "data: given (clamped)"),
        (REPRODUCED, "the model must reproduce it"),
        (HIDDEN, "hidden or latent variable"),
    ]
    for x, (colour, text) in zip((6, 30, 59), items, strict=True):
        axes.add_patch(
            FancyBboxPatch(
                (x, 2),
                2.2,
                2.2,
                boxstyle="round,pad=0.3",
                facecolor=colour,
                edgecolor="black",
                linewidth=0.9,
            )
        )
        axes.text(x + 3.6, 3.1, text, va="center", fontsize=9)
    axes.annotate(
        "",
        (88, 3.1),
        (83.5, 3.1),
        arrowprops={"arrowstyle": "-|>", "color": LEARNT, "linewidth": 1.6},
    )
    axes.text(89, 3.1, "weights", va="center", fontsize=9)


# %% [markdown]
# ## The candidates of the box "Rationale"
# Below the data (u, y), above the latent variable x, as wide as it has entries.


# %%
DATA_WIDTH, SMALL_WIDTH = 3.0, 2.0  # as in the models here, x has as many entries as u
CANDIDATES = {  # width of x, way up, way down, what is said below
    "GAN": (SMALL_WIDTH, False, True, "no way from\ndata to x"),
    "energy-based": (0, False, False, "no x"),
    "diffusion": (DATA_WIDTH, True, True, "x as large\nas the data"),
    "flow": (DATA_WIDTH, True, True, "x as large\nas the data"),
    "autoencoder": (SMALL_WIDTH, True, True, "small x,\ninferred by q"),
    "harmonium": (SMALL_WIDTH, True, True, "small x,\ninferred by P4"),
}


def plot_candidates():
    figure = plots.figure(9, 2.4)
    panels = figure.subplots(1, len(CANDIDATES))
    for axes, (name, (width, up, down, text)) in zip(panels, CANDIDATES.items(), strict=True):
        suits = up and down and width < DATA_WIDTH
        block(axes, -DATA_WIDTH / 2, 0, SMALL_WIDTH, "$u$", GIVEN)
        block(axes, -DATA_WIDTH / 2 + SMALL_WIDTH, 0, DATA_WIDTH - SMALL_WIDTH, "$y$", GIVEN)
        if width:
            block(
                axes, -width / 2, 3, width, "$x$", HIDDEN, LOCAL if width == DATA_WIDTH else "black"
            )
            for x, there, ends in ((-0.6, up, (0.8, 2.9)), (0.6, down, (2.9, 0.8))):
                style = dict(color=LEARNT) if there else dict(color=LOCAL, linestyle=":")
                arrowprops = dict(arrowstyle="-|>", linewidth=1.6) | style
                axes.annotate("", (x, ends[1]), (x, ends[0]), arrowprops=arrowprops)
                if not there:
                    axes.plot(x, 1.85, "x", color=LOCAL, markersize=9, markeredgewidth=2.5)
        else:
            axes.text(0, 3.35, "?", ha="center", va="center", color=LOCAL, fontsize=14)
        axes.text(
            0, -0.5, text, ha="center", va="top", color=LEARNT if suits else LOCAL, fontsize=9
        )
        axes.set_title(name, loc="center", fontweight="bold" if suits else "normal")
        axes.set(xlim=(-1.9, 1.9), ylim=(-1.7, 4))
        axes.axis("off")
    return figure


def block(axes, left, bottom, width, label, colour, edge="black"):
    """A vector of variables, as wide as it has entries."""
    axes.add_patch(Rectangle((left, bottom), width, 0.7, facecolor=colour, edgecolor=edge))
    axes.text(left + width / 2, bottom + 0.35, label, ha="center", va="center")


# %%
def main(argv=None):
    arguments = run.parse(run.parser("schematic", __doc__, (), jobs=False), argv)
    run.prepare_folder(arguments.out)
    print(plots.save(plot(), arguments.out / "schematic.png"))
    print(plots.save(plot_candidates(), arguments.out / "rationale.png"))


if __name__ == "__main__":
    run.start(main)
