"""Answers to the exercises as students write them: correct ones pass, incorrect ones do not.

An answer that differs in a line is made of the solution: `given` changes its arguments, `then` its
result, `drawn` its random numbers. The mistakes that a check names itself stand in its MISTAKES.
"""

import copy
import importlib
import inspect
import itertools
import re

import numpy as np
import pytest
from scipy import special
from scipy.special import expit

from examples.exercises import _process, check
from examples.exercises._answers import numerical_gradient

EXERCISES = check.exercises()
LEARNS = 13  # its check trains two networks
SAMPLES = (7, 8, 15)  # many chains of each candidate


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """The wall is no measure of time on a busy machine"""
    monkeypatch.setattr(_process, "PATIENCE", 1000)


def answers(number):
    return check.solution(EXERCISES[number])


def mistakes(number):
    return importlib.import_module(f"examples.exercises.checks.{EXERCISES[number]}").MISTAKES


def given(number, **changes):
    """The solution with some of its arguments changed: name -> function of the argument"""
    names = list(inspect.signature(answers(number)).parameters)

    def answer(*a):
        return answers(number)(*(changes.get(n, same)(b) for n, b in zip(names, a, strict=True)))

    return answer


def then(number, change, part=None):
    """The solution with its result changed, or with one part of it"""

    def answer(*a):
        got = answers(number)(*a)
        if isinstance(got, tuple):
            return tuple(change(p) if part in (None, i) else p for i, p in enumerate(got))
        return change(got)

    return answer


class Drawing:
    """A generator whose uniform numbers are draw(rng, shape)"""

    def __init__(self, rng, draw):
        self.rng, self.draw, self.poisson = rng, draw, rng.poisson

    def random(self, shape):
        return self.draw(self.rng, shape)


def drawn(number, draw):
    return lambda *a: answers(number)(*a[:-1], Drawing(a[-1], draw))


def marked(number, *rest, id=None, slow=SAMPLES):
    marks = [pytest.mark.slow] if number == LEARNS or number in slow else []
    return pytest.param(number, *rest, marks=marks, id=id)


def same(a):
    return a


def zero(a):
    return 0 * a


def one_is_nan(a):
    a = np.array(a, float)
    a.flat[-1] = np.nan
    return a


# Correct answers: kinds of arrays, random numbers, and other derivations


def to_single(a):
    return a.astype(np.float32) if isinstance(a, np.ndarray) else a


KINDS = {
    "as it is": same,
    "lists": np.ndarray.tolist,
    "rows": list,
    "np.matrix": lambda a: np.asmatrix(a) if a.ndim == 2 else a,
    "Fortran": np.asfortranarray,
}


@pytest.mark.parametrize(
    "number, kind",
    [
        marked(n, kind, slow=() if kind == "as it is" else (*SAMPLES, 4))
        for n, kind in itertools.product(EXERCISES, [*KINDS, "float32"])
        if n != LEARNS or kind in ("as it is", "lists", "float32")
    ],
)
def test_the_solution_passes_as_any_kind_of_array(number, kind):
    answer = then(number, KINDS[kind]) if kind in KINDS else None
    answer = answer or (lambda *a: then(number, np.float32)(*map(to_single, a)))
    assert check.verdict(EXERCISES[number], answer) == (True, "correct")


@pytest.mark.parametrize("number", [marked(number) for number in EXERCISES])
def test_an_answer_may_change_its_arguments(number):
    def answer(*a):
        got = copy.deepcopy(answers(number)(*a))
        for argument in a:
            if isinstance(argument, np.ndarray):
                argument[...] = np.nan
        return got

    assert check.verdict(EXERCISES[number], answer) == (True, "correct")


DRAWS = {
    "normal": lambda rng, shape: special.ndtr(rng.standard_normal(shape)),
    "logistic": lambda rng, shape: expit(rng.logistic(size=shape)),
    "exponential": lambda rng, shape: -np.expm1(-rng.exponential(size=shape)),
    "float32": lambda rng, shape: rng.random(shape, dtype=np.float32),
    "by columns": lambda rng, shape: rng.random(shape[::-1]).T,
    "every second": lambda rng, shape: (rng.random(shape), rng.random(shape))[1],
    "spawned": lambda rng, shape: np.random.default_rng(rng.integers(2**60)).random(shape),
}


