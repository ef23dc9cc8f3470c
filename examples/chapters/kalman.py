"""Figures of chapter 2: the Kalman filter, the smoother and EM on the oscillator.

Fits KF-1 and KF-2 to the decoded positions of 40 trajectories, and plots what
the chapter says: the mean of two noisy numbers, the gain over time, the
response to one observation, coasting, smoothing, and the likelihood during EM.

Takes about half a minute; writes chapter2_*.png.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import functools

import numpy as np

import kalman
from datasets import ppc
from examples.ppc import oscillator as _ppc
from examples.tools import plots as _plots
from examples.tools import run as _run
from kalman import em

N_TRAJ, T = 40, 500
SHOWN = 11  # the trajectory of the examples
CONTEXT, AFTER = 60, 80  # time steps with spikes, and without, of the coasting figure
NAMES = ("KF-1", "KF-2")
INITIAL = {
    "KF-1": em.random_walk(position_variance=0.3, step_variance=1e-3),
    "KF-2": em.constant_velocity(
        ppc.SYSTEM.dt, position_variance=0.3, velocity_variance=0.3, step_variance=1e-3
    ),
    "A = 0.5 I": kalman.LDS(
        0.5 * np.eye(2), [[1, 0]], 1e-3 * np.eye(2), np.zeros(2), 0.3 * np.eye(2)
    ),
}


@functools.cache
def data(seed):
    """The Batch, its decoded positions and their variances."""
    batch = ppc.sample(N_TRAJ, T, np.random.default_rng(seed))
    return batch, *_ppc.observations(batch.y)


@functools.cache
def fits(seed):
    """{name: Fit}, from each of INITIAL."""
    _, y, R = data(seed)
    return {name: kalman.fit([model], y, R) for name, model in INITIAL.items()}


def seconds(n_steps):
    return ppc.SYSTEM.dt * np.arange(n_steps)


def line(name):
    """A solid line in the colour of the filter"""
    return {"color": _plots.COLOURS[name], "label": name}


def axes_of(width, height, **labels):
    figure = _plots.figure(width, height)
    axes = figure.subplots()
    axes.set(**labels)
    return figure, axes


def result(seed):
    """Errors of the observations and of both filters on one trajectory."""
    batch, y, R = data(seed)
    n = 90
    figure, axes = axes_of(
        6.4, 2.8, xlabel="time (s)", ylabel="estimate minus ground truth (rad)", ylim=(-0.11, 0.11)
    )
    time, z = seconds(n), batch.z[SHOWN, :n, 0]
    axes.axhline(0, color="0.7", linewidth=0.8)
    axes.plot(time, y[SHOWN, :n, 0] - z, ".", color="0.6", markersize=4, label="one step alone")
    for name in NAMES:
        mean = kalman.kalman_filter(fits(seed)[name].model, y, R).mean
        axes.plot(time, mean[SHOWN, :n, 0] - z, **line(name))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def weighted_mean(_):
    """The densities of a prediction, an observation, and of both together."""
    figure, axes = axes_of(5, 2.6, xlabel="position (rad)", ylabel="density", yticks=[])
    m, P, y, R = 0.10, 0.04**2, 0.20, 0.03**2
    K = P / (P + R)
    z = np.linspace(-0.05, 0.32, 400)
    for mean, variance, colour, label, shift in (
        (m, P, "#4699D3", "prediction\n0.10 ± 0.04", -0.045),
        (y, R, "#858585", "observation\n0.20 ± 0.03", 0.045),
        (m + K * (y - m), (1 - K) * P, "#B45397", "both\n0.164 ± 0.024", 0.0),
    ):
        density = np.exp(-((z - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
        axes.plot(z, density, color=colour)
        axes.annotate(
            label,
            (mean + shift, density.max()),
            xytext=(0, 4),
            textcoords="offset points",
            color=colour,
            ha="center",
        )
    axes.set_ylim(0, 21)
    return figure


def gain(seed):
    """Position's gain of both filters over the first time steps of one trajectory."""
    _, y, R = data(seed)
    n = 60
    figure, axes = axes_of(5.4, 2.8, xlabel="time step t", ylabel="gain $K_t$ of the position")
    for name in NAMES:
        K = kalman.kalman_filter(fits(seed)[name].model, y, R).gain[..., 0, 0]
        late = K[:, 100:].mean()
        axes.plot(np.arange(1, n + 1), K[SHOWN, :n], **line(name))
        axes.axhline(late, color=_plots.COLOURS[name], linewidth=0.7, linestyle=":")
        axes.annotate(
            f"{name}: {late:.2f} after 100 steps",
            (n, late + 0.17),
            ha="right",
            color=_plots.COLOURS[name],
        )
    axes.set(ylim=(0, 1.05), xlim=(0, n + 1))
    return figure


