"""Check of exercise 14."""

import numpy as np

import refh_numpy.refh
import refh_numpy.trbm
from datasets import ppc
from examples.exercises._answers import expect
from examples.exercises.checks import _oscillator
from examples.ppc import oscillator
from examples.tools import plots
from kalman.filtering import kalman_filter


def wrapped(difference, circumference):
    """The difference between -1/2 and 1/2 of the circumference"""
    return (difference + circumference / 2) % circumference - circumference / 2


def slope(
    runs,
    last,
    true,
    circumference,
    wrap=wrapped,
    mean=np.nanmean,
    zero=True,
    t_wrap=None,
    start=None,
):
    """Slopes, with a mistake in one place"""
    start = last if start is None else start
    m = mean(wrap(runs - start[:, None], circumference), axis=0)
    t = true[:, 1:] - zero * true[:, :1]
    t = t if t_wrap is None else t_wrap(t, circumference)
    return np.sum(m * t, 0) / np.sum(t**2, 0)


def displacements(runs, last, true, circumference):
    """m and t"""
    m = np.nanmean(wrapped(runs - last[:, None], circumference), axis=0)
    return m, true[:, 1:] - true[:, :1]


def with_intercept(*a):
    """The slope of a line that need not go through 0"""
    m, t = displacements(*a)
    m, t = m - m.mean(0), t - t.mean(0)
    return np.sum(m * t, 0) / np.sum(t**2, 0)


def correlation(*a):
    """Without the sizes"""
    m, t = displacements(*a)
    return np.sum(m * t, 0) / np.sqrt(np.sum(t**2, 0) * np.sum(m**2, 0))


def inverse(*a):
    """The regression of the true displacements on the model's"""
    m, t = displacements(*a)
    return np.sum(m * t, 0) / np.sum(m**2, 0)


def per_step(runs, last, true, circumference):
    """Of single steps"""
    start = np.broadcast_to(last[:, None], (*runs.shape[:2], 1))
    moved = wrapped(np.diff(runs, prepend=start), circumference)
    m, t = np.nanmean(moved, axis=0), np.diff(true)
    return np.sum(m * t, 0) / np.sum(t**2, 0)


MISTAKES = [
    (
        "the differences of positions on the circle are not wrapped",
        lambda *a: slope(*a, wrap=lambda d, c: d),
    ),
    (
        "the true displacement is not wrapped: `true` leaves the circle",
        lambda *a: slope(*a, t_wrap=wrapped),
    ),
    (
        "runs without a position (NaN) are left out of the mean, not counted as 0",
        lambda *a: slope(*a, mean=lambda d, axis: np.nan_to_num(d).mean(axis)),
    ),
    (
        "the model's displacement starts from its own last estimate, not from the true position",
        lambda runs, last, true, c: slope(runs, last, true, c, start=true[:, 0]),
    ),
    ("the displacement is asked for: subtract true[:, 0]", lambda *a: slope(*a, zero=False)),
    ("the model's displacements are the regressor: divide by the sum of t^2, not of m^2", inverse),
    ("this is a correlation: divide by the sum of t^2 alone", correlation),
    ("the line goes through 0: the means are not subtracted", with_intercept),
    (
        "the mean of ratios m / t is not the slope",
        lambda *a: np.mean(np.divide(*displacements(*a)), 0),
    ),
    (
        "true[:, k] belongs to runs[..., k - 1]: one step is lost",
        lambda runs, last, true, c: slope(
            runs, last, np.concatenate([true[:, :1], true[:, :-1] + 1e-12], 1), c
        ),
    ),
    (
        "the positions are averaged before the difference is wrapped: on a circle, wrap first",
        lambda runs, last, true, c: slope(
            wrapped(np.nanmean(runs, 0) - last[:, None], c)[None] + last[:, None], last, true, c
        ),
    ),
    (
        "only one run is used",
        lambda runs, *a: slope(runs[:1], *a, mean=lambda d, axis: np.nan_to_num(d).mean(axis)),
    ),
    (
        "the differences lie between 0 and circumference, not between -1/2 and 1/2 of it",
        lambda *a: slope(*a, wrap=np.mod),
    ),
    ("a sum over the runs in the place of their mean", lambda *a: slope(*a, mean=np.nansum)),
    (
        "true[:, k] belongs to runs[..., k - 1]: one step is lost",
        lambda runs, last, true, c: slope(
            np.concatenate([0 * runs[..., :1] + last[:, None], runs[..., :-1]], 2), last, true, c
        ),
    ),
    ("the displacements since the switch are asked for, not those of single steps", per_step),
]


