"""The exercises: every solution is right, every stub and the usual wrong answers are not, and the hand-out has no solutions."""
import importlib
import subprocess
import sys

import numpy as np
import pytest

from examples.exercises import check, handout
from examples.exercises._right import Wrong, same

EXERCISES = check.exercises()


def answers(number):
    return check.solution(EXERCISES[number])


# What students write, made from the right answer; and what they should be told.
WRONG = [
    (1, lambda y, preferred, circumference: y @ preferred / y.sum(1), "z_hat: wanted .* are right"),
    (1, lambda y, preferred, circumference: np.where(np.arange(len(y)) == 3, np.nan, answers(1)(y, preferred, circumference)), "1 of .* NaN"),
    (2, lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_j, v_i), "across the line of centres"),
    (2, lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_i, v_j), "nothing has happened"),
    (2, lambda *a: answers(2)(*a)[0], "wanted 2 things returned"),
    (3, lambda P, C, R: np.linalg.solve(C @ P @ C.T + R, C @ P), r"wanted shape \(3, 2\), got \(2, 3\) \(transposed\?\)"),
    (3, lambda P, C, R: P @ C.T @ np.linalg.inv(C @ P @ C.T), "wanted 0.25 at 0, 0, got 1"),
    (4, lambda m, P, y, A, C, Sigma_z, R: answers(4)(m, P, y, A, C, 0 * Sigma_z, R), "m after 1 steps"),
    (4, lambda m, P, y, A, C, Sigma_z, R: (answers(4)(m, P, y, A, C, Sigma_z, R)[0], A @ P @ A.T + Sigma_z), "P after 1 steps"),
    (4, lambda m, P, y, A, C, Sigma_z, R: (
        lambda m, P: (m + P @ C.T / (C @ P @ C.T + R) @ (y - C @ m), P - P @ C.T / (C @ P @ C.T + R) @ C @ P))(A @ m, A @ P @ A.T + Sigma_z),
     "2 observed"),
    (5, lambda u, y, W_u, W_y, b_x: u @ W_u.T + y @ W_y.T + b_x, r"E\[x \| u, y\]: wanted"),
    (5, lambda u, y, W_u, W_y, b_x: answers(5)(u, y, W_u, W_y, b_x).T, r"transposed\?"),
    (6, lambda *a: -answers(6)(*a), "the sign is the wrong way round"),
    (6, lambda u, y, W_u, W_y, b_x, b_u, b_y: -np.log1p(np.exp(u @ W_u.T + y @ W_y.T + b_x)).sum(1) - u @ b_u - y @ b_y,
     "F(.*) for large weights: .* NaN or infinite"),
    (6, lambda u, y, W_u, W_y, b_x, b_u, b_y: -np.log1p(np.exp(np.clip(u @ W_u.T + y @ W_y.T + b_x, -50, 50))).sum(1) - u @ b_u - y @ b_y,
     "for large weights: wanted"),
    (7, lambda x, u, W_u, W_y, b_u, b_y, clamp_u, rng: (u if clamp_u else 1 / (1 + np.exp(-x @ W_u - b_u)),
                                                       1 / (1 + np.exp(-x @ W_y - b_y))), r"u: wanted samples, 0 or 1"),
    (7, lambda x, u, W_u, W_y, b_u, b_y, clamp_u, rng: answers(7)(x, u, W_u, W_y, b_u, b_y, False, rng), "u, clamped"),
    (7, lambda *a: answers(7)(*a[:-1], np.random.default_rng()), "the same seed"),
    (7, lambda *a: answers(7)(*a[:-1], np.random.default_rng(0)), "another rng gave the same numbers"),
    (7, lambda x, *a: answers(7)(x * 0 + x[0], *a), "for x number 1"),
    (7, lambda x, u, W_u, W_y, b_u, b_y, clamp_u, rng: (lambda r: (
        u if clamp_u else 1.0 * (r < 1 / (1 + np.exp(-x @ W_u - b_u))), 1.0 * (r < 1 / (1 + np.exp(-x @ W_y - b_y)))))(
            rng.random((len(x), 1))), "one random number for several"),
    (8, lambda *a: answers(8)(*a[:-2], False, a[-1]), "clamp_u = True"),
    (8, lambda *a: tuple(-part for part in answers(8)(*a)), "dW_u .*the sign is the wrong way round"),
    (8, lambda *a: answers(8)(*a[:-3], 1, *a[-2:]), "k = 3"),
    (8, lambda u, y, *a: (lambda g, x: (g[0] + np.outer(x.mean(0), u.mean(0)) - x.T @ u / len(u), *g[1:]))(
        answers(8)(u, y, *a), 1 / (1 + np.exp(-(u @ a[0].T + y @ a[1].T + a[2])))), "dW_u"),
    (9, lambda slope, u, W_u: np.concatenate([slope[1:], 0 * slope[:1]]) * u * (1 - u), "dL/da: wanted"),
    (9, lambda slope, u, W_u: answers(9)(slope, u, W_u.T), "dL/da: wanted"),
    (10, lambda nu, l, m, k: answers(10)(m, k, nu, l), "KL: wanted"),
    (10, lambda nu, l, m, k: 2 * answers(10)(nu, l, m, k), "everywhere 2 times"),
    (11, lambda *a: tuple(answers(11)(*a)[:5]), "wanted 6 things"),
    (11, lambda W, b, V, c, nu, l, *a: (*(g := answers(11)(W, b, V, c, nu, l, *a))[:4], g[4] - nu, g[5]), "dnu: wanted"),
    (12, lambda u, W, b, sigma: (u @ np.linalg.pinv(W.T), np.eye(2)), "mean: wanted"),
    (12, lambda u, W, b, sigma: (answers(12)(u, W, b, sigma)[0], np.linalg.inv(answers(12)(u, W, b, sigma)[1])), "covariance: wanted"),
]


