"""The exercises: solutions are correct, stubs and usual errors are not, the hand-out has none."""

import importlib
import re
import subprocess
import sys

import numpy as np
import pytest

from examples.exercises import check, handout
from examples.exercises._answers import Incorrect, same

EXERCISES = check.exercises()


def answers(number):
    return check.solution(EXERCISES[number])


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def with_nan(y, preferred, circumference):
    return np.where(np.arange(len(y)) == 3, np.nan, answers(1)(y, preferred, circumference))


def gain_of_each_component(m, P, y, A, C, Sigma_z, R):
    m, P = A @ m, A @ P @ A.T + Sigma_z
    K = P @ C.T / (C @ P @ C.T + R)
    return m + K @ (y - C @ m), P - K @ C @ P


def softplus_that_overflows(u, y, W_u, W_y, b_x, b_u, b_y):
    return -np.log1p(np.exp(u @ W_u.T + y @ W_y.T + b_x)).sum(1) - u @ b_u - y @ b_y


def clipped_softplus(u, y, W_u, W_y, b_x, b_u, b_y):
    a = np.clip(u @ W_u.T + y @ W_y.T + b_x, -50, 50)
    return -np.log1p(np.exp(a)).sum(1) - u @ b_u - y @ b_y


def visible_means(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    return u if clamp_u else sigmoid(x @ W_u + b_u), sigmoid(x @ W_y + b_y)


def one_number_for_all_units(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    r = rng.random((len(x), 1))
    return (
        u if clamp_u else 1.0 * (r < sigmoid(x @ W_u + b_u)),
        1.0 * (r < sigmoid(x @ W_y + b_y)),
    )


def product_of_means(u, y, *a):
    x = sigmoid(u @ a[0].T + y @ a[1].T + a[2])
    dW_u, *rest = answers(8)(u, y, *a)
    return (dW_u + np.outer(x.mean(0), u.mean(0)) - x.T @ u / len(u), *rest)


def no_kl(W, b, V, c, nu, *a):
    g = answers(11)(W, b, V, c, nu, *a)
    return (*g[:4], g[4] - nu, g[5])


# What students write, made from the solution; and the message that they should get.
INCORRECT = [
    (1, lambda y, preferred, _: y @ preferred / y.sum(1), "z_hat: expected .* are correct"),
    (1, with_nan, "1 of .* NaN"),
    (2, lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_j, v_i), "across the line of centres"),
    (2, lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_i, v_j), "expected a change"),
    (2, lambda *a: answers(2)(*a)[0], "expected 2 results"),
    (
        3,
        lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P),
        r"expected shape \(3, 2\), got \(2, 3\) \(transposed\?\)",
    ),
    (3, lambda P, C, R: P @ C.T @ np.linalg.inv(C @ P @ C.T), "expected 0.25 at 0, 0, got 1"),
    (
        4,
        lambda m, P, y, A, C, Sigma_z, R: answers(4)(m, P, y, A, C, 0 * Sigma_z, R),
        "m after 1 steps",
    ),
    (
        4,
        lambda m, P, y, A, C, Sigma_z, R: (
            answers(4)(m, P, y, A, C, Sigma_z, R)[0],
            A @ P @ A.T + Sigma_z,
        ),
        "P after 1 steps",
    ),
    (4, gain_of_each_component, "2 observed"),
    (5, lambda u, y, W_u, W_y, b_x: u @ W_u.T + y @ W_y.T + b_x, r"E\[x \| u, y\]: expected"),
    (5, lambda *a: answers(5)(*a).T, r"transposed\?"),
    (6, lambda *a: -answers(6)(*a), "the opposite sign"),
    (6, softplus_that_overflows, "F(.*) for large weights: .* NaN or infinite"),
    (6, clipped_softplus, "for large weights: expected"),
    (7, visible_means, r"u: expected samples, 0 or 1"),
    (7, lambda *a: answers(7)(*a[:-2], False, a[-1]), "u, clamped"),
    (7, lambda *a: answers(7)(*a[:-1], np.random.default_rng()), "the same seed"),
    (7, lambda *a: answers(7)(*a[:-1], np.random.default_rng(0)), "another rng, got the same num"),
    (7, lambda x, *a: answers(7)(x * 0 + x[0], *a), "for x number 1"),
    (7, one_number_for_all_units, "one random number for several"),
    (8, lambda *a: answers(8)(*a[:-2], False, a[-1]), "clamp_u = True"),
    (8, lambda *a: tuple(-part for part in answers(8)(*a)), "dW_u .*the opposite sign"),
    (8, lambda *a: answers(8)(*a[:-3], 1, *a[-2:]), "k = 3"),
    (8, product_of_means, "dW_u"),
    (
        9,
        lambda dl_du, u, W_u: np.concatenate([dl_du[1:], 0 * dl_du[:1]]) * u * (1 - u),
        "dL/da: expected",
    ),
    (9, lambda dl_du, u, W_u: answers(9)(dl_du, u, W_u.T), "dL/da: expected"),
    (
        10,
        lambda nu, log_upsilon, mu, log_var: answers(10)(mu, log_var, nu, log_upsilon),
        "KL: expected",
    ),
    (10, lambda *a: 2 * answers(10)(*a), "everywhere 2 times the expected"),
    (11, lambda *a: tuple(answers(11)(*a)[:5]), "expected 6 results"),
    (11, no_kl, "dnu: expected"),
    (12, lambda u, W, b, sigma: (u @ np.linalg.pinv(W.T), np.eye(2)), "mean: expected"),
    (
        12,
        lambda *a: (answers(12)(*a)[0], np.linalg.inv(answers(12)(*a)[1])),
        "covariance: expected",
    ),
]


