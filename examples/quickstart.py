"""Watch a network learn to filter, by a rule that never looks back in time.

A mass swings on a spring; fifteen Poisson neurons report where it is, a few noisy spikes at a time; nobody reports its
velocity. The script shows these data, fits Kalman filters of order 1 (position) and 2 (position and velocity) to them,
trains an rEFH, and lets all of them estimate the position along 40 new trajectories of 1000 steps: the first table of
the poster, its rows ORDER 0, KF-1, rEFH and KF-2. To beat KF-1 the rEFH must have found out about velocity.

The first picture, quickstart_data.png, is there within seconds; quickstart.png is redrawn while the network learns and
shows the spikes, the true position with the estimates over it, and the learning curve against the Kalman filters.

Takes half a minute; --full, three seeds of 200 000 updates, six minutes.
"""
# %%
import time

import numpy as np

from datasets import ppc
from examples import _plots, _ppc, _run
from examples._ppc import POSTER, SYSTEM, TEST
from refh_numpy import efh, refh

# Trajectories of 200 steps: every one begins at u_0 = 0, so the network learns how to begin as well as how to go on.
TRAIN = dict(n_traj=40, T=200)
N_HIDDEN = 240
QUICK = dict(n_updates=300, rate=1e-3)
DEFAULT = dict(n_updates=40_000, rate=1e-3)
FULL = dict(n_updates=200_000, rate=5e-4)

ROWS = ["ORDER 0", "KF-1", "rEFH", "KF-2", "true parameters"]


# %% [markdown]
# ## Learning
# Every model turns y_1 .. y_t into an estimate of the position at t (`examples/_ppc.py`). The Kalman filters see the
# decoded position and its variance; the harmoniums see the spikes, and their state's idea of the present spikes is
# decoded. The Kalman filters are fitted by EM; the harmoniums learn by contrastive divergence.

# %%
def train_order_0(rng, n_updates):
    params = efh.init(N_HIDDEN, SYSTEM.n_neurons, "poisson", rng)
    params, log = efh.train(params, _ppc.training_batches(rng, **TRAIN), rng, n_updates=n_updates, rate=1e-3)
    if log.interrupted:             # nothing worth keeping yet
        raise KeyboardInterrupt
    return params


