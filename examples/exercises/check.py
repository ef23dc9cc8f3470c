"""Check your answers to the exercises.

python -m examples.exercises.check 3            exercise 3
python -m examples.exercises.check              all of them: which are done?
python -m examples.exercises.check 3 --solution the solution (not in a hand-out)
"""

import argparse
import importlib
import sys
from pathlib import Path

from examples.exercises._answers import Incorrect

FOLDER = Path(__file__).parent


def exercises():
    """{number: name of the file without .py}, in order."""
    return {int(path.stem[2:4]): path.stem for path in sorted(FOLDER.glob("ex[0-9][0-9]_*.py"))}


def verdict(name, answer=None):
    """(is it correct, message) for the exercise's own function, or for an `answer` in its place."""
    try:
        exercise = importlib.import_module(f"examples.exercises.{name}")
        exercise.check(answer or getattr(exercise, name[5:]))
    except NotImplementedError:
        return False, "not done yet"
    except Incorrect as incorrect:
        return False, f"incorrect: {incorrect}"
    except SyntaxError as error:
        place = f"{Path(error.filename).name}, line {error.lineno}"
        return False, f"not valid Python: {error.msg} ({place})"
    except Exception as error:  # in the answer itself: say where, and continue
        trace = error.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        place = f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
        return False, f"stopped by {type(error).__name__}: {error} ({place})"
    return True, "correct"


def solution(name):
    """The solution's function. FileNotFoundError in a hand-out, which has none."""
    if not (FOLDER / "solutions" / f"{name}.py").exists():
        raise FileNotFoundError("there are no solutions here: this is the hand-out")
    return getattr(importlib.import_module(f"examples.exercises.solutions.{name}"), name[5:])


def main(argv=None):
    """The command `python -m examples.exercises.check`."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.exercises.check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "number", type=int, nargs="?", choices=exercises(), help="of the exercise (default: all)"
    )
    parser.add_argument(
        "--solution", action="store_true", help="check the solution instead of your answer"
    )
    arguments = parser.parse_args(argv)
    chosen = exercises()
    if arguments.number is not None:
        chosen = {arguments.number: chosen[arguments.number]}
    all_correct = True
    for number, name in chosen.items():
        try:
            is_correct, message = verdict(name, solution(name) if arguments.solution else None)
        except FileNotFoundError as error:
            sys.exit(str(error))
        print(f"{number:2d}  {name[5:]:20s}  {message}")
        all_correct &= is_correct
    sys.exit(0 if all_correct else 1)


if __name__ == "__main__":
    main()