def test_there_are_enough_of_them():
    assert list(EXERCISES) == list(range(1, len(EXERCISES) + 1)) and len(EXERCISES) >= 10
    assert {number for number, *_ in INCORRECT} == set(EXERCISES)


@pytest.mark.parametrize("number", EXERCISES)
def test_the_solution_is_correct_and_the_stub_is_not_done(number):
    name = EXERCISES[number]
    assert check.verdict(name, check.solution(name)) == (True, "correct")
    assert check.verdict(name) == (False, "not done yet")
    text = importlib.import_module(f"examples.exercises.{name}").__doc__
    assert text.startswith(f"Exercise {number}: ")


@pytest.mark.parametrize("number, answer, match", INCORRECT)
def test_usual_errors_are_named(number, answer, match):
    correct, message = check.verdict(EXERCISES[number], answer)
    assert not correct and message.startswith("incorrect: ")
    assert re.search(match, message), message


def test_an_answer_that_is_not_python_does_not_stop_the_others(monkeypatch, tmp_path):
    (tmp_path / "ex99_broken.py").write_text("def broken(:")
    monkeypatch.setattr(importlib.import_module("examples.exercises"), "__path__", [str(tmp_path)])
    correct, message = check.verdict("ex99_broken")
    assert not correct and message.startswith("not valid Python: ")
    assert "ex99_broken.py, line 1" in message


def test_a_collision_that_is_computed_only_if_the_balls_approach_is_correct_too():
    def careful(q_i, q_j, v_i, v_j, m_i, m_j):
        if (v_i - v_j) @ (q_i - q_j) >= 0:
            return v_i, v_j
        return answers(2)(q_i, q_j, v_i, v_j, m_i, m_j)

    assert check.verdict(EXERCISES[2], careful)[0]


def test_the_message_says_where_an_answer_stopped():
    correct, message = check.verdict(EXERCISES[5], lambda *a: np.zeros(3) @ np.zeros(4))
    assert not correct and message.startswith("stopped by ValueError")
    assert "test_exercises.py, line" in message
    _, message = check.verdict(EXERCISES[5], lambda *a: None)
    assert message == "incorrect: E[x | u, y] is None: is there a `return`?"


@pytest.mark.parametrize(
    "got, match",
    [
        (np.full(2, np.nan), "2 of 2 entries that are NaN"),
        ("a", "array of numbers"),
        (np.ones(3), "shape"),
        (np.array([2.0, 3.0]), r"everywhere \+1"),
    ],
)
def test_hints(got, match):
    with pytest.raises(Incorrect, match=match):
        same("it", got, np.array([1.0, 2.0]))


def test_the_command(capsys):
    with pytest.raises(SystemExit) as stop:
        check.main(["3"])
    assert stop.value.code == 1 and "kalman_gain" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        check.main(["3", "--solution"])
    assert stop.value.code == 0 and "  correct" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        check.main(["99"])
    assert stop.value.code == 2


def test_the_hand_out(tmp_path, capsys):
    folder = tmp_path / "hand-out"
    handout.main([str(folder)])
    assert not list(folder.rglob("*solutions*"))
    assert not (folder / "tests" / "test_exercises.py").exists()
    assert (folder / "README.md").exists() and not (folder / ".git").exists()

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "examples.exercises.check", *arguments],
            cwd=folder,
            text=True,
            capture_output=True,
            timeout=300,
        )

    done = run("5", "--solution")
    assert done.returncode == 1 and "this is the hand-out" in done.stderr
    stub = folder / "examples" / "exercises" / "ex05_hidden_mean.py"
    answer = "    return 1 / (1 + np.exp(-(u @ W_u.T + y @ W_y.T + b_x)))"
    stub.write_text(stub.read_text().replace("    raise NotImplementedError", answer))
    done = run("5")
    assert done.returncode == 0 and "  correct" in done.stdout
    with pytest.raises(SystemExit, match="does not exist yet"):
        handout.main([str(folder)])
    with pytest.raises(SystemExit, match="outside the project"):
        handout.main([str(handout.ROOT / "hand-out")])
