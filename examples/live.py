"""Four demonstrations for a class, with knobs that answer within seconds.

  A  spikes off: two networks follow an oscillator; then the spikes end
  B  the race: a network learns while you watch; w is the weight of log p(u)
  C  two by two: conditional or joint, local or through time
  D  Gibbs: a chain turns noise into the next frame of a video, sweep by sweep

`python -m examples.live A` opens a window. Each demonstration says what to watch
and what to ask. As a notebook (python -m examples.notebooks), each has a cell,
with knobs below the figure where ipywidgets is installed. --save opens no
window: it writes live_A.png, live_B.gif, live_C.gif and live_D.gif (or the one
that is named) into DIR, for slides: two minutes.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import functools
import json
import sys
from dataclasses import replace
from typing import ClassVar

import numpy as np

from datasets import bouncing_balls, ppc
from examples.balls import networks
from examples.figures import KEPT
from examples.ppc import coasting, oscillator
from examples.ppc.oscillator import SYSTEM
from examples.quickstart import on_circle, plot_spikes
from examples.tools import plots, run
from examples.tools.window import Choose, Demonstration, Press, Slide, in_notebook, in_window
from refh_numpy import families, harmonium, hybrid, refh, refh_bptt, rtrbm, trbm

IS_NOTEBOOK = hasattr(sys.modules["__main__"], "NOTEBOOK")
N_X, N_UPDATES, N_TRAJ = 120, 2000, 40  # of A and B: a second or two of training
W = [0.0, 0.01, 0.03, 0.1, 0.3, 1.0]
RUNS = dict(n_runs=4, n_sweeps=5)


def colour(w):
    """Colour of the network that a weight of log p(u) makes."""
    return plots.COLOURS[{0: "TRBM", 1: "rEFH"}.get(w, "hybrid, w = 0.03")]


def called(w):
    """Its name."""
    return f"w = {w:g}" + {0: " (TRBM)", 1: " (rEFH)"}.get(w, "")


def train_hybrid(rng, w, system=SYSTEM, callback=None):
    """Params of a network that gives log p(u) the weight w."""
    batches = (ppc.sample(N_TRAJ, 200, rng, system, random_phase=True).y for _ in iter(int, 1))
    params, log = hybrid.train(
        hybrid.init(n_x=N_X, n_y=SYSTEM.n_neurons, family="poisson", rng=rng),
        batches,
        rng,
        w=w,
        n_updates=N_UPDATES,
        learning_rate=1e-2,
        callback=callback,
        every=N_UPDATES // 10,
    )
    if log.interrupted:
        raise KeyboardInterrupt
    return params


def rounded(error):
    """An error as text: one decimal, or none where there is a collapse."""
    return f"{error:.1f}" if error < 100 else f"{error:.0f}"


def slope(moved, true):
    """Coasting: the slope of displacements on the true ones, (n_traj, n_steps), after each step."""
    return (moved * true).sum(0) / (true**2).sum(0)


# %% [markdown]
# ## A. Spikes off
# Two networks of the same size have learnt for a second or two, on spikes of the same oscillator.
# Grey: the spikes, as long as there are any; black: the true position. The knobs say when the
# spikes end, how much weight w the second network gives to its own past, log p(u), and how strongly
# the oscillator is damped. Both networks learn again for each w and each damping.


# %%
class SpikesOff(Demonstration):
    """Demonstration A."""

    title = "A. Spikes off: who moves on?"
    watch = (
        "the light blue line (TRBM) stays where it was; with w = 1 the other network's line moves "
        "on, and turns round where it must. Small weights need a longer training."
    )
    ask = (
        "which network knows the velocity? No neuron reports it. What is left of the difference if "
        "the oscillator is strongly damped, and why?"
    )
    knobs: ClassVar = {
        "when": Slide("spikes end after (steps)", list(range(60, 201, 10)), 150),
        "w": Choose("w, weight of log p(u)", W[1:], 1.0),
        "damping": Choose("damping (kg m²/s)", [0.25, 0.5, 1.0, 2.0], 0.25),
    }
    n_shown, n_steps = 60, 60  # time steps before and after

    def build(self):
        self.trained = functools.cache(
            lambda w, damping: train_hybrid(
                np.random.default_rng(0), w, replace(SYSTEM, damping=damping)
            )
        )
        self.panels = self.axes(2, 2).ravel()
        self.answer("damping")

    def answer(self, name):
        when, w, damping = (self.values[knob] for knob in self.knobs)
        if name == "damping":
            system = replace(SYSTEM, damping=damping)
            self.batch = ppc.sample(
                100, 200 + self.n_steps, np.random.default_rng(1), system, random_phase=True
            )
        moved = {}
        for one in (0.0, w):
            params, rng = self.trained(one, damping), np.random.default_rng(2)
            y = self.batch.y[:, :when]
            runs = coasting.free_runs(hybrid, params, y, self.n_steps, rng, **RUNS).mean(0)
            estimate = oscillator.network_estimate(hybrid, params, y[:3])
            moved[one] = estimate, runs
        for trajectory, axes in enumerate(self.panels[:3]):
            self.plot_run(axes, trajectory, when, moved)
        self.panels[0].legend(loc="upper right", fontsize=7)
        self.plot_slopes(self.panels[3], when, moved)

    def plot_run(self, axes, trajectory, when, moved):
        axes.clear()
        begin, end, dt = when - self.n_shown, when + self.n_steps, SYSTEM.dt
        image = plot_spikes(axes, self.batch.y[trajectory, begin:when], vmax=15, zorder=0)
        half = np.degrees(SYSTEM.circumference) / 2
        image.set_extent((begin * dt, when * dt, -half, half))
        z, time_s = self.batch.z[trajectory, begin:end, 0], dt * (np.arange(begin, end) + 0.5)
        axes.plot(time_s, np.degrees(on_circle(z)), color=plots.GROUND_TRUTH, linewidth=1)
        for w, (estimate, runs) in moved.items():
            before = estimate[trajectory, begin:]
            after = before[-1] + np.append(0, runs[trajectory])
            axes.plot(time_s[: self.n_shown], np.degrees(before), color=colour(w), linewidth=1)
            axes.plot(
                time_s[self.n_shown - 1 :],
                np.degrees(on_circle(after)),
                color=colour(w),
                linewidth=2.5,
                label=called(w),
            )
        axes.axvline(when * dt, color="black", linewidth=0.8)
        axes.set(xlim=(begin * dt, end * dt), ylim=(-half, half), ylabel="position (°)")
        axes.set_title(f"trajectory {trajectory + 1}", fontsize=9)
        if trajectory == 2:
            axes.set_xlabel("time (s)")

    def plot_slopes(self, axes, when, moved):
        axes.clear()
        position = self.batch.z[:, when - 1 : when + self.n_steps, 0]
        true, time_s = position[:, 1:] - position[:, :1], SYSTEM.dt * np.arange(1, self.n_steps + 1)
        for w, (_, runs) in moved.items():
            axes.plot(time_s, slope(runs, true), color=colour(w), linewidth=2.5)
        for level in (0, 1):
            axes.axhline(level, color="0.7", linewidth=0.8, zorder=0)
        axes.set(ylim=(-0.5, 1.5), xlabel="time without spikes (s)")
        axes.set_title("movement / true movement, 100 trajectories", fontsize=9)


if __name__ == "__main__" and IS_NOTEBOOK:
    spikes_off = in_notebook(SpikesOff, np.random.default_rng(0))

# %% [markdown]
# ## B. The race
# One network, many rules: w is the weight of log p(u) in its objective. w = 0 learns p(y | u)
# alone, w = 1 the joint p(u, y). Choose w, press *learn*, and watch error, coasting (how far it
# moves without spikes in one second, relative to the truth) and the velocity that a linear read-out
# decodes from its state. Every race has the same initialisation, and as many spikes.


# %%
class Race(Demonstration):
    """Demonstration B."""

    title = "B. The race: how much should a network care for its own past?"
    watch = (
        "after 2000 updates coasting has clearly left 0 from w = 0.1 on, and only w = 1 is clearly "
        "below KF-1; small weights need longer. The decoded velocity says less: part of it is "
        "there at w = 0."
    )
    ask = "which w wins after 2000 updates? Why would a small w win later, and w = 0 never?"
    knobs: ClassVar = {
        "w": Slide("w, weight of log p(u)", W, 1.0),
        "learn": Press("learn"),
        "clear": Press("clear"),
    }
    kalman: ClassVar = {"KF-1": 5.5, "KF-2": 1.4}  # 1e-4 rad², Table 1

    def build(self):
        self.test = ppc.sample(60, 220, np.random.default_rng(1), random_phase=True)
        self.panels = self.axes(1, 3)
        self.answer("clear")

    def answer(self, name):
        if name == "learn":
            self.race(self.values["w"])
        elif name == "clear":
            self.clear()

    def clear(self):
        error, coasts, velocity = self.panels
        for axes in self.panels:
            axes.clear()
        error.set(yscale="log", ylim=(1, 40), title="error (10$^{-4}$ rad²)", xlabel="updates")
        error.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        error.minorticks_off()
        for name, level in self.kalman.items():
            error.axhline(level, **plots.style(name) | {"linewidth": 1, "label": None})
            error.text(N_UPDATES, level, name, ha="right", va="bottom", fontsize=8)
        coasts.set(ylim=(-0.3, 1.2), title="coasting, one second", xlabel="updates")
        for level in (0, 1):
            coasts.axhline(level, color="0.7", linewidth=0.8)
        for axes in (error, coasts):
            axes.set(xlim=(0, N_UPDATES))
        self.time_s = SYSTEM.dt * np.arange(self.test.z.shape[1])
        velocity.plot(self.time_s, self.test.z[-1, :, 1], color="black", linewidth=1)
        velocity.set(xlabel="s", title="velocity (rad/s): true and decoded", ylim=(-0.6, 0.6))

    def race(self, w):
        error, coasts, velocity = self.panels
        look = dict(color=colour(w), marker="o", markersize=3)
        shade = {} if w in (0, 1) else {"alpha": 0.35 + 0.6 * W.index(w) / len(W)}
        lines = [
            error.plot([], [], label=called(w), **look, **shade)[0],
            coasts.plot([], [], **look, **shade)[0],
            velocity.plot([], [], color=colour(w), **shade)[0],
        ]
        error.legend(loc="upper right", fontsize=8)
        points = []

        def watch(params, log):
            mse, moved, decoded = self.score(params)
            points.append((log.n_updates[-1], mse, moved))
            n, mses, moves = zip(*points, strict=True)
            for line, x, y in zip(lines, (n, n, self.time_s), (mses, moves, decoded), strict=True):
                line.set_data(x, y)
            self.refresh()

        train_hybrid(np.random.default_rng(0), w, callback=watch)

    def score(self, params):
        """Error (1e-4 rad²), coasting after one second, and the decoded velocity of the last."""
        y, z, off = self.test.y, self.test.z, 200
        u = hybrid.infer(params, y)
        z_hat = ppc.decode(hybrid.emission_mean(params, u))[0]
        mse = 1e4 * ppc.squared_error(z_hat, z[..., 0])[:, oscillator.SETTLED :].mean()
        runs = coasting.free_runs(
            hybrid, params, y[:, :off], 20, np.random.default_rng(2), n_runs=2, n_sweeps=5
        )
        moved = slope(runs.mean(0), z[:, off : off + 20, 0] - z[:, off - 1 : off, 0])[-1]
        states = np.concatenate([u, np.ones_like(u[..., :1])], axis=-1).astype(float)
        fitted = states[:-1, oscillator.SETTLED :].reshape(-1, states.shape[-1])
        ridge = fitted.T @ fitted + np.eye(states.shape[-1])
        weights = np.linalg.solve(ridge, fitted.T @ z[:-1, oscillator.SETTLED :, 1].ravel())
        return mse, moved, states[-1] @ weights


if __name__ == "__main__" and IS_NOTEBOOK:
    race = in_notebook(Race, np.random.default_rng(0))

# %% [markdown]
# ## C. Two by two
# Rows: the conditional p(y | u), or the joint p(u, y). Columns: a rule that is local in time, or
# backpropagation through time (BPTT). All four have the same initialisation, and as many spikes.
# *later* adds the long trainings that the project keeps (240 hidden units, three seeds).


# %%
class TwoByTwo(Demonstration):
    """Demonstration C."""

    title = "C. Two by two: what is learnt, and how far the gradient goes back"
    watch = (
        "the rEFH starts slowly, has caught up with the RTRBM near 4000 updates (kept), and loses "
        "at the end. BPTT of the joint collapses: the state learns to predict itself and ignores "
        "the spikes."
    )
    ask = (
        "through time, the gradient may change u, which the joint must also predict. What is the "
        "easiest way to make u predictable?"
    )
    knobs: ClassVar = {
        name: Press(f"learn {name}") for name in ("TRBM", "RTRBM", "rEFH", "rEFH + BPTT")
    } | {"later": Press("later (kept)")}
    models: ClassVar = {"TRBM": trbm, "RTRBM": rtrbm, "rEFH": refh, "rEFH + BPTT": refh_bptt}
    learns: ClassVar = {
        "TRBM": "p(y | u)",
        "RTRBM": "p(y | u)",
        "rEFH": "p(u, y)",
        "rEFH + BPTT": "p(u, y)",
    }
    n_updates, n_traj, chunk, learning_rate = 800, 20, 20, 1e-2

    def build(self):
        self.test = ppc.sample(20, 300, np.random.default_rng(1))
        self.panels = dict(zip(self.models, self.axes(2, 2).ravel(), strict=True))
        for name, axes in self.panels.items():
            rule = "BPTT" if "BPTT" in name or name == "RTRBM" else "local"
            axes.set(xscale="log", yscale="log", xlim=(20, 20_000), ylim=(1, 3000))
            axes.set_title(f"{name}: {self.learns[name]}, {rule}", fontsize=10)
            axes.axhline(5.5, **plots.style("KF-1") | {"linewidth": 1})
            axes.axhline(1.4, **plots.style("KF-2") | {"linewidth": 1})
            axes.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
            axes.set_xticks([100, 1000, 10_000], ["100", "1000", "10 000"])
            axes.minorticks_off()
        for name in ("rEFH", "rEFH + BPTT"):
            self.panels[name].set_xlabel("updates")
        for name in ("TRBM", "rEFH"):
            self.panels[name].set_ylabel("error (10$^{-4}$ rad²)")
        for level, name in ((5.5, "KF-1"), (1.4, "KF-2")):
            self.panels["RTRBM"].text(22, level, name, va="bottom", fontsize=8)

    def answer(self, name):
        if name == "later":
            self.plot_kept()
        else:
            self.train(name)

    def train(self, name):
        model, axes, points = self.models[name], self.panels[name], []
        (line,) = axes.plot([], [], color=plots.COLOURS[name], linewidth=2.5)
        said = axes.annotate("", (0.97, 0.62), xycoords="axes fraction", ha="right", fontsize=9)

        def watch(params, log):
            z_hat = oscillator.network_estimate(model, params, self.test.y)
            points.append((log.n_updates[-1], 1e4 * oscillator.mse(z_hat, self.test.z)[1]))
            line.set_data(*zip(*points, strict=True))
            said.set_text(f"{rounded(points[-1][1])} after {points[-1][0]} updates")
            self.refresh()

        rng = np.random.default_rng(0)
        params = model.init(n_x=N_X, n_y=SYSTEM.n_neurons, family="poisson", rng=rng)
        _, log = model.train(
            params,
            oscillator.training_batches(rng, self.n_traj, 200),
            rng,
            n_updates=self.n_updates,
            chunk=self.chunk,
            learning_rate=self.learning_rate,
            callback=watch,
            every=self.n_updates // 8,
        )
        if log.interrupted:
            raise KeyboardInterrupt

    def plot_kept(self):
        content = json.loads((KEPT / "local_vs_bptt.json").read_text())
        for row in content["rows"]:
            axes = self.panels[row["model"]]
            for one in row["seeds"]:
                curve = one["curve"]
                error = 1e4 * np.array(curve["mse"])
                axes.plot(curve["n_updates"], error, color="0.35", linewidth=1)
            axes.text(curve["n_updates"][-1], error[-1], f" {rounded(error[-1])}", fontsize=9)


if __name__ == "__main__" and IS_NOTEBOOK:
    two_by_two = in_notebook(TwoByTwo, np.random.default_rng(0))

# %% [markdown]
# ## D. Gibbs
# A network has seen the frames of a video up to the present one, and its state u is clamped. A
# chain that starts from noise alternates between the hidden units and the pixels of the *next*
# frame. The weights come with the project.


# %%
class Gibbs(Demonstration):
    """Demonstration D."""

    title = "D. Gibbs: from noise to the next frame, sweep by sweep"
    watch = (
        "balls condense from noise within a few sweeps, within a pixel or two of the right "
        "places: the clamped state says where. Set the state free, and the chain forgets the video."
    )
    ask = "why is the mean of 16 chains better than one chain? And why does a blurred frame win?"
    knobs: ClassVar = {
        "network": Choose("network", ["TRBM", "rEFH", "hybrid", "RTRBM"], "rEFH"),
        "start": Choose("start of the chain", ["noise", "present frame"], "noise"),
        "state": Choose("state u", ["clamped", "free"], "clamped"),
        "sweep": Slide("sweep", list(range(26)), 25),
        "frame": Press("another video"),
    }
    files: ClassVar = {
        "TRBM": "TRBM_authors_tuned_0",
        "rEFH": "rEFH_authors_third_0",
        "hybrid": "hybrid_falling_w_authors_noise_0",
        "RTRBM": "RTRBM_authors_tuned_0",
    }
    box = bouncing_balls.Box(rendering="authors")
    n_chains, n_sweeps, n_context = 16, 25, 40

    def build(self):
        self.panels = self.axes(2, 3, hspace=0.25, wspace=0.15)
        grid = self.panels[1, 0].get_gridspec()
        for axes in self.panels[1]:
            axes.remove()
        self.curve = self.figure.add_subplot(grid[1, :])
        self.load = functools.cache(self.load)
        self.answer("frame")

    def load(self, network):
        """Params of a network whose pixels are zeros and ones."""
        name = "hybrid, falling w" if network == "hybrid" else network
        path = run.WEIGHTS / "balls_table" / f"{self.files[network]}.npz"
        params, _ = networks.module(name).load(path)
        return replace(params, family=families.get("bernoulli"))

    def answer(self, name):
        if name == "frame":
            frames = bouncing_balls.sample(1, self.n_context + 1, self.rng, self.box).frames
            self.frames = np.repeat(frames, self.n_chains, axis=0)
        if name != "sweep":
            self.run_chains()
        self.plot()

    def run_chains(self):
        """self.samples and self.means: pixels (n_sweeps + 1, n_chains, 900) of each sweep."""
        params, rng = self.load(self.values["network"]), np.random.default_rng(0)
        u = refh.infer(params, self.frames[:, :-1])[:, -1]
        present, clamped = self.frames[:, -2], float(self.values["state"] == "clamped")
        y = (
            harmonium.random_observations(params, (self.n_chains,), rng)
            if self.values["start"] == "noise"
            else present
        )
        samples, means, x = [y], [y], harmonium.hidden_mean(params, u, y)
        for _ in range(self.n_sweeps):
            x = families.sample_bernoulli(x, rng)
            u, y, x = harmonium.gibbs(params, u, x, 1, rng, clamped=clamped)
            samples.append(y)
            means.append(harmonium.y_mean(params, x))
        self.samples, self.means = np.array(samples), np.array(means)

    def plot(self):
        sweep, truth = self.values["sweep"], self.frames[0, -1]
        images = {
            f"one chain, sweep {sweep}": self.samples[sweep, 0],
            "mean of 16 chains": self.means[sweep].mean(0),
            "the true next frame": truth,
        }
        for axes, (title, image) in zip(self.panels[0], images.items(), strict=True):
            axes.clear()
            axes.imshow(image.reshape(self.box.shape), cmap="gray", vmin=0, vmax=1, origin="lower")
            axes.set_xticks([])
            axes.set_yticks([])
            axes.set_title(title, fontsize=10)
        one = ((self.means - truth) ** 2).mean((1, 2))
        mean = ((self.means.mean(1) - truth) ** 2).mean(1)
        present = np.mean((self.frames[0, -2] - truth) ** 2)
        self.curve.clear()
        for values, style, label in (
            (one, "o-", "one chain (mean of 16)"),
            (mean, "s-", "mean of 16 chains"),
        ):
            look = dict(markersize=3, color=plots.COLOURS["TRBM" if style[0] == "o" else "rEFH"])
            self.curve.plot(values, style, label=label, **look)
        self.curve.axhline(present, color="0.5", linewidth=1, linestyle="--", label="present frame")
        self.curve.axvline(sweep, color="0.7", linewidth=1, zorder=0)
        self.curve.set(yscale="log", ylim=(1e-3, 2), xlabel="sweep", ylabel="error per pixel")
        self.curve.legend(loc="upper right", ncols=3, fontsize=8)


if __name__ == "__main__" and IS_NOTEBOOK:
    gibbs = in_notebook(Gibbs, np.random.default_rng(0))

# %% [markdown]
# ## On the command line

# %%
DEMONSTRATIONS = {"A": SpikesOff, "B": Race, "C": TwoByTwo, "D": Gibbs}


def save(letter, out, rng):
    """Write what a class would see; the path."""
    demonstration = DEMONSTRATIONS[letter]
    shown = demonstration(plots.figure(*demonstration.size), rng, with_knobs=False)
    path = out / f"live_{letter}.gif"
    if letter == "A":
        return plots.save(shown.figure, path)

    def act():
        if letter == "B":
            for w in (0.0, 1.0):
                shown.values["w"] = w
                shown.answer("learn")
        elif letter == "C":
            for name in TwoByTwo.knobs:
                shown.turn(name)
        else:
            for sweep in Gibbs.knobs["sweep"].values:
                shown.turn("sweep", sweep)

    return shown.record(path, act)


def main(argv=None):
    parser = run.parser("live", __doc__, (), jobs=False)
    parser.add_argument("demonstration", nargs="?", choices=list(DEMONSTRATIONS), metavar="A to D")
    parser.add_argument("--save", action="store_true", help="write pictures, open no window")
    arguments = run.parse(parser, argv)
    letters = [arguments.demonstration] if arguments.demonstration else list(DEMONSTRATIONS)
    if arguments.save:
        run.prepare_folder(arguments.out)
        for letter in letters:
            path = save(letter, arguments.out, np.random.default_rng(arguments.seed))
            print(f"{letter}: {path}", flush=True)
    elif arguments.demonstration and not IS_NOTEBOOK:
        in_window(DEMONSTRATIONS[letters[0]], np.random.default_rng(arguments.seed))
    else:
        for demonstration in DEMONSTRATIONS.values():
            print(demonstration.title)
        print("Show one: python -m examples.live A (B, C, D). Pictures for slides: --save")


if __name__ == "__main__":
    run.start(main)
