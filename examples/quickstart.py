"""The poster's idea in one picture: two networks, and then the spikes are switched off.

A mass oscillates on a spring. Fifteen neurons encode its position in a few noisy
spikes per time step, and nothing encodes its velocity. Two networks of the same
size learn from the same number of these spikes, a second each, both without
backpropagation through time. The TRBM learns p(y | u), the spikes given its own
previous state. The rEFH learns p(u, y), the spikes and its own previous state.

Then the spikes end, and the networks run on alone. The TRBM stays where it is.
The rEFH moves on, and turns round: it has learnt a velocity. The table beside it
has the error of the estimated position, and **coasting**: how far a model moves
in 20 time steps without spikes, relative to the truth. 0 is a model of order 1
(it stays), 1 is a model of order 2 (it moves on at the right speed). Kalman
filters of order 1 and 2 (KF-1, KF-2) are the references, fitted by EM.

Takes six seconds, or twelve where Numba has yet to compile. Writes
quickstart.png, quickstart_data.png (the spikes), quickstart.json and the weights,
trbm.npz and refh.npz. --full trains as Table 1 does, 40 000 updates of 240 hidden
units: two minutes.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import time

import numpy as np

from datasets import ppc
from examples.ppc import coasting, oscillator
from examples.ppc.oscillator import POSTER, SYSTEM
from examples.tools import plots, results, run
from refh_numpy import efh, refh, trbm

NETWORKS = {"ORDER 0": efh, "TRBM": trbm, "rEFH": refh}
KALMAN = ["KF-1", "KF-2"]
ROWS = ["ORDER 0", "TRBM", "KF-1", "rEFH", "KF-2"]
# Trajectories of 200 time steps: each begins at u_0 = 0, so the networks learn that too
DEFAULT = dict(n_x=120, n_traj=80, T=200, n_updates=2000, learning_rate=1e-2)
FULL = dict(n_x=240, n_traj=40, T=200, n_updates=40_000, learning_rate=1e-3)  # as in Table 1
PART = {"ORDER 0": 0.25}  # of the updates: it has learnt all it can by then
FIT = dict(n_traj=10, T=400), dict(n_traj=40, T=1000)  # spikes for EM: by default, and with --full
TEST = dict(n_traj=40, T=1000)
RUNS = dict(n_runs=2, n_sweeps=5)  # of the free runs
BEFORE, AFTER = 60, 64  # time steps of the figure, with spikes and without


# %% [markdown]
# ## Learning
# Every model turns $y_1, \ldots, y_t$ into an estimate of the position at time t. The networks
# receive the spikes, and their reconstruction of the present spikes is decoded. ORDER 0 is a
# harmonium without a past. The Kalman filters receive the decoded position and its variance.


# %%
def train_networks(seed, n_x, n_traj, T, n_updates, learning_rate):
    """{network: (params, updates made, seconds of CPU)}; after Ctrl+C, what there is."""
    updates = {name: round(PART.get(name, 1) * n_updates) for name in NETWORKS}
    progress, done, learnt = results.Progress("learning:", sum(updates.values())), 0, {}
    for name, model in NETWORKS.items():
        rng, begun = np.random.default_rng([seed, 2]), time.process_time()  # the same seed

        def watch(params, log, name=name, before=done):
            progress(before + log.n_updates[-1], f"{name:7}")

        params = model.init(n_x=n_x, n_y=SYSTEM.n_neurons, family="poisson", rng=rng)
        params, log = model.train(
            params,
            oscillator.training_batches(rng, n_traj, T),
            rng,
            n_updates=updates[name],
            learning_rate=learning_rate,
            callback=watch,
            every=max(n_updates // 20, 1),
        )
        done += log.state.n_updates
        if log.state.n_updates:
            learnt[name] = params, log.state.n_updates, time.process_time() - begun
        if log.interrupted:
            progress.stop()
            print(f"stopped after {log.state.n_updates} updates of the {name}; they are kept")
            break
    return learnt


def fit(seed, n_traj, T):
    """{Kalman filter: (LDS, seconds)}."""
    y, fitted = ppc.sample(n_traj, T, np.random.default_rng([seed, 3]), random_phase=True).y, {}
    for name in KALMAN:
        begun = time.process_time()
        fitted[name] = oscillator.fit_kalman(y, name), time.process_time() - begun
    return fitted


def network_row(name, params, test, seed):
    """Error (rad²) and coasting of a network."""
    mse, after = oscillator.mse(oscillator.network_estimate(NETWORKS[name], params, test.y), test.z)
    slopes = coasting.network(NETWORKS[name], params, seed, **RUNS)
    return {"mse": mse, "mse_after_100": after, "coasting": slopes}


def filter_row(model, test, seed):
    """Error (rad²) and coasting of a Kalman filter."""
    mse, after = oscillator.mse(oscillator.kalman_estimate(model, test.y), test.z)
    return {"mse": mse, "mse_after_100": after, "coasting": coasting.kalman(model, seed)}


def rows_of(seed, learnt, fitted):
    """Rows of the table: error, coasting and seconds of every model."""
    test, found = ppc.sample(**TEST, rng=np.random.default_rng([seed, 1])), {}
    for name, (params, n_updates, seconds) in learnt.items():
        found[name] = network_row(name, params, test, seed)
        found[name] |= {"seconds": seconds, "n_updates": n_updates}
    for name, (model, seconds) in fitted.items():
        found[name] = filter_row(model, test, seed) | {"seconds": seconds}
    return [
        {"model": name, "poster": POSTER[name], **found[name]}
        | {"seeds": [{"seed": seed, **found[name]}]}
        for name in ROWS
        if name in found
    ]


# %% [markdown]
# ## Figures


# %%
def on_circle(position):
    """Positions on the circle, with a gap in the line where it crosses the seam."""
    position = ppc.wrap(position)
    jumps = np.abs(np.diff(position, append=position[-1:])) > SYSTEM.circumference / 2
    return np.where(jumps, np.nan, position)


def plot_spikes(axes, y, n_shown=None, **settings):
    """The spikes of one trajectory (T, 15) as an image: time (s) against position (°)."""
    half = np.degrees(SYSTEM.circumference) / 2
    return axes.imshow(
        y.T,
        aspect="auto",
        origin="lower",
        cmap="Greys",
        interpolation="none",
        extent=(0, len(y) * SYSTEM.dt, -half, half),
        **settings,
    )


def plot_data(batch, n_steps=400):
    """Spikes and velocity of the trajectory with the largest amplitude."""
    figure = plots.figure(8, 5)
    spikes, velocity = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    trajectory = int(np.ptp(batch.z[:, :, 0], axis=1).argmax())
    z, time_s = batch.z[trajectory, :n_steps], SYSTEM.dt * (np.arange(n_steps) + 0.5)
    image = plot_spikes(spikes, batch.y[trajectory, :n_steps])
    spikes.plot(
        time_s,
        np.degrees(on_circle(z[:, 0])),
        color=plots.GROUND_TRUTH_ON_SPIKES,
        linewidth=1,
        label="true position",
    )
    spikes.set(ylabel="preferred position (°)", title="Spikes of the 15 neurons, and the position")
    spikes.legend(loc="lower right", bbox_to_anchor=(1, 0.98))
    figure.colorbar(image, ax=spikes, label="spikes per time step", pad=0.01)
    velocity.plot(time_s, np.degrees(z[:, 1]), color=plots.GROUND_TRUTH, linewidth=1)
    velocity.set(xlabel="time (s)", ylabel="velocity (°/s)", title="Velocity: not in the spikes")
    plots.letters([spikes, velocity])
    return figure


def turning(z):
    """The trajectory (of (n_traj, T) positions) that moves far until half time, then turns back.

    It is chosen by the truth alone, among those that stay within three quarters of the neurons.
    """
    first, half_time, last = z[:, 0], z[:, z.shape[1] // 2], z[:, -1]
    turns = (half_time - first) * (half_time - last)
    return int(np.where(np.abs(z).max(1) < 0.75 * SYSTEM.span / 2, turns, -np.inf).argmax())


def free_run(seed, learnt):
    """What the figure shows of one trajectory.

    Returns
    -------
    its spikes (BEFORE, 15), its positions (BEFORE + AFTER,), and {network: (estimates (BEFORE,),
    runs (8, AFTER))}, the estimates with spikes and then the free runs without; all in rad
    """
    rng = np.random.default_rng([seed, 4])
    batch = ppc.sample(200, coasting.CONTEXT + AFTER, rng, random_phase=True)
    one = turning(batch.z[:, coasting.CONTEXT - 1 :, 0])
    y, runs = batch.y[one : one + 1, : coasting.CONTEXT], {}
    for name in ("TRBM", "rEFH"):
        if name in learnt:
            model, params = NETWORKS[name], learnt[name][0]
            estimate = oscillator.network_estimate(model, params, y)[0, -BEFORE:]
            moved = coasting.free_runs(model, params, y, AFTER, rng, n_sweeps=RUNS["n_sweeps"])
            runs[name] = estimate, estimate[-1] + moved[:, 0]
    shown = slice(coasting.CONTEXT - BEFORE, coasting.CONTEXT + AFTER)
    return y[0, -BEFORE:], batch.z[one, shown, 0], runs


SAYS = {"TRBM": "TRBM learnt p(y | u): it stays", "rEFH": "rEFH learnt p(u, y): it moves on"}


def plot_free_run(axes, y, position, runs):
    """Spikes, then none: the true position, and where the networks take it to be."""
    half, position = np.degrees(SYSTEM.circumference) / 2, np.degrees(position)
    before = SYSTEM.dt * (np.arange(-BEFORE, 0) + 0.5)
    after = SYSTEM.dt * (np.arange(len(position) - BEFORE) + 0.5)
    image = plot_spikes(axes, y, vmax=1.8 * y.max(), zorder=0)
    image.set_extent((-BEFORE * SYSTEM.dt, 0, -half, half))
    time_s = np.append(before, after)
    axes.plot(time_s, position, color="0.75", linewidth=7, solid_capstyle="butt", zorder=1)
    bold = dict(ha="center", va="center", fontweight="bold", fontsize=8.5)
    axes.text(before[8], position[8] + 11, "truth", **bold | {"color": "0.5"})
    side = np.sign(position[BEFORE + len(after) // 2] - position[BEFORE - 1])  # where it goes
    for name, (estimate, free) in runs.items():
        look = dict(color=plots.COLOURS[name], solid_capstyle="round")
        axes.plot(before, np.degrees(estimate), linewidth=1.2, **look)
        axes.plot(after, np.degrees(free.T), linewidth=0.5, alpha=0.3, **look)
        joined = np.degrees(np.append(estimate[-1], free.mean(0)))
        axes.plot(np.append(before[-1], after), joined, linewidth=3, **look)
        height = side * 53 if name == "rEFH" else joined.mean() - side * 26
        axes.text(after.mean(), height, SAYS[name], color=plots.COLOURS[name], **bold)
    axes.axvline(0, color="black", linewidth=0.8)
    for x, said, where in ((-0.07, "spikes", "right"), (0.07, "no spikes", "left")):
        axes.text(x, -side * (half - 5), said, ha=where, va="center", color="0.35")
    axes.set(
        xlim=(time_s[0] - SYSTEM.dt / 2, time_s[-1]),
        ylim=(-half, half),
        xlabel="time since the spikes were switched off (s)",
        ylabel="position (°)",
        title="Trained alike, then no more spikes",
    )


def plot_slopes(axes, rows):
    """How far the models move without spikes, relative to the truth."""
    time_s, shift = [SYSTEM.dt * k for k in coasting.STEPS], {"TRBM": -7, "KF-1": 7}
    for row in rows:
        name, values = row["model"], list(row["coasting"].values())
        if name == "ORDER 0":
            continue
        bold = dict(linewidth=3, markersize=6) if name in NETWORKS else {}
        axes.plot(time_s, values, **plots.style(name) | bold | {"markevery": 1, "clip_on": False})
        axes.annotate(
            name,
            (time_s[-1], values[-1]),
            xytext=(8, shift.get(name, 0)),
            textcoords="offset points",
            color=plots.COLOURS[name],
            fontweight="bold" if bold else "normal",
            va="center",
        )
    axes.set(
        xlim=(0, time_s[-1]),
        ylim=(-0.25, 1.15),
        xlabel="time without spikes (s)",
        title="Movement / true movement",
    )
    axes.set_xticks([0, 1, 2])
    axes.set_yticks([0, 0.5, 1], ["0: stays", "0.5", "1: right"])


def plot_result(seed, learnt, rows):
    """The figure of the front page: a free run, and how far all models coast."""
    figure = plots.figure(8, 3.6)
    left, right = figure.subplots(1, 2, width_ratios=[2.3, 1])
    plot_free_run(left, *free_run(seed, learnt))
    plot_slopes(right, rows)
    return figure


# %% [markdown]
# ## The run


# %%
def print_rows(rows):
    """The table on the terminal."""
    results.print_table(
        [
            ("MSE (1e-4 rad²)", lambda row: row["model"]),
            ("poster", lambda row: f"{1e4 * row['poster']:.1f}"),
            ("ours", lambda row: f"{1e4 * row['mse']:.2f}"),
            ("coasting", lambda row: f"{row['coasting']['20']:.2f}"),
            ("CPU seconds", lambda row: f"{row['seconds']:.1f}"),
        ],
        rows,
    )


def main(argv=None):
    arguments = run.parse(run.parser("quickstart", __doc__, ("full",), jobs=False), argv)
    out, seed = arguments.out, arguments.seed
    run.prepare_folder(out)
    settings = FULL if arguments.full else DEFAULT
    data = ppc.sample(**TEST, rng=np.random.default_rng([seed, 1]))
    print(f"the data: {plots.save(plot_data(data), out / 'quickstart_data.png')}", flush=True)

    learnt = train_networks(seed, **settings)
    fitted = fit(seed, **FIT[arguments.full])
    rows = rows_of(seed, learnt, fitted)
    results.write_json(out / "quickstart.json", rows, seed, settings=settings)
    written = ["quickstart.json"]
    for name in ("TRBM", "rEFH"):
        if name in learnt:
            params, n_updates, _ = learnt[name]
            about = dict(seed=seed, n_updates=n_updates, command=results.command())
            about |= {"version": results.version()}
            written.append(f"{name.lower()}.npz")
            results.keep_weights(out / written[-1], NETWORKS[name], params, **about)
    figure = plots.save(plot_result(seed, learnt, rows), out / "quickstart.png")
    print()
    print_rows(rows)
    print(f"\nthe picture: {figure}\nand in the same folder: {', '.join(written)}")


if __name__ == "__main__":
    run.start(main)
