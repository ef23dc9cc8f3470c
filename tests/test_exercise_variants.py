"""Answers to the exercises as students write them: correct ones pass, incorrect ones do not.

Written from the statements alone, without a look at the checks. `table(number, correct, wrong)`
holds one exercise: name -> function, and for the typical mistakes name -> (function, hint), where
the hint is a pattern that the message must contain.
"""

# ruff: noqa: B905
import itertools
import math
import re
import sys
from functools import partial

import numpy as np
import pytest
from scipy import linalg, special

from examples.exercises import _process, check

EXERCISES = check.exercises()
VARIANTS = []  # (exercise, name, function, True or False, hint)


def table(number, correct, wrong):
    for name, answer in correct.items():
        VARIANTS.append((number, name, answer, True, None))
    for name, answer in wrong.items():
        answer, hint = answer if isinstance(answer, tuple) else (answer, None)
        VARIANTS.append((number, name, answer, False, hint))


def then(change, answer, part=None):
    """The answer with its result changed, or one part of its result."""

    def changed(*arguments):
        result = answer(*arguments)
        if part is None:
            return tuple(map(change, result)) if isinstance(result, tuple) else change(result)
        return tuple(change(one) if i == part else one for i, one in enumerate(result))

    return changed


def single(answer):
    """The answer computed in float32."""

    def changed(*arguments):
        return answer(*(np.float32(a) if isinstance(a, np.ndarray) else a for a in arguments))

    return then(np.float32, changed)


def listed(answer):
    """The answer as a list of lists, computed from lists that have become arrays again."""

    def changed(*arguments):
        result = answer(*arguments)
        return [p.tolist() for p in result] if isinstance(result, tuple) else result.tolist()

    return changed


def negative(a):
    return -a


def twice(a):
    return 2 * a


def to_two_decimals(a):
    return np.round(a, 2)


def one_is_nan(a):
    a = np.array(a, float)
    a.flat[-1] = np.nan
    return a


def sigma(a):
    return 1 / (1 + np.exp(-a))


def wrap(difference, circumference):
    return (difference + circumference / 2) % circumference - circumference / 2


def leaves(*a):
    sys.exit(0)


def never_ends(*a):
    while True:
        pass


def divides_by_zero(*a):
    return 1 / 0


def prints(*a):
    print("the result is 3.14")


# 1: decode


def centre(y, preferred, circumference, most=np.argmax, wrapped=wrap):
    c = preferred[most(y, axis=1)]
    d = wrapped(preferred - c[:, None], circumference)
    return c + (y * d).sum(1) / y.sum(1)


def decode_by_loops(y, preferred, circumference):
    result = []
    for counts in y.tolist():
        c = preferred[counts.index(max(counts))]
        total = 0
        for count, position in zip(counts, preferred):
            d = position - c
            while d > circumference / 2:
                d -= circumference
            while d < -circumference / 2:
                d += circumference
            total += count * d
        result.append(c + total / sum(counts))
    return result


def decode_by_repeats(y, preferred, circumference):
    def one(counts):
        c = preferred[counts.argmax()]
        spikes = np.repeat(preferred, counts.astype(int))
        return c + wrap(spikes - c, circumference).mean()

    return np.array([one(counts) for counts in y])


def decode_in_place(y, preferred, circumference):
    preferred *= 2 * np.pi / circumference
    c = preferred[y.argmax(1)]
    d = np.angle(np.exp(1j * (preferred - c[:, None])))
    return (c + np.einsum("ni,ni->n", y, d) / y.sum(1)) * circumference / 2 / np.pi


def decode_by_round(y, preferred, circumference):
    c = preferred[y.argmax(1)][:, None]
    d = preferred - c
    d = d - circumference * np.round(d / circumference)
    return np.average(c + d, axis=1, weights=y)


def population_vector(y, preferred, circumference):
    angle = 2 * np.pi * preferred / circumference
    return np.angle(y @ np.exp(1j * angle)) * circumference / 2 / np.pi


def reflected(d, circumference):
    return np.minimum(np.abs(d), circumference - np.abs(d))


table(
    1,
    {
        "arrays": centre,
        "loops": decode_by_loops,
        "one entry per spike": decode_by_repeats,
        "in place, complex": decode_in_place,
        "np.average": decode_by_round,
        "wrapped": lambda y, p, c: centre(y, p, c) % c,
        "wrapped to the middle": lambda y, p, c: wrap(centre(y, p, c), c),
        "a turn further": lambda y, p, c: centre(y, p, c) + c,
        "float32": single(centre),
        "the list of floats": listed(centre),
        "IEEE remainder": partial(centre, wrapped=lambda d, c: np.vectorize(math.remainder)(d, c)),
    },
    {
        "plain average": (lambda y, p, c: y @ p / y.sum(1), "seam|plain average"),
        "population vector": (population_vector, "vector|circular mean|angle"),
        "only c": (lambda y, p, c: p[y.argmax(1)], "most active|only c|peak"),
        "without c": (lambda y, p, c: centre(y, p, c) - p[y.argmax(1)], "c is missing|add c|c \\+"),
        "sign": (lambda y, p, c: 2 * p[y.argmax(1)] - centre(y, p, c), "sign|c_i - c|d\\("),
        "not wrapped": (partial(centre, wrapped=lambda d, c: d), "wrap|seam"),
        "wrapped to positive": (partial(centre, wrapped=lambda d, c: d % c), "wrap|between|half"),
        "absolute": partial(centre, wrapped=reflected),
        "least active": partial(centre, most=np.argmin),
        "not divided": (
            lambda y, p, c: p[y.argmax(1)] + (y * wrap(p - p[y.argmax(1)][:, None], c)).sum(1),
            "divi|total|sum",
        ),
        "divided by neurons": lambda y, p, c: (
            p[y.argmax(1)] + (y * wrap(p - p[y.argmax(1)][:, None], c)).mean(1)
        ),
        "any spikes": lambda y, p, c: centre(1.0 * (y > 0), p, c),
        "one decimal": then(lambda a: np.round(a, 1), centre),
        "column": then(lambda a: a[:, None], centre),
        "degrees": then(np.degrees, centre),
        "index": lambda y, p, c: y.argmax(1),
        "nan": then(one_is_nan, centre),
        "prints": (prints, "return"),
        "exits": (leaves, "SystemExit"),
    },
)


# 2: collide


def collide(q_i, q_j, v_i, v_j, m_i, m_j, f=2.0, norm=np.linalg.norm):
    w = (q_i - q_j) / norm(q_i - q_j)
    p = f / (m_i + m_j) * ((v_i - v_j) @ w) * w
    return v_i - m_j * p, v_j + m_i * p


def collide_in_centre_of_mass(q_i, q_j, v_i, v_j, m_i, m_j):
    mean = (m_i * v_i + m_j * v_j) / (m_i + m_j)
    w = (q_j - q_i) / math.hypot(*(q_j - q_i))
    mirror = np.eye(2) - 2 * np.outer(w, w)
    return mirror @ (v_i - mean) + mean, mirror @ (v_j - mean) + mean


def collide_complex(q_i, q_j, v_i, v_j, m_i, m_j):
    w = complex(*(q_i - q_j))
    w /= abs(w)
    a, b = complex(*v_i) / w, complex(*v_j) / w
    s = m_i + m_j
    a, b = (
        complex(((m_i - m_j) * a.real + 2 * m_j * b.real) / s, a.imag),
        complex(((m_j - m_i) * b.real + 2 * m_i * a.real) / s, b.imag),
    )
    return [[(a * w).real, (a * w).imag], [(b * w).real, (b * w).imag]]


def collide_by_coordinates(q_i, q_j, v_i, v_j, m_i, m_j):
    dx, dy = q_i[0] - q_j[0], q_i[1] - q_j[1]
    dot = (v_i[0] - v_j[0]) * dx + (v_i[1] - v_j[1]) * dy
    f = 2 * dot / (m_i + m_j) / (dx * dx + dy * dy)
    v_i[0] -= f * m_j * dx
    v_i[1] -= f * m_j * dy
    v_j[0] += f * m_i * dx
    v_j[1] += f * m_i * dy
    return v_i, v_j


def collide_by_rotation(q_i, q_j, v_i, v_j, m_i, m_j):
    angle = np.arctan2(*(q_i - q_j)[::-1])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    v = np.stack([turn @ v_i, turn @ v_j])
    m = np.array([m_i, m_j])
    v[:, 0] = 2 * (m @ v[:, 0]) / m.sum() - v[:, 0]
    return v @ turn


def collide_by_impulse(q_i, q_j, v_i, v_j, m_i, m_j):
    d = np.subtract(q_i, q_j)
    impulse = -2 / (1 / m_i + 1 / m_j) * np.dot(np.subtract(v_i, v_j), d) / np.dot(d, d) * d
    return dict(i=v_i + impulse / m_i, j=v_j - impulse / m_j).values()


def collide_trap(q_i, q_j, v_i, v_j, m_i, m_j):
    w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
    v_i = v_i - 2 * m_j / (m_i + m_j) * ((v_i - v_j) @ w) * w
    v_j = v_j - 2 * m_i / (m_i + m_j) * ((v_j - v_i) @ w) * w
    return v_i, v_j


def collide_across(q_i, q_j, *rest):
    d = q_i - q_j
    return collide(np.array([-d[1], d[0]]), np.zeros(2), *rest)


def masses_swapped(q_i, q_j, v_i, v_j, m_i, m_j):
    return collide(q_i, q_j, v_i, v_j, m_j, m_i)


def sign_of_j(q_i, q_j, v_i, v_j, m_i, m_j):
    after = collide(q_i, q_j, v_i, v_j, m_i, m_j)
    return after[0], 2 * v_j - after[1]


table(
    2,
    {
        "arrays": collide,
        "centre of mass": collide_in_centre_of_mass,
        "complex numbers, lists": collide_complex,
        "coordinates, in place": collide_by_coordinates,
        "rotation, stacked": collide_by_rotation,
        "impulse, a list": lambda *a: list(collide_by_impulse(*a)),
        "w from j to i": lambda q_i, q_j, *a: collide(q_j, q_i, *a),
        "float32": single(collide),
        "lists": listed(collide),
        "tuples": lambda *a: tuple(tuple(v) for v in collide(*a)),
        "balls swapped": lambda q_i, q_j, v_i, v_j, m_i, m_j: collide(q_j, q_i, v_j, v_i, m_j, m_i)[
            ::-1
        ],
    },
    {
        "trap": (collide_trap, "before"),
        "no factor 2": (partial(collide, f=1.0), "2|factor|inelastic"),
        "w not normalised": (partial(collide, norm=lambda d: 1), "normal|unit|length|\\|q_i"),
        "w divided by the square": partial(collide, norm=lambda d: d @ d),
        "masses swapped": (masses_swapped, "mass|m_i|m_j"),
        "equal masses": (lambda *a: collide(*a[:4], 1, 1), "mass"),
        "other sign": (partial(collide, f=-2.0), "sign"),
        "sign of j": (sign_of_j, "sign|momentum"),
        "returned in the other order": (lambda *a: collide(*a)[::-1], "order|swap|exchange"),
        "reversed": lambda q_i, q_j, v_i, v_j, m_i, m_j: (-v_i, -v_j),
        "exchanged": lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_j, v_i),
        "unchanged": lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_i, v_j),
        "across": (collide_across, "across|along|perpendicular|line"),
        "no projection": lambda q_i, q_j, v_i, v_j, m_i, m_j: (
            v_i - 2 * m_j / (m_i + m_j) * (v_i - v_j),
            v_j - 2 * m_i / (m_i + m_j) * (v_j - v_i),
        ),
        "only i": lambda *a: collide(*a)[0],
        "three": lambda *a: (*collide(*a), 0),
        "two decimals": then(to_two_decimals, collide),
        "prints": (prints, "return"),
    },
)


# 3: kalman_gain


def gain(P, C, R):
    return P @ C.T @ np.linalg.inv(C @ P @ C.T + R)


def gain_by_cholesky(P, C, R):
    return linalg.cho_solve(linalg.cho_factor(C @ P @ C.T + R), C @ P).T


def gain_by_einsum(P, C, R):
    S = np.einsum("ij,jk,lk->il", C, P, C, optimize=True) + R
    return np.einsum("ij,kj,kl->il", P, C, linalg.inv(S), optimize=True)


def gain_by_loops(P, C, R):
    n_y, n_z = C.shape
    PC = [[sum(P[i, j] * C[k, j] for j in range(n_z)) for k in range(n_y)] for i in range(n_z)]
    S = [
        [sum(C[i, j] * PC[j][k] for j in range(n_z)) + R[i, k] for k in range(n_y)]
        for i in range(n_y)
    ]
    inverse = np.linalg.inv(S)
    return [
        [sum(PC[i][j] * inverse[j, k] for j in range(n_y)) for k in range(n_y)] for i in range(n_z)
    ]


def gain_in_place(P, C, R):
    R += C @ P @ C.T
    C[:] = C @ P
    return np.linalg.solve(R, C).T


def gain_by_eigenvectors(P, C, R):
    values, vectors = np.linalg.eigh(C @ P @ C.T + R)
    return P @ C.T @ (vectors / values) @ vectors.T


def gain_by_blocks(P, C, R):
    both = np.vstack([np.eye(len(P)), C])
    joint = both @ P @ both.T
    n = len(P)
    joint[n:, n:] += R
    return np.linalg.lstsq(joint[n:, n:], joint[n:, :n], rcond=None)[0].T


