"""Check a folder of submissions, and write a table of results.

    python -m examples.exercises.grade FOLDER --out grades.csv

FOLDER has a folder for every student. It holds files such as ex05_hidden_mean.py, or the notebooks
ex05_hidden_mean.ipynb, at any depth. An exercise without a file of its name is looked for in the
others: one file may hold several functions. Every answer is judged by the checks of *this* project,
in a process of the student's own, and ends after --limit seconds of CPU time.

The table has one row per student and exercise handed in: the student, the exercise, whether the
answer is correct (1 or 0), the message that the student would have seen, and the seconds that it
took. A student without any of the functions gets a row that says so.

An answer can do all that its author can do on this machine. Use an account or a container without
access to anything else.
"""

import csv
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from examples.exercises import _process, check

COLUMNS = ("student", "exercise", "correct", "message", "seconds")


def files_of(student):
    """{name of the exercise: file} of a student's folder.

    Of several files for one exercise, the newest counts, and one of its name before all others.
    """
    known, named, others = check.exercises().values(), {}, {}
    paths = [path for path in student.rglob("*") if path.suffix in (".py", ".ipynb")]
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime, str(path))):
        parts = path.relative_to(student).parts
        if not path.is_file() or {"checks", "solutions", ".ipynb_checkpoints"} & set(parts):
            continue
        text = path.read_bytes()
        for name in known:
            # downloads get names such as "ex05_hidden_mean (1).py"
            if path.stem.startswith(name):
                named[name] = path.resolve()
            elif f"def {name[5:]}(".encode() in text:
                others[name] = path.resolve()
    return dict(sorted((others | named).items()))


def graded(student, chosen, seconds):
    """The rows of one student."""
    jobs = [(name, path) for name, path in files_of(student).items() if name in chosen]
    if not jobs:
        return [(student.name, "", 0, "no function of an exercise", "0.0")]
    rows = []
    with tempfile.TemporaryDirectory() as empty:
        for name, correct, message, took in _process.judged(jobs, seconds, empty, quiet=True):
            rows.append((student.name, int(name[2:4]), int(correct), message, f"{took:.1f}"))
    return rows


def main(argv=None):
    """The command `python -m examples.exercises.grade`."""
    parser = check.parser_of("grade", __doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with a folder per student")
    check.add_numbers_and_limit(parser)
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("grades.csv"),
        metavar="FILE",
        help="table to write (default: grades.csv)",
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=os.cpu_count(),
        metavar="N",
        help="students at a time (default: as many as there are processors)",
    )
    arguments = parser.parse_args(argv)
    if not arguments.folder.is_dir():
        parser.error(f"FOLDER: expected a folder, got {arguments.folder}")
    chosen = set(check.chosen(parser, arguments).values())
    students = sorted(path for path in arguments.folder.iterdir() if path.is_dir())
    if not students:
        sys.exit(f"FOLDER: expected a folder for every student, found none in {arguments.folder}")
    n_correct = n_answers = 0
    with (
        open(arguments.out, "w", newline="", encoding="utf-8") as file,
        ThreadPoolExecutor(max(1, arguments.jobs)) as pool,
    ):
        table = csv.writer(file)
        table.writerow(COLUMNS)
        work = lambda student: graded(student, chosen, arguments.limit)
        for student, rows in zip(students, pool.map(work, students), strict=True):
            table.writerows(rows)
            file.flush()
            correct = sum(row[2] for row in rows)
            n_correct, n_answers = n_correct + correct, n_answers + len(rows)
            print(f"{student.name:30s} {correct} of {len(rows)} correct", flush=True)
    print(f"{len(students)} students, {n_correct} of {n_answers} answers correct: {arguments.out}")


if __name__ == "__main__":
    main()