def train_refh(rng, n_updates, rate, watch):
    """watch(params, log) is called ten times along the way"""
    params = refh.init(N_HIDDEN, SYSTEM.n_neurons, "poisson", rng)
    return refh.train(params, _ppc.training_batches(rng, **TRAIN), rng, n_updates=n_updates, rate=rate,
                      callback=watch, every=max(n_updates // 10, 1))


# %% [markdown]
# ## Pictures

# %%
def draw_spikes(axes, batch, trajectory, T):
    picture = axes.imshow(batch.y[trajectory, :T].T, aspect="auto", origin="lower", cmap="Greys", interpolation="none",
                          extent=(0, T * SYSTEM.dt, -np.degrees(SYSTEM.circumference) / 2,
                                  np.degrees(SYSTEM.circumference) / 2))
    axes.plot(SYSTEM.dt * (np.arange(T) + 0.5), np.degrees(wrapped(batch.z[trajectory, :T, 0])),
              color=_plots.TRUTH_ON_SPIKES, linewidth=1, label="true position")
    axes.set(ylabel="preferred position (°)", title="Spikes of the 15 neurons, and the position that they report")
    axes.legend(loc="upper right", facecolor="white", framealpha=0.9, frameon=True, edgecolor="none")
    axes.figure.colorbar(picture, ax=axes, label="spikes per step", pad=0.01)


def wrapped(position):
    """Positions on the circle, with a gap in the line where it crosses the seam"""
    position = ppc.short_way(SYSTEM, position)
    jumps = np.abs(np.diff(position, append=position[-1:])) > SYSTEM.circumference / 2
    return np.where(jumps, np.nan, position)


def widest(batch):
    """The trajectory that swings most widely, for there is most to see."""
    return int(np.ptp(batch.z[:, :, 0], axis=1).argmax())


def draw_data(batch):
    figure = _plots.figure(8, 5)
    spikes, velocity = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    trajectory, T = widest(batch), 400
    draw_spikes(spikes, batch, trajectory, T)
    time_s = SYSTEM.dt * (np.arange(T) + 0.5)
    velocity.plot(time_s, np.degrees(batch.z[trajectory, :T, 1]), color=_plots.TRUTH, linewidth=1)
    velocity.set(xlabel="time (s)", ylabel="velocity (°/s)", title="Velocity: reported by nobody")
    return figure


def draw_result(batch, estimates, curve, lines):
    """estimates: {model: (n_traj, T)};  curve: [(update, mse)] of the rEFH;  lines: {model: mse} of the others"""
    figure = _plots.figure(8.5, 8.4)
    grid = figure.add_gridspec(3, 2, height_ratios=[1.1, 1.2, 1.3])
    spikes, position, off, learning = (figure.add_subplot(where) for where in
                                       (grid[0, :], grid[1, 0], grid[1, 1], grid[2, :]))
    trajectory, T = widest(batch), 400
    draw_spikes(spikes, batch, trajectory, T)
    spikes.set(xlabel="time (s)")

    shown = slice(100, 150)
    time_s = SYSTEM.dt * (np.arange(T) + 0.5)[shown]
    truth = batch.z[trajectory, shown, 0]
    position.plot(time_s, np.degrees(wrapped(truth)), color=_plots.TRUTH, linewidth=5, alpha=0.2, label="true position")
    off.axhline(0, color=_plots.TRUTH, linewidth=5, alpha=0.2)
    for name in ("ORDER 0", "KF-1", "rEFH", "KF-2"):
        z_hat = estimates[name][trajectory, shown]
        line = {"linestyle": "none", "marker": ".", "markersize": 5} if name == "ORDER 0" else {}
        position.plot(time_s, np.degrees(wrapped(z_hat)), **(_plots.style(name) | line))
        off.plot(time_s, np.degrees(ppc.short_way(SYSTEM, z_hat - truth)), **(_plots.style(name) | line))
    limits = time_s[0], time_s[-1]
    position.set(xlabel="time (s)", ylabel="position (°)", xlim=limits, title="Estimates from the spikes so far")
    off.set(xlabel="time (s)", ylabel="estimate - truth (°)", xlim=limits, title="How far off they are")
    position.legend(loc="best", fontsize=8)

    for name, value in lines.items():
        learning.axhline(1e4 * value, **_plots.style(name))
    learning.axhline(1e4 * POSTER["rEFH"], color=_plots.COLOURS["rEFH"], linewidth=0.8, linestyle=(0, (1, 3)),
                     label="rEFH, poster")
    updates, errors = np.array(curve).T
    learning.plot(updates, 1e4 * errors, marker="o", markersize=3, **_plots.style("rEFH"))
    learning.set(xlabel="updates", ylabel="MSE (10$^{-4}$ rad²)", yscale="log", xlim=(0, None), ylim=(1, 35),
                 title="Error on unseen trajectories while the rEFH learns")
    learning.set_yticks([1, 2, 3, 5, 10, 20], labels=["1", "2", "3", "5", "10", "20"])
    learning.minorticks_off()
    learning.legend(loc="upper right", ncols=3)
    return figure


# %% [markdown]
# ## The run

# %%
def run(seed, n_updates, rate, out):
    """One seed, from the data to its results.

    returns {model: {"mse", "mse_after_100", "seconds"}}, the rEFH's parameters, and how many updates it had
    """
    rng = np.random.default_rng(seed)
    test = ppc.sample(SYSTEM, **TEST, rng=rng)
    _plots.save(draw_data(test), out / "quickstart_data.png")
    print(f"the data: {out / 'quickstart_data.png'}", flush=True)

    estimates, seconds = {}, {}
    start = time.monotonic()

    def lap(name):
        """Book the time since the last lap to this model."""
        nonlocal start
        now = time.monotonic()
        seconds[name], start = now - start, now

    estimates["true parameters"] = _ppc.kalman_estimate(_ppc.true_lds(), test.y)
    lap("true parameters")
    to_fit = ppc.sample(SYSTEM, **TEST, rng=rng).y
    for name in ("KF-1", "KF-2"):
        estimates[name] = _ppc.kalman_estimate(_ppc.fit_kalman(to_fit, name), test.y)
        lap(name)
    order_0 = train_order_0(rng, max(n_updates // 10, 1))
    estimates["ORDER 0"] = _ppc.network_estimate(efh, order_0, test.y)
    lap("ORDER 0")

    lines = {name: _ppc.mse(z_hat, test.z)[0] for name, z_hat in estimates.items()}
    progress = _run.Progress(f"rEFH, seed {seed}:", n_updates)
    curve = []

    def watch(params, log):
        estimates["rEFH"] = _ppc.network_estimate(refh, params, test.y)
        curve.append((log.n_updates[-1], _ppc.mse(estimates["rEFH"], test.z)[0]))
        progress(log.n_updates[-1], f"reconstruction error {log.reconstruction_error[-1]:.3f}  "
                                    f"MSE {1e4 * curve[-1][1]:5.2f}e-4 rad²")
        _plots.save(draw_result(test, estimates, curve, lines), out / "quickstart.png")

    params, log = train_refh(rng, n_updates, rate, watch)
    lap("rEFH")
    n_made = n_updates
    if log.interrupted:
        n_made = log.state.n_updates if log.state else 0
        progress.stop()
        print(f"stopped after {n_made} updates; what was learnt is kept")
        estimates["rEFH"] = _ppc.network_estimate(refh, params, test.y)
        curve.append((n_made, _ppc.mse(estimates["rEFH"], test.z)[0]))
        _plots.save(draw_result(test, estimates, curve, lines), out / "quickstart.png")

    rows = {}
    for name in ROWS:
        everywhere, settled = _ppc.mse(estimates[name], test.z)
        rows[name] = {"mse": everywhere, "mse_after_100": settled, "seconds": seconds[name]}
    return rows, params, n_made


def table(results):
    """Rows of the table from {seed: {model: numbers}}"""
    rows = []
    for name in ROWS:
        mean, spread = _run.mean_and_spread([result[name]["mse"] for result in results.values()])
        settled, settled_spread = _run.mean_and_spread([result[name]["mse_after_100"] for result in results.values()])
        rows.append({"model": name, "mse": mean, "mse_spread": spread, "mse_after_100": settled,
                     "mse_after_100_spread": settled_spread, "poster": POSTER.get(name),
                     "seconds": float(np.mean([result[name]["seconds"] for result in results.values()])),
                     "seeds": [{"seed": seed, **result[name]} for seed, result in results.items()]})
    return rows


def main(argv=None):
    arguments = _run.parse(_run.parser("quickstart", __doc__), argv)
    out = arguments.out
    _run.prepare_folder(out)
    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    settings = QUICK if arguments.quick else FULL if arguments.full else DEFAULT

    results = {}
    for seed in seeds:
        results[seed], params, n_made = run(seed, **settings, out=out)
        results[seed]["rEFH"]["n_updates"] = n_made
        rows = table(results)
        _run.write_json(out / "quickstart.json", rows, arguments.seed, settings=settings)
        refh.save(out / "refh.npz", params, seed=seed, n_updates=n_made, command=_run.command(), version=_run.version())
        if n_made < settings["n_updates"]:
            break

    print()
    _run.print_table([
        ("MSE (1e-4 rad²)", lambda row: row["model"]),
        ("poster", lambda row: f"{1e4 * row['poster']:.1f}" if row["poster"] else "-"),
        ("ours", lambda row: _run.with_spread(row["mse"], row["mse_spread"], scale=1e4)),
        ("after 100 steps", lambda row: _run.with_spread(row["mse_after_100"], row["mse_after_100_spread"], scale=1e4)),
        ("seconds", lambda row: f"{row['seconds']:.1f}"),
    ], rows)
    print(f"\nwritten: quickstart.png, quickstart_data.png, quickstart.json, refh.npz, all in {out}")


if __name__ == "__main__":
    main()