table(
    3,
    {
        "inv": gain,
        "solve": lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P).T,
        "Cholesky": gain_by_cholesky,
        "einsum": gain_by_einsum,
        "loops and lists": gain_by_loops,
        "in place": gain_in_place,
        "eigenvectors": gain_by_eigenvectors,
        "joint covariance": gain_by_blocks,
        "pinv": lambda P, C, R: P @ C.T @ np.linalg.pinv(C @ P @ C.T + R),
        "power -1": lambda P, C, R: P @ C.T @ np.linalg.matrix_power(C @ P @ C.T + R, -1),
        "float32": single(gain),
        "list": listed(gain),
    },
    {
        "R forgotten": (lambda P, C, R: gain(P, C, 0 * R), "R"),
        "S - R": (lambda P, C, R: gain(P, C, -R), "R|sign"),
        "R inverted": lambda P, C, R: gain(P, C, np.linalg.pinv(R)),
        "R squared": (lambda P, C, R: gain(P, C, R @ R), "R|squared|standard"),
        "S not inverted": (lambda P, C, R: P @ C.T @ (C @ P @ C.T + R), "S|invert|inverse"),
        "S forgotten": (lambda P, C, R: P @ C.T, "S\\^-1"),
        "elementwise inverse": (lambda P, C, R: P @ C.T @ (1 / (C @ P @ C.T + R)), "entr|element"),
        "C not transposed": lambda P, C, R: P @ C @ np.linalg.inv(C @ P @ C.T + R),
        "P forgotten": (lambda P, C, R: C.T @ np.linalg.inv(C @ P @ C.T + R), "P"),
        "C P C' S^-1": lambda P, C, R: C @ gain(P, C, R),
        "S is C C' + R": lambda P, C, R: P @ C.T @ np.linalg.inv(C @ C.T + R),
        "transposed": (lambda P, C, R: gain(P, C, R).T, "transposed"),
        "P is a precision": (lambda P, C, R: gain(np.linalg.inv(P), C, R), "P|precision|inverse"),
        "half": then(lambda a: a / 2, gain),
        "sign": (then(negative, gain), "sign"),
        "S with R only": lambda P, C, R: P @ C.T @ np.linalg.pinv(R),
        "two decimals": then(to_two_decimals, gain),
        "nan": then(one_is_nan, gain),
        "endless": (never_ends, "endless"),
        "prints": (prints, "return"),
    },
)


# 4: kalman_step


def step(m, P, y, A, C, Q, R, with_gain=lambda K: K, noise=1.0, before=False):
    old = m
    m, P = A @ m, A @ P @ A.T + noise * Q
    K = with_gain(P @ C.T @ np.linalg.inv(C @ P @ C.T + R))
    return m + K @ (y - C @ (old if before else m)), (np.eye(len(m)) - K @ C) @ P


def step_by_information(m, P, y, A, C, Q, R):
    m, P = A @ m, A @ P @ A.T + Q
    precision = np.linalg.inv(P) + C.T @ np.linalg.inv(R) @ C
    mean = np.linalg.solve(precision, np.linalg.solve(P, m) + C.T @ np.linalg.solve(R, y))
    return mean, np.linalg.inv(precision)


def step_by_joint(m, P, y, A, C, Q, R):
    n = len(m)
    both = np.vstack([np.eye(n), C])
    mean = both @ A @ m
    joint = both @ (A @ P @ A.T + Q) @ both.T
    joint[n:, n:] += R
    K = joint[:n, n:] @ np.linalg.inv(joint[n:, n:])
    return [mean[:n] + K @ (y - mean[n:]), joint[:n, :n] - K @ joint[n:, :n]]


def step_one_by_one(m, P, y, A, C, Q, R):
    """Uncorrelated by R's eigenvectors, then scalar updates"""
    values, vectors = np.linalg.eigh(R)
    m, P = A.dot(m), A.dot(P).dot(A.T) + Q
    for r, value, c in zip(values, vectors.T @ y, vectors.T @ C):
        k = P @ c / (c @ P @ c + r)
        m, P = m + k * (value - c @ m), P - np.outer(k, c @ P)
    return m, P


def step_in_place(m, P, y, A, C, Q, R):
    m[:] = A @ m
    P[:] = A @ P @ A.T
    P += Q
    y -= C @ m
    R += C @ P @ C.T
    K = P @ C.T @ np.linalg.inv(R)
    m += K @ y
    P -= K @ R @ K.T
    return m, P


def step_by_least_squares(m, P, y, A, C, Q, R):
    m, P = A @ m, A @ P @ A.T + Q
    L, N = np.linalg.cholesky(P), np.linalg.cholesky(R)
    left = np.vstack([np.linalg.inv(L), np.linalg.solve(N, C)])
    right = np.concatenate([np.linalg.solve(L, m), np.linalg.solve(N, y)])
    return np.linalg.lstsq(left, right, rcond=None)[0], np.linalg.inv(left.T @ left)


def step_with_columns(m, P, y, A, C, Q, R):
    m, P = step(m[:, None], P, y[:, None], A, C, Q, R)
    return m.ravel().tolist(), P


def update_then_predict(m, P, y, A, C, Q, R):
    m, P = step(m, P, y, np.eye(len(m)), C, 0 * Q, R)
    return A @ m, A @ P @ A.T + Q


def covariance_before_prediction(m, P, y, A, C, Q, R):
    K = P @ C.T @ np.linalg.inv(C @ P @ C.T + R)
    m, P = A @ m, A @ P @ A.T + Q
    return m + K @ (y - C @ m), (np.eye(len(m)) - K @ C) @ P


table(
    4,
    {
        "as printed": step,
        "information filter": step_by_information,
        "joint normal": step_by_joint,
        "scalar updates": step_one_by_one,
        "in place": step_in_place,
        "least squares": step_by_least_squares,
        "columns": step_with_columns,
        "symmetric": lambda *a: (step(*a)[0], (step(*a)[1] + step(*a)[1].T) / 2),
        "float32": single(step),
        "lists": listed(step),
        "multi_dot": lambda m, P, y, A, C, Q, R: list(
            step(m, np.linalg.multi_dot([np.eye(len(m)), P, np.eye(len(m))]), y, A, C, Q, R)
        ),
    },
    {
        "no noise": (partial(step, noise=0.0), "Sigma_z"),
        "noise twice": partial(step, noise=2.0),
        "noise squared": lambda m, P, y, A, C, Q, R: step(m, P, y, A, C, Q @ Q, R),
        "innovation before prediction": (partial(step, before=True), "predict|A m|before"),
        "gain before prediction": (covariance_before_prediction, "predict|P"),
        "sign of the innovation": (
            lambda m, P, y, A, C, Q, R: (
                2 * A @ m - step(m, P, y, A, C, Q, R)[0],
                step(m, P, y, A, C, Q, R)[1],
            ),
            "sign",
        ),
        "R forgotten": (lambda m, P, y, A, C, Q, R: step(m, P, y, A, C, Q, 0 * R), "R"),
        "P not updated": (
            lambda m, P, y, A, C, Q, R: (step(m, P, y, A, C, Q, R)[0], A @ P @ A.T + Q),
            "update|K C|K5",
        ),
        "I + K C": lambda m, P, y, A, C, Q, R: (
            step(m, P, y, A, C, Q, R)[0],
            2 * (A @ P @ A.T + Q) - step(m, P, y, A, C, Q, R)[1],
        ),
        "A transposed": (lambda m, P, y, A, C, Q, R: step(m, P, y, A.T, C, Q, R), "A'|transpos"),
        "A' P A": (
            lambda m, P, y, A, C, Q, R: step(m, A.T @ P @ A, y, np.eye(len(m)), C, Q, R),
            None,
        ),
        "A P": lambda m, P, y, A, C, Q, R: step(m, np.linalg.solve(A, A @ P @ A.T), y, A, C, Q, R),
        "P not predicted": (
            lambda m, P, y, A, C, Q, R: step(A @ m, P, y, np.eye(len(m)), C, 0 * Q, R),
            "P|predict",
        ),
        "update, then predict": (update_then_predict, "predict|order"),
        "only predicted": lambda m, P, y, A, C, Q, R: (A @ m, A @ P @ A.T + Q),
        "half of the gain": partial(step, with_gain=lambda K: K / 2),
        "P first": lambda *a: step(*a)[::-1],
        "only m": lambda *a: step(*a)[0],
        "two decimals": then(to_two_decimals, step),
        "nan": then(one_is_nan, step),
    },
)


# 5: hidden_mean


def hidden(u, y, W_u, W_y, b_x):
    return sigma(u @ W_u.T + y @ W_y.T + b_x)


def hidden_by_loops(u, y, W_u, W_y, b_x):
    result = []
    for n in range(len(u)):
        row = []
        for j in range(len(b_x)):
            a = b_x[j]
            for i in range(len(u[n])):
                a += W_u[j, i] * u[n, i]
            for i in range(len(y[n])):
                a += W_y[j, i] * y[n, i]
            row.append(1 / (1 + math.exp(-a)))
        result.append(row)
    return result


def hidden_in_place(u, y, W_u, W_y, b_x):
    a = np.tensordot(u, W_u, (1, 1))
    a += np.tensordot(y, W_y, (1, 1))
    a += b_x
    b_x[:] = 0
    u *= 0
    np.negative(a, out=a)
    np.exp(a, out=a)
    a += 1
    return np.reciprocal(a, out=a)


def hidden_by_columns(u, y, W_u, W_y, b_x):
    return special.expit(W_u @ u.T + W_y @ y.T + b_x[:, None]).T


def hidden_joined(u, y, W_u, W_y, b_x):
    a = np.hstack([u, y, np.ones((len(u), 1))]) @ np.hstack([W_u, W_y, b_x[:, None]]).T
    return (1 + np.tanh(a / 2)) / 2


def hidden_einsum(u, y, W_u, W_y, b_x):
    a = np.einsum("ni,ji->nj", u, W_u) + np.einsum("ni,ji->nj", y, W_y) + b_x
    return np.where(a > 0, 1 / (1 + np.exp(-np.abs(a))), 1 - 1 / (1 + np.exp(-np.abs(a))))


def hidden_softmax(u, y, W_u, W_y, b_x):
    a = u @ W_u.T + y @ W_y.T + b_x
    return special.softmax(np.stack([a, np.zeros_like(a)]), axis=0)[0]


def hidden_by_energies(u, y, W_u, W_y, b_x):
    """Bayes's theorem, one unit at a time: the energies of x_j = 1 and of x_j = 0"""
    return np.array(
        [[math.exp(a) / (math.exp(a) + 1) for a in W_u @ p + W_y @ q + b_x] for p, q in zip(u, y)]
    )


table(
    5,
    {
        "as printed": hidden,
        "loops": hidden_by_loops,
        "in place": hidden_in_place,
        "columns, expit": hidden_by_columns,
        "joined, tanh": hidden_joined,
        "einsum, where": hidden_einsum,
        "softmax of two": hidden_softmax,
        "energies": hidden_by_energies,
        "logaddexp": lambda u, y, W_u, W_y, b_x: np.exp(
            -np.logaddexp(0, -(u @ W_u.T + y @ W_y.T + b_x))
        ),
        "float32": single(hidden),
        "list": listed(hidden),
        "list of rows": lambda *a: list(hidden(*a)),
        "Fortran order": then(np.asfortranarray, hidden),
        "one minus": lambda u, y, W_u, W_y, b_x: 1 - hidden(u, y, -W_u, -W_y, -b_x),
        "prints too": lambda *a: (print("a"), hidden(*a))[1],
    },
    {
        "W_u untransposed": (lambda u, y, W_u, W_y, b_x: sigma(u @ W_u + y @ W_y.T + b_x), "W_u"),
        "no bias": (lambda u, y, W_u, W_y, b_x: sigma(u @ W_u.T + y @ W_y.T), "b_x|bias"),
        "bias twice": lambda u, y, W_u, W_y, b_x: hidden(u, y, W_u, W_y, 2 * b_x),
        "minus bias": (lambda u, y, W_u, W_y, b_x: hidden(u, y, W_u, W_y, -b_x), "b_x|bias|sign"),
        "tanh": (lambda u, y, W_u, W_y, b_x: np.tanh(u @ W_u.T + y @ W_y.T + b_x), "tanh"),
        "no sigma": (lambda u, y, W_u, W_y, b_x: u @ W_u.T + y @ W_y.T + b_x, "sigma|sigmoid"),
        "sign in sigma": (
            lambda u, y, W_u, W_y, b_x: hidden(u, y, -W_u, -W_y, -b_x),
            "sign|exp\\(a\\)|-a",
        ),
        "u thresholded": (
            lambda u, y, W_u, W_y, b_x: hidden(u > 0.5, y, W_u, W_y, b_x),
            "u is rounded",
        ),
        "y thresholded": (
            lambda u, y, W_u, W_y, b_x: hidden(u, y > 0.5, W_u, W_y, b_x),
            "y is rounded",
        ),
        "without u": (lambda u, y, W_u, W_y, b_x: sigma(y @ W_y.T + b_x), "u"),
        "without y": (lambda u, y, W_u, W_y, b_x: sigma(u @ W_u.T + b_x), "y"),
        "softmax": lambda u, y, W_u, W_y, b_x: special.softmax(u @ W_u.T + y @ W_y.T + b_x, axis=1),
        "thresholded": (then(lambda a: a > 0.5, hidden), None),
        "sampled": then(lambda p: np.random.default_rng(0).random(p.shape) < p, hidden),
        "exponential": lambda u, y, W_u, W_y, b_x: np.exp(u @ W_u.T + y @ W_y.T + b_x),
        "two sigmas": lambda u, y, W_u, W_y, b_x: sigma(u @ W_u.T) * sigma(y @ W_y.T + b_x),
        "transposed": (then(np.transpose, hidden), "transposed"),
        "first row": then(lambda a: a[0], hidden),
        "mean over rows": then(lambda a: a.mean(0), hidden),
        "two decimals": then(to_two_decimals, hidden),
        "complex": then(lambda a: a + 0.1j, hidden),
        "strings": then(lambda a: a.astype(str), hidden),
        "raises": (divides_by_zero, "ZeroDivisionError"),
        "shapes": (lambda u, y, W_u, W_y, b_x: W_y @ u, "ValueError"),
    },
)


# 6: free_energy


def logaddexp(a):
    return np.logaddexp(0, a)


def free(u, y, W_u, W_y, b_x, b_u, b_y, visible=1.0, softplus=logaddexp):
    a = u @ W_u.T + y @ W_y.T + b_x
    return -visible * (u @ b_u + y @ b_y) - softplus(a).sum(1)


