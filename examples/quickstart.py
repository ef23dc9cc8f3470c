"""Watch an rEFH learn to filter, without backpropagation through time.

A mass oscillates on a spring. Fifteen Poisson neurons encode its position in a
few noisy spikes per time step, and not its velocity. The script plots these
data, fits Kalman filters of order 1 (position) and 2 (position and velocity)
to them, trains an rEFH, and lets all of them estimate the position along 40
new trajectories of 1000 time steps: the rows ORDER 0, KF-1, rEFH and KF-2 of
the poster's Table 1. To beat KF-1, the rEFH must have learnt velocity.

quickstart_data.png is there within seconds. quickstart.png is plotted again
and again during training. It shows the spikes, the estimates with the ground
truth, their errors, and the learning curve with the Kalman filters' errors.

Takes half a minute to two minutes. --full: three seeds of 200 000 updates, six minutes.
"""

# %%
import time

import numpy as np

from datasets import ppc
from examples.ppc import oscillator as _ppc
from examples.ppc.oscillator import POSTER, SYSTEM, TEST
from examples.tools import plots as _plots
from examples.tools import run as _run
from refh_numpy import efh, refh

# Trajectories of 200 time steps: each begins at u_0 = 0, so the network learns that too.
TRAIN = dict(n_traj=40, T=200)
N_HIDDEN = 240
QUICK = dict(n_updates=300, learning_rate=1e-3)
DEFAULT = dict(n_updates=40_000, learning_rate=1e-3)
FULL = dict(n_updates=200_000, learning_rate=5e-4)

ROWS = ["ORDER 0", "KF-1", "rEFH", "KF-2", "true parameters"]
N_PLOTTED, WINDOW = 400, slice(100, 150)  # time steps of the figures


# %% [markdown]
# ## Learning
# Every model turns $y_1, \ldots, y_t$ into an estimate of the position at time t
# (`examples/ppc/oscillator.py`). The Kalman filters receive the decoded position and its variance.
# The harmoniums receive the spikes, and their reconstruction of the current spikes is decoded. The
# Kalman filters are fitted by EM, the harmoniums by contrastive divergence.


# %%
def train_order_0(rng, n_updates):
    """Params of the static model."""
    params = efh.init(N_HIDDEN, SYSTEM.n_neurons, "poisson", rng)
    params, log = efh.train(
        params, _ppc.training_batches(rng, **TRAIN), rng, n_updates=n_updates, learning_rate=1e-3
    )
    if log.interrupted:  # nothing worth keeping yet
        raise KeyboardInterrupt
    return params


def train_refh(rng, n_updates, learning_rate, watch):
    """Params and Log of the rEFH; watch(params, log) is called ten times."""
    params = refh.init(N_HIDDEN, SYSTEM.n_neurons, "poisson", rng)
    return refh.train(
        params,
        _ppc.training_batches(rng, **TRAIN),
        rng,
        n_updates=n_updates,
        learning_rate=learning_rate,
        callback=watch,
        every=max(n_updates // 10, 1),
    )


# %% [markdown]
# ## Figures


# %%
def plot_spikes(axes, batch, trajectory):
    """The spikes of one trajectory as an image, with the position that they encode."""
    T, half = N_PLOTTED, np.degrees(SYSTEM.circumference) / 2
    image = axes.imshow(
        batch.y[trajectory, :T].T,
        aspect="auto",
        origin="lower",
        cmap="Greys",
        interpolation="none",
        extent=(0, T * SYSTEM.dt, -half, half),
    )
    axes.plot(
        SYSTEM.dt * (np.arange(T) + 0.5),
        np.degrees(on_circle(batch.z[trajectory, :T, 0])),
        color=_plots.GROUND_TRUTH_ON_SPIKES,
        linewidth=1,
        label="true position",
    )
    axes.set(ylabel="preferred position (°)", title="Spikes of the 15 neurons, and the position")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98))
    axes.figure.colorbar(image, ax=axes, label="spikes per time step", pad=0.01)


def on_circle(position):
    """Positions on the circle, with a gap in the line where it crosses the seam."""
    position = ppc.wrap(position)
    jumps = np.abs(np.diff(position, append=position[-1:])) > SYSTEM.circumference / 2
    return np.where(jumps, np.nan, position)


def widest(batch):
    """The trajectory with the largest amplitude, which shows most."""
    return int(np.ptp(batch.z[:, :, 0], axis=1).argmax())


