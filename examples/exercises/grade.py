"""Check a folder of submissions, and write a table of results.

    python -m examples.exercises.grade FOLDER --out grades.csv

FOLDER has a folder for every student. It holds files such as ex05_hidden_mean.py, or the notebooks
ex05_hidden_mean.ipynb, at any depth. Every answer is judged by the checks of *this* project,
whatever else the file holds, in a process of the submission's own, and ends after --limit seconds.

The table has one row per student and exercise: the student, the exercise, whether the answer is
correct (1 or 0), the message that the student would have seen, and the seconds that it took.
Files with the name of no exercise are left out; a student without a file gets a row that says so.

An answer can do all that its author can do on this machine. Use an account or a container without
access to anything else.
"""

import argparse
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

    Of several files for one exercise, the newest counts.
    """
    known, found = set(check.exercises().values()), {}
    paths = [path for path in student.rglob("ex[0-9][0-9]_*") if path.suffix in (".py", ".ipynb")]
    for path in sorted(paths, key=lambda path: (path.stat().st_mtime, str(path))):
        # downloads get names such as "ex05_hidden_mean (1).py"
        name = next((name for name in known if path.stem.startswith(name)), None)
        parts = path.relative_to(student).parts
        if name and not {"checks", "solutions", ".ipynb_checkpoints"} & set(parts):
            found[name] = path.resolve()
    return dict(sorted(found.items()))


def graded(student, chosen, seconds):
    """The rows of one student."""
    jobs = [(name, path) for name, path in files_of(student).items() if name in chosen]
    if not jobs:
        return [(student.name, "", 0, "no file of an exercise", "0.0")]
    rows = []
    with tempfile.TemporaryDirectory() as empty:
        for name, correct, message, took in _process.judged(jobs, seconds, empty, quiet=True):
            rows.append((student.name, int(name[2:4]), int(correct), message, f"{took:.1f}"))
    return rows


def main(argv=None):
    """The command `python -m examples.exercises.grade`."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.exercises.grade",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="with a folder per student")
    parser.add_argument(
        "numbers", type=int, nargs="*", metavar="NUMBER", help="of the exercises (default: all)"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("grades.csv"),
        metavar="FILE",
        help="table to write (default: grades.csv)",
    )
    parser.add_argument(
        "--limit",
        type=float,
        default=None,
        metavar="S",
        help=f"seconds per answer (default: {_process.LIMIT}, and more where it learns)",
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
    known = check.exercises()
    if arguments.limit is not None and not arguments.limit > 0:
        parser.error(f"--limit: expected more than 0 seconds, got {arguments.limit:g}")
    if unknown := set(arguments.numbers) - set(known):
        parser.error(f"NUMBER: expected 1 to {max(known)}, got {min(unknown)}")
    students = sorted(path for path in arguments.folder.iterdir() if path.is_dir())
    if not students:
        sys.exit(f"FOLDER: expected a folder for every student, found none in {arguments.folder}")
    chosen = {known[number] for number in arguments.numbers or known}
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