def free_by_loops(u, y, W_u, W_y, b_x, b_u, b_y):
    F = []
    for p, q in zip(u, y):
        f = -sum(p * b_u) - sum(q * b_y)
        for j in range(len(b_x)):
            a = sum(W_u[j] * p) + sum(W_y[j] * q) + b_x[j]
            f -= a + math.log1p(math.exp(-a)) if a > 0 else math.log1p(math.exp(a))
        F.append(f)
    return F


def free_by_means(u, y, W_u, W_y, b_x, b_u, b_y):
    """F = E[E] - entropy of x given u and y"""
    a = u @ W_u.T + y @ W_y.T + b_x
    p = special.expit(a)
    energy = -(p * a).sum(1) - u @ b_u - y @ b_y
    entropy = special.entr(p).sum(1) + special.entr(special.expit(-a)).sum(1)
    return energy - entropy


def free_in_place(u, y, W_u, W_y, b_x, b_u, b_y):
    u *= 1.0
    F = np.einsum("ni,i->n", u, -b_u)
    F -= np.einsum("ni,i->n", y, b_y)
    y[:] = y
    W_u *= -1
    a = -(u @ W_u.T) + y @ W_y.T + b_x
    F -= np.maximum(a, 0).sum(axis=-1)
    F -= np.log1p(np.exp(-abs(a))).sum(axis=-1)
    b_x[:] = np.nan
    return F


def free_one_state(u, y, W_u, W_y, b_x, b_u, b_y):
    """F = E(u, x, y) + log p(x | u, y), for any x"""
    a = u @ W_u.T + y @ W_y.T + b_x
    x = (a > 0).astype(float)
    energy = -(x * a).sum(1) - u @ b_u - y @ b_y
    return energy + (x * special.log_expit(a) + (1 - x) * special.log_expit(-a)).sum(1)


def free_by_units(u, y, W_u, W_y, b_x, b_u, b_y):
    total = -(u * b_u).sum(1) - (y * b_y).sum(1)
    for w, v, b in zip(W_u, W_y, b_x):
        total = total - special.logsumexp([0 * (u @ w), u @ w + y @ v + b], axis=0)
    return total


table(
    6,
    {
        "as derived": free,
        "loops": free_by_loops,
        "energy minus entropy": free_by_means,
        "in place": free_in_place,
        "from one state": free_one_state,
        "units, logsumexp": free_by_units,
        "log_expit": partial(free, softplus=lambda a: -special.log_expit(-a)),
        "a minus log sigma": partial(free, softplus=lambda a: a - special.log_expit(a)),
        "logaddexp with zeros": partial(free, softplus=lambda a: np.logaddexp(a, np.zeros_like(a))),
        "where": partial(
            free, softplus=lambda a: np.where(a > 35, a, np.log1p(np.exp(np.minimum(a, 35))))
        ),
        "list": listed(free),
        "float32": single(free),
    },
    {
        "sign": (then(negative, free), "sign"),
        "no visible biases": (partial(free, visible=0.0), "b_u|b_y|bias"),
        "no b_u": (lambda *a: free(*a[:5], 0 * a[5], a[6]), "b_u"),
        "no b_y": (lambda *a: free(*a[:6], 0 * a[6]), "b_y"),
        "no b_x": (lambda *a: free(*a[:4], 0 * a[4], *a[5:]), "b_x"),
        "sign of the visible": (partial(free, visible=-1.0), "sign|b_u|\\+"),
        "sign of a": (
            lambda u, y, W_u, W_y, b_x, b_u, b_y: free(u, y, -W_u, -W_y, -b_x, b_u, b_y),
            "sign|-a|exp",
        ),
        "overflows": (
            lambda *a: partial(free, softplus=lambda a: np.log(1 + np.exp(a)))(*a),
            "overflow|inf",
        ),
        "underflows": partial(free, softplus=lambda a: -np.log(sigma(-a))),
        "product": lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -u @ b_u - y @ b_y - np.log(np.prod(1 + np.exp(u @ W_u.T + y @ W_y.T + b_x), axis=1))
        ),
        "sigma": (partial(free, softplus=sigma), "sigma|softplus"),
        "log sigma": partial(free, softplus=special.log_expit),
        "relu": (partial(free, softplus=lambda a: np.maximum(a, 0)), "max|state|softplus"),
        "mean field energy": (
            partial(free, softplus=lambda a: a * special.expit(a)),
            "entropy|energy|mean",
        ),
        "mean over units": (
            lambda *a: free(*a[:5], 0 * a[5], 0 * a[6]) / len(a[4]) - a[0] @ a[5] - a[1] @ a[6],
            "mean|sum",
        ),
        "log of the sum": lambda u, y, W_u, W_y, b_x, b_u, b_y: (
            -u @ b_u - y @ b_y - special.logsumexp(u @ W_u.T + y @ W_y.T + b_x, axis=1)
        ),
        "log 2": lambda *a: free(*a) + len(a[4]) * math.log(2),
        "total": (then(np.sum, free), "shape"),
        "column": then(lambda a: a[:, None], free),
        "two decimals": then(to_two_decimals, free),
        "W_u untransposed": lambda u, y, W_u, W_y, b_x, b_u, b_y: free(
            u, y, W_u.T, W_y, b_x, b_u, b_y
        ),
    },
)


# 7: sample_visible


def bernoulli(p, rng):
    return (rng.random(p.shape) < p).astype(float)


def visible(x, u, W_u, W_y, b_u, b_y, clamped, rng, draw=bernoulli):
    u = u if clamped else draw(sigma(x @ W_u + b_u), rng)
    return u, draw(sigma(x @ W_y + b_y), rng)