def plot_data(batch):
    """Spikes and velocity of one trajectory."""
    figure = _plots.figure(8, 5)
    spikes, velocity = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    trajectory = widest(batch)
    plot_spikes(spikes, batch, trajectory)
    velocity.plot(
        SYSTEM.dt * (np.arange(N_PLOTTED) + 0.5),
        np.degrees(batch.z[trajectory, :N_PLOTTED, 1]),
        color=_plots.GROUND_TRUTH,
        linewidth=1,
    )
    velocity.set(xlabel="time (s)", ylabel="velocity (°/s)", title="Velocity: not in the spikes")
    _plots.letters([spikes, velocity])
    return figure


def plot_result(batch, estimates, curve, errors):
    """The figure of the front page.

    Parameters
    ----------
    batch : the test data
    estimates : {model: (n_traj, T) positions}
    curve : [(update, mse)] of the rEFH
    errors : {model: mse} of the others
    """
    figure = _plots.figure(8.5, 8.8)
    grid = figure.add_gridspec(3, 2, height_ratios=[1.1, 1.2, 1.3])
    panels = [
        figure.add_subplot(where) for where in (grid[0, :], grid[1, 0], grid[1, 1], grid[2, :])
    ]
    trajectory = widest(batch)
    plot_spikes(panels[0], batch, trajectory)
    panels[0].set(xlabel="time (s)")
    plot_estimates(
        *panels[1:3],
        batch.z[trajectory, WINDOW, 0],
        {name: z_hat[trajectory, WINDOW] for name, z_hat in estimates.items()},
    )
    plot_curve(panels[3], curve, errors)
    _plots.letters(panels)
    return figure


def plot_estimates(position, error, truth, estimates):
    """Estimated positions and their errors in WINDOW."""
    time_s = SYSTEM.dt * (np.arange(WINDOW.start, WINDOW.stop) + 0.5)
    thick = dict(color=_plots.GROUND_TRUTH, linewidth=5, alpha=0.2)
    position.plot(time_s, np.degrees(on_circle(truth)), **thick, label="true position")
    error.axhline(0, **thick)
    for name in ("ORDER 0", "KF-1", "rEFH", "KF-2"):
        style = _plots.style(name)
        if name == "ORDER 0":
            style |= {"linestyle": "none", "marker": ".", "markersize": 5, "markevery": 1}
        position.plot(time_s, np.degrees(on_circle(estimates[name])), **style)
        error.plot(time_s, np.degrees(ppc.wrap(estimates[name] - truth)), **style)
    limits = time_s[0], time_s[-1]
    position.set(xlabel="time (s)", ylabel="position (°)", xlim=limits, title="Filtered positions")
    error.set(
        xlabel="time (s)",
        ylabel="estimate - ground truth (°)",
        xlim=limits,
        title="Estimation errors",
    )
    position.legend(loc="best")


def plot_curve(axes, curve, errors):
    """The learning curve of the rEFH, with the errors of the others as lines."""
    for name, value in errors.items():
        width = 4 if name == "true parameters" else 1.5  # it is seen on both sides of KF-2
        alpha = 0.3 if name == "true parameters" else 1
        axes.axhline(1e4 * value, **_plots.style(name) | {"linewidth": width, "alpha": alpha})
    axes.axhline(
        1e4 * POSTER["rEFH"],
        color=_plots.COLOURS["rEFH"],
        linewidth=0.8,
        linestyle=(0, (1, 3)),
        label="rEFH, poster",
    )
    updates, mse = np.array(curve).T
    axes.plot(updates, 1e4 * mse, **_plots.style("rEFH") | {"markevery": 1})
    axes.set(
        xlabel="updates",
        ylabel="MSE (10$^{-4}$ rad²)",
        yscale="log",
        xlim=(0, None),
        ylim=(1, 35),
        title="Error on test trajectories while the rEFH learns",
    )
    axes.set_yticks([1, 2, 3, 5, 10, 20], labels=["1", "2", "3", "5", "10", "20"])
    axes.minorticks_off()
    axes.legend(loc="upper right", ncols=3)


# %% [markdown]
# ## The run


