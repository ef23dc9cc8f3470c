"""Watch a network learn to filter, by a rule that never looks back in time.

A mass swings on a spring; fifteen Poisson neurons report where it is, a few noisy spikes at a time; nobody reports its
velocity. The script shows these data, fits Kalman filters of order 1 (position) and 2 (position and velocity) to them,
trains an rEFH, and lets all of them estimate the position along 40 new trajectories of 1000 steps: the first table of
the poster, its rows ORDER 0, KF-1, rEFH and KF-2. To beat KF-1 the rEFH must have found out about velocity.

The first picture, quickstart_data.png, is there within seconds; quickstart.png is redrawn while the network learns and
shows the spikes, the true position with the estimates over it, and the learning curve against the Kalman filters.
"""
# %%
import itertools
import time

import numpy as np

from datasets import ppc
from examples import _plots, _run
from kalman import em, filtering, lds
from refh_numpy import efh, refh

POSTER = {"ORDER 0": 12e-4, "KF-1": 5.8e-4, "rEFH": 3.3e-4, "KF-2": 2.2e-4}        # table 1, MSE in rad^2
SETTLED = 100               # steps after which the start of a trajectory no longer matters (much)

# Trajectories of 200 steps: every one begins at u_0 = 0, so the network learns how to begin as well as how to go on.
TRAIN = dict(n_traj=40, T=200)
TEST = dict(n_traj=40, T=1000)
N_HIDDEN = 240
QUICK = dict(n_updates=300, rate=1e-3)
DEFAULT = dict(n_updates=40_000, rate=1e-3)
FULL = dict(n_updates=200_000, rate=5e-4)

ROWS = ["ORDER 0", "KF-1", "rEFH", "KF-2", "true parameters"]


# %% [markdown]
# ## The models' estimates
# Every model turns y_1 .. y_t into an estimate of the position at t. The Kalman filters see the decoded position and
# its variance; the harmoniums see the spikes, and their state's idea of the present spikes is decoded.

# %%
def observations(system, y):
    """What the Kalman filters see: decoded positions (n_traj, T, 1), and their variances (n_traj, T, 1, 1) [D1, D2]

    The neurons live on a circle, the mass on a line. All trajectories begin well inside one turn of the circle, and
    no step is as long as half of it, so the decoded positions can be unrolled on to the line as they come.
    """
    z_hat, total = ppc.decode(system, y)
    return (np.unwrap(z_hat, period=system.circumference, axis=1)[..., None],
            ppc.decoder_variance(system, total)[..., None, None])


def kalman_estimate(system, model, y):
    z_hat, variance = observations(system, y)
    return filtering.kalman_filter(model, z_hat, variance).mean[..., 0]


def harmonium_estimate(system, model, params, y):
    return ppc.decode(system, model.emission_mean(params, model.infer(params, y)))[0]


def mse(system, z_hat, z):
    """Mean squared error of the position (rad^2): over all steps, and over those after the first 100"""
    error = ppc.squared_error(system, z_hat, z[..., 0])
    return float(error.mean()), float(error[:, SETTLED:].mean())


# %% [markdown]
# ## Learning

# %%
def fit_kalman(system, rng):
    """KF-1 and KF-2 by EM, from the starts that a user would give: a random walk; constant velocity"""
    y, R = observations(system, ppc.sample(system, **TEST, rng=rng).y)
    spread = y.var()
    starts = {"KF-1": em.random_walk(position_variance=spread, step_variance=1e-3),
              "KF-2": em.constant_velocity(system.dt, position_variance=spread, velocity_variance=spread,
                                           step_variance=1e-3)}
    return {name: em.fit([start], y, R).model for name, start in starts.items()}


def training_batches(system, rng):
    """Endless fresh trajectories, each starting at a random phase of its oscillation"""
    return (ppc.sample(system, **TRAIN, rng=rng, staggered=True).y for _ in itertools.count())


def train_order_0(system, rng, n_updates):
    params = efh.init(N_HIDDEN, system.n_neurons, "poisson", rng)
    return efh.train(params, training_batches(system, rng), rng, n_updates=n_updates, rate=1e-3)[0]