def visible_y_first(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    y = rng.binomial(1, special.expit(x @ W_y + b_y))
    if not clamped:
        u = rng.binomial(1, special.expit(x @ W_u + b_u))
    return u, y


def visible_by_loops(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    n, n_u, n_y = len(x), len(b_u), len(b_y)
    new_u, new_y = u.tolist(), [[0] * n_y for _ in range(n)]
    for k in range(n):
        if not clamped:
            for i in range(n_u):
                p = 1 / (1 + math.exp(-(x[k] @ W_u[:, i] + b_u[i])))
                new_u[k][i] = 1 if rng.uniform() < p else 0
        for i in range(n_y):
            p = 1 / (1 + math.exp(-(x[k] @ W_y[:, i] + b_y[i])))
            new_y[k][i] = 1 if rng.uniform() < p else 0
    return new_u, new_y


def visible_in_place(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    joined = x @ np.hstack([W_u, W_y]) + np.concatenate([b_u, b_y])
    s = (rng.logistic(size=joined.shape) < joined) * 1
    if not clamped:
        u[:] = s[:, : len(b_u)]
    x[:] = 0
    return u, s[:, len(b_u) :]


def by_gumbel(p, rng):
    return rng.gumbel(size=p.shape) + np.log(p) > rng.gumbel(size=p.shape) + np.log1p(-p)


def by_normal(p, rng):
    return rng.standard_normal(p.shape) < special.ndtri(p)


def by_exponential(p, rng):
    return rng.exponential(size=p.shape) < -np.log1p(-p)


def by_choice(p, rng):
    return np.vectorize(lambda q: rng.choice(2, p=[1 - q, q]))(p)


def by_columns(p, rng):
    return (rng.random(p.T.shape) < p.T).T * 1.0


def rounded_up(p, rng):
    return np.floor(p + rng.random(p.shape, dtype=np.float32))


def same_for_all_rows(p, rng):
    return (rng.random(p.shape[1]) < p) * 1.0


def same_for_all_columns(p, rng):
    return (rng.random((len(p), 1)) < p) * 1.0


def same_for_pairs(p, rng):
    return (np.repeat(rng.random((-(-len(p) // 2), p.shape[1])), 2, axis=0)[: len(p)] < p) * 1.0


def mirrored_pairs(p, rng):
    half = rng.random((-(-len(p) // 2), p.shape[1]))
    return (np.concatenate([half, 1 - half])[: len(p)] < p) * 1.0


def from_another(p, rng):
    return (np.random.default_rng().random(p.shape) < p) * 1.0


def from_the_global(p, rng):
    return (vars(np.random)["random"](p.shape) < p) * 1.0


def from_seed(p, rng):
    return (np.random.default_rng(1).random(p.shape) < p) * 1.0


def above(p, rng):
    return (rng.random(p.shape) > p) * 1.0


def with_normal(p, rng):
    return (rng.normal(size=p.shape) < p) * 1.0


def same_uniforms(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    """One array of uniform numbers serves both"""
    r = rng.random((len(x), max(len(b_u), len(b_y))))
    new = (r[:, : len(b_u)] < sigma(x @ W_u + b_u)) * 1.0
    return (u if clamped else new), (r[:, : len(b_y)] < sigma(x @ W_y + b_y)) * 1.0


def y_from_new_u(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    """y clamped instead of u"""
    return visible(x, u, W_u, W_y, b_u, b_y, not clamped, rng)


table(
    7,
    {
        "as printed": visible,
        "y first, binomial": visible_y_first,
        "loops": visible_by_loops,
        "joined, logistic, in place": visible_in_place,
        "gumbel": partial(visible, draw=by_gumbel),
        "probit": partial(visible, draw=by_normal),
        "exponential": partial(visible, draw=by_exponential),
        "choice": partial(visible, draw=by_choice),
        "columns": partial(visible, draw=by_columns),
        "floor, float32": partial(visible, draw=rounded_up),
        "booleans": partial(visible, draw=lambda p, rng: rng.random(p.shape) < p),
        "1 - random": partial(visible, draw=lambda p, rng: rng.random(p.shape) > 1 - p),
        "drawn although clamped": lambda *a: (lambda both: (a[1] if a[6] else both[0], both[1]))(
            visible(*a[:6], False, a[7])
        ),
        "lists": listed(visible),
        "float32": single(visible),
    },
    {
        "probabilities": (partial(visible, draw=lambda p, rng: p), "0 or 1|probabilit|mean"),
        "thresholded": partial(visible, draw=lambda p, rng: (p > 0.5) * 1.0),
        "above": (partial(visible, draw=above), "1 - p|sign|<|other|complement"),
        "normal in place of uniform": partial(visible, draw=with_normal),
        "same for all rows": (partial(visible, draw=same_for_all_rows), "row"),
        "same for all columns": partial(visible, draw=same_for_all_columns),
        "same for pairs": (partial(visible, draw=same_for_pairs), "row"),
        "mirrored pairs": partial(visible, draw=mirrored_pairs),
        "another generator": (partial(visible, draw=from_another), "rng"),
        "the global generator": (partial(visible, draw=from_the_global), "rng"),
        "fixed seed": (partial(visible, draw=from_seed), "rng"),
        "same uniforms for both": same_uniforms,
        "clamped the other way": (y_from_new_u, "clamped"),
        "never clamped": (lambda *a: visible(*a[:6], False, a[7]), "clamped"),
        "always clamped": (lambda *a: visible(*a[:6], True, a[7]), "clamped|u"),
        "no b_u": (lambda *a: visible(*a[:4], 0 * a[4], *a[5:]), "b_u"),
        "no b_y": (lambda *a: visible(*a[:5], 0 * a[5], *a[6:]), "b_y"),
        "signs": (
            lambda x, u, W_u, W_y, b_u, b_y, c, rng: visible(x, u, -W_u, -W_y, -b_u, -b_y, c, rng),
            "sign|1 - p|-a",
        ),
        "W_u transposed": lambda x, u, W_u, W_y, b_u, b_y, c, rng: visible(
            x, u, W_u.T, W_y, b_u, b_y, c, rng
        ),
        "tanh": partial(visible, draw=lambda p, rng: bernoulli(np.tanh(special.logit(p)), rng)),
        "-1 and 1": partial(visible, draw=lambda p, rng: 2 * bernoulli(p, rng) - 1),
        "y only": lambda *a: visible(*a)[1],
        "y, u": lambda *a: visible(*a)[::-1],
        "u clamped, but rounded": lambda *a: (
            (np.round(visible(*a)[0]), visible(*a)[1]) if a[6] else visible(*a)
        ),
        "exits": (leaves, "SystemExit"),
    },
)


# 8: cd_k


def cd(
    u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng,
    draw=bernoulli, start=bernoulli, draw_v=None, last=None, first=None, sweeps=lambda n: n,
):  # fmt: skip
    draw_v = draw_v or draw
    mean = partial(hidden, W_u=W_u, W_y=W_y, b_x=b_x)
    p = mean(u, y)
    x, U, Y = start(p, rng), u, y
    for sweep in range(sweeps(n_sweeps)):
        if sweep:
            x = draw(mean(U, Y), rng)
        if not clamped:
            U = draw_v(sigma(x @ W_u + b_u), rng)
        Y = draw_v(sigma(x @ W_y + b_y), rng)
    q = mean(U, Y)
    p, q = (first(p, rng) if first else p), (last(q, rng) if last else q)
    n = len(u)
    return (
        (q.T @ U - p.T @ u) / n,
        (q.T @ Y - p.T @ y) / n,
        (q - p).mean(0),
        (U - u).mean(0),
        (Y - y).mean(0),
    )


def cd_by_examples(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    total = [0, 0, 0, 0, 0]
    for p, q in zip(u, y):
        one = cd(p[None], q[None], W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng)
        total = [a + b / len(u) for a, b in zip(total, one)]
    return total


def cd_of_energies(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    def gradients(x, u, y):
        each = [np.einsum("nj,ni->nji", x, u), np.einsum("nj,ni->nji", x, y), x, u, y]
        return [-g.mean(axis=0) for g in each]

    a = u @ W_u.T + y @ W_y.T + b_x
    positive = gradients(special.expit(a), u, y)
    fantasy_u, fantasy_y = u.copy(), y.copy()
    for _ in range(n_sweeps):
        x = rng.logistic(size=a.shape) < a
        fantasy_y = rng.binomial(1, special.expit(x @ W_y + b_y))
        if not clamped:
            fantasy_u = rng.binomial(1, special.expit(x @ W_u + b_u))
        a = fantasy_u @ W_u.T + fantasy_y @ W_y.T + b_x
    negative = gradients(special.expit(a), fantasy_u, fantasy_y)
    return tuple(p - n for p, n in zip(positive, negative))


def cd_joined(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    """One weight matrix with the biases in it, changed in place"""
    n, n_u = len(u), u.shape[1]
    W = np.block([[W_u, W_y, b_x[:, None]], [b_u, b_y, 0]])
    one = np.ones((n, 1))
    v = np.hstack([u, y, one])
    h = np.hstack([special.expit(v @ W[:-1].T), one])
    G = h.T @ v
    for _ in range(n_sweeps):
        s = np.hstack([rng.random((n, len(b_x))) < h[:, :-1], one])
        v = np.hstack([bernoulli(special.expit(s @ W)[:, :-1], rng), one])
        if clamped:
            v[:, :n_u] = u
        h[:, :-1] = special.expit(v @ W[:-1].T)
    G -= h.T @ v
    G /= -n
    u *= 0
    W_u[:] = G[:-1, :n_u]
    return W_u, G[:-1, n_u:-1], G[:-1, -1], G[-1, :n_u], G[-1, n_u:-1]


def cd_repeated_chain(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng, sample=None):
    """With functions for the two halves, and each part of the result with its own loop"""

    def up(u, y):
        return 1 - 1 / (1 + np.exp(u @ W_u.T + y @ W_y.T + b_x))

    def down(x, u):
        shape = (len(x), len(b_y))
        Y = np.where(rng.random(shape) < sigma(x @ W_y + b_y), 1, 0)
        U = np.where(rng.random(u.shape) < sigma(x @ W_u + b_u), 1, 0)
        return (u, Y) if clamped else (U, Y)

    U, Y = u, y
    for _ in range(n_sweeps):
        p = up(U, Y)
        U, Y = down(np.where(rng.random(p.shape) < p, 1.0, 0.0), U)
    pairs = [(a, b) for a, b in zip(up(u, y), u)], [(a, b) for a, b in zip(up(U, Y), U)]
    dW_u = sum(np.outer(a, b) for a, b in pairs[1]) - sum(np.outer(a, b) for a, b in pairs[0])
    dW_y = sum(np.outer(a, b) for a, b in zip(up(U, Y), Y))
    dW_y = dW_y - sum(np.outer(a, b) for a, b in zip(up(u, y), y))
    db = [np.average(b - a, axis=0) for a, b in ((up(u, y), up(U, Y)), (u, U), (y, Y))]
    return [dW_u / len(u), dW_y / len(u), *db]


def noisy(p, rng):
    return np.clip(p + 0.3 * rng.normal(size=p.shape), 0, 1)


table(
    8,
    {
        "as printed": cd,
        "example by example": cd_by_examples,
        "gradients of energies": cd_of_energies,
        "joined, in place": cd_joined,
        "outer products": cd_repeated_chain,
        "binomial": partial(cd, draw=lambda p, rng: rng.binomial(1, p)),
        "logistic": partial(cd, draw=lambda p, rng: rng.logistic(size=p.shape) < special.logit(p)),
        "float32": single(cd),
        "lists": listed(cd),
        "negative of the likelihood's": then(negative, lambda *a: tuple(-g for g in cd(*a))),
    },
    {
        "sign": (then(negative, cd), "sign"),
        "sum": (lambda *a: tuple(len(a[0]) * g for g in cd(*a)), "mean|average|sum|times|/ n"),
        "one sweep": (partial(cd, sweeps=lambda n: 1), "sweep"),
        "one sweep more": (partial(cd, sweeps=lambda n: n + 1), "sweep"),
        "one sweep less": partial(cd, sweeps=lambda n: n - 1),
        "means throughout": (
            partial(cd, draw=lambda p, rng: p, start=lambda p, rng: p),
            "sampl|mean",
        ),
        "starts from means": partial(cd, start=lambda p, rng: p),
        "means of the visible": (partial(cd, draw_v=lambda p, rng: p), "sampl|mean|u and y"),
        "last x sampled": partial(cd, last=bernoulli),
        "first x sampled": partial(cd, first=bernoulli),
        "clamped the other way": (lambda *a: cd(*a[:8], not a[8], a[9]), "clamped"),
        "never clamped": (lambda *a: cd(*a[:8], False, a[9]), "clamped"),
        "always clamped": (lambda *a: cd(*a[:8], True, a[9]), "clamped|u"),
        "no b_x": (lambda *a: cd(*a[:4], 0 * a[4], *a[5:]), "b_x"),
        "no b_u": (lambda *a: cd(*a[:5], 0 * a[5], *a[6:]), "b_u"),
        "no b_y": (lambda *a: cd(*a[:6], 0 * a[6], *a[7:]), "b_y"),
        "positive phase only": (
            lambda u, y, W_u, W_y, b_x, *a: (
                -(hidden(u, y, W_u, W_y, b_x).T @ u) / len(u),
                -(hidden(u, y, W_u, W_y, b_x).T @ y) / len(u),
                -hidden(u, y, W_u, W_y, b_x).mean(0),
                -u.mean(0),
                -y.mean(0),
            ),
            "negative|phase",
        ),
        "transposed": (then(np.transpose, cd), "transposed"),
        "db_x 3 percent more": then(lambda a: 1.03 * a, cd, part=2),
        "db_y negative": then(negative, cd, part=4),
        "dW_y zero": then(lambda a: 0 * a, cd, part=1),
        "another generator": (partial(cd, draw=from_another, start=from_another), "rng"),
        "the global generator": (partial(cd, draw=from_the_global, start=from_the_global), "rng"),
        "same for all rows": (partial(cd, draw=same_for_all_rows, start=same_for_all_rows), "row"),
        "nan": then(one_is_nan, cd),
        "zeros": lambda u, y, W_u, W_y, b_x, b_u, b_y, *a: (
            0 * W_u,
            0 * W_y,
            0 * b_x,
            0 * b_u,
            0 * b_y,
        ),
        "noise in place of samples": partial(cd, draw=noisy, start=noisy),
    },
)


# 9: bptt


def back(dl_du, u, W_u, slope=lambda u: u * (1 - u), W=lambda W: W.T, shift=1, path=1.0):
    T = len(u)
    da = np.zeros(u.shape)
    du = np.zeros(u.shape[1])
    for t in reversed(range(T)):
        if t + 1 < T:
            du = dl_du[t + shift] + path * W(W_u) @ da[t + 1]
        da[t] = du * slope(u[t])
    return da


def back_by_system(dl_du, u, W_u):
    """All time steps at once: a block triangular system"""
    T, n = u.shape
    D = (u * (1 - u)).ravel()
    M = np.eye(T * n) - D[:, None] * np.kron(np.eye(T, k=1), W_u.T)
    source = np.vstack([dl_du[1:], np.zeros(n)]).ravel()
    return np.linalg.solve(M, D * source).reshape(T, n)


def back_in_place(dl_du, u, W_u):
    dl_du[:-1] = dl_du[1:]
    dl_du[-1] = 0
    u *= 1 - u
    for t in range(len(u) - 1, 0, -1):
        dl_du[t] *= u[t]
        dl_du[t - 1] += dl_du[t] @ W_u
    dl_du[0] *= u[0]
    return dl_du


def back_by_lists(dl_du, u, W_u):
    da, after = [], None
    for t in range(len(u))[::-1]:
        du = 0 * u[t] if after is None else dl_du[t + 1] + after @ W_u
        after = du * (u[t] - u[t] ** 2)
        da.append(list(after))
    return da[::-1]


def back_by_paths(dl_du, u, W_u):
    """Forward: the gradient of each later step goes back along its own path"""
    da = np.zeros_like(u)
    D = [np.diag(s * (1 - s)) for s in u]
    for t in range(len(u) - 1):
        g = D[t] @ dl_du[t + 1]
        for s in range(t, -1, -1):
            da[s] += g
            g = D[s - 1] @ W_u.T @ g if s else g
    return da


def back_by_accumulate(dl_du, u, W_u):
    steps = zip(np.vstack([dl_du[1:], 0 * u[:1]])[::-1], u[::-1])
    first = np.zeros(u.shape[1])
    rows = itertools.accumulate(
        steps, lambda a, s: (s[0] + np.einsum("ij,i->j", W_u, a)) * s[1] * (1 - s[1]), initial=first
    )
    return np.array(list(rows))[:0:-1]


def back_recursively(dl_du, u, W_u):
    def rest(t):
        if t == len(u) - 1:
            return [np.zeros(u.shape[1])]
        after = rest(t + 1)
        return [u[t] * (1 - u[t]) * (dl_du[t + 1] + W_u.T @ after[0]), *after]

    return rest(0)


table(
    9,
    {
        "as printed": back,
        "one system": back_by_system,
        "in place": back_in_place,
        "lists": back_by_lists,
        "path by path": back_by_paths,
        "accumulate": back_by_accumulate,
        "recursion, list of rows": back_recursively,
        "float32": single(back),
        "list": listed(back),
        "vdot": partial(back, W=lambda W: np.ascontiguousarray(W.T)),
        "square root form": partial(back, slope=lambda u: 0.25 - (u - 0.5) ** 2),
    },
    {
        "shift by one": (partial(back, shift=0), "shift|one step|dl_du\\[|row"),
        "W_u untransposed": (partial(back, W=lambda W: W), "W_u"),
        "tanh'": (partial(back, slope=lambda u: 1 - u**2), "tanh"),
        "slope forgotten": (partial(back, slope=lambda u: 1), "sigma'"),
        "slope of sigma(u)": partial(back, slope=lambda u: sigma(u) * (1 - sigma(u))),
        "local": (partial(back, path=0.0), "local|W_u|path|BPTT|back"),
        "sign of the path": (partial(back, path=-1.0), None),
        "last step not zero": (
            lambda dl, u, W: back(np.vstack([dl, dl[-1:]]), np.vstack([u, u[-1:]]), W)[:-1],
            "last|T",
        ),
        "path through dL/du": lambda dl, u, W: back(dl, u, W) / (u * (1 - u)),
        "sign": (then(negative, back), "sign"),
        "twice": then(twice, back),
        "forward in time": (
            lambda dl, u, W: back(dl[::-1], u[::-1], W)[::-1],
            "time|forward|end|back",
        ),
        "reversed": (lambda dl, u, W: back(dl, u, W)[::-1], "revers|order|time"),
        "a row less": lambda dl, u, W: back(dl, u, W)[:-1],
        "transposed": (then(np.transpose, back), "transposed"),
        "slope of the next": lambda dl, u, W: back(dl, np.vstack([u[1:], u[-1:]]), W),
        "one step back": lambda dl, u, W: np.array(
            [
                u[t] * (1 - u[t]) * (dl[t + 1] + W.T @ (u[t + 1] * (1 - u[t + 1]) * nxt))
                if t + 1 < len(u)
                else 0 * u[t]
                for t, nxt in enumerate(np.vstack([dl[2:], 0 * dl[:2]]))
            ]
        ),
        "three decimals": then(lambda a: np.round(a, 3), back),
        "index error": (lambda dl, u, W: dl[len(u)], "IndexError"),
    },
)


# 10: kl


def kl(nu, lu, mu, lv, f=0.5, axis=1, one=1.0, reduce=np.sum):
    return f * reduce(lv - lu + (np.exp(lu) + (nu - mu) ** 2) / np.exp(lv) - one, axis=axis)


def kl_by_loops(nu, lu, mu, lv):
    result = []
    for row in zip(nu, lu, mu, lv):
        total = 0.0
        for a, b, c, d in zip(*row):
            s, t = math.exp(b / 2), math.exp(d / 2)
            total += math.log(t / s) + (s**2 + (a - c) ** 2) / (2 * t**2) - 0.5
        result.append(total)
    return result


def kl_by_quadrature(nu, lu, mu, lv):
    """log q - log p is a square in x: three points suffice"""
    e, weight = np.polynomial.hermite_e.hermegauss(3)
    x = nu[..., None] + np.exp(lu / 2)[..., None] * e
    log_q = -(e**2) / 2 - lu[..., None] / 2
    log_p = -((x - mu[..., None]) ** 2) / np.exp(lv[..., None]) / 2 - lv[..., None] / 2
    return ((log_q - log_p) @ (weight / weight.sum())).sum(1)


def kl_by_matrices(nu, lu, mu, lv):
    result = []
    for a, b, c, d in zip(nu, lu, mu, lv):
        S, T = np.diag(np.exp(b)), np.diag(np.exp(d))
        log_det = np.linalg.slogdet(T)[1] - np.linalg.slogdet(S)[1]
        square = (a - c) @ np.linalg.solve(T, a - c)
        result.append(0.5 * (np.trace(np.linalg.inv(T) @ S) - len(a) + square + log_det))
    return np.array(result)


def kl_in_place(nu, lu, mu, lv):
    nu -= mu
    lu -= lv
    nu *= np.exp(-lv / 2)
    result = np.expm1(lu)
    result -= lu
    result += nu**2
    return np.einsum("nd->n", result) / 2


def kl_by_entropies(nu, lu, mu, lv):
    entropy = 0.5 * (np.log(2 * np.pi * np.e) + lu).sum(1)
    var = np.exp(lv)
    cross = 0.5 * (np.log(2 * np.pi * var) + ((nu - mu) ** 2 + np.exp(lu)) / var).sum(1)
    return cross - entropy


table(
    10,
    {
        "as derived": kl,
        "loops": kl_by_loops,
        "quadrature": kl_by_quadrature,
        "matrices": kl_by_matrices,
        "in place": kl_in_place,
        "entropies": kl_by_entropies,
        "axis -1": partial(kl, axis=-1),
        "means times d": lambda nu, *a: nu.shape[1] * kl(nu, *a, reduce=np.mean),
        "columns": lambda *a: sum(kl(*(b[:, [i]] for b in a)) for i in range(a[0].shape[1])),
        "list": listed(kl),
        "float32": single(kl),
    },
    {
        "KL(p || q)": (lambda nu, lu, mu, lv: kl(mu, lv, nu, lu), "p \\|\\| q|KL\\(p"),
        "no half": (partial(kl, f=1.0), "2|half|1/2"),
        "mean over dimensions": (partial(kl, reduce=np.mean), "mean|sum"),
        "other axis": (partial(kl, axis=0), "shape"),
        "total": partial(kl, axis=None),
        "log standard deviations": (
            lambda nu, lu, mu, lv: kl(nu, 2 * lu, mu, 2 * lv),
            "standard dev",
        ),
        "standard deviation in the square": (
            lambda nu, lu, mu, lv: (
                kl(nu, lu, mu, lv)
                + 0.5 * ((np.exp(lu) + (nu - mu) ** 2) * (np.exp(-lv / 2) - np.exp(-lv))).sum(1)
            ),
            "standard dev|variance",
        ),
        "no -1": (partial(kl, one=0.0), "1|constant"),
        "sign": (then(negative, kl), "sign"),
        "standard normal p": (lambda nu, lu, mu, lv: kl(nu, lu, 0 * mu, 0 * lv), "N\\(0"),
        "no mean term": (lambda nu, lu, mu, lv: kl(nu, lu, nu, lv), "mean"),
        "not divided": (
            lambda nu, lu, mu, lv: kl(nu, lu, nu, lv) + 0.5 * ((nu - mu) ** 2).sum(1),
            "variance|exp\\(log_var|divid",
        ),
        "absolute": lambda nu, lu, mu, lv: (
            kl(nu, lu, nu, lv) + 0.5 * (abs(nu - mu) / np.exp(lv)).sum(1)
        ),
        "log ratio's sign": (
            lambda nu, lu, mu, lv: kl(nu, lu, mu, lv) - (lv - lu).sum(1),
            "sign|log",
        ),
        "without logarithms": lambda nu, lu, mu, lv: kl(nu, lu, mu, lv) - (lv - lu).sum(1) / 2,
        "sampled": lambda nu, lu, mu, lv: (
            lambda x: (
                ((x - mu) ** 2 / np.exp(lv) - (x - nu) ** 2 / np.exp(lu) + lv - lu).mean(0).sum(1)
                / 2
            )
        )(nu + np.exp(lu / 2) * np.random.default_rng(0).normal(size=(300, *nu.shape))),
        "not summed": lambda *a: np.stack([kl(*(b[:, [i]] for b in a)) for i in (0, 1)], axis=1),
        "nan": then(one_is_nan, kl),
        "two decimals": then(to_two_decimals, kl),
    },
)


# 11: rvae_gradient


def backward(
    W, b, V, c, nu, lu, u, y, eps, s_u, s_y,
    chain=1.0, half=0.5, kl_nu=1.0, kl_lu=1.0, power=2, x_mean=False, own=0.0,
):  # fmt: skip
    s = np.exp(lu / 2)
    x = nu if x_mean else nu + s * eps
    r_u, r_y = (x @ W.T + b - u) / s_u**power, (x @ V.T + c - y) / s_y**power
    dx = r_u @ W + r_y @ V + own * x
    dlu = half * dx * chain * s * eps + kl_lu * (np.exp(lu) - 1) / 2
    return r_u.T @ x, r_u.sum(0), r_y.T @ x, r_y.sum(0), dx + kl_nu * nu, dlu


def loss(W, b, V, c, nu, lu, u, y, eps, s_u, s_y):
    x = nu + np.exp(lu / 2) * eps
    kl = (np.exp(lu) + nu**2 - 1 - lu).sum() / 2
    square_u = ((u - x @ W.T - b) ** 2).sum() / 2 / s_u**2
    return kl + square_u + ((y - x @ V.T - c) ** 2).sum() / 2 / s_y**2


def backward_by_complex_steps(*arguments):
    """The derivative from an imaginary step"""
    gradients = []
    for i in range(6):
        gradient = np.zeros(arguments[i].shape)
        for place in np.ndindex(*gradient.shape):
            changed = [np.array(a, complex) for a in arguments]
            changed[i][place] += 1e-20j
            gradient[place] = loss(*changed).imag / 1e-20
        gradients.append(gradient)
    return gradients


def backward_by_differences(*arguments):
    gradients = []
    for i in range(6):
        gradient = np.zeros(arguments[i].shape)
        for place in np.ndindex(*gradient.shape):
            there, back = [[np.array(a, float) for a in arguments] for _ in range(2)]
            there[i][place] += 1e-4
            back[i][place] -= 1e-4
            gradient[place] = (loss(*there) - loss(*back)) / 2e-4
        gradients.append(gradient)
    return tuple(gradients)


def backward_by_rows(W, b, V, c, nu, lu, u, y, eps, s_u, s_y):
    dW, db, dV, dc = (np.zeros_like(a) for a in (W, b, V, c))
    dnu, dlu = [], []
    for n in range(len(nu)):
        x = nu[n] + eps[n] * np.sqrt(np.exp(lu[n]))
        e, f = u[n] - W @ x - b, y[n] - V @ x - c
        dW -= np.outer(e, x) / s_u**2
        db -= e / s_u**2
        dV -= np.outer(f, x) / s_y**2
        dc -= f / s_y**2
        dx = -(W.T @ e) / s_u**2 - V.T @ f / s_y**2
        dnu.append(dx + nu[n])
        dlu.append(0.5 * (dx * (x - nu[n]) + np.exp(lu[n]) - 1))
    return [dW, db, dV, dc, dnu, dlu]


def backward_joined(W, b, V, c, nu, lu, u, y, eps, s_u, s_y):
    """u and y as one observation, with the bias as a weight; arguments changed"""
    n_u = len(b)
    weight = np.r_[np.full(n_u, s_u), np.full(len(c), s_y)] ** -2.0
    M = np.hstack([np.vstack([W, V]), np.r_[b, c][:, None]])
    lu /= 2
    eps *= np.exp(lu)
    x = np.hstack([nu + eps, np.ones((len(nu), 1))])
    error = (x @ M.T - np.hstack([u, y])) * weight
    dM = np.einsum("ni,nj->ij", error, x)
    dx = (error @ M)[:, :-1]
    lu[:] = dx * eps / 2 + np.expm1(2 * lu) / 2
    nu += dx
    return dM[:n_u, :-1], dM[:n_u, -1], dM[n_u:, :-1], dM[n_u:, -1], nu, lu


def one_part(part, change):
    return then(change, backward, part)


table(
    11,
    {
        "as derived": backward,
        "complex steps": backward_by_complex_steps,
        "central differences": backward_by_differences,
        "row by row, a list": backward_by_rows,
        "joined, in place": backward_joined,
        "lists": listed(backward),
        "float32": single(backward),
        "x - nu for the noise": lambda *a: list(backward(*a)),
        "Fortran order": then(np.asfortranarray, backward),
        "copies": then(np.copy, backward),
    },
    {
        "sign": (then(negative, backward), "sign"),
        "no KL": (partial(backward, kl_nu=0.0, kl_lu=0.0), "KL"),
        "no KL in nu": (partial(backward, kl_nu=0.0), "KL|nu"),
        "no KL in log_upsilon": (partial(backward, kl_lu=0.0), "KL"),
        "KL twice": partial(backward, kl_nu=2.0, kl_lu=2.0),
        "no half": (partial(backward, half=1.0), "2|half|1/2"),
        "chain without upsilon": lambda W, b, V, c, nu, lu, u, y, eps, s_u, s_y: (
            *backward(W, b, V, c, nu, lu, u, y, eps, s_u, s_y)[:5],
            *(
                0.5 * (backward(W, b, V, c, nu, lu, u, y, eps, s_u, s_y)[4] - nu) * eps
                + (np.exp(lu) - 1) / 2,
            ),
        ),
        "nothing through log_upsilon": partial(backward, chain=0.0),
        "sigma, not squared": (partial(backward, power=1), "sigma"),
        "sigma forgotten": (partial(backward, power=0), "sigma"),
        "sigmas exchanged": lambda *a: backward(*a[:9], a[10], a[9]),
        "x is nu": (partial(backward, x_mean=True), "eps|noise|nu"),
        "log_upsilon is a log standard deviation": (
            lambda *a: backward(*a[:5], 2 * a[5], *a[6:]),
            "standard dev|/ 2",
        ),
        "prior on x": partial(backward, own=1.0, kl_nu=0.0),
        "mean over examples": (
            lambda *a: tuple(g / len(a[4]) for g in backward(*a)),
            "mean|sum|times",
        ),
        "mean for the weights": (
            lambda *a: (*(g / len(a[4]) for g in backward(*a)[:4]), *backward(*a)[4:]),
            "mean|sum|times",
        ),
        "no b": (lambda *a: backward(a[0], 0 * a[1], *a[2:]), "b"),
        "no c": (lambda *a: backward(*a[:3], 0 * a[3], *a[4:]), "c"),
        "without u": lambda *a: (*backward(*a)[:4], *backward(0 * a[0], *a[1:])[4:]),
        "dW transposed": (one_part(0, np.transpose), "transposed"),
        "db is a matrix": one_part(1, lambda g: g[:, None]),
        "dV negative": (one_part(2, negative), "sign"),
        "dc doubled": one_part(3, twice),
        "dnu rounded": one_part(4, to_two_decimals),
        "nan": one_part(5, one_is_nan),
        "five results": lambda *a: backward(*a)[:5],
    },
)


# 12: x_given_u


def posterior(u, W, b, sigma):
    covariance = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / sigma**2)
    return (u - b) @ W @ covariance / sigma**2, covariance


def posterior_by_gain(u, W, b, sigma):
    K = W.T @ np.linalg.inv(W @ W.T + sigma**2 * np.eye(len(W)))
    return [(K @ (u - b).T).T, np.eye(W.shape[1]) - K @ W]


def posterior_by_svd(u, W, b, sigma):
    left, s, right = np.linalg.svd(W, full_matrices=False)
    n_x = W.shape[1]
    mean = (u - b) @ left * (s / (s**2 + sigma**2)) @ right
    return mean, np.eye(n_x) - right.T * (s**2 / (s**2 + sigma**2)) @ right


def posterior_by_ridge(u, W, b, sigma):
    n_x = W.shape[1]
    tall = np.vstack([W / sigma, np.eye(n_x)])
    right = np.vstack([(u - b).T / sigma, np.zeros((n_x, len(u)))])
    return np.linalg.lstsq(tall, right, rcond=None)[0].T, np.linalg.inv(tall.T @ tall)


def posterior_one_by_one(u, W, b, sigma):
    P = np.eye(W.shape[1])
    m = np.zeros((len(u), W.shape[1]))
    for w, values, bias in zip(W, u.T, b):
        k = P @ w / (w @ P @ w + sigma**2)
        m += np.outer(values - bias - m @ w, k)
        P = P - np.outer(k, w @ P)
    return m, P


def posterior_in_place(u, W, b, sigma):
    u -= b
    W /= sigma
    u /= sigma
    precision = np.einsum("ij,ik->jk", W, W)
    precision.flat[:: len(precision) + 1] += 1
    factor = linalg.cho_factor(precision)
    mean = [linalg.cho_solve(factor, W.T @ row) for row in u]
    return mean, linalg.cho_solve(factor, np.eye(len(precision)))


def posterior_from_joint(u, W, b, sigma):
    n_u, n_x = W.shape
    lift = np.vstack([np.eye(n_x), W])
    joint = lift @ lift.T + linalg.block_diag(np.zeros((n_x, n_x)), sigma**2 * np.eye(n_u))
    precision = np.linalg.pinv(joint[n_x:, n_x:])
    mean = (u - b) @ precision @ joint[n_x:, :n_x]
    return mean, joint[:n_x, :n_x] - joint[:n_x, n_x:] @ precision @ joint[n_x:, :n_x]


table(
    12,
    {
        "as derived": posterior,
        "gain": posterior_by_gain,
        "svd": posterior_by_svd,
        "ridge": posterior_by_ridge,
        "one entry at a time": posterior_one_by_one,
        "in place, Cholesky": posterior_in_place,
        "joint normal": posterior_from_joint,
        "sigma^2 outside": lambda u, W, b, s: (
            np.linalg.solve(s**2 * np.eye(W.shape[1]) + W.T @ W, W.T @ (u - b).T).T,
            s**2 * np.linalg.inv(s**2 * np.eye(W.shape[1]) + W.T @ W),
        ),
        "float32": single(posterior),
        "lists": listed(posterior),
    },
    {
        "precision": (lambda *a: (posterior(*a)[0], np.linalg.inv(posterior(*a)[1])), "precision"),
        "sigma is a variance": (
            lambda u, W, b, s: posterior(u, W, b, s**0.5),
            "sigma|standard|variance|square",
        ),
        "b forgotten": (lambda u, W, b, s: posterior(u, W, 0 * b, s), "b"),
        "b added": (lambda u, W, b, s: posterior(u, W, -b, s), "b|sign"),
        "no prior": (
            lambda u, W, b, s: ((u - b) @ np.linalg.pinv(W).T, np.linalg.pinv(W.T @ W / s**2)),
            "prior|I|p\\(x\\)|least",
        ),
        "sigma forgotten": (lambda u, W, b, s: posterior(u, W, b, 1.0), "sigma"),
        "mean without sigma^2": lambda u, W, b, s: (
            s**2 * posterior(u, W, b, s)[0],
            posterior(u, W, b, s)[1],
        ),
        "mean without covariance": (
            lambda u, W, b, s: ((u - b) @ W / s**2, posterior(u, W, b, s)[1]),
            "covariance|mean",
        ),
        "mean is W'(u - b)": lambda u, W, b, s: ((u - b) @ W, posterior(u, W, b, s)[1]),
        "covariance is the prior": lambda u, W, b, s: (
            posterior(u, W, b, s)[0],
            np.eye(W.shape[1]),
        ),
        "only the diagonal": (
            lambda *a: (posterior(*a)[0], np.diag(np.diag(posterior(*a)[1]))),
            "diag",
        ),
        "variances": lambda *a: (posterior(*a)[0], np.diag(posterior(*a)[1])),
        "standard deviations": lambda *a: (posterior(*a)[0], linalg.sqrtm(posterior(*a)[1])),
        "one covariance per row": lambda *a: (
            posterior(*a)[0],
            np.repeat(posterior(*a)[1][None], len(a[0]), axis=0),
        ),
        "W W'": lambda u, W, b, s: (
            (u - b) @ np.linalg.inv(np.eye(len(W)) + W @ W.T / s**2) @ W,
            np.linalg.inv(np.eye(len(W)) + W @ W.T / s**2),
        ),
        "plus": (
            lambda u, W, b, s: (
                posterior(u, W, b, s)[0],
                np.linalg.inv(np.eye(W.shape[1]) - W.T @ W / s**2),
            ),
            None,
        ),
        "mean transposed": (then(np.transpose, posterior, 0), "transposed"),
        "sign of the mean": (then(negative, posterior, 0), "sign"),
        "sampled": lambda *a: (
            posterior(*a)[0]
            + np.random.default_rng(0).multivariate_normal(
                np.zeros(a[1].shape[1]), posterior(*a)[1], len(a[0])
            ),
            posterior(*a)[1],
        ),
        "only the mean": lambda *a: posterior(*a)[0],
        "first row": then(lambda m: m[0], posterior, 0),
        "two decimals": then(to_two_decimals, posterior),
    },
)


# 13: learn_step


def poisson(rate, rng):
    return rng.poisson(rate)


def learn(
    u, y, W_u, W_y, b_x, b_u, b_y, clamped, rng,
    start=bernoulli, draw_u=bernoulli, draw_y=poisson, link=np.exp, state=None,
):  # fmt: skip
    x = hidden(u, y, W_u, W_y, b_x)
    s = start(x, rng)
    U = u if clamped else draw_u(sigma(s @ W_u + b_u), rng)
    Y = draw_y(link(s @ W_y + b_y), rng)
    X = hidden(U, Y, W_u, W_y, b_x)
    n = len(u)
    gradients = (
        (X.T @ U - x.T @ u) / n, (X.T @ Y - x.T @ y) / n,
        (X - x).mean(0), (U - u).mean(0), (Y - y).mean(0),
    )  # fmt: skip
    return *gradients, x if state is None else state(x, s, X, u)


def learn_y_first(u, y, W_u, W_y, b_x, b_u, b_y, clamped, rng):
    """In place, the spikes drawn before the state, a list as the result"""
    a = np.hstack([u, y]) @ np.hstack([W_u, W_y]).T + b_x
    x = special.expit(a)
    s = rng.logistic(size=a.shape) < a
    Y = rng.poisson(np.exp(s @ W_y + b_y)).astype(float)
    U = rng.binomial(1, special.expit(s @ W_u + b_u)) if not clamped else u
    X = special.expit(U @ W_u.T + Y @ W_y.T + b_x)
    dW_u = np.einsum("ni,nj->ij", X, U) - np.einsum("ni,nj->ij", x, u)
    W_u[:] = 0
    n = len(u)
    db_y = Y.mean(0) - y.mean(0)
    y *= 0
    return [dW_u / n, (X.T @ Y) / n - (x.T @ (0 * y)) / n, 0, 0, db_y, x]


def learn_as_negative_energies(u, y, W_u, W_y, b_x, b_u, b_y, clamped, rng):
    def statistics(x, u, y):
        return np.array([np.outer(np.r_[p, 1], np.r_[q, r, 1]) for p, q, r in zip(x, u, y)]).mean(0)

    x = hidden(u, y, W_u, W_y, b_x)
    s = np.where(rng.random(x.shape) < x, 1, 0)
    Y = np.array([[rng.poisson(math.exp(a)) for a in row] for row in s @ W_y + b_y])
    U = u if clamped else np.where(rng.random(u.shape) < sigma(s @ W_u + b_u), 1, 0)
    G = statistics(hidden(U, Y, W_u, W_y, b_x), U, Y) - statistics(x, u, y)
    k = u.shape[1]
    return G[:-1, :k], G[:-1, k:-1], G[:-1, -1], G[-1, :k], G[-1, k:-1], x


table(
    13,
    {
        "as printed": learn,
        "energies, loops for spikes": learn_as_negative_energies,
        "float32": single(learn),
    },
    {
        "Bernoulli spikes": (partial(learn, link=sigma, draw_y=bernoulli), "Pois|spikes|exp"),
        "mean spikes": (partial(learn, draw_y=lambda r, rng: r), "sampl|mean|y"),
        "sampled state": (partial(learn, state=lambda x, s, X, u: s), "state|x|sampl|mean"),
        "state of the negative phase": partial(learn, state=lambda x, s, X, u: X),
        "state unchanged": partial(learn, state=lambda x, s, X, u: u),
        "ascends": (lambda *a: (*(-g for g in learn(*a)[:5]), hidden(*a[:5])), "sign"),
        "sum": (
            lambda *a: (*(len(a[0]) * g for g in learn(*a)[:5]), hidden(*a[:5])),
            "mean|sum|times",
        ),
        "clamped the other way": (lambda *a: learn(*a[:7], not a[7], a[8]), "clamped"),
        "never clamped": (lambda *a: learn(*a[:7], False, a[8]), "clamped"),
        "always clamped": (lambda *a: learn(*a[:7], True, a[8]), "clamped|u"),
        "starts from means": partial(learn, start=lambda p, rng: p),
        "another generator": (partial(learn, start=from_another, draw_u=from_another), "rng"),
        "no bias": (lambda *a: learn(*a[:4], 0 * a[4], *a[5:]), "b_x"),
        "W_u transposed": (lambda u, y, W_u, *a: learn(u, y, W_u.T, *a), "W_u"),
        "rows share": (partial(learn, start=same_for_all_rows, draw_u=same_for_all_rows), "row"),
        "without the state": lambda *a: learn(*a)[:5],
        "nan": then(one_is_nan, learn),
        "prints": (prints, "return"),
        "parts missing": learn_y_first,
    },
)


# 14: coasting


def slope(runs, last, true, c, wrapped=wrap, over=np.nanmean, first=0):
    m = over(wrapped(runs - last[:, None], c), axis=0)
    t = true[:, 1:] - true[:, [first]]
    return (m * t).sum(0) / (t**2).sum(0)


def slope_by_loops(runs, last, true, c):
    result = []
    for k in range(runs.shape[2]):
        top = bottom = 0
        for n in range(len(last)):
            there = []
            for run in runs[:, n, k]:
                if not math.isnan(run):
                    d = run - last[n]
                    there.append(d - c * round(d / c))
            t = true[n, k + 1] - true[n, 0]
            top += sum(there) / len(there) * t
            bottom += t * t
        result.append(top / bottom)
    return result


def slope_masked(runs, last, true, c):
    d = np.ma.masked_invalid(runs) - last[None, :, None]
    m = (d - c * np.floor(d / c + 0.5)).mean(axis=0)
    t = np.cumsum(np.diff(true, axis=1), axis=1)
    return (m * t).sum(axis=0) / np.square(t).sum(axis=0)


def slope_in_place(runs, last, true, c):
    runs -= last[:, None]
    there = ~np.isnan(runs)
    runs[~there] = 0
    runs[:] = wrap(runs, c)
    m = runs.sum(0) / there.sum(0)
    true -= true[:, :1].copy()
    t = true[:, 1:]
    return np.einsum("nk,nk->k", m, t) / np.einsum("nk,nk->k", t, t)


def slope_complex(runs, last, true, c):
    m = np.nanmean(np.angle(np.exp(2j * np.pi * (runs - last[:, None]) / c)), axis=0)
    t = (true[:, 1:] - true[:, :1]) * 2 * np.pi / c
    return [np.linalg.lstsq(a[:, None], b, rcond=None)[0][0] for a, b in zip(t.T, m.T)]


def with_intercept(runs, last, true, c):
    m = np.nanmean(wrap(runs - last[:, None], c), axis=0)
    t = true[:, 1:] - true[:, :1]
    return np.array([np.polyfit(a, b, 1)[0] for a, b in zip(t.T, m.T)])


def other_way(runs, last, true, c):
    m = np.nanmean(wrap(runs - last[:, None], c), axis=0)
    t = true[:, 1:] - true[:, :1]
    return (m * t).sum(0) / (m**2).sum(0)


def correlation(runs, last, true, c):
    m = np.nanmean(wrap(runs - last[:, None], c), axis=0)
    t = true[:, 1:] - true[:, :1]
    return (m * t).sum(0) / np.sqrt((m**2).sum(0) * (t**2).sum(0))


def per_step(runs, last, true, c):
    m = np.nanmean(
        wrap(
            np.diff(runs, axis=2, prepend=np.broadcast_to(last[:, None], (*runs.shape[:2], 1))), c
        ),
        axis=0,
    )
    t = np.diff(true, axis=1)
    return (m * t).sum(0) / (t**2).sum(0)


def of_pooled_runs(runs, last, true, c):
    """Every run counts once: with NaN, not the mean over runs first"""
    d = wrap(runs - last[:, None], c)
    t = true[:, 1:] - true[:, :1] + 0 * d
    return np.nansum(d * t, axis=(0, 1)) / np.nansum(t**2, axis=(0, 1))


def true_wrapped(runs, last, true, c):
    return slope(runs, last, np.c_[0 * last, wrap(true[:, 1:] - true[:, :1], c)], c)


def ratio_of_means(runs, last, true, c):
    m = np.nanmean(wrap(runs - last[:, None], c), axis=0)
    return m.mean(0) / (true[:, 1:] - true[:, :1]).mean(0)


def mean_of_ratios(runs, last, true, c):
    m = np.nanmean(wrap(runs - last[:, None], c), axis=0)
    return (m / (true[:, 1:] - true[:, :1])).mean(0)


def nan_as_zero(a, axis):
    return np.nan_to_num(a).mean(axis=axis)


table(
    14,
    {
        "as printed": slope,
        "loops": slope_by_loops,
        "masked": slope_masked,
        "in place": slope_in_place,
        "complex, least squares, list": slope_complex,
        "float32": single(slope),
        "list": listed(slope),
        "runs a turn away": lambda runs, *a: slope(runs + 3 * a[2], *a),
        "einsum": lambda runs, last, true, c: (
            lambda t: np.einsum(
                "nk,nk->k", np.nanmean(wrap(runs - last[:, None], c), 0), t / (t**2).sum(0)
            )
        )(true[:, 1:] - true[:, :1]),
        "where": partial(slope, over=lambda a, axis: np.nansum(a, axis) / (~np.isnan(a)).sum(axis)),
    },
    {
        "not wrapped": (partial(slope, wrapped=lambda d, c: d), "wrap"),
        "wrapped to positive": (partial(slope, wrapped=lambda d, c: d % c), "between 0 and"),
        "NaN in the mean": (partial(slope, over=np.mean), "NaN|nan"),
        "NaN as 0": (partial(slope, over=nan_as_zero), "NaN|nan"),
        "sum over runs": (partial(slope, over=np.nansum), "mean|sum"),
        "median over runs": partial(slope, over=np.nanmedian),
        "first run": lambda runs, *a: slope(np.nan_to_num(runs[:1]), *a),
        "intercept": (with_intercept, "intercept|mean"),
        "true on model": (other_way, "m_nk|model|other|true"),
        "correlation": (correlation, "correlation"),
        "per step": (per_step, "step|displacement"),
        "true wrapped": (true_wrapped, "true"),
        "mean before wrapping": (
            lambda runs, last, true, c: slope(np.nanmean(runs, 0)[None], last, true, c),
            "wrap|before|mean",
        ),
        "from the true position": (
            lambda runs, last, true, c: slope(runs, true[:, 0], true, c),
            "last",
        ),
        "shift by one": (
            lambda runs, last, true, c: np.r_[
                0, slope(runs[..., :-1], last, true[:, [0, *range(2, true.shape[1])]], c)
            ],
            "shift|step|k - 1",
        ),
        "steps of the end": lambda runs, last, true, c: slope(runs, last, true, c)[::-1],
        "pooled runs": of_pooled_runs,
        "ratio of means": ratio_of_means,
        "mean of ratios": (mean_of_ratios, "ratio"),
        "one slope": lambda *a: slope(*a).mean(),
        "over time": lambda *a: slope(*a)[:, None],
        "circumference 2 pi": lambda runs, last, true, c: slope(runs, last, true, 2 * np.pi * 1.1),
        "two decimals": then(to_two_decimals, slope),
        "sign": (then(negative, slope), "sign"),
    },
)


# 15: predict


def predict(
    u, y, W_u, W_y, b_x, b_y, n_sweeps, rng,
    draw=bernoulli, draw_y=None, end="means", sweeps=lambda n: n,
):  # fmt: skip
    for _ in range(sweeps(n_sweeps)):
        x = draw(hidden(u, y, W_u, W_y, b_x), rng)
        y = (draw_y or draw)(sigma(x @ W_y + b_y), rng)
    if end == "chain":
        return y
    x = hidden(u, y, W_u, W_y, b_x)
    if end == "sample x":
        x = bernoulli(x, rng)
    y = sigma(x @ W_y + b_y)
    return bernoulli(y, rng) if end == "sample y" else y


def predict_in_place(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    b = u @ W_u.T
    b += b_x
    u[:] = np.nan
    for _ in range(n_sweeps):
        x = rng.logistic(size=b.shape) < b + y @ W_y.T
        y[:] = rng.logistic(size=y.shape) < x @ W_y + b_y
    return special.expit(special.expit(b + y @ W_y.T) @ W_y + b_y)


def predict_by_rows(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    rows = []
    for p, q in zip(u, y):
        for _ in range(n_sweeps):
            x = [rng.random() < sigma(a) for a in W_u @ p + W_y @ q + b_x]
            q = np.array([rng.random() < sigma(a) for a in W_y.T @ np.array(x, float) + b_y], float)
        rows.append(list(sigma(W_y.T @ sigma(W_u @ p + W_y @ q + b_x) + b_y)))
    return rows


def predict_with_columns(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    U, Y = u.T, y.T
    b_x, b_y = b_x[:, None], b_y[:, None]
    for _ in range(n_sweeps):
        X = rng.binomial(1, special.expit(W_u @ U + W_y @ Y + b_x))
        Y = rng.binomial(1, special.expit(W_y.T @ X + b_y))
    X = special.expit(W_u @ U + W_y @ Y + b_x)
    return special.expit(W_y.T @ X + b_y).T


def predict_recursively(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    x = hidden(u, y, W_u, W_y, b_x)
    if n_sweeps == 0:
        return sigma(np.einsum("nj,ji->ni", x, W_y) + b_y)
    x = rng.uniform(size=x.shape) <= x
    y = rng.uniform(size=y.shape) <= sigma(np.einsum("nj,ji->ni", x, W_y) + b_y)
    return predict_recursively(u, y, W_u, W_y, b_x, b_y, n_sweeps - 1, rng)


def state_too(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    """u sampled in every sweep, without its bias"""
    for _ in range(n_sweeps):
        x = bernoulli(hidden(u, y, W_u, W_y, b_x), rng)
        u, y = bernoulli(sigma(x @ W_u), rng), bernoulli(sigma(x @ W_y + b_y), rng)
    return sigma(hidden(u, y, W_u, W_y, b_x) @ W_y + b_y)


table(
    15,
    {
        "as printed": predict,
        "in place, logistic": predict_in_place,
        "row by row, lists": predict_by_rows,
        "columns, binomial": predict_with_columns,
        "recursion": predict_recursively,
        "probit": partial(predict, draw=by_normal),
        "columns of draws": partial(predict, draw=by_columns),
        "float32": single(predict),
        "list": listed(predict),
        "gumbel": partial(predict, draw=by_gumbel),
    },
    {
        "ends with a sample of y": (partial(predict, end="sample y"), "mean|sampl"),
        "ends with the chain": (partial(predict, end="chain"), "mean|pass|sampl"),
        "ends with a sample of x": (partial(predict, end="sample x"), "mean|sampl"),
        "means throughout": (partial(predict, draw=lambda p, rng: p), "sampl|mean"),
        "means of y": partial(predict, draw_y=lambda p, rng: p),
        "means of x": partial(predict, draw=lambda p, rng: p, draw_y=bernoulli),
        "a sweep more": (partial(predict, sweeps=lambda n: n + 1), "sweep"),
        "a sweep less": partial(predict, sweeps=lambda n: max(n - 1, 0)),
        "always one sweep": partial(predict, sweeps=lambda n: 1),
        "starts from 0": (lambda u, y, *a: predict(u, 0 * y, *a), "start|given y"),
        "u sampled": (state_too, "u|clamped"),
        "without u": (lambda u, y, W_u, *a: predict(u, y, 0 * W_u, *a), "u"),
        "no b_x": (lambda *a: predict(*a[:4], 0 * a[4], *a[5:]), "b_x"),
        "no b_y": (lambda *a: predict(*a[:5], 0 * a[5], *a[6:]), "b_y"),
        "W_u untransposed": lambda u, y, W_u, *a: predict(u, y, W_u.T, *a),
        "another generator": (partial(predict, draw=from_another), "rng"),
        "fixed seed": (partial(predict, draw=from_seed), "rng"),
        "the global generator": (partial(predict, draw=from_the_global), "rng"),
        "rows share": (partial(predict, draw=same_for_all_rows), "row"),
        "pairs share": partial(predict, draw=same_for_pairs),
        "above": (partial(predict, draw=above), "1 - p|sign|<|other|complement"),
        "no sigma": lambda *a: special.logit(predict(*a)),
        "x returned": lambda u, y, W_u, W_y, b_x, b_y, n, rng: hidden(
            u, predict(u, y, W_u, W_y, b_x, b_y, n, rng, end="chain"), W_u, W_y, b_x
        ),
        "rounded": then(np.round, predict),
        "mean of rows": then(lambda a: a.mean(0), predict),
        "nan": then(one_is_nan, predict),
        "endless": (never_ends, "endless"),
    },
)


# 16: recognise


def encode(y, u_0, V, d, N, c, f=np.tanh, outer=lambda a: a, first="e"):
    u, states = u_0, []
    for t in range(y.shape[1]):
        e = f(y[:, t] @ V.T + d)
        both = [e, u] if first == "e" else [u, e]
        u = outer(np.concatenate(both, axis=1) @ N.T + c)
        states.append(u)
    return np.stack(states, axis=1)


def encode_split(y, u_0, V, d, N, c):
    n_e = len(d)
    drive = np.einsum("nte,xe->ntx", np.tanh(np.einsum("nty,ey->nte", y, V) + d), N[:, :n_e]) + c
    for t in range(y.shape[1]):
        drive[:, t] += (drive[:, t - 1] if t else u_0) @ N[:, n_e:].T
    return drive


def encode_by_powers(y, u_0, V, d, N, c):
    """No recursion: u_t is a sum over all earlier observations"""
    n_e, T = len(d), y.shape[1]
    drive = np.tanh(y @ V.T + d) @ N[:, :n_e].T + c
    power = [np.linalg.matrix_power(N[:, n_e:], k).T for k in range(T + 1)]
    return np.stack(
        [
            u_0 @ power[t + 1] + sum(drive[:, s] @ power[t - s] for s in range(t + 1))
            for t in range(T)
        ],
        axis=1,
    )


def encode_by_system(y, u_0, V, d, N, c):
    n, T, _ = y.shape
    n_e, n_x = len(d), len(c)
    drive = np.tanh(y @ V.T + d) @ N[:, :n_e].T + c
    drive[:, 0] += u_0 @ N[:, n_e:].T
    M = np.eye(T * n_x) - np.kron(np.eye(T, k=-1), N[:, n_e:])
    return np.linalg.solve(M, drive.reshape(n, -1).T).T.reshape(n, T, n_x)


def encode_by_accumulate(y, u_0, V, d, N, c):
    steps = itertools.accumulate(
        np.moveaxis(y, 1, 0),
        lambda u, v: np.hstack([np.tanh(v @ V.T + d), u]) @ N.T + c,
        initial=u_0,
    )
    return np.moveaxis(list(steps)[1:], 0, 1)


def encode_by_loops(y, u_0, V, d, N, c):
    result = []
    for n in range(len(y)):
        u, rows = list(u_0[n]), []
        for v in y[n]:
            e = [math.tanh(sum(a * b for a, b in zip(row, v)) + o) for row, o in zip(V, d)]
            u = [sum(a * b for a, b in zip(row, e + u)) + o for row, o in zip(N, c)]
            rows.append(u)
        result.append(rows)
    return result


def encode_in_place(y, u_0, V, d, N, c):
    out = np.empty((*y.shape[:2], len(c)))
    for t in range(y.shape[1]):
        u_0[:] = np.c_[np.tanh(y[:, t] @ V.T + d), u_0] @ N.T + c
        out[:, t] = u_0
    y[:] = 0
    return out


def same_array_again(y, u_0, V, d, N, c):
    """The list holds one array many times: all entries become the last"""
    states = []
    for t in range(y.shape[1]):
        u_0[:] = np.c_[np.tanh(y[:, t] @ V.T + d), u_0] @ N.T + c
        states.append(u_0)
    return np.stack(states, axis=1)


def not_recurrent(y, u_0, V, d, N, c):
    return np.stack([encode(y[:, [t]], u_0, V, d, N, c)[:, 0] for t in range(y.shape[1])], axis=1)


def joined_first(y, u_0, V, d, N, c):
    """The tanh around the sum of both"""
    return encode(y, u_0, V, d, N, c, f=lambda a: a, outer=np.tanh)


table(
    16,
    {
        "as printed": encode,
        "split": encode_split,
        "powers": encode_by_powers,
        "one system": encode_by_system,
        "accumulate": encode_by_accumulate,
        "loops, lists": encode_by_loops,
        "in place": encode_in_place,
        "list of arrays": lambda *a: list(encode(*a)),
        "exponentials": partial(encode, f=lambda a: 2 * special.expit(2 * a) - 1),
        "float32": single(encode),
        "list": listed(encode),
    },
    {
        "state first": (partial(encode, first="u"), "order|\\[e_t|first|swap"),
        "sigma": (partial(encode, f=sigma), "sigma|tanh"),
        "no tanh": (partial(encode, f=lambda a: a), "tanh"),
        "tanh of the state": (partial(encode, outer=np.tanh), "tanh|linear"),
        "joined first": (joined_first, "tanh|concat|encod"),
        "no d": (lambda y, u_0, V, d, *a: encode(y, u_0, V, 0 * d, *a), "d"),
        "no c": (lambda *a: encode(*a[:5], 0 * a[5]), "c"),
        "not recurrent": (not_recurrent, "u_0|state|recurr"),
        "u_0 forgotten": (lambda y, u_0, *a: encode(y, 0 * u_0, *a), "u_0"),
        "u_0 included": (lambda *a: np.concatenate([a[1][:, None], encode(*a)], axis=1), "shape"),
        "u_0 in place of u_T": (
            lambda *a: np.concatenate([a[1][:, None], encode(*a)[:, :-1]], axis=1),
            "shift|one step|u_0",
        ),
        "last observation": (
            lambda y, *a: encode(np.concatenate([0 * y[:, :1], y[:, :-1]], axis=1), *a),
            "shift|one step|y_",
        ),
        "backward in time": (lambda y, *a: encode(y[:, ::-1], *a)[:, ::-1], "time|backward|revers"),
        "time first": (lambda *a: encode(*a).swapaxes(0, 1), "shape"),
        "last state": lambda *a: encode(*a)[:, -1],
        "same array again": (same_array_again, None),
        "encodings": lambda y, u_0, V, d, N, c: np.tanh(y @ V.T + d),
        "sign": (then(negative, encode), "sign"),
        "two decimals": then(to_two_decimals, encode),
        "nan": then(one_is_nan, encode),
        "none": (lambda *a: None, "return"),
    },
)


# Unusual styles (np.matrix, einsum, in place, another derivation), and mistakes of reasoning


def decode_rolled(y, preferred, circumference):
    """The most active neuron rolled to the middle: correct for neurons in order only"""
    n, result = len(preferred), []
    for row in y:
        k = int(row.argmax())
        row = np.roll(row, n // 2 - k)
        result.append(preferred[k] + row @ (np.arange(n) - n // 2) * circumference / n / row.sum())
    return result


def decode_by_angles(y, preferred, circumference):
    """Differences as angles of complex numbers"""
    turn = 2j * np.pi / circumference
    c = preferred[y.argmax(1)]
    d = np.angle(np.exp(turn * (preferred - c[:, None]))) / turn.imag
    return np.asmatrix(c + np.einsum("ni,ni->n", y, d) / np.einsum("ni->n", y)).A1


table(
    1,
    {"angles, np.matrix": decode_by_angles},
    {
        "rolled": (decode_rolled, "in order"),
        "row of a matrix": (lambda *a: np.asmatrix(centre(*a)), "shape"),
        "squared counts": lambda y, p, c: centre(y**2, p, c),
        "length without the gap": lambda y, p, c: centre(y, p, np.ptp(p)),
    },
)


def collide_by_linear_system(q_i, q_j, v_i, v_j, m_i, m_j):
    """Momentum is kept, and the relative velocity along the line is reversed"""
    w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
    t = np.array([-w[1], w[0]])
    a, b = v_i @ w, v_j @ w
    A, B = np.linalg.solve([[m_i, m_j], [1, -1]], [m_i * a + m_j * b, b - a])
    return np.asfortranarray([A * w + v_i @ t * t, B * w + v_j @ t * t])


def collide_by_reflection(q_i, q_j, v_i, v_j, m_i, m_j):
    """Householder's reflection, in the system of the centre of mass"""
    H = np.eye(2) - 2 * np.outer(q_i - q_j, q_i - q_j) / ((q_i - q_j) @ (q_i - q_j))
    V = (m_i * v_i + m_j * v_j) / (m_i + m_j)
    return [np.asmatrix(V + H @ (v - V)).A1 for v in (v_i, v_j)]


def collide_by_speeds(q_i, q_j, v_i, v_j, m_i, m_j):
    """Each ball's own velocity along the line, in the place of the difference"""
    w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
    return (
        v_i - 2 * m_j / (m_i + m_j) * (v_i @ w) * w,
        v_j - 2 * m_i / (m_i + m_j) * (v_j @ w) * w,
    )


table(
    2,
    {"linear system": collide_by_linear_system, "reflection": collide_by_reflection},
    {
        "own speeds": collide_by_speeds,
        "columns": lambda *a: np.array(collide(*a)).T,
        "line of the velocities": lambda q_i, q_j, v_i, v_j, *m: collide(v_i, v_j, v_i, v_j, *m),
        "sum of absolute values": partial(collide, norm=lambda d: np.abs(d).sum()),
        "masses squared": lambda *a: collide(*a[:4], a[4] ** 2, a[5] ** 2),
    },
)


def gain_of_matrices(P, C, R):
    P, C, R = map(np.asmatrix, (P, C, R))
    return P * C.T * (C * P * C.T + R).I


table(
    3,
    {
        "np.matrix": gain_of_matrices,
        "least squares": lambda P, C, R: (
            np.linalg.lstsq((C @ P @ C.T + R).T, C @ P, rcond=None)[0].T
        ),
        "a little more noise": lambda P, C, R: gain(P, C, R + 1e-9 * np.eye(len(R))),
    },
    {
        "solved, not transposed": (
            lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P),
            "trans",
        ),
        "variances of R": lambda P, C, R: gain(P, C, np.diag(np.diag(R))),
        "variances of P": lambda P, C, R: gain(np.diag(np.diag(P)), C, R),
        "visibly more noise": lambda P, C, R: gain(P, C, R + 1e-3 * np.eye(len(R))),
    },
)


def step_of_matrices(m, P, y, A, C, Sigma_z, R):
    P, A, C, Sigma_z, R = map(np.asmatrix, (P, A, C, Sigma_z, R))
    m, P = A * np.asmatrix(m).T, A * P * A.T + Sigma_z
    K = gain_of_matrices(P, C, R)
    return (m + K * (np.asmatrix(y).T - C * m)).A1, P - K * C * P


def step_minus(m, P, y, A, C, Sigma_z, R, of_S=True):
    """P - K S K', or P - K R K'"""
    m, P = A @ m, A @ P @ A.T + Sigma_z
    S = C @ P @ C.T + R
    K = P @ C.T @ np.linalg.inv(S)
    return m + K @ (y - C @ m), np.asfortranarray(P - K @ (S if of_S else R) @ K.T)


table(
    4,
    {"np.matrix": step_of_matrices, "P - K S K'": step_minus},
    {
        "P - K R K'": (partial(step_minus, of_S=False), "K S K'"),
        "m is a column": (then(lambda m: m[:, None], step, 0), "shape"),
        "variances only": then(lambda P: np.diag(np.diag(P)), step, 1),
        "R squared": lambda m, P, y, A, C, Q, R: step(m, P, y, A, C, Q, R @ R),
        "predicted P": (
            lambda m, P, y, A, C, Q, R: (step(m, P, y, A, C, Q, R)[0], A @ P @ A.T + Q),
            "not updated",
        ),
    },
)

table(
    5,
    {
        "np.matrix": lambda u, y, W_u, W_y, b_x: sigma(
            np.asmatrix(u) * np.asmatrix(W_u).T + np.asmatrix(y) * np.asmatrix(W_y).T + b_x
        ),
        "tensordot": lambda u, y, W_u, W_y, b_x: np.vectorize(sigma)(
            np.tensordot(u, W_u, (1, 1)) + np.tensordot(y, W_y, (1, 1)) + b_x
        ),
        "clipped a little": then(lambda p: np.clip(p, 1e-7, 1 - 1e-7), hidden),
    },
    {
        "clipped": then(lambda p: np.clip(p, 0.05, 0.95), hidden),
        "float16": then(np.float16, hidden),
        "a generator": (lambda *a: (row for row in hidden(*a)), "array of numbers"),
        "sum of biases": lambda u, y, W_u, W_y, b_x: hidden(u, y, W_u, W_y, b_x.sum()),
        "probit": lambda *a: special.ndtr(special.logit(hidden(*a)) / 1.702),
    },
)


def free_by_enumeration(u, y, W_u, W_y, b_x, b_u, b_y):
    a = u @ W_u.T + y @ W_y.T + b_x
    states = np.array(list(itertools.product((0, 1), repeat=len(b_x))))
    return -special.logsumexp(a @ states.T, axis=1) - u @ b_u - y @ b_y


table(
    6,
    {
        "all states": free_by_enumeration,
        "to the base 2": partial(
            free, softplus=lambda a: np.logaddexp2(0, a / np.log(2)) * np.log(2)
        ),
    },
    {
        "logaddexp2": partial(free, softplus=lambda a: np.logaddexp2(0, a)),
        "clipped": partial(free, softplus=lambda a: np.log1p(np.exp(np.clip(a, -30, 30)))),
        "b_x outside": lambda *a: free(*a[:4], 0 * a[4], *a[5:]) - a[4].sum(),
        "softplus of the sum": (
            lambda u, y, W_u, W_y, b_x, b_u, b_y: (
                -np.logaddexp(0, (u @ W_u.T + y @ W_y.T + b_x).sum(1)) - u @ b_u - y @ b_y
            ),
            "sum",
        ),
        "over examples": (
            lambda u, y, W_u, W_y, b_x, b_u, b_y: (
                -np.logaddexp(0, u @ W_u.T + y @ W_y.T + b_x).sum(0)
            ),
            "shape",
        ),
    },
)

table(
    7,
    {
        "integers": partial(
            visible, draw=lambda p, rng: rng.integers(2**53, size=p.shape) < p * 2**53
        ),
        "a generator of rng's": lambda *a: visible(
            *a[:7], np.random.default_rng(a[7].integers(2**63))
        ),
        "u copied": lambda *a: (a[1].copy(), visible(*a)[1]) if a[6] else visible(*a),
    },
    {
        "four values of uniform": partial(
            visible, draw=lambda p, rng: rng.integers(4, size=p.shape) / 4 < p
        ),
        "binomial of two halves": partial(visible, draw=lambda p, rng: rng.binomial(2, p / 2)),
        "u rounded if clamped": lambda *a: (
            (np.round(a[1]), visible(*a)[1]) if a[6] else visible(*a)
        ),
        "x from -1/2 to 1/2": lambda x, *a: visible(x - 0.5, *a),
        "y needs u": lambda *a: visible(*a[:5], a[5] + 2 * a[1].mean(1, keepdims=True), *a[6:]),
    },
)


def cd_einsum(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    """A sample more than needed, at the end"""
    x = X = hidden(u, y, W_u, W_y, b_x)
    U, Y = u, y
    for _ in range(n_sweeps):
        sample = bernoulli(X, rng)
        U = u if clamped else bernoulli(sigma(sample @ W_u + b_u), rng)
        Y = bernoulli(sigma(sample @ W_y + b_y), rng)
        X = hidden(U, Y, W_u, W_y, b_x)
        bernoulli(X, rng)
    g = lambda a, b, c, d: np.einsum("ni,nj->ij", a, b) - np.einsum("ni,nj->ij", c, d)
    dW_u, dW_y = g(X, U, x, u) / len(u), g(X, Y, x, y) / len(u)
    return np.asmatrix(dW_u), dW_y, (X - x).mean(0), (U - u).mean(0), (Y - y).mean(0)


table(
    8,
    {"einsum, np.matrix": cd_einsum},
    {
        "dW_u transposed (einsum)": (then(np.transpose, cd_einsum, 0), "transposed"),
        "divided by n - 1": (
            lambda *a: [g * len(a[0]) / (len(a[0]) - 1) for g in cd_einsum(*a)],
            "times",
        ),
        "only db_x ascends": (then(negative, cd_einsum, 2), "sign"),
        "halves": (lambda *a: [g / 2 for g in cd_einsum(*a)], "0.5 times"),
    },
)


def back_two_steps(dl_du, u, W_u):
    """Truncated: errors come from the next two steps only"""
    slope, result = u * (1 - u), np.zeros_like(u)
    for t in range(len(u) - 1):
        result[t] = dl_du[t + 1]
        if t + 2 < len(u):
            result[t] += W_u.T @ (dl_du[t + 2] * slope[t + 1])
    return result * slope


def back_carried(dl_du, u, W_u):
    """One vector is carried back in time; a matrix, in Fortran's order"""
    result, carried = np.zeros_like(u, order="F"), np.zeros(u.shape[1])
    for t in reversed(range(len(u))):
        result[t] = carried * u[t] * (1 - u[t])
        carried = dl_du[t] + W_u.T @ result[t]
    return np.asmatrix(result)


table(
    9,
    {"carried back, np.matrix": back_carried},
    {
        "truncated": back_two_steps,
        "dL/du": (lambda dl, u, W: np.array(back_carried(dl, u, W)) / (u * (1 - u)), "dL/du"),
    },
)

table(
    10,
    {
        "einsum": lambda nu, lu, mu, lv: (
            np.einsum("nd->n", np.exp(lu - lv) + (nu - mu) ** 2 / np.exp(lv) - 1 + lv - lu) / 2
        ),
        "clipped at 0": then(lambda d: np.maximum(d, 0), kl),
    },
    {
        "symmetric": lambda nu, lu, mu, lv: (kl(nu, lu, mu, lv) + kl(mu, lv, nu, lu)) / 2,
        "variances exchanged": lambda nu, lu, mu, lv: kl(nu, lv, mu, lu),
        "keepdims": (then(lambda d: d[:, None], kl), "axis"),
        "d in the place of 1": lambda *a: kl(*a) - a[0].shape[1] * (a[0].shape[1] - 1) / 2,
    },
)


def backward_wrong(part, change):
    """The derivatives with one of them changed: change(x, dL/dx, d_u, nu, log_upsilon)"""

    def changed(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y):
        result = list(backward(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y))
        x = nu + np.exp(log_upsilon / 2) * eps
        d_u = (x @ W.T + b - u) / sigma_u**2
        result[part] = change(x, result[4] - nu, d_u, nu, log_upsilon)
        return result

    return changed


table(
    11,
    {"np.matrix": lambda *a: [np.asmatrix(backward(*a)[0]), *backward(*a)[1:]]},
    {
        "eps forgotten in V6": (
            backward_wrong(
                5, lambda x, d, d_u, nu, lu: d * np.exp(lu / 2) / 2 + (np.exp(lu) - 1) / 2
            ),
            "eps",
        ),
        "dW of nu": (backward_wrong(0, lambda x, d, d_u, nu, lu: d_u.T @ nu), "nu"),
        "db averaged": (backward_wrong(1, lambda x, d, d_u, nu, lu: d_u.mean(0)), "average"),
        "last two exchanged": lambda *a: [*backward(*a)[:4], backward(*a)[5], backward(*a)[4]],
    },
)


def posterior_of_matrices(u, W, b, sigma):
    W = np.asmatrix(W)
    covariance = (np.eye(W.shape[1]) + W.T * W / sigma**2).I
    return np.asmatrix(u - b) * W * covariance / sigma**2, covariance


table(
    12,
    {"np.matrix": posterior_of_matrices},
    {
        "mean times sigma": then(lambda m: 0.9 * m, posterior, 0),
        "least squares": (
            lambda u, W, b, s: (np.linalg.lstsq(W, (u - b).T)[0].T, posterior(u, W, b, s)[1]),
            "prior",
        ),
        "covariance first": lambda *a: posterior(*a)[::-1],
    },
)

table(
    13,
    {},
    {
        "dW_u transposed": (then(np.transpose, learn, 0), "transposed"),
        "state without y": lambda *a: (*learn(*a)[:5], hidden(a[0], 0 * a[1], *a[2:5])),
    },
)


def slope_by_angles(runs, last, true, circumference):
    """Wrapped as angles; a masked array leaves NaN out"""
    turn = 2j * np.pi / circumference
    moved = np.angle(np.exp(turn * (runs - last[:, None]))) / turn.imag
    m, t = np.ma.masked_invalid(moved).mean(0), true[:, 1:] - true[:, :1]
    return np.asmatrix((m * t).sum(0) / (t**2).sum(0)).A1


def slope_changed(change, runs, last, true, circumference):
    m = np.nanmean(wrap(runs - last[:, None], circumference), axis=0)
    return change(m, true[:, 1:] - true[:, :1])


table(
    14,
    {"angles, masked": slope_by_angles},
    {
        "ratio of averages": partial(slope_changed, lambda m, t: m.mean(0) / t.mean(0)),
        "absolute values": partial(slope_changed, lambda m, t: (abs(m * t)).sum(0) / (t**2).sum(0)),
        "root": partial(slope_changed, lambda m, t: (m * t).sum(0) / np.sqrt((t**2).sum(0))),
        "runs without NaN only": lambda runs, *a: slope(runs[~np.isnan(runs).any((1, 2))], *a),
        "true step by step": lambda runs, last, true, c: slope_changed(
            lambda m, t: (m * np.diff(true)).sum(0) / (np.diff(true) ** 2).sum(0),
            runs,
            last,
            true,
            c,
        ),
    },
)

table(
    15,
    {"np.matrix": then(np.asmatrix, predict)},
    {
        "two passes of means": (
            lambda u, y, W_u, W_y, b_x, b_y, n, rng: predict(
                u, predict(u, y, W_u, W_y, b_x, b_y, n, rng), W_u, W_y, b_x, b_y, 0, rng
            ),
            "pass",
        ),
        "u shrinks": lambda u, *a: predict((u + 0.5) / 2, *a),
        "y rounded first": lambda u, y, *a: predict(u, np.round(y), *a),
        "range(1, n)": partial(predict, sweeps=lambda n: len(range(1, n))),
    },
)

table(
    16,
    {"Fortran order": then(np.asfortranarray, encode)},
    {
        "d outside tanh": lambda y, u_0, V, d, N, c: encode(
            y, u_0, V, 0 * d, N, c + N[:, : len(d)] @ d
        ),
        "leaky": lambda *a: (
            (encode(*a) + np.concatenate([a[1][:, None], encode(*a)[:, :-1]], axis=1)) / 2
        ),
        "first row's u_0": lambda y, u_0, *a: encode(y, 0 * u_0 + u_0[:1], *a),
        "state's part of N transposed": lambda y, u_0, V, d, N, c: encode(
            y, u_0, V, d, np.hstack([N[:, : len(d)], N[:, len(d) :].T]), c
        ),
    },
)


# the checks of these draw samples for a second or more, and that of 13 trains two networks
QUICK = {
    7: ("as printed", "y first, binomial", "joined, logistic, in place"),
    8: ("as printed", "joined, in place"),
    15: ("as printed", "in place, logistic"),
    13: (),
}
SLOW_TOO = {
    *((13, name) for name in ("Bernoulli spikes", "mean spikes", "starts from means")),
    *((8, name) for name in ("one sweep", "one sweep more", "means throughout")),
    *((8, name) for name in ("starts from means", "means of the visible", "same for all rows")),
    *((15, name) for name in ("means throughout", "means of y", "means of x", "a sweep less")),
    *((15, name) for name in ("u sampled", "above", "rows share", "pairs share")),
}
LIMIT = 1.0  # seconds for an endless loop
ENOUGH = 600.0  # for an answer that ends, on a machine that is busy with other work too


def marked(number, name, answer, correct, hint):
    slow = number in QUICK and correct and name not in QUICK[number]
    slow = slow or (number, name) in SLOW_TOO
    marks = [pytest.mark.slow] if slow else []
    return pytest.param(number, answer, correct, hint, marks=marks, id=f"{number}: {name}")


@pytest.mark.parametrize("number, answer, correct, hint", [marked(*one) for one in VARIANTS])
def test_verdict(number, answer, correct, hint, monkeypatch):
    monkeypatch.setattr(_process, "PATIENCE", 1000)  # the wall is no measure on a busy machine
    seconds = LIMIT if answer is never_ends else ENOUGH
    got, message = check.verdict(EXERCISES[number], answer, seconds=seconds)
    assert got == correct, message
    assert correct or message != "not done yet"
    assert hint is None or re.search(hint, message), message


def test_there_are_two_hundred_of_them():
    assert len(VARIANTS) >= 200 and len(set((n, name) for n, name, *_ in VARIANTS)) == len(VARIANTS)
    for number in EXERCISES:
        kinds = [correct for n, _, _, correct, _ in VARIANTS if n == number]
        assert kinds.count(True) >= 3 and kinds.count(False) >= 10