def response(model, R, n_before, n_after):
    """Change of the estimates after one observation is increased by 1, after n_before steps."""
    y = np.zeros((1, n_before + n_after, 1))
    changed = y.copy()
    changed[0, n_before] = 1
    estimates = [kalman.kalman_filter(model, these, R).mean[0, :, 0] for these in (y, changed)]
    return (estimates[1] - estimates[0])[n_before:]


def impulse_response(seed):
    """The response of both filters to one outlier."""
    R = [[np.median(data(seed)[2])]]
    figure, axes = axes_of(
        5.4, 2.8, xlabel="time since the outlier (s)", ylabel="change of the estimate / outlier"
    )
    axes.axhline(0, color="0.7", linewidth=0.8)
    for name in NAMES:
        values = response(fits(seed)[name].model, R, 300, 41)
        axes.plot(seconds(41), values, ".-", markersize=4, **line(name))
    axes.annotate("order 1: forgotten after 4 steps", (0.16, 0.4), color=_plots.COLOURS["KF-1"])
    axes.annotate(
        "order 2: little weight, for about 20 steps", (0.6, 0.1), color=_plots.COLOURS["KF-2"]
    )
    return figure


def coasting(seed):
    """Both filters on one trajectory whose spikes end: mean, and two standard deviations."""
    batch, y, R = data(seed)
    n = CONTEXT + AFTER
    y = y[:, :n].copy()
    y[:, CONTEXT:] = np.nan
    figure = _plots.figure(7, 2.8)
    panels = figure.subplots(1, 2, sharey=True)
    time = seconds(n) - seconds(CONTEXT)[-1]
    for axes, name in zip(panels, NAMES, strict=True):
        filtered = kalman.kalman_filter(fits(seed)[name].model, y, R[:, :n])
        mean = filtered.mean[SHOWN, :, 0]
        width = 2 * np.sqrt(filtered.cov[SHOWN, :, 0, 0])
        axes.fill_between(
            time, mean - width, mean + width, color=_plots.COLOURS[name], alpha=0.2, linewidth=0
        )
        axes.plot(time, batch.z[SHOWN, :n, 0], color=_plots.GROUND_TRUTH)
        axes.plot(time, mean, **line(name))
        axes.axvline(0, color="0.5", linewidth=0.8, linestyle=":")
        axes.set(xlabel="time since the last spikes (s)", title=name, ylim=(-1.4, 1.4))
    panels[0].set(ylabel="position (rad)")
    panels[0].annotate("ground truth", (0.2, 1.1), color=_plots.GROUND_TRUTH)
    return figure


def smoothing(seed):
    """Standard deviations of filter and smoother over one trajectory, for KF-2."""
    _, y, R = data(seed)
    model, n = fits(seed)["KF-2"].model, 120
    y, R = y[SHOWN : SHOWN + 1, :n].copy(), R[SHOWN : SHOWN + 1, :n]
    y[:, 60:75] = np.nan
    figure, axes = axes_of(
        5.6, 2.8, xlabel="time (s)", ylabel="standard deviation of\nthe position (rad)"
    )
    time = seconds(n)
    axes.axvspan(time[60], time[74], color="0.92", linewidth=0)
    for run, label, colour in (
        (kalman.kalman_filter, "filter: the past", _plots.COLOURS["KF-2"]),
        (kalman.rts_smoother, "smoother: past and future", "black"),
    ):
        axes.plot(time, np.sqrt(run(model, y, R).cov[0, :, 0, 0]), color=colour, label=label)
    axes.annotate("no spikes", (time[67], 0.031), ha="center")
    axes.set(ylim=(0, 0.042))
    axes.legend(loc="upper right")
    return figure


def likelihood(seed):
    """Log likelihood per observation during EM, from three initial models."""
    n = data(seed)[1].size
    best = max(max(fit.log_likelihoods[0]) for fit in fits(seed).values()) / n
    figure, axes = axes_of(
        5.6,
        2.8,
        xlabel="iterations of EM",
        ylabel="log likelihood per observation\nbelow the best (nats)",
    )
    for name, label, colour in (
        ("KF-1", "KF-1", _plots.COLOURS["KF-1"]),
        ("A = 0.5 I", "order 2, from A = 0.5 I", "black"),
        ("KF-2", "order 2, from constant velocity", _plots.COLOURS["KF-2"]),
    ):
        curve = np.array(fits(seed)[name].log_likelihoods[0]) / n - best
        axes.plot(np.arange(len(curve)), curve, ".-", markersize=3, color=colour, label=label)
    axes.set_yscale("symlog", linthresh=1e-3)
    axes.set(xscale="symlog", xlim=(0, 220), ylim=(-2, 2e-4))
    axes.set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    axes.legend(loc="lower right")
    return figure


FIGURES = (result, weighted_mean, gain, impulse_response, coasting, smoothing, likelihood)


def main(argv=None):
    _plots.save_all("chapters.kalman", __doc__, "chapter2", FIGURES, argv)


if __name__ == "__main__":
    _run.start(main)
