"""Figures and numbers of chapter 4, on the recurrent variational autoencoder.

    python -m examples.chapters.rvae [--out DIR]

Uses the kept rVAE of examples/weights/ppc_rvae.npz, and trains three small ones
on the oscillator; two minutes on an idle core. Writes chapter4_*.png and
chapter4.json, and prints what the page quotes. With --train it trains the kept
rVAE again first (the row "rVAE" of ppc_table, one restart; two minutes more),
and writes its weights into DIR.

  plane       states of the kept rVAE, coloured by position and by velocity
  one_number  the bound with one latent variable and one observation
  step        data flow of one time step
  sigma       sigma_u against error: linear theory and trained networks
  learning    a good, a stuck and a collapsed training
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import itertools
import json
from dataclasses import replace

import numpy as np
from matplotlib.patches import FancyBboxPatch

from datasets import ppc
from examples import schematic
from examples.ppc import coasting, networks, oscillator
from examples.ppc_table import NETWORKS
from examples.tools import plots, results, run
from rvae_numpy import autoencoder, gaussian, rvae

WEIGHTS = run.WEIGHTS / "ppc_rvae.npz"
KEPT = run.WEIGHTS.parent / "figures"
N_TEST = 400  # trajectories of the test of the seam
U, Y, SIGMA = 0.8, 1.2, 0.5  # previous state, observation, and both standard deviations
INK, PAST, PRESENT = "0.25", "#0D4390", "#B3261E"


# %% [markdown]
# ## The kept network


# %%
def train_kept(seed, path):
    """Train the rVAE of Table 1 once, and save it (float32)."""
    settings = NETWORKS["rVAE"]
    rng = np.random.default_rng([seed, 2])
    params = oscillator.train(rvae, networks.initialised(rvae, settings, rng), rng, settings)
    settings = {name: value for name, value in settings.items() if name != "n_restarts"}
    meta = {"seed": seed, "settings": settings, "version": results.version()}
    results.keep_weights(path, rvae, params, **meta)


def kept_row(params, test, seed):
    """What `probe` says about the kept network, its coasting, and what the seam costs it."""
    row = {"run": "kept"} | probe(params, test) | {"coasting": coasting.network(rvae, params, seed)}
    many = ppc.sample(N_TEST, 1000, np.random.default_rng([seed, 20]), random_phase=True)
    estimate = oscillator.network_estimate(rvae, params, many.y)
    crosses = np.abs(many.z[..., 0]).max(1) > ppc.SYSTEM.circumference / 2
    error = ppc.squared_error(estimate, many.z[..., 0])[:, oscillator.SETTLED :].mean(1)
    row["seam"] = {
        "n_trajectories": N_TEST,
        "n_crossing": int(crosses.sum()),
        "mse": float(error.mean()),
        "mse_without": float(error[~crosses].mean()),
        "median": float(np.median(error)),
    }
    return row


def eigenvalues(params):
    """[[real, imaginary]] of the part of nu that multiplies u."""
    values = np.linalg.eigvals(params.nu.W[:, -params.n_u :])
    return [[float(value.real), float(value.imag)] for value in values]


def terms(params, y):
    """{"prior_term", "state_term", "observation_term"} of the loss V8, nats per time step."""
    u = rvae.infer(params, y)
    u, y = u[:, oscillator.SETTLED - 1 : -1], y[:, oscillator.SETTLED :]
    u, y = u.reshape(-1, u.shape[-1]), y.reshape(-1, y.shape[-1])
    nu, log_upsilon, _ = autoencoder.recognise(params, u, y)
    eps = np.random.default_rng(0).standard_normal(nu.shape, dtype=nu.dtype)
    x = gaussian.reparameterise(nu, log_upsilon, eps)
    mean = autoencoder.emission(params, x)
    return {
        "prior_term": float(gaussian.kl(nu, log_upsilon, 0, 0).mean()),
        "state_term": float(
            -gaussian.log_density(u, autoencoder.mu_u(params, x), params.config.sigma_u).mean()
        ),
        "observation_term": -log_poisson(y, mean),
    }


def log_poisson(y, mean):
    """Mean log likelihood of counts, nats per time step."""
    return float(gaussian.poisson_log_likelihood(y, np.log(np.maximum(mean, 1e-6))).mean())


def observation_bounds(seed):
    """The observation term of a model that knows the true rates, and of one with constant rates."""
    test = ppc.sample(40, 400, np.random.default_rng([seed, 21]), random_phase=True)
    rates = test.gain[..., None] * ppc.tuning(test.z[..., 0])
    constant = np.broadcast_to(test.y.mean((0, 1)), test.y.shape)
    return {
        "run": "bounds",
        "true_rates": -log_poisson(test.y, rates),
        "constant_rates": -log_poisson(test.y, constant),
    }


def plot_plane(params, row, seed):
    figure = plots.figure(9, 3.1)
    panels = figure.subplots(1, 3, width_ratios=[1.15, 1.15, 0.85])
    test = ppc.sample(40, 400, np.random.default_rng([seed, 22]), random_phase=True)
    u = rvae.infer(params, test.y)
    shown = slice(oscillator.SETTLED, None, 5)
    for axes, column, quantity in (
        (panels[0], 0, "position (rad)"),
        (panels[1], 1, "velocity (rad/s)"),
    ):
        points = axes.scatter(
            *u[:, shown].reshape(-1, 2).T,
            c=test.z[:, shown, column].ravel(),
            s=3,
            cmap="coolwarm",
            rasterized=True,
        )
        figure.colorbar(points, ax=axes)
        axes.set(xlabel="latent variable 1", title=f"colour: {quantity}")
    panels[0].set_ylabel("latent variable 2")
    k, slope = zip(*row["coasting"].items(), strict=True)
    k = [int(one) for one in k]
    color = plots.COLOURS["rVAE"]
    panels[2].plot(k, slope, color=color, marker="^", markersize=5)
    panels[2].text(k[-1], slope[-1] + 0.07, "rVAE", color=color, ha="right")
    for level, name in ((1, "moves on (order 2)"), (0, "stays (order 1)")):
        panels[2].axhline(level, color="0.6", linewidth=1, zorder=0)
        panels[2].text(40, level + 0.03, name, color="0.4", ha="right", fontsize=8)
    panels[2].set(
        ylim=(-0.15, 1.3), xlabel="time steps without spikes", title="slope of displacement"
    )
    plots.letters(panels)
    return figure


# %% [markdown]
# ## One latent variable, one observation


# %%
def posterior(u, y, sigma_u, sigma_y):
    """Mean and variance of x given u and y, if x is N(0, 1) and both are x plus noise."""
    precision = 1 + 1 / sigma_u**2 + 1 / sigma_y**2
    return (u / sigma_u**2 + y / sigma_y**2) / precision, 1 / precision


def bound(nu, variance, u=U, y=Y, sigma=SIGMA):
    """The three terms of the loss, in closed form: prior, state, observation."""

    def reconstruction(value):
        return ((value - nu) ** 2 + variance) / (2 * sigma**2) + 0.5 * np.log(2 * np.pi * sigma**2)

    prior = 0.5 * (variance + nu**2 - 1 - np.log(variance))
    return np.array([prior, reconstruction(u), reconstruction(y)])


def minus_log_likelihood(u=U, y=Y, sigma=SIGMA):
    """-log p(u, y): a normal distribution with covariance 1 + sigma^2, 1."""
    covariance = np.array([[1 + sigma**2, 1], [1, 1 + sigma**2]])
    v = np.array([u, y])
    return 0.5 * (v @ np.linalg.solve(covariance, v) + np.log(np.linalg.det(covariance))) + np.log(
        2 * np.pi
    )


def plot_one_number():
    figure = plots.figure(9, 2.9)
    panels = figure.subplots(1, 2)
    x = np.linspace(-1.5, 3, 400)
    mean, variance = posterior(U, Y, SIGMA, SIGMA)
    for centre, spread, name, color, at in (
        (0, 1, "$p(x)$", "0.5", (-1.4, 0.36)),
        (U, SIGMA, "$p(u | x)$", PAST, (-0.35, 0.62)),
        (Y, SIGMA, "$p(y | x)$", PRESENT, (1.85, 0.62)),
        (mean, np.sqrt(variance), "$p(x | u, y)$", "black", (1.15, 1.15)),
    ):
        density = np.exp(-0.5 * ((x - centre) / spread) ** 2) / (spread * np.sqrt(2 * np.pi))
        panels[0].plot(x, density, color=color, linewidth=2 if color == "black" else 1.5)
        panels[0].text(*at, name, color=color)
    panels[0].set(xlabel="latent variable x", title="three opinions about x, and their product")
    nu = np.linspace(0, 1.7, 200)
    losses = np.array([bound(one, variance).sum() for one in nu])
    level = minus_log_likelihood()
    panels[1].plot(nu, losses, color="black")
    panels[1].axhline(level, color=plots.COLOURS["rVAE"], linewidth=1)
    panels[1].text(
        1.68, level - 0.03, "$-\\log p(u, y)$", color=plots.COLOURS["rVAE"], ha="right", va="top"
    )
    panels[1].annotate(
        "", (0.35, level), (0.35, bound(0.35, variance).sum()), arrowprops={"arrowstyle": "<->"}
    )
    panels[1].text(0.32, level + 0.35, "KL(q || p)", ha="right")
    panels[1].plot(mean, level, "o", color="black", markersize=5)
    panels[1].text(mean, level - 0.12, f"{mean:.2f}", ha="center", va="top")
    panels[1].set(xlabel=r"$\nu$, mean of q", title="loss (nats)", ylim=(level - 0.5, level + 2.2))
    plots.letters(panels)
    return figure


# %% [markdown]
# ## The data flow of one time step


# %%
def plot_step():
    figure = plots.figure(9, 3.9)
    axes = figure.subplots()
    for left, right, name in ((1.6, 9.4, "recognition model"), (12.1, 18.4, "generative model")):
        frame = FancyBboxPatch(
            (left, -0.75),
            right - left,
            6.15,
            boxstyle="round,pad=0.1",
            facecolor="#f4f6fa",
            edgecolor="0.75",
            zorder=0,
        )
        axes.add_patch(frame)
        axes.text((left + right) / 2, 5.65, name, ha="center", style="italic")
    schematic.unit(axes, (0.6, 0.6), "$y_t$", schematic.GIVEN)
    schematic.unit(axes, (0.6, 4.2), "$u_{t-1}$", schematic.GIVEN)
    schematic.unit(axes, (11.0, 2.4), "$x_t$", schematic.HIDDEN)
    schematic.unit(axes, (19.8, 0.6), r"$\hat y_t$", schematic.REPRODUCED)
    schematic.unit(axes, (19.8, 4.2), r"$\hat u_{t-1}$", schematic.REPRODUCED)
    box(axes, (3.2, 0.6), "MLP\n$e_t$")
    box(axes, (5.6, 2.4), "join\n$(e_t, u_{t-1})$")
    box(axes, (8.3, 3.6), r"$\nu$, linear")
    box(axes, (8.3, 1.2), r"$\log\Upsilon$, linear")
    box(axes, (15.2, 4.2), r"$\mu_u$, linear")
    box(axes, (15.2, 0.6), r"$\eta_y$, MLP")
    for tail, head in (
        ((1.15, 0.6), (2.55, 0.6)),
        ((3.85, 1.1), (4.85, 1.75)),
        ((1.15, 4.1), (4.75, 2.95)),
        ((6.5, 2.75), (7.45, 3.4)),
        ((6.5, 2.05), (7.2, 1.5)),
        ((9.1, 3.4), (10.5, 2.65)),
        ((9.4, 1.4), (10.5, 2.2)),
        ((11.5, 2.65), (14.25, 4.0)),
        ((11.5, 2.15), (14.35, 0.8)),
        ((16.1, 4.2), (19.25, 4.2)),
        ((16.0, 0.6), (19.25, 0.6)),
    ):
        flow(axes, tail, head, schematic.LEARNT)
    axes.text(10.7, 1.35, "+ noise", fontsize=8, color=INK, ha="center")
    # the state of the next time step, and where the gradient ends
    flow(axes, (8.3, 3.95), (8.3, 6.9), "0.45")
    axes.text(
        8.6,
        6.65,
        "$u_t$: the mean, without noise, goes to the next time step",
        fontsize=9,
        va="center",
        color=INK,
    )
    flow(axes, (0.6, 6.9), (0.6, 4.8), "0.45")
    axes.plot([0.25, 0.95], [5.9, 5.9], color=schematic.LOCAL, linewidth=4)
    axes.text(1.15, 6.55, "no gradient goes back", color=schematic.LOCAL, fontsize=9, va="center")
    axes.set(xlim=(-0.3, 20.7), ylim=(-1.1, 7.3), aspect="equal")
    axes.axis("off")
    return figure


def box(axes, place, text):
    """A map with weights."""
    axes.text(
        *place,
        text,
        ha="center",
        va="center",
        fontsize=9,
        bbox={"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": schematic.LEARNT},
        zorder=3,
    )


def flow(axes, tail, head, color):
    axes.annotate(
        "", head, tail, arrowprops={"arrowstyle": "-|>", "color": color, "linewidth": 1.4}
    )


# %% [markdown]
# ## sigma_u against error
# Numbers of examples/linear_rvae.py, which computes and trains for a quarter of an hour.


# %%
HIGHEST = 13  # 1e-4 rad²; more is drawn at the top, with its value


def plot_sigma(content):
    figure = plots.figure(6.2, 3.2)
    axes = figure.subplots()
    for n, style, at in ((1, (0, (6, 2)), (0.067, 11.3)), (2, "-", (0.031, 2.2))):
        rows = [row for row in content["rows"] if row["n_x"] == n]
        sigma = np.array([row["sigma_u"] for row in rows])
        axes.plot(sigma, [1e4 * row["mse"] for row in rows], color="black", linestyle=style)
        axes.text(*at, f"theory, {n} latent variable{'s' * (n > 1)}", fontsize=8)
    color = plots.COLOURS["rVAE"]
    trained = [row for row in content["trained"] if row["degrees"] == 0]
    for row in trained:
        value = np.inf if row["mse_after_100"] is None else 1e4 * row["mse_after_100"]
        high = value > HIGHEST - 0.5
        at = HIGHEST - 0.5 if high else value
        axes.plot(row["sigma_u"], at, color=color, marker="^" if high else "o", markersize=5)
        if high:
            name = "diverged" if value == np.inf else f"{value:.0f}"
            axes.text(1.03 * row["sigma_u"], at, name, color=color, fontsize=8, va="center")
    axes.text(0.031, 8.6, "dots: trained on spikes,\ntwo latent variables", color=color, fontsize=8)
    optimum = 1e4 * content["optimal_filter"]
    axes.axhline(optimum, color="0.6", linewidth=1, zorder=0)
    axes.text(0.2, optimum + 0.15, "optimal filter", color="0.4", fontsize=8, ha="right")
    axes.set(
        xscale="log",
        xlabel=r"$\sigma_u$",
        title="error of the position ($10^{-4}$ rad²)",
        ylim=(0, HIGHEST),
    )
    ticks = sorted({row["sigma_u"] for row in content["rows"]})
    axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    return figure


# %% [markdown]
# ## Is it learning?


# %%
STAGES = 4
SHORT = dict(learning_rate=4e-3, chunk=8)
RUNS = {
    "good": dict(n_updates=16_000, sigmas=(0.09, 0.055)),
    "stuck": dict(n_updates=3000, sigmas=(0.3, 0.3)),
    "collapsed": dict(n_updates=3000, sigmas=(0.02, 0.02)),
}
N_PROBES = 20  # a multiple of STAGES


def probe(params, test):
    """What a training should print."""
    estimate = oscillator.network_estimate(rvae, params, test.y)
    row = {"mse": oscillator.mse(estimate, test.z)[1]} | terms(params, test.y)
    row["loss"] = row["prior_term"] + row["state_term"] + row["observation_term"]
    return row | {"eigenvalues": eigenvalues(params)}


def train_short(name, batches, rng, callback, every):
    """Train one of RUNS; callback(params, number of updates) after every `every` updates."""
    settings = RUNS[name]
    first, last = settings["sigmas"]
    params = rvae.init(
        n_x=2, n_y=15, hidden=64, family="poisson", rng=rng, sigma_u=first, y=batches[0]
    )
    n, rate = settings["n_updates"] // STAGES, SHORT["learning_rate"]
    for stage in range(STAGES):
        sigma_u = float(np.interp(stage, (0, STAGES - 1), (first, last)))
        params = replace(params, config=replace(params.config, sigma_u=sigma_u))

        def note(params, log, before=stage * n):
            callback(params, before + log.n_updates[-1])

        params, log = rvae.train(
            params,
            itertools.cycle(batches),
            rng,
            n_updates=n,
            learning_rate=rate * (1 - stage / STAGES),
            final_learning_rate=rate * (1 - (stage + 1) / STAGES),
            chunk=SHORT["chunk"],
            callback=note,
            every=every,
        )
        if log.interrupted:
            raise KeyboardInterrupt


def trainings(seed):
    """{run: [row]}, a row per probe, and the Batch on which they are probed."""
    rng = np.random.default_rng([seed, 23])
    batches = [ppc.sample(40, 400, rng, random_phase=True).y for _ in range(40)]
    test, curves = ppc.sample(40, 300, rng, random_phase=True), {}
    for name, settings in RUNS.items():
        curve = curves[name] = []

        def note(params, n_updates, name=name, curve=curve):
            row = {"run": name, "updates": n_updates} | probe(params, test)
            curve.append(row | {"coasting": coasting.network(rvae, params, seed)})

        every = settings["n_updates"] // N_PROBES
        train_short(name, batches, rng, note, every)
    return curves, test


def plot_learning(curves):
    figure = plots.figure(9, 2.8)
    panels = figure.subplots(1, 3)
    colours = {"good": plots.COLOURS["rVAE"], "stuck": "#B3261E", "collapsed": "#0D4390"}
    quantities = (
        (lambda row: row["loss"], "loss (nats per time step)"),
        (lambda row: 1e4 * row["mse"], "position error ($10^{-4}$ rad²)"),
        (lambda row: row["coasting"]["10"], "coasting, 10 steps"),
    )
    panels[1].set(yscale="log")
    panels[2].set(ylim=(-0.5, 1.2), yticks=[0, 0.5, 1], yticklabels=["0: stays", "0.5", "1: right"])
    for axes, levels in ((panels[1], (12,)), (panels[2], (0, 1))):
        for level in levels:
            axes.plot([0, 100], [level, level], color="0.7", linewidth=1, zorder=0)
    for axes, (quantity, title) in zip(panels, quantities, strict=True):
        ends = {"ORDER 0": (12, "0.4")} if axes is panels[1] else {}
        for name, curve in curves.items():
            x = [100 * row["updates"] / curve[-1]["updates"] for row in curve]
            values = [quantity(row) for row in curve]
            axes.plot(x, values, color=colours[name])
            ends[name] = values[-1], colours[name]
        axes.set(title=title, xlabel="training (%)", xlim=(0, 140), xticks=[0, 50, 100])
        plots.end_labels(axes, 102, ends)
    plots.letters(panels)
    return figure


# %%
def main(argv=None):
    parser = run.parser("chapters.rvae", __doc__, (), jobs=False)
    parser.add_argument("--train", action="store_true", help="train the kept rVAE again")
    arguments = run.parse(parser, argv)
    out, seed = arguments.out, arguments.seed
    run.prepare_folder(out)
    weights = WEIGHTS
    if arguments.train:
        weights = out / "ppc_rvae.npz"
        train_kept(seed, weights)
    (curves, test), bounds = trainings(seed), observation_bounds(seed)
    params, _ = rvae.load(weights)
    kept = kept_row(params, test, seed)
    last = [curve[-1] for curve in curves.values()]
    figures = {
        "chapter4_plane": plot_plane(params, kept, seed),
        "chapter4_one_number": plot_one_number(),
        "chapter4_step": plot_step(),
        "chapter4_sigma": plot_sigma(json.loads((KEPT / "linear_rvae.json").read_text())),
        "chapter4_learning": plot_learning(curves),
    }
    for name, figure in figures.items():
        print(plots.save(figure, out / f"{name}.png"))
    results.write_json(out / "chapter4.json", [kept, *last], seed, bounds=[bounds])
    for row in [kept, *last, bounds]:
        print({k: round(v, 5) if isinstance(v, float) else v for k, v in row.items()})


if __name__ == "__main__":
    run.start(main)