# %%
def run(seed, n_updates, learning_rate, out):
    """One seed, from the data to its results.

    Returns
    -------
    {model: {"mse", "mse_after_100" (rad^2), "seconds"}}, params of the rEFH, and how many updates
    it had
    """
    rng = np.random.default_rng(seed)
    test = ppc.sample(**TEST, rng=rng)
    print(f"the data: {_plots.save(plot_data(test), out / 'quickstart_data.png')}", flush=True)
    estimates, seconds = references(rng, test, max(n_updates // 10, 1))
    errors = {name: _ppc.mse(z_hat, test.z)[0] for name, z_hat in estimates.items()}
    progress = _run.Progress(f"rEFH, seed {seed}:", n_updates)
    curve, start = [], time.monotonic()

    def test_and_plot(params, n_made):
        estimates["rEFH"] = _ppc.network_estimate(refh, params, test.y)
        curve.append((n_made, _ppc.mse(estimates["rEFH"], test.z)[0]))
        figure = plot_result(test, estimates, curve, errors)
        _plots.save(figure, out / "quickstart.png")

    def watch(params, log):
        test_and_plot(params, log.n_updates[-1])
        progress(
            log.n_updates[-1],
            f"reconstruction error {log.reconstruction_error[-1]:.3f}  "
            f"MSE {1e4 * curve[-1][1]:5.2f}e-4 rad²",
        )

    params, log = train_refh(rng, n_updates, learning_rate, watch)
    seconds["rEFH"] = time.monotonic() - start
    n_made = log.state.n_updates if log.interrupted else n_updates
    if log.interrupted:
        progress.stop()
        print(f"stopped after {n_made} updates; what was learnt is kept")
        test_and_plot(params, n_made)
    rows = {}
    for name in ROWS:
        mse, after = _ppc.mse(estimates[name], test.z)
        rows[name] = {"mse": mse, "mse_after_100": after, "seconds": seconds[name]}
    return rows, params, n_made


def references(rng, test, n_updates):
    """{model: estimates} and {model: seconds} of the Kalman filters and of ORDER 0."""
    estimates, seconds = {}, {}
    start = time.monotonic()

    def lap(name):
        """Count the time since the last lap for this model."""
        nonlocal start
        now = time.monotonic()
        seconds[name], start = now - start, now

    estimates["true parameters"] = _ppc.kalman_estimate(_ppc.true_lds(), test.y)
    lap("true parameters")
    to_fit = ppc.sample(**TEST, rng=rng).y
    for name in ("KF-1", "KF-2"):
        estimates[name] = _ppc.kalman_estimate(_ppc.fit_kalman(to_fit, name), test.y)
        lap(name)
    order_0 = train_order_0(rng, n_updates)
    estimates["ORDER 0"] = _ppc.network_estimate(efh, order_0, test.y)
    lap("ORDER 0")
    return estimates, seconds


def table(results):
    """Rows of the table from {seed: {model: numbers}}."""
    rows = []
    for name in ROWS:
        row = {"model": name}
        for measure in ("mse", "mse_after_100"):
            row[measure], row[f"{measure}_spread"] = _run.mean_and_spread(
                [result[name][measure] for result in results.values()]
            )
        row["poster"] = POSTER.get(name)
        row["seconds"] = float(np.mean([result[name]["seconds"] for result in results.values()]))
        row["seeds"] = [{"seed": seed, **result[name]} for seed, result in results.items()]
        rows.append(row)
    return rows


def print_rows(rows):
    """The table on the terminal."""

    def mse(row, measure):
        return _run.with_spread(row[measure], row[f"{measure}_spread"], scale=1e4)

    _run.print_table(
        [
            ("MSE (1e-4 rad²)", lambda row: row["model"]),
            ("poster", lambda row: f"{1e4 * row['poster']:.1f}" if row["poster"] else "-"),
            ("ours", lambda row: mse(row, "mse")),
            ("after 100 steps", lambda row: mse(row, "mse_after_100")),
            ("seconds", lambda row: f"{row['seconds']:.1f}"),
        ],
        rows,
    )


def main(argv=None):
    arguments = _run.parse(_run.parser("quickstart", __doc__, jobs=False), argv)
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
        refh.save(
            out / "refh.npz",
            params,
            seed=seed,
            n_updates=n_made,
            command=_run.command(),
            version=_run.version(),
        )
        if n_made < settings["n_updates"]:
            break
    print()
    print_rows(rows)
    print(
        f"\nwritten: quickstart.{arguments.format}, quickstart_data.{arguments.format}, "
        f"quickstart.json, refh.npz, all in {out}"
    )


if __name__ == "__main__":
    _run.start(main)
