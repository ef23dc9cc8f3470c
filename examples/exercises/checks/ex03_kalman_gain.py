"""Check of exercise 3."""

import numpy as np

from examples.exercises._answers import expect, numbers, same
from examples.tools import plots

inv = np.linalg.inv
MISTAKES = [
    ("R is missing in S", lambda P, C, R: P @ C.T @ inv(C @ P @ C.T)),
    ("R is subtracted in S", lambda P, C, R: P @ C.T @ inv(C @ P @ C.T - R)),
    ("S is not inverted", lambda P, C, R: P @ C.T @ (C @ P @ C.T + R)),
    (
        "each entry is divided: P C' / S is not P C' S^-1",
        lambda P, C, R: P @ C.T / (C @ P @ C.T + R),
    ),
    ("P is missing in S: C C' + R", lambda P, C, R: P @ C.T @ inv(C @ C.T + R)),
    ("P is missing in front: C' S^-1", lambda P, C, R: C.T @ inv(C @ P @ C.T + R)),
    (
        "R is squared; it is a covariance already",
        lambda P, C, R: P @ C.T @ inv(C @ P @ C.T + R @ R),
    ),
    ("only the diagonal of S is used", lambda P, C, R: P @ C.T / np.diag(C @ P @ C.T + R)),
    ("C' is missing", lambda P, C, R: P @ inv(C @ P @ C.T + R)),
    ("this is K C, not K", lambda P, C, R: P @ C.T @ inv(C @ P @ C.T + R) @ C),
    (
        "P is inverted: it is a covariance, not a precision",
        lambda P, C, R: inv(P) @ C.T @ inv(C @ inv(P) @ C.T + R),
    ),
    ("S^-1 is missing", lambda P, C, R: P @ C.T),
    (
        "1 / S divides 1 by each entry; S^-1 is the inverse of a matrix",
        lambda P, C, R: P @ C.T @ (1 / (C @ P @ C.T + R)),
    ),
]


def check(answer):
    """Against the least error variance, and against limits that are known without a formula."""
    rng = np.random.default_rng(0)
    root = rng.standard_normal((3, 3))
    P = root @ root.T + np.eye(3)
    noise = np.array([[1.0, 0.3], [0.3, 0.5]])
    square = np.array([[1.0, 0.2, 0.0], [0.0, 1.0, -0.3], [0.4, 0.0, 1.0]])
    R = np.diag([0.5, 1.0, 2.0])
    expected = np.linalg.solve(square @ P @ square.T + R, square @ P).T
    expect("K of three observations", answer, (P, square, R), expected, MISTAKES)
    for C in (rng.standard_normal((2, 3)), np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 2.0]])):
        # of all K, the one of smallest error variance, trace (I - K C) P (I - K C)' + K R K'
        expected = np.linalg.solve(C @ P @ C.T + noise, C @ P).T
        expect("K", answer, (P, C, noise), expected, MISTAKES)
    one = np.array([[2.0]]), np.array([[1.0]]), np.array([[6.0]])
    expect("K for one number, variance 2, noise 6", answer, one, [[0.25]], MISTAKES)
    expect("K for C = I and R = 0", answer, (P, np.eye(3), np.zeros((3, 3))), np.eye(3), MISTAKES)
    got = numbers("K for R of 1e6", answer(P.copy(), C.copy(), 1e6 * noise), (3, 2))
    same("1e6 times K for R of 1e6", 1e6 * got, P @ C.T @ inv(noise), 1e-4)


LOOK = (
    "An observation as noisy as the state is uncertain (R = P) gets half the weight. The gain of "
    "the velocity is positive, although only the position is observed: the two are correlated."
)


def picture(answer):
    """The gain of a position and a velocity as the noise of the observed position grows."""
    P, C = np.array([[1.0, 0.6], [0.6, 1.0]]), np.array([[1.0, 0.0]])
    noise = np.geomspace(0.01, 100, 60)
    K = np.array([np.asarray(answer(P.copy(), C.copy(), np.array([[r]])))[:, 0] for r in noise])
    figure = plots.figure(6, 4)
    axis = figure.subplots()
    axis.semilogx(noise, K, label=["position", "velocity"])
    axis.axvline(1, color=".7", lw=1)
    axis.set(xlabel="R, variance of the noise (P = 1)", ylabel="your gain K", ylim=(0, 1))
    axis.legend()
    return figure