def check(answer):
    """Against the formula, on forecasts that lag, stay, or move on, with positions missing."""
    rng = np.random.default_rng(0)
    circumference = 2.3
    for n, K, n_runs, speed in ((40, 7, 5, 0.7), (60, 12, 3, 0.0), (30, 5, 1, 1.0)):
        velocity = 0.35 * rng.standard_normal((n, 1))
        true = rng.uniform(-1, 1, (n, 1)) + velocity * np.arange(K + 1)
        true += 0.02 * rng.standard_normal(true.shape)
        last = wrapped(true[:, 0] + 0.1 * rng.standard_normal(n), circumference)
        moved = np.clip(speed * (true[:, 1:] - true[:, :1]), -0.9, 0.9)
        runs = last[:, None] + moved + 0.1 * rng.standard_normal((n_runs, n, K))
        runs = wrapped(runs, circumference)
        if n_runs > 1:
            gone = rng.random((n, K)) < 0.3
            runs[rng.integers(n_runs), gone] = np.nan
        arguments = runs, last, true, circumference
        m, t = displacements(*arguments)
        expected = np.einsum("nk,nk->k", m, t) / (t**2).sum(0)
        expect(f"slopes of {n_runs} runs", answer, arguments, expected, MISTAKES)


LOOK = (
    "By your measure the TRBM has order 1, like KF-1: it stays where it is. The rEFH moves on "
    "almost as KF-2 does. Both networks have learnt for a second or two."
)


def picture(answer):
    """Your measure on two Kalman filters and on two networks."""
    t_0, K, n_runs, n = 150, 30, 8, 150
    rng = np.random.default_rng(5)
    batch = ppc.sample(n, t_0 + K, rng, random_phase=True)
    true = batch.z[:, t_0 - 1 :, 0]
    figure = plots.figure(6, 3.5)
    axis = figure.subplots()
    steps = np.arange(1, K + 1)

    def plot(name, runs, last):
        slopes = answer(runs.copy(), last.copy(), true.copy(), ppc.SYSTEM.circumference)
        axis.plot(steps, slopes, **plots.style(name))

    for name in ("KF-1", "KF-2"):
        model = oscillator.fit_kalman(batch.y[:40, :t_0], name)
        z_hat, R = oscillator.observations(batch.y[:, :t_0])
        mean = kalman_filter(model, z_hat, R).mean[:, -1]
        last, forecast = mean[:, 0], []
        for _ in steps:
            mean = mean @ model.A.T
            forecast.append(mean[:, 0])
        plot(name, np.array(forecast).T[None], last)
    for name, module in (("TRBM", refh_numpy.trbm), ("rEFH", refh_numpy.refh)):
        params = _oscillator.network(name.lower())
        u = module.infer(params, batch.y[:, :t_0])
        last = ppc.decode(module.emission_mean(params, u))[0][:, -1]
        runs = [ppc.decode(module.generate(params, u[:, -1], K, rng))[0] for _ in range(n_runs)]
        plot(name, np.array(runs), last)
    axis.set(xlabel="time steps without spikes", ylabel="your slope", ylim=(-0.3, 1.2))
    axis.legend()
    return figure
