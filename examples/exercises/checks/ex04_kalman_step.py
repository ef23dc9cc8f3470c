"""Check of exercise 4."""

import numpy as np

from datasets import ppc
from examples.exercises._answers import expect, fresh, parts
from examples.tools import plots

inv = np.linalg.inv


def step(m, P, y, A, C, Sigma_z, R, noise=True, moved=True, sign=1, S_of=None, cov=None):
    """m and P after one observation, with a mistake in one place"""
    before = m
    m, P = A @ m, A @ P @ A.T + noise * Sigma_z
    e = y - C @ (m if moved else before)
    S = C @ P @ C.T + R if S_of is None else S_of(C, P, R)
    K = P @ C.T @ inv(S)
    return m + sign * K @ e, (P - K @ C @ P if cov is None else cov(P, K, C))


def not_moved(m, P, y, A, C, Sigma_z, R):
    """Without the step of prediction"""
    return step(m, P, y, np.eye(len(m)), C, Sigma_z, R, noise=False)


def of_each_component(m, P, y, A, C, Sigma_z, R):
    """Entries divided in the place of S^-1"""
    m, P = A @ m, A @ P @ A.T + Sigma_z
    K = P @ C.T / (C @ P @ C.T + R)
    return m + K @ (y - C @ m), P - K @ C @ P


def updated_first(m, P, y, A, C, Sigma_z, R):
    """The update, then the prediction"""
    m, P = step(m, P, y, np.eye(len(m)), C, Sigma_z, R, noise=False)
    return A @ m, A @ P @ A.T + Sigma_z


MISTAKES = [
    ("Sigma_z is missing in the prediction of P", lambda *a: step(*a, noise=False)),
    ("the prediction is missing: m <- A m, P <- A P A' + Sigma_z", not_moved),
    ("the innovation must use the *predicted* m", lambda *a: step(*a, moved=False)),
    ("m - K e: the opposite sign of the update", lambda *a: step(*a, sign=-1)),
    ("R is missing in S", lambda *a: step(*a, S_of=lambda C, P, R: C @ P @ C.T)),
    ("P is not updated by the observation", lambda *a: step(*a, cov=lambda P, K, C: P)),
    (
        "P + K C P: the opposite sign of the update",
        lambda *a: step(*a, cov=lambda P, K, C: P + K @ C @ P),
    ),
    (
        "P - K R K' lacks a part: with S in the place of R, P - K S K' is (I - K C) P",
        lambda m, P, y, A, C, Sigma_z, R: step(
            m, P, y, A, C, Sigma_z, R, cov=lambda P, K, C: P - K @ R @ K.T
        ),
    ),
    (
        "P (I - K C): the factors are in the wrong order",
        lambda *a: step(*a, cov=lambda P, K, C: P @ (np.eye(len(P)) - K @ C)),
    ),
    (
        "A' P A in the place of A P A'",
        lambda m, P, y, A, C, Sigma_z, R: step(
            m, inv(A) @ (A.T @ P @ A) @ inv(A).T, y, A, C, Sigma_z, R
        ),
    ),
    ("each entry is divided: P C' / S is not P C' S^-1", of_each_component),
    (
        "the observation is not used: this is the prediction",
        lambda m, P, y, A, C, Sigma_z, R: (A @ m, A @ P @ A.T + Sigma_z),
    ),
    (
        "the gain is computed from P before the prediction",
        lambda m, P, y, A, C, Sigma_z, R: (
            A @ m + P @ C.T @ inv(C @ P @ C.T + R) @ (y - C @ A @ m),
            (np.eye(len(m)) - P @ C.T @ inv(C @ P @ C.T + R) @ C) @ (A @ P @ A.T + Sigma_z),
        ),
    ),
    ("A' in the place of A", lambda m, P, y, A, C, Sigma_z, R: step(m, P, y, A.T, C, Sigma_z, R)),
    ("predict first, then update with y: the order is reversed", updated_first),
]


def conditioned(m, P, y, A, C, Sigma_z, R):
    """m and P from the joint normal distribution of the next state and its observation"""
    n = len(m)
    both = np.vstack([np.eye(n), C])
    cov = both @ (A @ P @ A.T + Sigma_z) @ both.T
    cov[n:, n:] += R
    mean = both @ A @ m
    slope = np.linalg.solve(cov[n:, n:], cov[n:, :n]).T
    return mean[:n] + slope @ (y - mean[n:]), cov[:n, :n] - slope @ cov[n:, :n]


def check(answer):
    """One step, and a hundred, against conditioning; position observed, and then two mixtures."""
    A, noise = np.array([[1.0, 0.3], [-0.2, 0.9]]), np.diag([0.02, 0.05])
    rng = np.random.default_rng(0)
    for C, R in (
        (np.array([[1.0, 0.0]]), np.array([[0.1]])),
        (np.array([[1.0, 0.4], [-0.2, 1.0]]), np.array([[0.1, 0.02], [0.02, 0.3]])),
    ):
        m, P = np.array([0.5, -0.3]), np.array([[0.3, 0.1], [0.1, 0.2]])
        for t in range(1, 101):
            y = C @ A @ m + rng.standard_normal(len(C))
            expected = conditioned(m, P, y, A, C, noise, R)
            names = [f"{name} after {t} steps, {len(C)} observed" for name in ("m", "P")]
            expect("kalman_step", answer, (m, P, y, A, C, noise, R), expected, MISTAKES, names)
            m, P = expected


LOOK = (
    "The filter sees positions only (dots). It finds the velocity within about a second, and its "
    "band of two standard deviations then holds the true values 95 % of the time."
)


def picture(answer):
    """Your filter on the positions that are decoded from the oscillator's spikes."""
    system, batch = ppc.SYSTEM, ppc.sample(1, 150, np.random.default_rng(1), random_phase=True)
    z_hat, total = ppc.decode(batch.y)
    observed = batch.z[..., 0] + ppc.wrap(z_hat - batch.z[..., 0])
    variance = ppc.decoder_variance(total)
    A, C, noise = (np.array(a, float) for a in (system.A, [[1.0, 0.0]], system.Sigma_z))
    m, P, means, spreads = np.zeros(2), np.eye(2), [], []
    for t in range(150):
        y, R = observed[0, t : t + 1].astype(float), variance[0, t].reshape(1, 1).astype(float)
        if np.isfinite(y).all():
            m, P = parts("kalman_step", answer(*fresh((m, P, y, A, C, noise, R))), ("m", "P"))
        means.append(np.array(m, float))
        spreads.append(np.sqrt(np.diag(P)))
    means, spreads = np.array(means), np.array(spreads)
    time = np.arange(150) * system.dt
    figure = plots.figure(8, 5)
    axes = figure.subplots(2, 1, sharex=True)
    axes[0].plot(time, observed[0], ".", color=".6", label="decoded from the spikes")
    for i, name in enumerate(("position (rad)", "velocity (rad/s)")):
        axes[i].plot(time, batch.z[0, :, i], "k", label="true")
        axes[i].plot(time, means[:, i], "C0", label="your filter")
        low, high = means[:, i] - 2 * spreads[:, i], means[:, i] + 2 * spreads[:, i]
        axes[i].fill_between(time, low, high, alpha=0.25)
        axes[i].set(ylabel=name, ylim=(-1.3, 1.3))
    axes[0].legend(ncols=3)
    axes[1].set_xlabel("time (s)")
    return figure
