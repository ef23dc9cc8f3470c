"""The exercises: solutions and correct variants pass, incorrect ones get their hint."""

import csv
import importlib
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit

from examples.exercises import _process, check, grade, handout
from examples.exercises._answers import Incorrect, near, same

ROOT = Path(__file__).parent.parent
EXERCISES = check.exercises()
LEARNS = 13  # its check trains two networks
SAMPLES = (8, 13, 15)  # a mistake is named after many chains of each candidate


def answers(number):
    return check.solution(EXERCISES[number])


def checks(number):
    return importlib.import_module(f"examples.exercises.checks.{EXERCISES[number]}")


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def slow_if_it_learns(number, *rest):
    marks = [pytest.mark.slow] if number == LEARNS else []
    return pytest.param(number, *rest, marks=marks)


NUMBERS = [slow_if_it_learns(number) for number in EXERCISES]


# Correct answers of many kinds


def as_lists(result):
    return tuple(part.tolist() for part in result) if isinstance(result, tuple) else result.tolist()


def in_single_precision(answer):
    """The answer computed in float32: arguments and results"""

    def single(*arguments):
        arguments = [a.astype(np.float32) if isinstance(a, np.ndarray) else a for a in arguments]
        result = answer(*arguments)
        parts = result if isinstance(result, tuple) else (result,)
        parts = tuple(np.asarray(part, np.float32) for part in parts)
        return parts if isinstance(result, tuple) else parts[0]

    return single


def gain_in_place(P, C, R):
    R += C @ P @ C.T
    return P @ C.T @ np.linalg.inv(R)


def step_in_place(m, P, y, A, C, Sigma_z, R):
    m[:] = A @ m
    P[:] = A @ P @ A.T + Sigma_z
    y -= C @ m
    R += C @ P @ C.T
    K = np.linalg.solve(R, C @ P).T
    m += K @ y
    P -= K @ C @ P
    return m, P


def joseph(m, P, y, A, C, Sigma_z, R):
    m, P = A @ m, A @ P @ A.T + Sigma_z
    K = np.linalg.solve(C @ P @ C.T + R, C @ P).T
    rest = np.eye(len(m)) - K @ C
    return [m + K @ (y - C @ m), rest @ P @ rest.T + K @ R @ K.T]


def information_gain(P, C, R):
    if not R.any():
        return np.linalg.inv(C)
    return np.linalg.inv(np.linalg.inv(P) + C.T @ np.linalg.inv(R) @ C) @ C.T @ np.linalg.inv(R)


def decode_by_loops(y, preferred, circumference):
    result = []
    for row in y:
        c = preferred[list(row).index(max(row))]
        d = [p - c - circumference * round((p - c) / circumference) for p in preferred]
        result.append(c + sum(a * b for a, b in zip(row, d, strict=True)) / sum(row))
    return result


def decode_wrapped(y, preferred, circumference):
    y /= y.sum(1, keepdims=True)
    c = preferred[np.argmax(y, axis=1)]
    d = np.subtract.outer(c, preferred)
    d = (-d + 1.5 * circumference) % circumference - 0.5 * circumference
    return (c + (y * d).sum(1)) % circumference


def careful_collision(q_i, q_j, v_i, v_j, m_i, m_j):
    if (v_i - v_j) @ (q_i - q_j) >= 0:
        return v_i, v_j
    return answers(2)(q_i, q_j, v_i, v_j, m_i, m_j)


def collision_in_place(q_i, q_j, v_i, v_j, m_i, m_j):
    q_i -= q_j
    q_i /= np.sqrt(q_i @ q_i)
    impulse = 2 * m_i * m_j / (m_i + m_j) * ((v_i - v_j) @ q_i) * q_i
    v_i -= impulse / m_i
    v_j += impulse / m_j
    return v_i, v_j


def hidden_mean_by_rows(u, y, W_u, W_y, b_x):
    return [expit(W_u @ u_n + W_y @ y_n + b_x) for u_n, y_n in zip(u, y, strict=True)]


def free_energy_by_loops(u, y, W_u, W_y, b_x, b_u, b_y):
    result = []
    for u_n, y_n in zip(u, y, strict=True):
        a = W_u @ u_n + W_y @ y_n + b_x
        result.append(-sum(np.logaddexp(0, one) for one in a) - b_u @ u_n - b_y @ y_n)
    return result


