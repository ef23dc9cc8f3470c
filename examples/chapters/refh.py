"""Figures and numbers of chapter 3 and appendix D, on the harmonium.

    python -m examples.chapters.refh [--out DIR]

Trains five small networks on the oscillator and enumerates some tiny
harmoniums; a minute on an idle core. Writes chapter3_*.png, appendix_d.png and
chapter3.json, and prints what the pages quote.

  two_by_two  two hidden and two visible units: probabilities, and what each
              phase of the gradient does to the free energy
  unrolled    three time steps: where BPTT would flow, and where it is cut
  cd_angle    angle of CD-k to the exact gradient, for two sizes of weights
  coasting    TRBM and rEFH after 8000 updates: the spikes are switched off
  learning    a good, a collapsed and a saturated training
  appendix_d  prediction by Gibbs chains, and the past read by running backward
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import warnings

import numpy as np
from matplotlib.patches import FancyArrowPatch, Rectangle

from datasets import ppc
from examples import schematic
from examples.ppc import coasting, oscillator
from examples.tools import plots, results, run
from refh_numpy import exact, families, harmonium, refh, refh_bptt, trbm
from refh_numpy._saturation import SaturationWarning

N_SHOWN = 3  # trajectories of the figure of coasting
BEFORE = 60  # time steps before the spikes end that it shows
SWEEPS = (1, 2, 3, 5, 10, 20, 30, 50)
WEIGHT_SIZES = {"small": 0.5, "large": 4.0}  # standard deviation of weights and biases
N_HARMONIUMS = 40
N_STEPS = 300  # of gradient descent with two hidden and two visible units
PATTERNS = np.array([[0, 0], [1, 1], [1, 0], [0, 1]])  # (u, y); the data are the first two


# %% [markdown]
# ## Two hidden and two visible units


# %%
def tiny(W_u, W_y, b_x, b_u=(0,), b_y=(0,)):
    """A harmonium of binary units, from lists."""
    leaves = (np.array(leaf, float) for leaf in (W_u, W_y, b_x, b_u, b_y))
    return harmonium.Params(*leaves, family=families.get("bernoulli"))


def two_by_two():
    """The harmonium of the chapter: x_1 is on if u and y are on, x_2 if both are off."""
    return tiny(W_u=[[4], [-4]], W_y=[[4], [-4]], b_x=[-6, 2])


def visible(pattern):
    """u (n, 1) and y (n, 1) of patterns (n, 2)"""
    return pattern[:, :1].astype(float), pattern[:, 1:].astype(float)


def probabilities(params):
    """Free energies and probabilities of the four visible patterns."""
    F = harmonium.free_energy(params, *visible(PATTERNS))
    weights = np.exp(F.min() - F)
    return F, weights / weights.sum()


def descend(n_steps, rate, negative_phase):
    """Free energies (n_steps, 4) and probabilities while a harmonium learns that u equals y.

    negative_phase : False leaves the model's side of the gradient out
    """
    rng = np.random.default_rng(0)
    params = tiny(*(0.5 * rng.standard_normal(shape) for shape in ((2, 1), (2, 1), (2,))))
    u, y = visible(PATTERNS[:2])
    curve = []
    for _ in range(n_steps):
        curve.append(probabilities(params))
        if negative_phase:
            gradient = exact.gradient(params, u, y)
        else:
            gradient = exact.expected_statistics(params, u, y, np.full(2, 0.5))
        params = params.map(lambda leaf: leaf.copy())
        for name, leaf in params.leaves().items():
            leaf -= rate * getattr(gradient, name)
    return [np.array(one) for one in zip(*curve, strict=True)]


def plot_two_by_two():
    figure = plots.figure(9, 3)
    panels = figure.subplots(1, 4, width_ratios=[1.15, 1, 1.2, 1.2])
    plot_graph(panels[0])
    _, p = probabilities(two_by_two())
    names = [f"{u}{y}" for u, y in PATTERNS]
    colours = [plots.COLOURS["rEFH"]] * 2 + ["#9aa5b1"] * 2
    panels[1].bar(names, p, color=colours)
    for place, value in enumerate(p):
        panels[1].text(place, value + 0.01, f"{value:.3f}", ha="center", fontsize=8)
    panels[1].set(xlabel="u and y", ylabel="probability", ylim=(0, 0.5), title="p(u, y)")
    for axes, both in ((panels[2], True), (panels[3], False)):
        F, _ = descend(N_STEPS, 0.5, both)
        labels = ("00, 11", "", "10, 01", "") if both else ("00", "11", "10, 01", "")
        for column, name in enumerate(labels):
            axes.plot(F[:, column], color=colours[column], linestyle="--" if column % 2 else "-")
            axes.text(1.01 * N_STEPS, F[-1, column], name, fontsize=8, va="center")
        axes.set(xlabel="steps", ylabel="free energy F(u, y)", xlim=(0, 1.3 * N_STEPS))
        axes.set_title("both phases" if both else "positive phase alone")
    plots.letters(panels)
    return figure


def plot_graph(axes):
    """The two hidden and two visible units, with their weights and biases."""
    x1, x2, u, y = (0.8, 3.2), (4.2, 3.2), (0.8, 0.4), (4.2, 0.4)
    for tail, head, text, place in (
        (u, x1, "4", (0.45, 1.8)),
        (y, x1, "4", (3.45, 1.3)),
        (u, x2, "−4", (1.0, 1.3)),
        (y, x2, "−4", (4.4, 1.8)),
    ):
        axes.plot(*zip(tail, head, strict=True), color=schematic.LEARNT, zorder=1)
        axes.text(*place, text, fontsize=9)
    for place, label, colour in (
        (x1, "$x_1$", schematic.HIDDEN),
        (x2, "$x_2$", schematic.HIDDEN),
        (u, "$u$", schematic.REPRODUCED),
        (y, "$y$", schematic.REPRODUCED),
    ):
        schematic.unit(axes, place, label, colour)
    for (x, height), text in ((x1, "bias −6"), (x2, "bias 2")):
        axes.text(x, height + 0.7, text, ha="center", fontsize=8)
    axes.set(xlim=(-0.3, 5.3), ylim=(-0.5, 4.6), aspect="equal", title="weights and biases")
    axes.axis("off")


# %% [markdown]
# ## Three time steps


# %%
STEP = 6.2  # from one time step to the next, in units of the drawing


def plot_unrolled():
    figure = plots.figure(9, 5.6)
    panels = figure.subplots(2, 1)
    titles = ("RTRBM: conditional, with BPTT", "rEFH: joint, local in time")
    for axes, title, local in zip(panels, titles, (False, True), strict=True):
        axes.set_title(title, fontweight="bold")
        for step in range(3):
            plot_step(axes, STEP * step, step + 1, local)
        axes.set(xlim=(-1.6, 2 * STEP + 3.4), ylim=(-0.9, 4.5), aspect="equal")
        axes.axis("off")
    plots.letters(panels)
    return figure


def plot_step(axes, left, t, local):
    """One time step; the state that it hands on; the way of the gradient back, or its end."""
    u, y, x = (left, 0.2), (left + 2.4, 0.2), (left + 1.2, 3.2)
    if local:
        box = Rectangle((left - 0.85, -0.6), 4.1, 4.6, facecolor="#f4f6fa", edgecolor="0.7")
        axes.add_patch(box)
    schematic.unit(axes, x, f"$x_{t}$", schematic.HIDDEN)
    schematic.unit(axes, y, f"$y_{t}$", schematic.REPRODUCED)
    schematic.unit(axes, u, f"$u_{t - 1}$", schematic.REPRODUCED if local else schematic.GIVEN)
    for place, both in ((u, local), (y, True)):
        line(axes, place, x, schematic.LEARNT, "<|-|>" if both else "-|>")
    if t == 1:
        axes.text(left - 0.65, 0.2, "0 =", ha="right", va="center", fontsize=9)
    if t == 3:
        return
    following = (left + STEP, 0.2)
    line(axes, x, following, "0.45", "-|>", curve=-0.2)
    if t == 1:
        axes.text(left + 3.45, 3.1, f"$u_{t}$: the mean\nof $x_{t}$", fontsize=9, color="0.3")
    if local:
        axes.plot([left + 3.85, left + 4.25], [1.75, 2.55], color=schematic.LOCAL, linewidth=4)
        axes.text(left + 4.3, 1.2, "no\ngradient", color=schematic.LOCAL, fontsize=9, ha="center")
    else:
        line(axes, following, x, schematic.LOCAL, "-|>", curve=-0.12, dashed=True)
        if t == 2:
            line(axes, x, u, schematic.LOCAL, "-|>", curve=-0.3, dashed=True)
        axes.text(left + 3.5, 0.45, f"$dL/du_{t}$", color=schematic.LOCAL, fontsize=9)


def line(axes, tail, head, colour, style, curve=0.0, dashed=False):
    """An arrow between two units."""
    axes.add_patch(
        FancyArrowPatch(
            tail,
            head,
            arrowstyle=style,
            connectionstyle=f"arc3,rad={curve}",
            shrinkA=19,
            shrinkB=19,
            mutation_scale=11,
            color=colour,
            linestyle="--" if dashed else "-",
            linewidth=1.5,
            zorder=2,
        )
    )


# %% [markdown]
# ## Contrastive divergence beside the exact gradient


# %%
def cd_angles():
    """Rows {sweeps, angle and relative length for each size of weights}: medians over harmoniums.

    Each harmonium has four hidden units, three of u and three of y; its data are six patterns.
    """
    rows = [{"sweeps": k} for k in SWEEPS]
    for size, spread in WEIGHT_SIZES.items():
        found = np.array([angles_of(seed, spread) for seed in range(N_HARMONIUMS)])
        for column, row in enumerate(rows):
            angle, length = np.median(found[:, column], axis=0)
            low, high = np.quantile(found[:, column, 0], [0.25, 0.75])
            row |= {
                f"angle_{size}": float(angle),
                f"angle_{size}_quartiles": [float(low), float(high)],
                f"length_{size}": float(length),
            }
    return rows


def angles_of(seed, spread):
    """[(angle in degrees, relative length) of CD-k's expectation] for SWEEPS."""
    rng = np.random.default_rng(seed)
    params = tiny(*(spread * rng.standard_normal(s) for s in ((4, 3), (4, 3), 4, 3, 3)))
    u, y = rng.integers(0, 2, (2, 6, 3)).astype(float)
    g = flat(exact.gradient(params, u, y))
    result = []
    for k in SWEEPS:
        cd = flat(exact.cd_expectation(params, u, y, k))
        cosine = cd @ g / np.sqrt((cd @ cd) * (g @ g))
        result.append((np.degrees(np.arccos(min(cosine, 1))), np.sqrt((cd @ cd) / (g @ g))))
    return result


def flat(gradient):
    return np.concatenate([leaf.ravel() for leaf in gradient.leaves().values()])


def plot_cd_angle(rows):
    figure = plots.figure(7, 2.8)
    angle, length = figure.subplots(1, 2)
    k = [row["sweeps"] for row in rows]
    for size, colour, marker in (("small", "#4699D3", "o"), ("large", "#B3261E", "s")):
        low, high = np.array([row[f"angle_{size}_quartiles"] for row in rows]).T
        angle.fill_between(k, low, high, color=colour, alpha=0.2, linewidth=0)
        for axes, quantity in ((angle, "angle"), (length, "length")):
            values = [row[f"{quantity}_{size}"] for row in rows]
            axes.plot(k, values, color=colour, marker=marker, markersize=4)
        label = f"{size} weights (±{WEIGHT_SIZES[size]:g})"
        length.text(*((1, 1.03) if size == "small" else (1.5, 0.8)), label, color=colour)
    for axes in (angle, length):
        axes.set(xscale="log", xlabel="sweeps k", xticks=[1, 3, 10, 30], xticklabels=[1, 3, 10, 30])
        axes.minorticks_off()
    angle.set(title="angle to the exact gradient (degrees)", ylim=(0, None))
    length.set(title="length, relative to the exact gradient", ylim=(0.6, 1.1))
    angle.text(3.6, 13, "large weights", color="#B3261E")
    plots.letters((angle, length))
    return figure


# %% [markdown]
# ## The spikes are switched off


# %%
def live(seed):
    """{name: (module, params)} of the chapter's two networks, with 8000 updates each."""
    rng = np.random.default_rng(seed)
    batches = [ppc.sample(40, 200, rng, random_phase=True).y for _ in range(40)]
    networks = {}
    for name, model in (("TRBM", trbm), ("rEFH", refh)):
        params = model.init(n_x=240, n_y=15, family="poisson", rng=rng)
        params, _ = model.train(params, batches, rng, n_updates=8000, learning_rate=1e-3)
        networks[name] = model, params
    return networks


def measure(networks, seed):
    """Rows {model, mse, coasting}, and free runs {model: (n_runs, n_traj, n_steps)}."""
    batch, rows, runs = coasting.trajectories(seed), [], {}
    y = batch.y[:, : coasting.CONTEXT]
    for name, (model, params) in networks.items():
        error = ppc.squared_error(
            oscillator.network_estimate(model, params, y), batch.z[:, : coasting.CONTEXT, 0]
        )
        rng = np.random.default_rng([seed, 13])
        runs[name] = coasting.free_runs(model, params, y, max(coasting.STEPS), rng)
        slopes = coasting.slopes(runs[name].mean(0), batch)
        mse = float(error[:, oscillator.SETTLED :].mean())
        rows.append({"model": name, "mse": mse, "coasting": slopes})
    return rows, runs


def plot_coasting(networks, runs, rows, seed):
    figure = plots.figure(9, 2.7)
    panels = figure.subplots(1, N_SHOWN + 1, width_ratios=[1] * N_SHOWN + [0.9])
    batch, T = coasting.trajectories(seed), coasting.CONTEXT
    dt = ppc.SYSTEM.dt
    # trajectories that move fast when the spikes end, so that standing still shows
    shown = np.argsort(-np.abs(batch.z[:, T - 1, 1]))[20 : 20 * (N_SHOWN + 1) : 20]
    before, after = np.arange(-BEFORE, 0) * dt, np.arange(max(coasting.STEPS)) * dt
    for axes, i in zip(panels, shown, strict=False):
        time = np.concatenate([before, after])
        axes.plot(time, batch.z[i, T - BEFORE :, 0], color=plots.GROUND_TRUTH, linewidth=1)
        axes.axvspan(0, after[-1], color="0.92", zorder=0)
        for name, (model, params) in networks.items():
            y = batch.y[i : i + 1, :T]
            estimate = oscillator.network_estimate(model, params, y)[0]
            color = plots.COLOURS[name]
            axes.plot(before, estimate[T - BEFORE :], color=color, linewidth=1)
            axes.plot(after, estimate[-1] + runs[name][:, i].mean(0), color=color, linewidth=2)
        axes.set(xlabel="time (s)", ylim=(-1.05, 1.05))
    panels[0].set_ylabel("position (rad)")
    for name, at in (("TRBM", (0.1, -0.12)), ("rEFH", (0.3, -0.9))):
        panels[0].text(*at, name, color=plots.COLOURS[name])
    panels[0].text(-2.6, 0.88, "true position", color=plots.GROUND_TRUTH)
    panels[1].set_title("grey: the spikes are switched off", loc="center")
    for row in rows:
        k, slope = zip(*row["coasting"].items(), strict=True)
        k = [int(one) for one in k]
        panels[-1].plot(k, slope, color=plots.COLOURS[row["model"]], marker="o", markersize=4)
        panels[-1].text(22, slope[2] + 0.06, row["model"], color=plots.COLOURS[row["model"]])
    panels[-1].set(
        xlabel="time steps without spikes", ylim=(-0.1, 1.15), title="slope of displacement"
    )
    plots.letters([panels[0], panels[-1]])
    return figure


# %% [markdown]
# ## Is it learning?


# %%
RUNS = {
    "good": (refh, dict(n_updates=8000, learning_rate=1e-3)),
    "collapsed": (refh_bptt, dict(n_updates=800, learning_rate=1e-3, chunk=20)),
    "saturated": (refh, dict(n_updates=8000, learning_rate=3e-2)),
}
N_PROBES = 20
# expected squared difference of two independent samples of a neuron's true rate: twice the mean
MEAN_GAIN = (ppc.SYSTEM.gain_low + ppc.SYSTEM.gain_high) / 2
TWO_SAMPLES = 2 * MEAN_GAIN * float(ppc.tuning(np.linspace(-1, 1, 201)).mean())


def probe(model, params, test):
    """What a training should print: {mse, constant, extreme}."""
    u = model.infer(params, test.y)
    z_hat = ppc.decode(model.emission_mean(params, u))[0]
    error = ppc.squared_error(z_hat, test.z[..., 0])[:, oscillator.SETTLED :]
    u = u[:, oscillator.SETTLED :].reshape(-1, u.shape[-1])
    return {
        "mse": float(error.mean()),
        "constant": float(np.mean(u.std(0) < 0.01)),  # fraction of units that never change
        "extreme": float(np.mean((u < 0.01) | (u > 0.99))),  # of values that are almost 0 or 1
    }


def trainings(seed):
    """{run: [row]}: a row per probe, with reconstruction_error; the last row also has coasting."""
    rng = np.random.default_rng([seed, 3])
    batches = [ppc.sample(40, 200, rng, random_phase=True).y for _ in range(80)]
    test, curves = ppc.sample(40, 400, rng, random_phase=True), {}
    for name, (model, settings) in RUNS.items():
        curve = curves[name] = []

        def note(params, log, name=name, model=model, curve=curve):
            row = {"run": name, "updates": log.n_updates[-1]}
            curve.append(row | {"reconstruction_error": log.value[-1]} | probe(model, params, test))

        params = model.init(n_x=240, n_y=15, family="poisson", rng=rng)
        every = settings["n_updates"] // N_PROBES
        with warnings.catch_warnings():  # two of the three are meant to go wrong
            warnings.simplefilter("ignore", SaturationWarning)
            params, _ = model.train(params, batches, rng, callback=note, every=every, **settings)
        curve[-1]["coasting"] = coasting.network(model, params, seed)
    return curves


def plot_learning(curves):
    figure = plots.figure(9, 2.7)
    panels = figure.subplots(1, 3)
    colours = {"good": "#0D4390", "collapsed": "#C7733A", "saturated": "#B3261E"}
    styles = {"good": "-", "collapsed": ":", "saturated": "--"}
    quantities = (
        ("reconstruction_error", 1, "reconstruction error (spikes²)"),
        ("mse", 1e4, "position error ($10^{-4}$ rad²)"),
        ("constant", 1, "fraction of constant units"),
    )
    for axes, (quantity, scale, title) in zip(panels, quantities, strict=True):
        for name, curve in curves.items():
            x = [100 * row["updates"] / curve[-1]["updates"] for row in curve]
            values = [scale * row[quantity] for row in curve]
            axes.plot(x, values, color=colours[name], linestyle=styles[name])
        axes.set(title=title, xlabel="training (%)", xlim=(0, 140), xticks=[0, 50, 100])
    panels[0].set(yscale="log", ylim=(2, 60))
    panels[0].set_yticks(ticks := [2, 5, 10, 20, 50], ticks)
    panels[0].minorticks_off()
    panels[0].plot([0, 100], [TWO_SAMPLES] * 2, color="0.5", linewidth=1, zorder=0)
    panels[0].text(99, 2.15, "two samples of one rate", color="0.4", ha="right", fontsize=8)
    panels[1].set(yscale="log")
    panels[1].plot([0, 100], [12, 12], color=plots.COLOURS["ORDER 0"], linewidth=1, zorder=0)
    panels[2].set(ylim=(-0.03, 1.1))
    for axes, (quantity, scale, _) in zip(panels, quantities, strict=True):
        ends = {
            name: (scale * curve[-1][quantity], colours[name]) for name, curve in curves.items()
        }
        if axes is panels[1]:
            ends["ORDER 0"] = 12, plots.COLOURS["ORDER 0"]
        plots.end_labels(axes, 102, ends)
    plots.letters(panels)
    return figure


# %% [markdown]
# ## Appendix D: the next observation, and the past


# %%
PREDICTED = slice(100, 149)  # time steps from which the next one is predicted
CHAIN_SWEEPS = (1, 2, 5, 10, 25)
ENDINGS = {  # how a chain of 25 sweeps from noise ends, and how many are averaged
    "one chain, one pass of means": {},
    "one chain, two passes of means": {"n_mean_passes": 2},
    "mean of 16 chains": {"n_samples": 16},
}
STEPS_BACK = 81


def predictions(networks, seed):
    """Rows {model, start, sweeps, mse} and {model, ending, mse} of the next time step."""
    batch, rng = coasting.trajectories(seed), np.random.default_rng([seed, 14])
    following = slice(PREDICTED.start + 1, PREDICTED.stop + 1)

    def error(model, params, u, **settings):
        z_hat = ppc.decode(model.predict_next(params, u, rng, **settings))[0]
        return float(np.nanmean(ppc.squared_error(z_hat, batch.z[:, following, 0])))

    rows = []
    for name, (model, params) in networks.items():
        u = model.infer(params, batch.y[:, : PREDICTED.stop])[:, PREDICTED]
        for start, y in (("noise", None), ("present", batch.y[:, PREDICTED])):
            for k in CHAIN_SWEEPS:
                mse = error(model, params, u, start=y, n_sweeps=k)
                rows.append({"model": name, "start": start, "sweeps": k, "mse": mse})
        for ending, settings in ENDINGS.items():
            mse = error(model, params, u, **settings)
            rows.append({"model": name, "ending": ending, "mse": mse})
    return rows


def backward(params, seed):
    """Rows {passed_on, root_mean_square error after k steps back}, and the positions read."""
    batch, rng = coasting.trajectories(seed), np.random.default_rng([seed, 15])
    x = refh.infer(params, batch.y[:, : coasting.CONTEXT])[:, -1]
    past = batch.z[:, : coasting.CONTEXT, 0][:, ::-1][:, :STEPS_BACK]
    rows, positions = [], {}
    for passed_on, sample_u in (("means", 0.0), ("samples", 1.0)):
        y = refh.generate_backward(params, x, STEPS_BACK, rng, sample_u=sample_u)
        positions[passed_on] = ppc.decode(y)[0]
        error = np.sqrt(np.nanmean(ppc.squared_error(positions[passed_on], past), axis=0))
        rows.append({"passed_on": passed_on, "error": {f"{k}": float(error[k]) for k in BACK}})
        rows[-1]["curve"] = error.tolist()
    return rows, positions, past


BACK = (0, 5, 10, 20, 40, 80)


def plot_appendix(prediction, rows, positions, past):
    figure = plots.figure(9, 2.8)
    panels = figure.subplots(1, 3)
    for name in ("TRBM", "rEFH"):
        for start, style in (("noise", "-"), ("present", "--")):
            chosen = [r for r in prediction if r["model"] == name and r.get("start") == start]
            k = [row["sweeps"] for row in chosen]
            mse = [1e4 * row["mse"] for row in chosen]
            panels[0].plot(k, mse, style, color=plots.COLOURS[name], marker="o", markersize=3)
        place = 1e4 * chosen[-1]["mse"] + 0.6
        panels[0].text(25, place, name, color=plots.COLOURS[name], ha="right")
    panels[0].set(xscale="log", xticks=CHAIN_SWEEPS, xticklabels=CHAIN_SWEEPS, ylim=(0, 20))
    panels[0].minorticks_off()
    panels[0].set(xlabel="Gibbs sweeps", title="next position, error ($10^{-4}$ rad²)")
    panels[0].text(1, 2.2, "solid: start from noise\ndashed: from the present", fontsize=8)
    colours = {"means": plots.COLOURS["rEFH"], "samples": "#B3261E"}
    steps = np.arange(STEPS_BACK)
    panels[1].plot(-steps, past[0], color=plots.GROUND_TRUTH, label="true position")
    for passed_on, position in positions.items():
        panels[1].plot(-steps, position[0], color=colours[passed_on], label=f"{passed_on} of u")
    panels[1].set(xlabel="time steps back", title="one trajectory, backward (rad)")
    panels[1].legend()
    for row in rows:
        panels[2].plot(-steps, row["curve"], color=colours[row["passed_on"]])
    panels[2].axhline(past.std(), color="0.5", linewidth=1)
    panels[2].text(-78, past.std() + 0.01, "always 0", color="0.4", fontsize=8)
    panels[2].set(xlabel="time steps back", title="error of the past (rad)", ylim=(0, 0.42))
    plots.letters(panels)
    return figure


# %%
def main(argv=None):
    parser = run.parser("chapters.refh", __doc__, (), jobs=False)
    arguments = run.parse(parser, argv)
    out, seed = arguments.out, arguments.seed
    run.prepare_folder(out)
    F, p = probabilities(two_by_two())
    patterns = [
        {"pattern": f"{u}{y}", "free_energy": float(a), "p": float(b)}
        for (u, y), a, b in zip(PATTERNS, F, p, strict=True)
    ]
    angles = cd_angles()
    networks = live(seed)
    rows, runs = measure(networks, seed)
    curves = trainings(seed)
    last = [curve[-1] for curve in curves.values()]
    prediction = predictions(networks, seed)
    past_rows, *past = backward(networks["rEFH"][1], seed)
    figures = {
        "chapter3_two_by_two": plot_two_by_two(),
        "chapter3_unrolled": plot_unrolled(),
        "chapter3_cd_angle": plot_cd_angle(angles),
        "chapter3_coasting": plot_coasting(networks, runs, rows, seed),
        "chapter3_learning": plot_learning(curves),
        "appendix_d": plot_appendix(prediction, past_rows, *past),
    }
    for name, figure in figures.items():
        print(plots.save(figure, out / f"{name}.png"))
    more = {"patterns": patterns, "cd": angles, "learning": last}
    more |= {"prediction": prediction, "backward": past_rows}
    results.write_json(out / "chapter3.json", rows, seed, **more)
    for row in [*patterns, *angles, *rows, *last, *prediction, *past_rows]:
        print(
            {k: round(v, 5) if isinstance(v, float) else v for k, v in row.items() if k != "curve"}
        )


if __name__ == "__main__":
    run.start(main)