@pytest.mark.slow
@pytest.mark.parametrize("number, draw", itertools.product(SAMPLES, DRAWS))
def test_samples_may_be_drawn_in_any_way(number, draw):
    assert check.verdict(EXERCISES[number], drawn(number, DRAWS[draw])) == (True, "correct")


def information_gain(P, C, R):
    if not R.any():
        return np.linalg.inv(C)
    return np.linalg.inv(np.linalg.inv(P) + C.T @ np.linalg.inv(R) @ C) @ C.T @ np.linalg.inv(R)


def step_by_information(m, P, y, A, C, Sigma_z, R):
    m, P = A @ m, A @ P @ A.T + Sigma_z
    precision = np.linalg.inv(P) + C.T @ np.linalg.inv(R) @ C
    mean = np.linalg.solve(precision, np.linalg.solve(P, m) + C.T @ np.linalg.solve(R, y))
    return mean, np.linalg.inv(precision)


def with_softplus(softplus):
    return lambda u, y, W_u, W_y, b_x, b_u, b_y: (
        -softplus(u @ W_u.T + y @ W_y.T + b_x).sum(1) - u @ b_u - y @ b_y
    )


def binomial_samples(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    y = rng.binomial(1, expit(x @ W_y + b_y))
    return (u if clamped else rng.binomial(1, expit(x @ W_u + b_u))), y


def boolean_samples(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    p = expit(np.hstack([x @ W_u + b_u, x @ W_y + b_y]))
    both = rng.uniform(size=p.shape) < p
    return [u if clamped else both[:, : u.shape[1]], both[:, u.shape[1] :]]


def cd_of_one_matrix(u, y, W_u, W_y, b_x, b_u, b_y, n_sweeps, clamped, rng):
    """With u and y side by side"""
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


def bptt_by_one_system(dl_du, u, W_u):
    """All time steps at once: a block triangular system"""
    T, n = u.shape
    slope = (u * (1 - u)).ravel()
    M = np.eye(T * n) - slope[:, None] * np.kron(np.eye(T, k=1), W_u.T)
    source = np.vstack([dl_du[1:], np.zeros(n)]).ravel()
    return np.linalg.solve(M, slope * source).reshape(T, n)


def kl_by_quadrature(*parameters):
    """log q - log p is a square in x: three points suffice"""
    nu, log_upsilon, mu, log_var = (a[..., None] for a in parameters)
    e, weight = np.polynomial.hermite_e.hermegauss(3)
    x = nu + np.exp(log_upsilon / 2) * e
    log_ratio = ((x - mu) ** 2 / np.exp(log_var) - e**2 + log_var - log_upsilon) / 2
    return (log_ratio @ (weight / weight.sum())).sum(1)


def rvae_loss(W, b, V, c, nu, log_upsilon, u, y, eps, sigma_u, sigma_y):
    x = nu + np.exp(log_upsilon / 2) * eps
    squares = ((u - x @ W.T - b) / sigma_u) ** 2, ((y - x @ V.T - c) / sigma_y) ** 2
    kl = np.exp(log_upsilon) + nu**2 - 1 - log_upsilon
    return sum(part.sum() / 2 for part in (kl, *squares))


def rvae_gradient_by_differences(*a):
    loss = lambda i: lambda value: rvae_loss(*a[:i], value, *a[i + 1 :])
    return [numerical_gradient(loss(i), a[i], 1e-4) for i in range(6)]


def x_given_u_by_gain(u, W, b, sigma):
    K = np.linalg.solve(W @ W.T + sigma**2 * np.eye(len(W)), W).T
    return [[K @ (one - b) for one in u], np.eye(W.shape[1]) - K @ W]


def learn_by_rows(u, y, W_u, W_y, b_x, b_u, b_y, clamped, rng):
    """In float32, with y sampled before u"""
    u, y, W_u, W_y, b_x, b_u, b_y = map(np.float32, (u, y, W_u, W_y, b_x, b_u, b_y))
    x = expit(np.dot(u, W_u.T) + np.dot(y, W_y.T) + b_x)
    hard = (rng.random(x.shape, np.float32) < x).astype(np.float32)
    y_hat = rng.poisson(np.exp(hard @ W_y + b_y)).astype(np.float32)
    u_hat = u.copy()
    if not clamped:
        u_hat[:] = rng.random(u.shape, np.float32) < expit(hard @ W_u + b_u)
    x_hat = expit(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
    dW_u, dW_y = (x_hat.T @ u_hat - x.T @ u) / len(u), (x_hat.T @ y_hat - x.T @ y) / len(u)
    return [dW_u, dW_y, (x_hat - x).mean(0), (u_hat - u).mean(0), (y_hat - y).mean(0), x]


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


CORRECT = {
    1: (lambda *a: answers(1)(*a) + a[2],),
    2: (
        lambda *a: np.array(answers(2)(*a)),
        lambda q_i, q_j, v_i, v_j, m_i, m_j: answers(2)(q_j, q_i, v_j, v_i, m_j, m_i)[::-1],
    ),
    3: (
        information_gain,
        lambda P, C, R: P @ C.T @ np.linalg.pinv(C @ P @ C.T + R),
        given(3, R=lambda R: R + 1e-9 * np.eye(len(R))),
    ),
    4: (step_by_information,),
    5: (then(5, lambda p: np.clip(p, 1e-7, 1 - 1e-7)), lambda *a: (print("a"), answers(5)(*a))[1]),
    6: (
        with_softplus(lambda a: a - special.log_expit(a)),
        with_softplus(lambda a: np.where(a > 35, a, np.log1p(np.exp(np.minimum(a, 35))))),
    ),
    7: (binomial_samples, boolean_samples),
    8: (cd_of_one_matrix,),
    9: (bptt_by_one_system,),
    10: (kl_by_quadrature, then(10, lambda d: np.maximum(d, 0))),
    11: (rvae_gradient_by_differences,),
    12: (x_given_u_by_gain,),
    LEARNS: (learn_by_rows,),
    14: (coasting_by_least_squares, lambda r, *a: answers(14)(r + 3 * a[2], *a)),
    15: (predict_with_binomial,),
    16: (recognise_by_rows,),
}


@pytest.mark.parametrize(
    "number, answer",
    [marked(n, one, slow=(8,)) for n, several in CORRECT.items() for one in several],
)
def test_another_derivation_passes(number, answer):
    assert check.verdict(EXERCISES[number], answer) == (True, "correct")


# Incorrect answers. Those that the checks name:


@pytest.mark.parametrize(
    "number, hint, answer",
    [marked(n, *one, slow=(8, 15)) for n in EXERCISES for one in mistakes(n)],
)
def test_usual_errors_are_named(number, hint, answer):
    incorrect(number, answer, re.escape(hint))


def incorrect(number, answer, match):
    correct, message = check.verdict(EXERCISES[number], answer)
    assert not correct and message.startswith("incorrect: ")
    assert re.search(match, message), message


def test_each_exercise_has_enough_of_them():
    assert list(EXERCISES) == list(range(1, len(EXERCISES) + 1)) and len(EXERCISES) >= 16
    assert set(CORRECT) == set(EXERCISES)
    for number in EXERCISES:
        assert len({hint for hint, _ in mistakes(number)}) >= 6


# Results that are changed, which needs no mistake of that kind


N_RESULTS = {2: 2, 4: 2, 7: 2, 8: 5, 11: 6, 12: 2, 13: 6}
PARTS = [(n, part) for n in EXERCISES for part in range(N_RESULTS.get(n, 1))]


@pytest.mark.parametrize("number, part", PARTS)
def test_every_part_of_a_result_is_compared(number, part):
    said = {1: "z_hat", 7: "samples, 0 or 1", 15: "y without a sweep"}
    incorrect(number, then(number, lambda a: 1.01 * a, part), said.get(number, "1.01 times"))
    incorrect(number, then(number, one_is_nan, part), "NaN")
    incorrect(number, then(number, lambda a: a[None], part), r"a comma after|expected shape")


@pytest.mark.parametrize("number", EXERCISES)
def test_a_result_that_is_none_or_of_another_type(number):
    incorrect(number, lambda *a: None, "is there a `return`")
    for odd in ("text", 3, object(), [], {}, np.array("a"), [[1], [2, 3]], (None,) * 6):
        incorrect(number, lambda *a, odd=odd: odd, "expected|`return`")


@pytest.mark.parametrize(
    "number, change, match",
    [
        (1, lambda z: z[:, None], "one axis too many"),
        (1, lambda z: np.round(z, 1), "z_hat"),
        (1, np.degrees, "z_hat"),
        (4, lambda a: np.round(a, 2), "m after 1"),
        (5, np.transpose, r"transposed\?"),
        (5, np.float16, "expected"),
        (5, lambda p: p + 0.1j, "complex"),
        (5, lambda p: p.astype(str), "array of str"),
        (5, lambda p: np.clip(p, 0.05, 0.95), "expected"),
        (5, lambda p: (row for row in p), "array of numbers"),
        (6, np.sum, "a sum over everything"),
        (9, lambda d: np.vstack([d[1:], 0 * d[:1]]), "one row too early"),
        (9, lambda d: np.vstack([0 * d[:1], d[:-1]]), "one row too late"),
        (9, lambda d: d[::-1], "in the opposite order"),
        (9, np.negative, "the opposite sign"),
        (10, lambda d: d + 0.1, r"everywhere \+0.1"),
        (14, lambda s: s[::-1], "slopes of 5 runs: expected .*in the opposite order"),
        (15, lambda y: y.mean(0), "expected shape"),
        (16, lambda u: u[:, -1], "expected shape"),
        (16, lambda u: u.swapaxes(0, 1), "expected shape"),
    ],
)
def test_a_result_that_is_changed_is_described(number, change, match):
    incorrect(number, then(number, change), match)


@pytest.mark.parametrize(
    "number, part, change, match",
    [
        (2, None, np.sum, "expected shape"),
        (3, None, np.transpose, "K of three .*transposed"),
        (4, 1, lambda P: np.diag(np.diag(P)), "P after 1"),
        (8, 0, np.transpose, "transposed"),
        (11, 0, np.transpose, "transposed"),
        (11, 2, np.negative, "sign"),
        (12, 1, np.diag, "expected shape"),
    ],
)
def test_a_part_that_is_changed_is_described(number, part, change, match):
    incorrect(number, then(number, change, part), match)


@pytest.mark.parametrize("number", [n for n in N_RESULTS if n != 7])
def test_the_number_and_the_order_of_results(number):
    incorrect(number, lambda *a: answers(number)(*a)[:1], f"expected {N_RESULTS[number]} results")
    incorrect(number, lambda *a: (*answers(number)(*a), 0), f"expected {N_RESULTS[number]} results")
    incorrect(number, lambda *a: answers(number)(*a)[::-1], "expected|other order")


# Arguments that are not used as they are


MISSING = {5: ("u", "y", "b_x"), 6: ("b_x",), 8: ("b_x",), 7: ("b_u", "b_y")}
MISSING |= {11: ("b", "c"), 12: ("b",), 15: ("u",), 16: ("u_0", "d", "c")}


@pytest.mark.parametrize("number, name", [(n, name) for n in MISSING for name in MISSING[n]])
def test_an_argument_that_is_missing_is_named(number, name):
    incorrect(number, given(number, **{name: zero}), f"{name} is missing")


@pytest.mark.parametrize(
    "number, changes",
    [
        (1, {"y": lambda y: y**2}),
        (1, {"y": lambda y: 1.0 * (y > 0)}),
        (1, {"y": lambda y: y.max() - y}),
        (2, {"m_i": lambda m: m**2, "m_j": lambda m: m**2}),
        (3, {"R": lambda R: np.diag(np.diag(R))}),
        (3, {"R": lambda R: R + 1e-3 * np.eye(len(R))}),
        (3, {"P": lambda P: np.diag(np.diag(P))}),
        (4, {"Sigma_z": lambda Q: 2 * Q}),
        (4, {"Sigma_z": lambda Q: Q @ Q}),
        (4, {"R": lambda R: R @ R}),
        (5, {"b_x": lambda b: 2 * b}),
        (5, {"b_x": np.sum}),
        (6, {"W_u": np.transpose}),
        (7, {"x": lambda x: x - 0.5}),
        (7, {"W_u": np.transpose}),
        (LEARNS, {"W_u": np.transpose}),
        (14, {"runs": lambda r: r[~np.isnan(r).any((1, 2))]}),
        (14, {"circumference": lambda c: 1.1 * c}),
        (15, {"W_u": np.transpose}),
        (15, {"u": lambda u: (u + 0.5) / 2}),
        (15, {"y": np.round}),
        (16, {"u_0": lambda u: 0 * u + u[:1]}),
        (16, {"N": lambda N: np.hstack([N[:, :-3], N[:, -3:].T])}),
    ],
)
def test_an_argument_that_is_changed_is_noticed(number, changes):
    incorrect(number, given(number, **changes), "expected")


# Samples that are not samples


def by_width(n, draw):
    """For u or for y alone, which differ in their number of units"""
    return lambda rng, shape: draw(rng, shape) if shape[1] == n else rng.random(shape)


def neighbours(rng, shape):
    """The same numbers for two neighbouring rows"""
    half = rng.random(((shape[0] + 1) // 2, *shape[1:]))
    return np.repeat(half, 2, axis=0)[: shape[0]]


def mirrored(rng, shape):
    half = rng.random(((shape[0] + 1) // 2, *shape[1:]))
    return np.concatenate([half, 1 - half])[: shape[0]]


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


def four_values(rng, shape):
    return rng.integers(4, size=shape) / 4


def normal(rng, shape):
    return rng.normal(size=shape)


SHARED = "random numbers shared"


@pytest.mark.parametrize(
    "number, draw, match",
    [
        *[
            (7, by_width(width, draw), f"{name}: .*{said}")
            for width, name in ((4, "u"), (3, "y"))
            for draw, said in (
                (another, "same seed"),
                (the_global_one, "same seed"),
                (a_fixed_one, "another rng"),
            )
        ],
        marked(7, neighbours, SHARED),
        marked(7, by_width(3, neighbours), SHARED),
        marked(7, mirrored, SHARED),
        (7, one_row, "u, then y"),
        (7, one_column, "one random number for several"),
        (7, four_values, "averaged"),
        (7, normal, "averaged"),
        marked(8, the_global_one, "same seed"),
        marked(8, another, "same seed"),
        marked(8, a_fixed_one, "averaged|another rng"),
        marked(8, neighbours, "clamped = False: .*shared"),
        marked(8, one_row, "row"),
        (LEARNS, the_global_one, "same seed"),
        marked(LEARNS, one_row, "row"),
        (15, a_fixed_one, "averaged|another rng"),
        (15, another, "same seed"),
        marked(15, neighbours, "shared"),
        marked(15, one_row, "row"),
    ],
)
def test_random_numbers_of_another_kind_are_noticed(number, draw, match):
    incorrect(number, drawn(number, draw), match)


# Other incorrect answers


def mean_if_clamped(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    u_hat, y_hat = answers(7)(x, u, W_u, W_y, b_u, b_y, clamped, rng)
    return u_hat, expit(x @ W_y + b_y) if clamped else y_hat


def one_array_for_both(*a):
    r = a[-1].random((len(a[0]), 4))
    return answers(7)(*a[:-1], Drawing(a[-1], lambda rng, shape: r[:, : shape[1]]))


def y_needs_u(x, u, W_u, W_y, b_u, b_y, *rest):
    return answers(7)(x, u, W_u, W_y, b_u, b_y + 2 * u.mean(1, keepdims=True), *rest)


def bptt_two_steps(dl_du, u, W_u):
    """Truncated: errors come from the next two steps only"""
    slope, result = u * (1 - u), np.zeros_like(u)
    for t in range(len(u) - 1):
        result[t] = dl_du[t + 1]
        if t + 2 < len(u):
            result[t] += W_u.T @ (dl_du[t + 2] * slope[t + 1])
    return result * slope


def slope_of(change):
    """change(d, t): of the displacements of all runs, and the true ones"""

    def answer(runs, last, true, circumference):
        d = (runs - last[:, None] + circumference / 2) % circumference - circumference / 2
        return change(d, true[:, 1:] - true[:, :1])

    return answer


def pooled(d, t):
    """Every run counts once: with NaN, not the mean over runs first"""
    return np.nansum(d * t, axis=(0, 1)) / np.nansum(t**2 + 0 * d, axis=(0, 1))


def same_array_again(y, u_0, V, d, N, c):
    """The list holds one array many times: all entries become the last"""
    states = []
    for t in range(y.shape[1]):
        u_0[:] = np.c_[np.tanh(y[:, t] @ V.T + d), u_0] @ N.T + c
        states.append(u_0)
    return np.stack(states, axis=1)


LARGE = "for large weights: "
FEW = [
    (1, lambda y, p, c: answers(1)(y, p, np.ptp(p)), "expected"),
    (3, lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P), "K of three .*transposed"),
    (5, lambda *a: special.ndtr(special.logit(answers(5)(*a)) / 1.702), "expected"),
    (6, with_softplus(lambda a: np.log1p(np.exp(a))), f"{LARGE}.* NaN or infinite"),
    (6, with_softplus(lambda a: -np.log(expit(-a))), f"{LARGE}.* NaN or infinite"),
    (6, with_softplus(lambda a: np.log1p(np.exp(np.clip(a, -50, 50)))), f"{LARGE}expected"),
    (6, with_softplus(lambda a: np.logaddexp2(0, a)), "expected"),
    (7, mean_if_clamped, "y, with u clamped: expected samples"),
    (7, lambda x, u, *a: answers(7)(x, np.round(u), *a), "u, clamped"),
    (7, y_needs_u, "averaged"),
    (7, one_array_for_both, "one random number for several"),
    (7, lambda x, *a: answers(7)(x * 0 + x[0], *a), "u, then y, averaged"),
    (9, bptt_two_steps, "expected"),
    (10, lambda q, v, p, w: answers(10)(q, v, p, w) / 2 + answers(10)(p, w, q, v) / 2, "expected"),
    (10, lambda *a: answers(10)(*a) - a[0].shape[1] + 1, "everywhere"),
    (14, slope_of(pooled), "expected"),
    (14, slope_of(lambda d, t: np.nanmean(d, 0).mean(0) / t.mean(0)), "expected"),
    (14, slope_of(lambda d, t: (np.nanmedian(d, 0) * t).sum(0) / (t**2).sum(0)), "expected"),
    (14, slope_of(lambda d, t: (d.mean(0) * t).sum(0) / (t**2).sum(0)), "NaN"),
    (14, slope_of(lambda d, t: abs(np.nanmean(d, 0) * t).sum(0) / (t**2).sum(0)), "expected"),
    (16, same_array_again, "expected"),
    (16, lambda y, *a: np.tanh(y @ a[1].T + a[2]), "expected"),
    *[
        pytest.param(
            8,
            lambda *a, end=end: importlib.import_module("examples.exercises.checks.ex08_cd_k").cd(
                *a, ended=end
            ),
            "a sample of x in the place of its mean",
            id=f"8: x of the {end}",
        )
        for end in ("sample", "positive")
    ],
]


@pytest.mark.parametrize("number, answer, match", FEW)
def test_other_incorrect_answers(number, answer, match):
    incorrect(number, answer, match)