def test_there_are_enough_of_them():
    assert list(EXERCISES) == list(range(1, len(EXERCISES) + 1)) and len(EXERCISES) >= 10
    assert {number for number, *_ in WRONG} == set(EXERCISES)


@pytest.mark.parametrize("number", EXERCISES)
def test_the_solution_is_right_and_the_stub_is_not_done(number):
    name = EXERCISES[number]
    assert check.verdict(name, check.solution(name)) == (True, "right")
    assert check.verdict(name) == (False, "not done yet")
    assert importlib.import_module(f"examples.exercises.{name}").__doc__.startswith(f"Exercise {number}: ")


@pytest.mark.parametrize("number, answer, told", WRONG)
def test_usual_wrong_answers(number, answer, told):
    right, said = check.verdict(EXERCISES[number], answer)
    assert not right and said.startswith("wrong: ")
    with pytest.raises(AssertionError, match=told):
        raise AssertionError(said)


def test_an_answer_that_is_no_python_does_not_stop_the_others(monkeypatch, tmp_path):
    (tmp_path / "ex99_broken.py").write_text("def broken(:")
    monkeypatch.setattr(importlib.import_module("examples.exercises"), "__path__", [str(tmp_path)])
    right, said = check.verdict("ex99_broken")
    assert not right and said.startswith("no Python: ") and "ex99_broken.py, line 1" in said


def test_a_collision_that_is_only_worked_out_when_balls_approach_is_right_too():
    def careful(q_i, q_j, v_i, v_j, m_i, m_j):
        return answers(2)(q_i, q_j, v_i, v_j, m_i, m_j) if (v_i - v_j) @ (q_i - q_j) < 0 else (v_i, v_j)
    assert check.verdict(EXERCISES[2], careful)[0]


def test_an_answer_that_stops_is_told_where():
    right, said = check.verdict(EXERCISES[5], lambda *a: np.zeros(3) @ np.zeros(4))
    assert not right and said.startswith("stopped by ValueError") and "test_exercises.py, line" in said
    assert check.verdict(EXERCISES[5], lambda *a: None)[1] == "wrong: E[x | u, y] is None: is there a `return`?"


@pytest.mark.parametrize("got, told", [(np.full(2, np.nan), "2 of 2 entries are NaN"), ("a", "array of numbers"),
                                       (np.ones(3), "shape"), (np.array([2.0, 3.0]), r"everywhere \+1")])
def test_hints(got, told):
    with pytest.raises(Wrong, match=told):
        same("it", got, np.array([1.0, 2.0]))


def test_the_command(capsys):
    with pytest.raises(SystemExit) as stop:
        check.main(["3"])
    assert stop.value.code == 1 and "kalman_gain" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        check.main(["3", "--solution"])
    assert stop.value.code == 0 and "right" in capsys.readouterr().out
    with pytest.raises(SystemExit) as stop:
        check.main(["99"])
    assert stop.value.code == 2


def test_the_hand_out(tmp_path, capsys):
    folder = tmp_path / "hand-out"
    handout.main([str(folder)])
    assert not list(folder.rglob("*solutions*")) and not (folder / "tests" / "test_exercises.py").exists()
    assert (folder / "README.md").exists() and not (folder / ".git").exists()
    done = subprocess.run([sys.executable, "-m", "examples.exercises.check", "5", "--solution"], cwd=folder, text=True,
                          capture_output=True, timeout=120)
    assert done.returncode == 1 and "this is the hand-out" in done.stderr
    mine = (folder / "examples" / "exercises" / "ex05_hidden_mean.py")
    mine.write_text(mine.read_text().replace("    raise NotImplementedError", "    return 1 / (1 + np.exp(-(u @ W_u.T + y @ W_y.T + b_x)))"))
    done = subprocess.run([sys.executable, "-m", "examples.exercises.check", "5"], cwd=folder, text=True, capture_output=True,
                          timeout=120)
    assert done.returncode == 0 and "right" in done.stdout
    with pytest.raises(SystemExit, match="does not exist yet"):
        handout.main([str(folder)])
    with pytest.raises(SystemExit, match="outside the project"):
        handout.main([str(handout.ROOT / "hand-out")])
