"""Your own recording: from spike times to a trained network, its read-out, and its weights.

Makes a synthetic recording in the shape in which electrophysiologists have it: a list of trials of
unequal length, each with the spike times of every neuron and a behaviour that was sampled at a
rate of its own. Most neurons are broadly tuned, one is silent, one fires all the time. Replace
`recording` by your own and the rest stays as it is.

The network sees spikes only. Afterwards a linear read-out asks what its state says about the
behaviour, on trials that neither the network nor the read-out was fitted to, beside its controls:

  spikes         the same read-out from the spikes of the present bin: what needs no memory
  untrained      from the state of a network before training
  random         the same with random weights so large that the state remembers the past
  TRBM, rEFH     from the states of the two networks
  Kalman filter  fitted to the behaviour itself, which the networks never see

At the end the spikes are switched off, and the read-out follows the free-running networks.

Writes own_data.png, own_data.json and the weights own_data.npz, in one to two minutes. The page
examples/own_data.md explains each step.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import time
from dataclasses import replace

import numpy as np

from datasets.support import checks
from examples.tools import plots, results, run
from kalman import filtering, lds
from refh_numpy import refh, trbm

# %% [markdown]
# ## The recording
# An animal follows a target that swings. Position and velocity in cm and cm/s; spike times in s.

# %%
DT = 0.05  # s, width of a bin
N_NEURONS, N_TRIALS = 30, 80
SAMPLING = 0.01  # s between two samples of the behaviour


def recording(rng, n_trials=N_TRIALS):
    """Trials of 5 to 10 s: [{"spikes": [times in s, per neuron], "behaviour": (n, 2)}]."""
    centres = rng.uniform(-12, 12, N_NEURONS)
    widths = rng.uniform(4, 8, N_NEURONS)
    peaks = rng.uniform(5, 60, N_NEURONS)  # spikes per second
    peaks[0], widths[1] = 0, 1e3  # a silent neuron, and one that fires all the time
    trials = []
    for _ in range(n_trials):
        n = rng.integers(500, 1001)
        z = np.empty((n, 2))
        z[0] = rng.normal(0, 6), rng.normal(0, 12)
        for t in range(1, n):  # a damped spring, pushed at random
            x, v = z[t - 1]
            v += SAMPLING * (-4 * x - 0.4 * v) + 0.12 * rng.standard_normal()
            z[t] = x + SAMPLING * v, v
        rates = peaks * np.exp(-0.5 * ((z[:, :1] - centres) / widths) ** 2)
        counts = rng.poisson(rates * SAMPLING)
        times = [
            np.sort(np.repeat(np.arange(n), counts[:, i]) * SAMPLING + SAMPLING * rng.random(c))
            for i, c in enumerate(counts.sum(0))
        ]
        trials.append({"spikes": times, "behaviour": z})
    return trials


# %% [markdown]
# ## Bins
# A time step of the network is a bin of 50 ms. The behaviour is read at the middle of each bin.


# %%
def binned(trial):
    """Counts (T, n_neurons) and behaviour (T, 2) of one trial."""
    behaviour = checks.array("behaviour", trial["behaviour"], ("n_samples", 2))
    end = len(behaviour) * SAMPLING
    spikes = np.concatenate(trial["spikes"])
    if len(spikes) and np.mean((spikes >= 0) & (spikes < end)) < 0.5:  # a few may lie outside
        raise ValueError(
            f"spikes: expected times in s, from the start of the trial to its end at {end:g}, got "
            f"{spikes.min():g} to {spikes.max():g}: in ms, or from the start of the recording?"
        )
    edges = np.arange(0, end + 1e-9, DT)
    counts = np.stack([np.histogram(times, edges)[0] for times in trial["spikes"]], axis=1)
    times = SAMPLING * np.arange(len(behaviour))
    middle = (edges[:-1] + edges[1:]) / 2
    return counts, np.stack([np.interp(middle, times, z) for z in behaviour.T], axis=1)


def windows(counts, n_traj, T, rng):
    """Endless batches (n_traj, T, n_neurons): windows of T bins from trials of any length."""
    long_enough = [y for y in counts if len(y) >= T]
    if not long_enough:
        raise ValueError(f"T: expected at most {max(map(len, counts))} bins, got {T}")
    while True:
        chosen = [long_enough[i] for i in rng.integers(len(long_enough), size=n_traj)]
        begins = [rng.integers(len(y) - T + 1) for y in chosen]
        yield np.stack([y[b : b + T] for y, b in zip(chosen, begins, strict=True)])


def states(model, params, counts):
    """Hidden means (T, n_x) of each trial; trials of unequal length are inferred one by one."""
    return [model.infer(params, [y])[0] for y in counts]


# %% [markdown]
# ## Training
# `init(y=...)` starts the biases of the neurons at the logarithm of their mean counts. Without it,
# counts of more than a few spikes per bin saturate the hidden units.

# %%
N_HIDDEN, T, N_TRAJ = 120, 100, 40
SETTINGS = dict(n_updates=8000, learning_rate=3e-3)


def learnt(name, model, train, seed, settings):
    """A network before and after training on the binned counts of the training trials."""
    progress = results.Progress(name, settings["n_updates"])
    rng = np.random.default_rng([seed, 1])
    sample = next(windows(train, N_TRAJ, T, rng))
    untrained = model.init(n_x=N_HIDDEN, n_y=train[0].shape[1], family="poisson", rng=rng, y=sample)
    batches = windows(train, N_TRAJ, T, rng)
    params, log = model.train(
        untrained,
        batches,
        rng,
        **settings,
        every=settings["n_updates"] // 10,
        callback=lambda params, log: progress(log.n_updates[-1]),
    )
    if log.interrupted:
        raise KeyboardInterrupt
    return untrained, params


# %% [markdown]
# ## Read-out, and its controls

# %%
SETTLED = 20  # bins at the beginning of a trial that are left out, in all rows
RIDGE = 1.0


def regression(inputs, targets):
    """A linear read-out: function of (T, n) that returns (T, 2), by ridge regression."""
    X = np.concatenate([x[SETTLED:] for x in inputs]).astype(float)
    Z = np.concatenate([z[SETTLED:] for z in targets])
    mean, centre = X.mean(0), Z.mean(0)
    X = X - mean
    W = np.linalg.solve(X.T @ X + RIDGE * np.eye(X.shape[1]), X.T @ (Z - centre))
    return lambda x: (x - mean) @ W + centre


def r_squared(estimates, targets):
    """Fraction of the variance that is explained: of position, of velocity."""
    Z = np.concatenate([z[SETTLED:] for z in targets])
    error = np.concatenate([estimate[SETTLED:] for estimate in estimates]) - Z
    position, velocity = 1 - (error**2).mean(0) / Z.var(0)
    return {"position": float(position), "velocity": float(velocity)}


def kalman_decoder(counts, behaviour):
    """A Kalman filter whose state *is* the behaviour (Wu et al. 2006), by least squares.

    Returns
    -------
    function of the counts of one trial (T, n_neurons) that returns (T, 2)
    """
    before = np.concatenate([z[:-1] for z in behaviour])
    after = np.concatenate([z[1:] for z in behaviour])
    A = np.linalg.lstsq(before, after, rcond=None)[0].T
    Sigma_z = np.cov((after - before @ A.T).T)
    Z, Y = np.concatenate(behaviour), np.concatenate(counts).astype(float)
    mean = Y.mean(0)
    C = np.linalg.lstsq(Z, Y - mean, rcond=None)[0].T
    R = np.cov((Y - mean - Z @ C.T).T) + 1e-3 * np.eye(len(C))
    model = lds.LDS(A=A, C=C, Sigma_z=Sigma_z, mu_0=np.zeros(2), Sigma_0=np.cov(Z.T))
    return lambda y: filtering.kalman_filter(model, (y - mean)[None], R).mean[0]


# %% [markdown]
# ## Coasting
# Spikes are switched off after CONTEXT bins. A network then generates spikes, and infers its state
# from them; the read-out of that state is its forecast of the behaviour. The slope of its
# displacement on the true one is 0 for an estimate that stays where it is, 1 for one that moves on.

# %%
CONTEXT, AHEAD, N_RUNS = 60, 20, 8


def coasting(model, params, readout, counts, behaviour, rng):
    """Slope after AHEAD bins, and the forecasts (n_trials, AHEAD, 2), means of N_RUNS runs."""
    y = np.stack([trial[:CONTEXT] for trial in counts])
    u = model.infer(params, y)
    forecast = 0
    for _ in range(N_RUNS):
        generated = model.generate(params, u[:, -1], AHEAD, rng)
        forecast = forecast + readout(model.infer(params, generated, u[:, -1])) / N_RUNS
    z = np.stack([trial[: CONTEXT + AHEAD, 0] for trial in behaviour])
    true = z[:, -1] - z[:, CONTEXT - 1]
    moved = forecast[:, -1, 0] - readout(u[:, -1])[:, 0]
    return float((moved * true).sum() / (true**2).sum()), forecast


# %% [markdown]
# ## All together


# %%
def compare(seed, settings=SETTINGS):
    """Rows of the table, what the figure shows, and the params of the rEFH."""
    rng = np.random.default_rng(seed)
    counts, behaviour = zip(*map(binned, recording(rng)), strict=True)
    heard = np.concatenate(counts).sum(0) >= 10  # a neuron with fewer spikes teaches nothing
    counts = [y[:, heard] for y in counts]
    train, test = slice(0, 60), slice(60, None)  # by trials: bins of one trial are alike
    targets, held_out = behaviour[train], behaviour[test]

    def row(name, inputs, seconds=0.0, **more):
        readout = regression(inputs[train], targets)
        scores = r_squared([readout(x) for x in inputs[test]], held_out)
        return {"model": name, "r_squared": scores, "seconds": seconds, **more}, readout

    rows = [row("spikes", counts)[0]]
    forecasts, params = {}, None
    for name, model in (("TRBM", trbm), ("rEFH", refh)):
        begun = time.monotonic()
        untrained, params = learnt(name, model, counts[train], seed, settings)
        seconds = time.monotonic() - begun
        if name == "TRBM":
            rows.append(row("untrained", states(model, untrained, counts))[0])
            large = 4 / np.sqrt(N_HIDDEN) * rng.standard_normal(untrained.W_u.shape)
            random = replace(untrained, W_u=large.astype(np.float32))
            random.b_x[:] = -0.5 * random.W_u.sum(1)  # units that vary around a half
            rows.append(row("random", states(model, random, counts))[0])
        fitted, readout = row(name, states(model, params, counts), seconds)
        fitted["coasting"], forecasts[name] = coasting(
            model, params, readout, counts[test], held_out, np.random.default_rng([seed, 2])
        )
        rows.append(fitted)
    decoder = kalman_decoder(counts[train], targets)
    scores = r_squared([decoder(y) for y in counts[test]], held_out)
    rows.append({"model": "Kalman filter", "r_squared": scores, "seconds": 0.0})
    return rows, (counts[test], held_out, forecasts), params


def plot(rows, shown):
    """The spikes of one unseen trial, its position, and what the networks make of it."""
    counts, behaviour, forecasts = shown
    figure = plots.figure(9, 5)
    spikes, paths = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.4])
    seconds = DT * (np.arange(CONTEXT + AHEAD) + 0.5)
    spikes.set_xlim(0, seconds[-1] + 0.35)
    moved = [abs(z[CONTEXT + AHEAD - 1, 0] - z[CONTEXT - 1, 0]) for z in behaviour]
    trial = int(np.argmax(moved))
    y = counts[trial][: CONTEXT + AHEAD].astype(float).T
    y[:, CONTEXT:] = np.nan
    spikes.imshow(
        y,
        aspect="auto",
        cmap="Greys",
        origin="lower",
        extent=(0, seconds[-1] + DT / 2, -0.5, len(y) - 0.5),
    )
    spikes.set(
        ylabel="neuron", title="Spike counts of an unseen trial, until they are switched off"
    )
    paths.axvspan(CONTEXT * DT, seconds[-1] + DT / 2, color="0.93")
    true = behaviour[trial][: CONTEXT + AHEAD, 0]
    paths.plot(seconds, true, "k")
    paths.text(seconds[CONTEXT // 2], true[CONTEXT // 2], "   true position")
    for name, forecast in forecasts.items():
        line = forecast[trial, :, 0]
        paths.plot(seconds[CONTEXT:], line, color=plots.COLOURS[name])
        paths.text(seconds[-1] + DT, line[-1], name, color=plots.COLOURS[name], va="center")
    paths.text(CONTEXT * DT, paths.get_ylim()[0], " no spikes", color="0.4", va="bottom")
    paths.set(xlabel="time (s)", ylabel="position (cm)")
    return figure


def main(argv=None):
    arguments = run.parse(run.parser("own_data", __doc__, ("quick",), jobs=False), argv)
    run.prepare_folder(arguments.out)
    settings = SETTINGS | dict(n_updates=1000) if arguments.quick else SETTINGS
    rows, shown, params = compare(arguments.seed, settings)
    results.write_json(arguments.out / "own_data.json", rows, arguments.seed)
    weights = arguments.out / "own_data.npz"
    results.keep_weights(weights, refh, params, dt=DT, seed=arguments.seed)
    figure = plots.save(plot(rows, shown), arguments.out / "own_data.png")
    print()
    results.print_table(
        [
            ("R² on unseen trials", lambda row: row["model"]),
            ("position", lambda row: f"{row['r_squared']['position']:.3f}"),
            ("velocity", lambda row: f"{row['r_squared']['velocity']:.3f}"),
            ("coasting, 1 s", lambda row: f"{row['coasting']:.2f}" if "coasting" in row else "-"),
            ("seconds", lambda row: f"{row['seconds']:.0f}"),
        ],
        rows,
    )
    print(f"\nwritten: {figure.name}, own_data.json and weights own_data.npz in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
