"""The exercises: their parts, messages, limits of time, grading, commands and the hand-out."""

import csv
import importlib
import json
import re
import sys
import time

import numpy as np
import pytest

from examples.exercises import _process, check, grade, handout
from examples.exercises._answers import Incorrect, near, same
from tests.pages import ROOT
from tests.processes import python

EXERCISES = check.exercises()


def answers(number):
    return check.solution(EXERCISES[number])


def checks(number):
    return importlib.import_module(f"examples.exercises.checks.{EXERCISES[number]}")


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
    "got, expected, match",
    [
        (np.full(2, np.nan), [1, 2], "2 of 2 entries that are NaN"),
        ("a", [1, 2], "array of numbers"),
        (np.ones(3), [1, 2], "shape"),
        ([2.0, 3.0], [1, 2], r"everywhere \+1"),
        (([1.0, 2.0],), [1, 2], "a comma after the result"),
        (3.0, 2.0, "^it: expected 2, got 3$"),  # one number is not said to be a multiple
        (-2.0, 2.0, "the opposite sign"),
        ([1.0002, 5], [1, 5], "expected 1 at 0, got 1.0002"),  # with digits that differ
    ],
)
def test_hints(got, expected, match):
    with pytest.raises(Incorrect, match=match):
        same("it", got, np.array(expected, float))


def test_the_hint_of_an_average():
    with pytest.raises(Incorrect, match=r"expected 0\.5 at 0, got 0\.7"):
        near("it", [0.7, 0.5], [0.5, 0.5], [0.01, 0.01])


# An answer ends under a limit, in this process and in one of its own


def at_fault(*a):
    return np.zeros(3) @ np.zeros(4)


def endless(*a):
    while True:
        pass


@pytest.mark.parametrize(
    "answer, seconds, match",
    [
        (at_fault, 20, rf"ValueError.*, line {at_fault.__code__.co_firstlineno + 1}\)$"),
        (endless, 0.5, r"^no result after 0.5 s of CPU time: an endless loop\? \(.*, line "),
        (
            lambda *a: time.sleep(10**6),
            0.2,
            r"^no result after 2 s: does it wait for something\? \(",
        ),
        (lambda *a: input("u? "), 20, r"^stopped by EOFError: input\(\) gets no answer"),
        (lambda *a: sys.exit(0), 20, "^stopped by SystemExit: 0"),
    ],
)
def test_an_answer_that_does_not_return_is_stopped(answer, seconds, match, monkeypatch):
    if answer is endless:
        monkeypatch.setattr(_process, "PATIENCE", 1000)
    begun = time.monotonic()
    correct, message = check.verdict(EXERCISES[5], answer, seconds=seconds)
    assert not correct and re.search(match, message), message
    assert time.monotonic() - begun < 100 and input.__module__ == "builtins"


def test_time_on_the_wall_alone_is_no_endless_loop():
    """As on a busy machine: the limit is in CPU time."""

    def slow(*arguments):
        time.sleep(0.2)
        return answers(3)(*arguments)

    begun = time.monotonic()
    assert check.verdict(EXERCISES[3], slow, seconds=0.9) == (True, "correct")
    assert time.monotonic() - begun > 0.9


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
    assert set(found) == set(submissions) and len(rows) == len(submissions)
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
    return python("-m", *command.split(), cwd=cwd)


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