def binomial_samples(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    y = rng.binomial(1, sigmoid(x @ W_y + b_y))
    return (u if clamped else rng.binomial(1, sigmoid(x @ W_u + b_u))), y


def boolean_samples(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    p = expit(np.hstack([x @ W_u + b_u, x @ W_y + b_y]))
    both = rng.uniform(size=p.shape) < p
    return [u if clamped else both[:, : u.shape[1]], both[:, u.shape[1] :]]


def spawned(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    rng = np.random.default_rng(rng.integers(2**60))
    return answers(7)(x, u, W_u, W_y, b_u, b_y, clamped, rng)


def samples_by_rows(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    us, ys = [], []
    for x_n, u_n in zip(x, u, strict=True):
        us.append(u_n if clamped else 1 * (rng.random(len(b_u)) < sigmoid(x_n @ W_u + b_u)))
        ys.append(1 * (rng.random(len(b_y)) < sigmoid(x_n @ W_y + b_y)))
    return us, ys


def cd_by_rows(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    total = [0, 0, 0, 0, 0]
    for u_n, y_n in zip(u, y, strict=True):
        x = x_n = expit(W_u @ u_n + W_y @ y_n + b_x)
        u_hat = u_n
        for _ in range(n_sweeps):
            sample = rng.random(len(x)) < x
            y_hat = rng.random(len(b_y)) < expit(sample @ W_y + b_y)
            if not clamped:
                u_hat = rng.random(len(b_u)) < expit(sample @ W_u + b_u)
            x = expit(W_u @ u_hat + W_y @ y_hat + b_x)
        model = np.outer(x, u_hat), np.outer(x, y_hat), x, 1.0 * u_hat, 1.0 * y_hat
        data = np.outer(x_n, u_n), np.outer(x_n, y_n), x_n, u_n, y_n
        total = [t + (m - d) / len(u) for t, m, d in zip(total, model, data, strict=True)]
    return total


def cd_of_one_matrix(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    """With u and y side by side, and a bias unit"""
    n, n_u = u.shape
    W, b_v = np.concatenate([W_u, W_y], axis=1), np.concatenate([b_u, b_y])
    v = data = np.concatenate([u, y], axis=1)
    x = first = expit(np.einsum("jv,nv->nj", W, data) + b_x)
    for _ in range(n_sweeps):
        x_hat = rng.binomial(1, x)
        v = rng.binomial(1, expit(x_hat @ W + b_v)).astype(float)
        if clamped:
            v[:, :n_u] = u
        x = expit(v @ W.T + b_x)
    dW, db_x, db_v = (x.T @ v - first.T @ data) / n, np.mean(x - first, 0), np.mean(v - data, 0)
    return dW[:, :n_u], dW[:, n_u:], db_x, db_v[:n_u], db_v[n_u:]


def bptt_in_place(dl_du, u, W_u):
    dl_du[:-1] = dl_du[1:]
    dl_du[-1] = 0
    for t in range(len(u) - 1, -1, -1):
        dl_du[t] *= u[t] * (1 - u[t])
        if t:
            dl_du[t - 1] += dl_du[t] @ W_u
    return dl_du


def bptt_by_recursion(dl_du, u, W_u):
    def d_a(t):
        if t == len(u) - 1:
            return 0 * u[t]
        return (dl_du[t + 1] + d_a(t + 1) @ W_u) * u[t] * (1 - u[t])

    return np.array([d_a(t) for t in range(len(u))])


def kl_in_place(nu, log_upsilon, mu, log_var):
    nu -= mu
    nu **= 2
    log_upsilon -= log_var
    return np.sum(np.exp(log_upsilon) + nu / np.exp(log_var) - log_upsilon - 1, -1) / 2


def rvae_gradient_in_place(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y):
    spread = np.exp(log_upsilon / 2)
    eps *= spread
    x = nu + eps
    u -= x @ W.T + b
    y -= x @ V.T + c
    u /= -(sigma_u**2)
    y /= -(sigma_y**2)
    d_x = u @ W + y @ V
    nu += d_x
    return [u.T @ x, u.sum(0), y.T @ x, y.sum(0), nu, d_x * eps / 2 + (spread**2 - 1) / 2]


def x_given_u_in_place(u, W, b, sigma):
    u -= b
    W /= sigma
    precision = np.eye(W.shape[1]) + W.T @ W
    return np.linalg.solve(precision, (u @ W).T / sigma).T, np.linalg.inv(precision)


def x_given_u_by_gain(u, W, b, sigma):
    K = np.linalg.solve(W @ W.T + sigma**2 * np.eye(len(W)), W).T
    return [[K @ (one - b) for one in u], np.eye(W.shape[1]) - K @ W]


def learn_by_rows(u, y, W_u, W_y, b_x, b_u, b_y, clamped, rng):
    """In float32, with y sampled before u"""
    u, y, W_u, W_y, b_x, b_u, b_y = (
        np.asarray(a, np.float32) for a in (u, y, W_u, W_y, b_x, b_u, b_y)
    )
    x = expit(np.dot(u, W_u.T) + np.dot(y, W_y.T) + b_x)
    hard = (rng.random(x.shape, np.float32) < x).astype(np.float32)
    y_hat = rng.poisson(np.exp(hard @ W_y + b_y)).astype(np.float32)
    u_hat = u.copy()
    if not clamped:
        u_hat[:] = rng.random(u.shape, np.float32) < expit(hard @ W_u + b_u)
    x_hat = expit(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
    n = len(u)
    return [
        (x_hat.T @ u_hat - x.T @ u) / n,
        (x_hat.T @ y_hat - x.T @ y) / n,
        x_hat.mean(0) - x.mean(0),
        u_hat.mean(0) - u.mean(0),
        y_hat.mean(0) - y.mean(0),
        x,
    ]


def coasting_by_loops(runs, last, true, circumference):
    result = []
    for k in range(runs.shape[2]):
        above = below = 0.0
        for n in range(len(last)):
            moved = []
            for run in runs[:, n, k]:
                if not np.isnan(run):
                    d = run - last[n]
                    moved.append(d - circumference * np.round(d / circumference))
            t = true[n, k + 1] - true[n, 0]
            above, below = above + np.mean(moved) * t, below + t * t
        result.append(above / below)
    return result


def coasting_by_least_squares(runs, last, true, circumference):
    runs -= last[None, :, None]
    angle = np.angle(np.exp(2j * np.pi * runs / circumference)) * circumference / (2 * np.pi)
    m = np.ma.masked_invalid(angle).mean(0).data
    true -= true[:, :1].copy()
    return [
        np.linalg.lstsq(true[:, k + 1 : k + 2], m[:, k], rcond=None)[0][0]
        for k in range(m.shape[1])
    ]


def predict_with_binomial(u, y, W_u, W_y, b_x, b_y, n_sweeps, rng):
    mean = lambda y: expit(u @ W_u.T + y @ W_y.T + b_x)
    x = mean(y)
    while n_sweeps:
        y = rng.binomial(1, expit(rng.binomial(1, x) @ W_y + b_y))
        x = mean(y)
        n_sweeps -= 1
    return expit(x @ W_y + b_y).tolist()


def recognise_by_rows(y, u_0, V, d, N, c):
    result = np.zeros((*y.shape[:2], len(c)), np.float32)
    for n, series in enumerate(y):
        u = u_0[n]
        for t, y_t in enumerate(series):
            u = N @ np.hstack([np.tanh(V @ y_t + d), u]) + c
            result[n, t] = u
    return result


CORRECT = [
    (1, decode_by_loops),
    (1, decode_wrapped),
    (2, careful_collision),
    (2, collision_in_place),
    (2, lambda *a: np.array(answers(2)(*a))),
    (2, lambda *a: [list(v) for v in answers(2)(*a)]),
    (3, gain_in_place),
    (3, information_gain),
    (3, lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P).T),
    (4, step_in_place),
    (4, joseph),
    (5, lambda u, y, W_u, W_y, b_x: expit(np.c_[u, y] @ np.c_[W_u, W_y].T + b_x)),
    (5, hidden_mean_by_rows),
    (6, free_energy_by_loops),
    (7, binomial_samples),
    (7, boolean_samples),
    (7, spawned),
    (7, samples_by_rows),
    (8, cd_by_rows),
    (8, cd_of_one_matrix),
    (9, bptt_in_place),
    (9, bptt_by_recursion),
    (10, kl_in_place),
    (11, rvae_gradient_in_place),
    (12, x_given_u_in_place),
    (12, x_given_u_by_gain),
    (LEARNS, learn_by_rows),
    (14, coasting_by_loops),
    (14, coasting_by_least_squares),
    (15, predict_with_binomial),
    (16, recognise_by_rows),
    *[(n, lambda *a, n=n: as_lists(answers(n)(*a))) for n in EXERCISES],
    *[(n, lambda *a, n=n: in_single_precision(answers(n))(*a)) for n in EXERCISES],
]


@pytest.mark.parametrize("number, answer", [slow_if_it_learns(*one) for one in CORRECT])
def test_a_correct_answer_passes(number, answer):
    assert check.verdict(EXERCISES[number], answer) == (True, "correct")


# Incorrect answers: those that the checks know by name, and others


def with_nan(y, preferred, circumference):
    return np.where(np.arange(len(y)) == 3, np.nan, answers(1)(y, preferred, circumference))


def softplus_that_overflows(u, y, W_u, W_y, b_x, b_u, b_y):
    return -np.log1p(np.exp(u @ W_u.T + y @ W_y.T + b_x)).sum(1) - u @ b_u - y @ b_y


def clipped_softplus(u, y, W_u, W_y, b_x, b_u, b_y):
    a = np.clip(u @ W_u.T + y @ W_y.T + b_x, -50, 50)
    return -np.log1p(np.exp(a)).sum(1) - u @ b_u - y @ b_y


def samples(x, u, W_u, W_y, b_u, b_y, clamped, rng, for_u=None, for_y=None):
    """Random numbers for u and for y from two functions of (rng, shape)"""
    draw = lambda rng, shape: rng.random(shape)
    for_u, for_y = for_u or draw, for_y or draw
    p_u, p_y = sigmoid(x @ W_u + b_u), sigmoid(x @ W_y + b_y)
    u = u if clamped else 1.0 * (for_u(rng, p_u.shape) < p_u)
    return u, 1.0 * (for_y(rng, p_y.shape) < p_y)


def neighbours(rng, shape):
    """The same numbers for two neighbouring rows"""
    half = rng.random(((shape[0] + 1) // 2, *shape[1:]))
    return np.repeat(half, 2, axis=0)[: shape[0]]


def one_row(rng, shape):
    return np.broadcast_to(rng.random(shape[1:]), shape)


def one_column(rng, shape):
    return np.broadcast_to(rng.random((shape[0], 1)), shape)


def another(rng, shape):
    return np.random.default_rng().random(shape)


def a_fixed_one(rng, shape):
    return np.random.default_rng(0).random(shape)


def the_global_one(rng, shape):
    return vars(np.random)["random"](shape)


def mean_if_clamped(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    u_hat, y_hat = answers(7)(x, u, W_u, W_y, b_u, b_y, clamped, rng)
    return u_hat, sigmoid(x @ W_y + b_y) if clamped else y_hat


class Shared:
    """A generator whose next array repeats its rows, so that examples share random numbers"""

    def __init__(self, rng):
        self.rng = rng

    def random(self, shape):
        return neighbours(self.rng, shape)


def scaled(number, place, factor):
    def wrong(*arguments):
        result = list(answers(number)(*arguments))
        result[place] = factor * result[place]
        return tuple(result)

    return wrong


def with_rng(number, rng):
    """The solution with another generator, which `rng` makes of the given one"""
    return lambda *a: answers(number)(*a[:-1], rng(a[-1]))


INCORRECT = [
    (1, with_nan, "1 of .* NaN"),
    (1, lambda *a: answers(1)(*a)[:, None], "one axis too many"),
    (2, lambda *a: answers(2)(*a)[0][0], "expected 2 results"),
    (2, scaled(2, 0, 1.0001), "v_i after .*everywhere 1.0001 times"),
    (3, lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P), "K of three .*transposed"),
    (3, lambda P, C, R: P @ C.T @ np.linalg.inv(C @ P @ C.T + 2 * R), "K"),
    (5, lambda *a: answers(5)(*a).T, r"transposed\?"),
    (5, lambda u, *a: answers(5)(u > 0.5, *a), "u is rounded"),
    (6, softplus_that_overflows, "F(.*) for large weights: .* NaN or infinite"),
    (6, clipped_softplus, "for large weights: expected"),
    (6, lambda *a: answers(6)(*a).sum(), "a sum over everything"),
    (7, lambda *a: samples(*a, for_u=another), "u: .*same seed"),
    (7, lambda *a: samples(*a, for_y=another), "y: .*same seed"),
    (7, lambda *a: samples(*a, for_y=the_global_one), "y: .*same seed"),
    (7, lambda *a: samples(*a, for_u=the_global_one), "u: .*same seed"),
    (7, lambda *a: samples(*a, for_y=a_fixed_one), "y: .*another rng"),
    (7, lambda *a: samples(*a, for_u=a_fixed_one), "u: .*another rng"),
    (7, lambda *a: samples(*a, neighbours, neighbours), "random numbers shared"),
    (7, lambda *a: samples(*a, for_y=neighbours), "random numbers shared"),
    (7, lambda *a: samples(*a, one_row, one_row), "u, then y"),
    (7, lambda *a: samples(*a, one_column, one_column), "one random number for several"),
    (7, mean_if_clamped, "y, with u clamped: expected samples"),
    (7, lambda x, *a: answers(7)(x * 0 + x[0], *a), "u, then y, averaged"),
    (8, scaled(8, 2, 1.03), "db_x .*everywhere 1.03 times"),
    (8, scaled(8, 3, 0.97), "db_u .*everywhere 0.97 times"),
    (8, with_rng(8, lambda rng: np.random), "same seed"),
    (8, with_rng(8, lambda rng: np.random.default_rng(0)), "averaged|another rng"),
    (8, with_rng(8, Shared), "clamped = False: .*shared"),
    (8, lambda *a: checks(8).cd(*a, ended="sample"), "a sample of x in the place of its mean"),
    (8, lambda *a: checks(8).cd(*a, ended="positive"), "a sample of x in the place of its mean"),
    (9, lambda *a: np.vstack([answers(9)(*a)[1:], 0 * a[0][:1]]), "one row too early"),
    (9, lambda *a: np.vstack([0 * a[0][:1], answers(9)(*a)[:-1]]), "one row too late"),
    (10, lambda *a: 3 * answers(10)(*a), "everywhere 3 times the expected"),
    (10, lambda *a: answers(10)(*a) + 0.1, r"everywhere \+0.1"),
    (11, lambda *a: tuple(answers(11)(*a)[:5]), "expected 6 results"),
    (11, scaled(11, 4, 1.001), "dnu: .*everywhere 1.001 times"),
    (12, lambda *a: answers(12)(*a)[0], "expected 2 results"),
    (13, with_rng(13, lambda rng: np.random), "same seed"),
    (13, scaled(13, 1, 1.01), "dW_y .*everywhere 1.01 times"),
    (14, lambda *a: answers(14)(*a)[::-1], "slopes of 5 runs: expected"),
    (15, with_rng(15, lambda rng: np.random.default_rng(0)), "averaged|another rng"),
    (15, with_rng(15, lambda rng: np.random.default_rng()), "same seed"),
    (15, with_rng(15, Shared), "shared"),
    (16, lambda *a: answers(16)(*a)[:, -1], "expected shape"),
]
NAMED = [(n, wrong, re.escape(hint)) for n in EXERCISES for hint, wrong in checks(n).MISTAKES]


def test_there_are_enough_of_them():
    assert list(EXERCISES) == list(range(1, len(EXERCISES) + 1)) and len(EXERCISES) >= 16
    for number in EXERCISES:
        hints = {hint for hint, _ in checks(number).MISTAKES}
        assert len(hints) >= 6
    assert {number for number, *_ in CORRECT} == set(EXERCISES)


def slow_if_it_samples(number, *rest):
    return pytest.param(number, *rest, marks=[pytest.mark.slow] if number in SAMPLES else [])


@pytest.mark.parametrize(
    "number, answer, match", INCORRECT + [slow_if_it_samples(*n) for n in NAMED]
)
def test_usual_errors_are_named(number, answer, match):
    correct, message = check.verdict(EXERCISES[number], answer)
    assert not correct and message.startswith("incorrect: ")
    assert re.search(match, message), message


@pytest.mark.parametrize("number", NUMBERS)
def test_the_solution_is_correct(number):
    assert check.verdict(EXERCISES[number], answers(number)) == (True, "correct")


@pytest.mark.parametrize("number", EXERCISES)
def test_an_exercise_has_all_its_parts(number):
    name = EXERCISES[number]
    assert check.verdict(name) == (False, "not done yet")
    text = importlib.import_module(f"examples.exercises.{name}").__doc__
    assert text.startswith(f"Exercise {number}: ")
    minutes, before = re.search(
        r"^Minutes: (\d+)\. Lines: \d+\. Before: (.*)\.$", text, re.M
    ).groups()
    row = next(
        row
        for row in (ROOT / "examples/exercises/README.md").read_text().splitlines()
        if row.startswith(f"| {number} |")
    )
    assert f"| {minutes} |" in row and before
    of_solution = importlib.import_module(f"examples.exercises.solutions.{name}").__doc__
    assert len(of_solution.split()) > 20 and checks(number).LOOK


@pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=[pytest.mark.slow] if n in (5, 8, 13, 14) else []) for n in EXERCISES],
)
def test_a_picture_shows_the_answers_result(number, tmp_path):
    figure = checks(number).picture(answers(number))
    figure.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 5000
    lines = [line for axis in figure.axes for line in (*axis.lines, *axis.images)]
    assert len(lines) >= 2


@pytest.mark.slow
def test_networks_of_all_seeds_coast_as_the_check_expects():
    bounds = checks(13).MOVES, checks(13).STAYS
    for seed in range(10):
        assert checks(13).coasts(answers(13), False, seed) > bounds[0]
        assert abs(checks(13).coasts(answers(13), True, seed)) < bounds[1]


# Messages


@pytest.mark.parametrize(
    "got, match",
    [
        (np.full(2, np.nan), "2 of 2 entries that are NaN"),
        ("a", "array of numbers"),
        (np.ones(3), "shape"),
        (np.array([2.0, 3.0]), r"everywhere \+1"),
        ((np.array([1.0, 2.0]),), "a comma after the result"),
    ],
)
def test_hints(got, match):
    with pytest.raises(Incorrect, match=match):
        same("it", got, np.array([1.0, 2.0]))


def test_a_single_number_is_not_said_to_be_a_multiple():
    with pytest.raises(Incorrect, match=r"^it: expected 2, got 3$"):
        same("it", 3.0, 2.0)
    with pytest.raises(Incorrect, match="the opposite sign"):
        same("it", -2.0, 2.0)


def test_numbers_that_differ_are_printed_with_digits_that_differ():
    with pytest.raises(Incorrect) as error:
        same("it", [1.0002, 5], [1.0, 5])
    assert "expected 1 at 0, got 1.0002" in str(error.value)
    with pytest.raises(Incorrect, match=r"expected 0\.5 at 0, got 0\.7"):
        near("it", [0.7, 0.5], [0.5, 0.5], [0.01, 0.01])


def at_fault(*a):
    return np.zeros(3) @ np.zeros(4)


def test_the_message_gives_the_line_of_the_answer():
    correct, message = check.verdict(EXERCISES[5], at_fault)
    assert not correct and message.startswith("stopped by ValueError")
    line = at_fault.__code__.co_firstlineno + 1
    assert message.endswith(f"(test_exercises.py, line {line})")
    _, message = check.verdict(EXERCISES[5], lambda *a: None)
    assert message == "incorrect: E[x | u, y] is None: is there a `return`?"


def test_arguments_of_another_type_do_not_stop_the_check_itself():
    for number in EXERCISES:
        for odd in ("text", 3, object(), [], {}, np.array("a"), [[1], [2, 3]], (None,) * 6):
            correct, message = check.verdict(EXERCISES[number], lambda *a, odd=odd: odd)
            assert not correct and message.startswith("incorrect: "), (number, odd, message)


# An answer ends under a limit, in this process and in one of its own


def endless(*a):
    while True:
        pass


def test_an_endless_loop_ends_here_too(monkeypatch):
    monkeypatch.setattr(_process, "PATIENCE", 1000)
    begun = time.monotonic()
    correct, message = check.verdict(EXERCISES[5], endless, seconds=0.5)
    assert not correct and time.monotonic() - begun < 100
    assert message.startswith(
        "no result after 0.5 s of CPU time: an endless loop? (test_exercises.py, line "
    )


def test_an_answer_that_waits_ends_here_too():
    correct, message = check.verdict(EXERCISES[5], lambda *a: time.sleep(10**6), seconds=0.2)
    assert not correct
    assert message.startswith("no result after 2 s: does it wait for something? (")


def test_an_answer_that_asks_is_told_so():
    correct, message = check.verdict(EXERCISES[5], lambda *a: input("u? "))
    assert not correct and message.startswith("stopped by EOFError: input() gets no answer")
    assert input.__module__ == "builtins"


def test_time_on_the_wall_alone_is_no_endless_loop():
    """As on a busy machine: the limit is in CPU time."""

    def slow(*arguments):
        time.sleep(0.2)
        return answers(3)(*arguments)

    begun = time.monotonic()
    assert check.verdict(EXERCISES[3], slow, seconds=0.9) == (True, "correct")
    assert time.monotonic() - begun > 0.9


def test_an_exit_does_not_pass():
    correct, message = check.verdict(EXERCISES[5], lambda *a: sys.exit(0))
    assert not correct and message.startswith("stopped by SystemExit: 0")


HEAD = "import numpy as np\n\ndef hidden_mean(u, y, W_u, W_y, b_x):\n"
SUM = "u @ W_u.T + y @ W_y.T + b_x"
ANSWER = f"    return 1 / (1 + np.exp(-({SUM})))"
FILE = "ex05_hidden_mean.py"
LINE_4 = r"\(ex05_hidden_mean.py, line 4\)$"
WAITS = r"^no result after 20 s: does it wait for something\?"
ENDLESS = rf"(^no result after 2 s of CPU time: an endless loop\?|{WAITS})"  # on a busy machine

# student: (what the function does, or the whole text; pattern of the message)
SUBMISSIONS = {
    "correct": (ANSWER, "^correct$"),
    "correct, in loops": (
        "    z = [[sum(a * b for a, b in zip(u_n, w)) for w in W_u] for u_n in u]\n"
        "    z = np.array(z) + y @ W_y.T + b_x\n    return (1 / (1 + np.exp(-z))).tolist()",
        "^correct$",
    ),
    "correct, prints": (f"    print('x' * 10**7)\n{ANSWER}", "^correct$"),
    "correct, leaves files": (f"    open('left', 'w').write('x')\n{ANSWER}", "^correct$"),
    "no sigmoid": (f"    return {SUM}", "the sigmoid is missing"),
    "W_u": (
        "    return 1 / (1 + np.exp(-(u @ W_u + y @ W_y.T + b_x)))",
        "W_u in the place of W_u'",
    ),
    "no bias": ("    return 1 / (1 + np.exp(-(u @ W_u.T + y @ W_y.T)))", "b_x is missing"),
    "no u": ("    return 1 / (1 + np.exp(-(y @ W_y.T + b_x)))", "u is missing"),
    "sign": (f"    return 1 / (1 + np.exp({SUM}))", "the opposite sign in the exponent"),
    "tanh": (f"    return np.tanh({SUM})", "tanh in the place"),
    "rounds": (f"    return ({SUM}) > 0", "the mean is asked for"),
    "one number": (f"    return np.mean({SUM})", "expected shape"),
    "no return": ("    u += 1", "is there a `return`"),
    "not done": ("    raise NotImplementedError", "^not done yet$"),
    "shapes": ("    return u @ np.ones(7)", f"^stopped by ValueError: .*{LINE_4}"),
    "sys exit": ("    raise SystemExit(0)", f"^stopped by SystemExit: 0 {LINE_4}"),
    "os exit": ("    import os\n    os._exit(0)", r"ended before the check did \(exit code 0\)$"),
    "endless": ("    while True:\n        pass", ENDLESS + r" \(ex05_hidden_mean.py, line \d\)$"),
    "endless, catches all": (
        "    while True:\n        try:\n            while True:\n                pass\n"
        "        except BaseException:\n            pass",
        ENDLESS + "$",
    ),
    "sleeps": ("    import time\n    time.sleep(10**6)", WAITS),
    "asks": ("    input('?')", r"^stopped by EOFError: .*gets no answer.*, line 4\)$"),
    "huge array": ("    return np.ones((10**6, 10**6))", f"^stopped by .*MemoryError: .*{LINE_4}"),
    "huge list": (
        "    a = [u]\n    while True:\n        a += [bytes(10**8)]",
        r"^stopped by MemoryError \(ex05_hidden_mean.py, line 6\)$",
    ),
    "recursion": (
        "    return hidden_mean(u, y, W_u, W_y, b_x)",
        f"^stopped by RecursionError: .*{LINE_4}",
    ),
    "syntax": ("    return (", f"^not valid Python: .*{LINE_4}"),
    "text": ("    return 'half'", "expected an array of numbers"),
}
WHOLE_FILES = {
    "empty": (b"", "expected a function hidden_mean, found none"),
    "another name": (
        b"def mean(u):\n    return u\n",
        "expected a function hidden_mean, found none",
    ),
    "signature": (
        b"def hidden_mean(u, y):\n    return u\n",
        "^stopped by TypeError: .* positional",
    ),
    "fails at import": (b"import no_such_module\n", "^stopped by ModuleNotFoundError: .*line 1"),
    "latin-1": (
        f"word = 'schätzt'\n{HEAD}{ANSWER}\n".encode("latin-1"),
        r"^not valid Python: .*utf-8.* \(ex05_hidden_mean.py, line 1\)$",
    ),
    "latin-1, said so": (
        f"# -*- coding: latin-1 -*-\n# schätzt\n{HEAD}{ANSWER}\n".encode("latin-1"),
        "^correct$",
    ),
    "utf-8 with a mark": (f"\ufeff# schätzt\n{HEAD}{ANSWER}\n".encode(), "^correct$"),
    "UTF-16": (f"{HEAD}{ANSWER}\n".encode("utf-16"), "^not valid Python: "),
}


def notebook(body):
    """A notebook with a cell that the exercise gives, and the student's own"""
    given = {"cell_type": "code", "metadata": {"tags": ["given"]}, "source": ["1 / 0"]}
    own = {"cell_type": "code", "metadata": {}, "source": ["%matplotlib inline\n", HEAD, body]}
    return json.dumps({"cells": [given, own]})


@pytest.fixture
def submissions(tmp_path):
    """{(student, exercise): pattern of the message}, of a folder per student below tmp_path"""
    folder, expected = tmp_path / "submissions", {}

    def write(student, file, text, match, number=5):
        path = folder / student / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        expected[student, str(number)] = match

    for student, (body, match) in SUBMISSIONS.items():
        write(student, f"inner/{FILE}", f"{HEAD}{body}\n", match)
    for student, (text, match) in WHOLE_FILES.items():
        write(student, FILE, text, match)
    at = r"\(cell 2 of ex05_hidden_mean.ipynb, line 5\)$"
    write("notebook", "ex05_hidden_mean.ipynb", notebook(ANSWER), "^correct$")
    fails = notebook("    return u @ np.ones(7)")
    write("notebook fails", "ex05_hidden_mean.ipynb", fails, f"^stopped by ValueError: .*{at}")
    write("no JSON", "ex05_hidden_mean.ipynb", "{", "^stopped by JSONDecodeError")
    write("downloaded", "ex05_hidden_mean (1).py", f"{HEAD}{ANSWER}\n", "^correct$")
    write("blank", "my answer.py", f"{HEAD}{ANSWER}\n", "^correct$")
    write("nothing", "notes.txt", "no time", "^no function of an exercise$", number="")
    two = f"{HEAD}{ANSWER}\n\ndef kalman_gain(P, C, R):\n    return P @ C.T @ np.linalg.inv(R)\n"
    write("two", "homework.py", two, "^correct$")
    expected["two", "3"] = "^incorrect: "
    # after a process that ended, the rest is judged in another; the file of its name counts
    write("two files", FILE, f"{HEAD}    import os\n    os._exit(3)\n", r"exit code 3\)$")
    third = "def kalman_gain(P, C, R):\n    return P @ C.T / (C @ P @ C.T + R)\n\n"
    write("two files", "ex03_kalman_gain.py", third + HEAD + ANSWER, "each entry is divided", 3)
    return expected


@pytest.mark.slow
def test_a_folder_of_submissions_is_graded(submissions, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_process, "GRACE", 3)
    out = tmp_path / "grades.csv"
    grade.main([str(tmp_path / "submissions"), "--out", str(out), "--limit", "2", "--jobs", "2"])
    rows = list(csv.DictReader(out.read_text().splitlines()))
    assert tuple(rows[0]) == grade.COLUMNS
    found = {(row["student"], row["exercise"]): row for row in rows}
    assert set(found) == set(submissions) and len(rows) == len(submissions) > 40
    wrong = [
        found[key]
        for key, match in submissions.items()
        if not re.search(match, found[key]["message"])
        or found[key]["correct"] != str(int(match == "^correct$"))
        or not 0 <= float(found[key]["seconds"]) < 300
    ]
    assert not wrong
    n_correct = list(submissions.values()).count("^correct$")
    said = f"{len(rows) - 2} students, {n_correct} of {len(rows)} answers correct"
    assert said in capsys.readouterr().out


def test_after_a_process_that_ended_the_rest_is_judged_in_another(tmp_path):
    jobs = []
    for student, body in (("eva", "    import os\n    os._exit(0)"), ("anna", ANSWER)):
        (tmp_path / student).mkdir()
        (tmp_path / student / FILE).write_text(f"{HEAD}{body}\n")
        jobs.append((EXERCISES[5], tmp_path / student / FILE))
    found = [message for _, _, message, _ in _process.judged(jobs, 30, quiet=True)]
    assert found == ["the process ended before the check did (exit code 0)", "correct"]


def test_an_answer_that_is_not_python_does_not_stop_the_others(monkeypatch, tmp_path):
    (tmp_path / "ex05_hidden_mean.py").write_text("def broken(:")
    load = lambda: _process.from_file(tmp_path / "ex05_hidden_mean.py", EXERCISES[5])
    correct, message = check.verdict(EXERCISES[5], load=load)
    assert not correct and message.startswith("not valid Python: ")
    assert "ex05_hidden_mean.py, line 1" in message


# Commands


def run(command, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-m", *command.split()],
        cwd=cwd,
        text=True,
        capture_output=True,
        timeout=300,
    )


def test_the_command_takes_several_numbers(tmp_path):
    done = run("examples.exercises.check 3 5")
    assert done.returncode == 1 and done.stdout.count("not done yet") == 2
    done = run(f"examples.exercises.check 3 16 --solution --picture --out {tmp_path}")
    assert done.returncode == 0 and done.stdout.count("  correct") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ex03_kalman_gain.png",
        "ex16_recognise.png",
    ]
    assert "Look at this: " in done.stdout


@pytest.mark.parametrize("arguments", ["99", "3 --limit 0", "3 --limit -1", "three"])
def test_the_command_refuses_what_it_cannot_use(arguments):
    with pytest.raises(SystemExit) as stop:
        check.main(arguments.split())
    assert stop.value.code == 2


def test_grading_refuses_what_is_no_folder(tmp_path):
    with pytest.raises(SystemExit) as stop:
        grade.main([str(tmp_path / "nothing")])
    assert stop.value.code == 2
    with pytest.raises(SystemExit, match="a folder for every student"):
        grade.main([str(tmp_path), "--out", str(tmp_path / "out.csv")])


def test_notebooks_print_the_verdict_and_show_the_picture(capsys):
    check.here(3, lambda P, C, R: P)
    assert capsys.readouterr().out.startswith("incorrect: K of three")
    check.show(3, lambda P, C, R: P)
    assert "follows when the check says" in capsys.readouterr().out


# The hand-out


@pytest.fixture(scope="module")
def hand_out(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class") / "hand-out"
    handout.main([str(folder)])
    return folder


def test_the_hand_out_has_no_solutions(hand_out):
    assert not list(hand_out.rglob("*solutions*"))
    assert not (hand_out / "tests" / "test_exercises.py").exists()
    assert (hand_out / "README.md").exists() and not (hand_out / ".git").exists()
    pages = " ".join(path.read_text() for path in hand_out.rglob("*.md"))
    assert "--solution" not in pages and "Model answer" not in pages
    notebooks = sorted(path.stem for path in (hand_out / "notebooks").glob("*.ipynb"))
    assert notebooks == sorted(EXERCISES.values())
    for path in (hand_out / "notebooks").glob("*.ipynb"):
        assert "raise NotImplementedError" in path.read_text()


def test_the_hand_out_can_be_worked_in(hand_out):
    done = run("examples.exercises.check 5 --solution", hand_out)
    assert done.returncode == 1 and "this is the hand-out" in done.stderr
    stub = hand_out / "examples" / "exercises" / "ex05_hidden_mean.py"
    text = stub.read_text()
    stub.write_text(text.replace("    raise NotImplementedError", ANSWER))
    done = run("examples.exercises.check 5", hand_out)
    stub.write_text(text)
    assert done.returncode == 0 and "  correct" in done.stdout


@pytest.mark.slow
def test_the_hand_out_passes_its_own_tests_of_pages_and_commands(hand_out):
    files = [
        f"tests/test_{name}.py" for name in ("readme", "commands", "book", "examples_notebooks")
    ]
    done = run(" ".join(["pytest -q -x", *files]), hand_out)
    assert done.returncode == 0, done.stdout[-3000:]


def test_a_hand_out_goes_to_a_new_folder_outside(hand_out):
    with pytest.raises(SystemExit, match="does not exist yet"):
        handout.main([str(hand_out)])
    with pytest.raises(SystemExit, match="outside the project"):
        handout.main([str(handout.ROOT / "hand-out")])
