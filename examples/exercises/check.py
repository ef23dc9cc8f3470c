"""Check your answers to the exercises.

    python -m examples.exercises.check 3 4           exercises 3 and 4
    python -m examples.exercises.check               all of them: which are done?
    python -m examples.exercises.check 3 --picture   and plot what your answer does
    python -m examples.exercises.check --solution    the solutions (not in a hand-out)

Every answer runs in a process of its own, and ends after --limit seconds of CPU time.
"""

import argparse
import importlib
import sys
from pathlib import Path

from examples.exercises import _process
from examples.exercises._process import FOLDER, solution, verdict

__all__ = ["exercises", "here", "main", "mistakes", "show", "solution", "verdict"]


_judged = {}  # in a notebook: the verdict on a function, which the cell of the picture asks again


def exercises():
    """{number: name of the file without .py}, in order."""
    return {int(path.stem[2:4]): path.stem for path in sorted(FOLDER.glob("ex[0-9][0-9]_*.py"))}


def mistakes(name):
    """The typical mistakes that the check of an exercise names."""
    return [
        hint for hint, _ in importlib.import_module(f"examples.exercises.checks.{name}").MISTAKES
    ]


def here(number, answer):
    """In a notebook: check the answer of its cell, and say what was found."""
    _judged[number, answer] = verdict(exercises()[number], answer)
    print(_judged[number, answer][1])


def show(number, answer):
    """In a notebook: the picture of a correct answer's results, and what to look at."""
    from examples.tools import plots

    name = exercises()[number]
    correct, _ = _judged.get((number, answer)) or verdict(name, answer)
    if not correct:
        print("Your picture follows when the check says: correct.")
        return
    module = importlib.import_module(f"examples.exercises.checks.{name}")
    plots.show(module.picture(answer), Path(f"{name}.png"))
    print("Look at this:", module.LOOK)


def draw(name, answer, folder):
    """Write the picture of an answer's results into the folder."""
    from examples.tools import plots

    module = importlib.import_module(f"examples.exercises.checks.{name}")
    path = plots.save(module.picture(answer), folder / f"{name}.png")
    print(f"    {path}\n    Look at this: {module.LOOK}")


def parser_of(name, description):
    """The parser of a command of this folder."""
    return argparse.ArgumentParser(
        prog=f"python -m examples.exercises.{name}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def add_numbers_and_limit(parser):
    """Add the exercises to judge, and the time for each answer."""
    parser.add_argument(
        "numbers", type=int, nargs="*", metavar="NUMBER", help="of the exercises (default: all)"
    )
    parser.add_argument(
        "--limit",
        type=float,
        metavar="S",
        help=f"CPU seconds per answer (default: {_process.LIMIT}, and more where it learns)",
    )


def chosen(parser, arguments):
    """{number: name} of the exercises to judge, all of them if no number is given."""
    known = exercises()
    if arguments.limit is not None and not arguments.limit > 0:
        parser.error(f"--limit: expected more than 0 seconds, got {arguments.limit:g}")
    if unknown := set(arguments.numbers) - set(known):
        expected = f"one of {min(known)} to {max(known)}"
        parser.error(f"NUMBER: expected {expected}, got {min(unknown)}")
    return {number: known[number] for number in arguments.numbers or known}


def main(argv=None):
    """The command `python -m examples.exercises.check`."""
    parser = parser_of("check", __doc__)
    add_numbers_and_limit(parser)
    parser.add_argument(
        "--solution", action="store_true", help="check the solution instead of your answer"
    )
    parser.add_argument("--picture", action="store_true", help="plot what a correct answer does")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results"),
        metavar="DIR",
        help="folder for the pictures (default: results)",
    )
    arguments = parser.parse_args(argv)
    names = list(chosen(parser, arguments).values())
    if arguments.picture:
        arguments.out.mkdir(parents=True, exist_ok=True)
    source = "solution" if arguments.solution else None
    if source:
        try:
            solution(names[0])
        except FileNotFoundError as error:
            sys.exit(str(error))
    all_correct = True
    jobs = [(name, source) for name in names]
    for name, correct, message, _ in _process.judged(jobs, arguments.limit):
        print(f"{int(name[2:4]):2d}  {name[5:]:20s}  {message}", flush=True)
        all_correct &= correct
        if arguments.picture and correct:
            draw(name, solution(name) if source else _process.own(name), arguments.out)
    sys.exit(0 if all_correct else 1)


if __name__ == "__main__":
    main()