def train_refh(system, rng, n_updates, rate, watch):
    """watch(params, log) is called ten times along the way"""
    params = refh.init(N_HIDDEN, system.n_neurons, "poisson", rng)
    return refh.train(params, training_batches(system, rng), rng, n_updates=n_updates, rate=rate,
                      callback=watch, every=max(n_updates // 10, 1))


# %% [markdown]
# ## Pictures

# %%
def draw_spikes(axes, system, batch, trajectory, T):
    picture = axes.imshow(batch.y[trajectory, :T].T, aspect="auto", origin="lower", cmap="Greys", interpolation="none",
                          extent=(0, T * system.dt, -np.degrees(system.circumference) / 2,
                                  np.degrees(system.circumference) / 2))
    axes.plot(system.dt * (np.arange(T) + 0.5), np.degrees(wrapped(system, batch.z[trajectory, :T, 0])),
              color=_plots.COLOURS["rVAE"], linewidth=1, label="true position")
    axes.set(ylabel="preferred position (°)", title="Spikes of the 15 neurons, and the position that they report")
    axes.legend(loc="upper right", facecolor="white", framealpha=0.9, frameon=True, edgecolor="none")
    axes.figure.colorbar(picture, ax=axes, label="spikes per step", pad=0.01)


def wrapped(system, position):
    """Positions on the circle, with a gap in the line where it crosses the seam"""
    position = ppc.short_way(system, position)
    jumps = np.abs(np.diff(position, append=position[-1:])) > system.circumference / 2
    return np.where(jumps, np.nan, position)


def widest(batch):
    """The trajectory that swings most widely, for there is most to see."""
    return int(np.ptp(batch.z[:, :, 0], axis=1).argmax())


def draw_data(system, batch):
    figure = _plots.figure(8, 5)
    spikes, velocity = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    trajectory, T = widest(batch), 400
    draw_spikes(spikes, system, batch, trajectory, T)
    velocity.plot(system.dt * (np.arange(T) + 0.5), np.degrees(batch.z[trajectory, :T, 1]), color=_plots.TRUTH, linewidth=1)
    velocity.set(xlabel="time (s)", ylabel="velocity (°/s)", title="Velocity: reported by nobody")
    return figure


def draw_result(system, batch, estimates, curve, lines):
    """estimates: {model: (n_traj, T)};  curve: [(update, mse)] of the rEFH;  lines: {model: mse} of the others"""
    figure = _plots.figure(8, 8.4)
    spikes, position, learning = figure.subplots(3, 1, height_ratios=[1.2, 1.3, 1.3])
    trajectory, T = widest(batch), 400
    time_s = system.dt * (np.arange(T) + 0.5)
    draw_spikes(spikes, system, batch, trajectory, T)
    spikes.set(xlabel="time (s)")

    shown = slice(100, 145)
    position.plot(time_s[shown], np.degrees(wrapped(system, batch.z[trajectory, shown, 0])), color=_plots.TRUTH,
                  linewidth=6, alpha=0.2, label="true position")
    for name in ("ORDER 0", "KF-1", "rEFH", "KF-2"):
        z_hat = np.degrees(wrapped(system, estimates[name][trajectory, shown]))
        if name == "ORDER 0":
            position.plot(time_s[shown], z_hat, ".", markersize=6, color=_plots.COLOURS[name], label=name)
        else:
            position.plot(time_s[shown], z_hat, **_plots.style(name))
    position.set(xlabel="time (s)", ylabel="position (°)", xlim=(time_s[shown][0], time_s[shown][-1]),
                 title="Two seconds of it from near by: the estimates, each made from the spikes so far")
    position.legend(loc="best", ncols=5)

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

    returns {model: {"mse", "mse_after_100", "seconds"}}, and the rEFH's parameters
    """
    rng = np.random.default_rng(seed)
    system = ppc.System()
    test = ppc.sample(system, **TEST, rng=rng)
    _plots.save(draw_data(system, test), out / "quickstart_data.png")
    print(f"the data: {out / 'quickstart_data.png'}", flush=True)

    estimates, seconds = {}, {}
    start = time.monotonic()

    def lap(*names):
        """Book the time since the last lap to these models."""
        nonlocal start
        now = time.monotonic()
        seconds.update({name: (now - start) / len(names) for name in names})
        start = now

    true_parameters = lds.LDS(system.A, system.C, system.Sigma_z, system.mu_0, system.Sigma_0)
    estimates["true parameters"] = kalman_estimate(system, true_parameters, test.y)
    lap("true parameters")
    for name, model in fit_kalman(system, rng).items():
        estimates[name] = kalman_estimate(system, model, test.y)
    lap("KF-1", "KF-2")
    order_0 = train_order_0(system, rng, max(n_updates // 10, 1))
    estimates["ORDER 0"] = harmonium_estimate(system, efh, order_0, test.y)
    lap("ORDER 0")

    lines = {name: mse(system, z_hat, test.z)[0] for name, z_hat in estimates.items()}
    progress = _run.Progress(f"rEFH, seed {seed}:", n_updates)
    curve = []

    def watch(params, log):
        estimates["rEFH"] = harmonium_estimate(system, refh, params, test.y)
        curve.append((log.n_updates[-1], mse(system, estimates["rEFH"], test.z)[0]))
        progress(log.n_updates[-1], f"reconstruction error {log.reconstruction_error[-1]:.3f}  "
                                    f"MSE {1e4 * curve[-1][1]:5.2f}e-4 rad²")
        _plots.save(draw_result(system, test, estimates, curve, lines), out / "quickstart.png")

    params, log = train_refh(system, rng, n_updates, rate, watch)
    lap("rEFH")
    if log.interrupted:
        progress.stop()
        print(f"stopped after {log.state.n_updates} updates; what was learnt is kept")
        estimates["rEFH"] = harmonium_estimate(system, refh, params, test.y)

    rows = {}
    for name in ROWS:
        everywhere, settled = mse(system, estimates[name], test.z)
        rows[name] = {"mse": everywhere, "mse_after_100": settled, "seconds": seconds[name]}
    return rows, params


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
    parser = _run.parser("quickstart", __doc__)
    arguments = parser.parse_args(argv)
    out = arguments.out
    _run.prepare_folder(out)
    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    settings = QUICK if arguments.quick else FULL if arguments.full else DEFAULT

    results = {}
    for seed in seeds:
        results[seed], params = run(seed, **settings, out=out)
        rows = table(results)
        _run.write_json(out / "quickstart.json", rows, arguments.seed, settings=settings)
        refh.save(out / "refh.npz", params, seed=seed, command=_run.command(), version=_run.version())

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
