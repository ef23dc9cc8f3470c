"""The figure of linear_rvae: theory as lines, models trained on spikes as dots."""

import numpy as np

from examples.tools import plots

LATENTS = [1, 2, 3]
SIGMAS = [0.03, 0.05, 0.07, 0.1, 0.14, 0.2]
ANGLES = [0, 45, 75, 105, 135, 180]  # degrees per time step
SIGMA = 0.07  # of the basins and rotations
MAX_MSE = 14  # 1e-4 rad^2: more is drawn at the top, with its value beside it
NAMES = {
    "second_order": "second order",
    "first_order": "first order",
    "autonomous": "autonomous mode",
    "diverged": "diverged",
}
LINES = {1: (0, (6, 2)), 2: "-", 3: (0, (1, 1.5))}
MARKS = {
    "second_order": dict(marker="s", color="black"),
    "first_order": dict(marker="^", color="0.5"),
    "autonomous": dict(marker="o", facecolors="none", edgecolors="0.4"),
}
TRAINED = {"color": plots.COLOURS["rVAE"], "linestyle": "none", "marker": "o"}


def plot(points, basins, by_rotation, trained, optimal):
    figure = plots.figure(10, 7.6)
    (error, velocity), (basin, turns) = figure.subplots(2, 2)
    upright = [row for row in trained if row["degrees"] == 0 and row["mse"] is not None]
    plot_error(error, points, upright, optimal)
    plot_coasting(velocity, points, upright)
    plot_basins(basin, basins)
    plot_rotations(turns, by_rotation, trained)
    for axes in (error, velocity):
        axes.set(xscale="log", xlabel=r"$\sigma_u$, standard deviation of $u$ given $x$")
        axes.set_xticks(SIGMAS, labels=[f"{s:g}" for s in SIGMAS])
        axes.minorticks_off()
    plots.letters([error, velocity, basin, turns])
    return figure


def plot_lines(axes, points, value):
    """The theory's lines, one per number of latent variables."""
    for n in LATENTS:
        rows = [row for row in points if row["n_x"] == n]
        axes.plot(
            [row["sigma_u"] for row in rows],
            [value(row) for row in rows],
            color="black",
            linestyle=LINES[n],
            label=f"linear theory, {n} latent{'s' * (n > 1)}",
        )


def plot_error(axes, points, trained, optimal):
    plot_lines(axes, points, lambda row: 1e4 * row["mse"])
    inside = [row for row in trained if 1e4 * row["mse_after_100"] <= MAX_MSE]
    axes.plot(
        [row["sigma_u"] for row in inside],
        [1e4 * row["mse_after_100"] for row in inside],
        **TRAINED,
        label="rVAE on spikes, 2 latents",
    )
    above = [row for row in trained if 1e4 * row["mse_after_100"] > MAX_MSE]
    for number, row in enumerate(above):
        axes.plot(
            row["sigma_u"],
            MAX_MSE,
            **TRAINED | {"marker": "^"},
            clip_on=False,
            label=None if number else "the same, above the axis",
        )
        axes.annotate(
            f"{1e4 * row['mse_after_100']:.0f}",
            (row["sigma_u"], MAX_MSE),
            (6, -2),
            textcoords="offset points",
            fontsize=8,
            color=TRAINED["color"],
        )
    axes.axhline(1e4 * optimal, **plots.style("KF-2") | {"label": "optimal filter"})
    axes.set(
        ylabel="MSE of the position (10$^{-4}$ rad²)",
        ylim=(0, MAX_MSE),
        title="Error, initialised near the identity",
    )
    lowest = min(
        (1e4 * row["mse_after_100"] for row in trained if row["sigma_u"] == SIGMAS[-1]),
        default=None,
    )
    if lowest is not None:
        axes.annotate(
            "trained networks\nbelow the theory",
            (SIGMAS[-1], lowest - 0.3),
            (-45, -38),
            textcoords="offset points",
            fontsize=8,
            ha="center",
            color=TRAINED["color"],
            arrowprops={"arrowstyle": "-", "color": TRAINED["color"], "linewidth": 0.8},
        )
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def plot_coasting(axes, points, trained):
    plot_lines(axes, points, lambda row: row["coasting"]["5"])
    axes.plot(
        [row["sigma_u"] for row in trained], [row["coasting"]["5"] for row in trained], **TRAINED
    )
    axes.set(
        ylabel="slope on the true displacement",
        ylim=(-0.1, 1.05),
        title="Coasting: five steps without observations",
    )


def plot_basins(axes, basins):
    for name, marks in MARKS.items():
        where = [point["initial_eigenvalues"] for point in basins if point["outcome"] == name]
        if where:
            axes.scatter(*np.transpose(where), s=16, **marks, linewidths=0.8, label=NAMES[name])
    axes.axhline(0, color="0.7", linewidth=0.8, zorder=0)
    axes.axvline(0, color="0.7", linewidth=0.8, zorder=0)
    axes.set(
        xlabel="first eigenvalue of $F$ at initialisation",
        ylabel="second eigenvalue",
        box_aspect=1,
        xticks=[-0.9, 0, 0.9],
        yticks=[-0.9, 0, 0.9],
        title=r"Basins of attraction, linear, $\sigma_u$ = 0.07",
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), title="outcome")


def plot_rotations(axes, by_rotation, trained):
    axes.plot(
        [row["degrees"] for row in by_rotation],
        [row["second_order"] for row in by_rotation],
        color="black",
        label="linear theory: second order",
    )
    shares = {"second_order": [], "diverged": []}
    angles = [degrees for degrees in ANGLES if any(row["degrees"] == degrees for row in trained)]
    for degrees in angles:
        outcomes = [
            row["outcome"]
            for row in trained
            if row["degrees"] == degrees and row["sigma_u"] == SIGMA
        ]
        for name, share in shares.items():
            share.append(outcomes.count(name) / len(outcomes))
    axes.plot(angles, shares["second_order"], **TRAINED, label="rVAE on spikes: second order")
    axes.plot(
        angles, shares["diverged"], **TRAINED | {"marker": "x"}, label="rVAE on spikes: diverged"
    )
    axes.axvline(90, color="0.7", linewidth=0.8, zorder=0)
    axes.set(
        xlabel="rotation per time step at initialisation (°)",
        ylabel="fraction of initialisations",
        xlim=(-10, 190),
        ylim=(-0.05, 1.05),
        title="Rotating initialisations",
    )
    axes.set_xticks([0, 45, 90, 135, 180])
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.15))
