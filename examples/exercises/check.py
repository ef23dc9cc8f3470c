"""Is my answer right?

    python -m examples.exercises.check 3            exercise 3
    python -m examples.exercises.check              all of them: which are done?
    python -m examples.exercises.check 3 --solution the solution, where the hand-out has it
"""
import argparse
import importlib
import sys
from pathlib import Path

from examples.exercises._right import Wrong

FOLDER = Path(__file__).parent


def exercises():
    """{number: name of the file without .py}, in order"""
    return {int(path.stem[2:4]): path.stem for path in sorted(FOLDER.glob("ex[0-9][0-9]_*.py"))}


def verdict(name, answer=None):
    """(right?, what to say) of the exercise's own function, or of an `answer` in its place"""
    try:
        exercise = importlib.import_module(f"examples.exercises.{name}")
        exercise.check(answer or getattr(exercise, name[5:]))
    except NotImplementedError:
        return False, "not done yet"
    except Wrong as wrong:
        return False, f"wrong: {wrong}"
    except SyntaxError as error:
        return False, f"no Python: {error.msg} ({Path(error.filename).name}, line {error.lineno})"
    except Exception as error:                              # of the answer's own: say what and where, and go on
        trace = error.__traceback__
        while trace.tb_next:
            trace = trace.tb_next
        where = f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"
        return False, f"stopped by {type(error).__name__}: {error} ({where})"
    return True, "right"


def solution(name):
    """The solution's function. FileNotFoundError in a hand-out, which has none."""
    if not (FOLDER / "solutions" / f"{name}.py").exists():
        raise FileNotFoundError("there are no solutions here: this is the hand-out")
    return getattr(importlib.import_module(f"examples.exercises.solutions.{name}"), name[5:])


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m examples.exercises.check", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", type=int, nargs="?", choices=exercises(), help="of the exercise (default: all)")
    parser.add_argument("--solution", action="store_true", help="check the solution in the place of your answer")
    arguments = parser.parse_args(argv)
    chosen = exercises() if arguments.number is None else {arguments.number: exercises()[arguments.number]}
    all_right = True
    for number, name in chosen.items():
        try:
            right, said = verdict(name, solution(name) if arguments.solution else None)
        except FileNotFoundError as error:
            sys.exit(str(error))
        print(f"{number:2d}  {name[5:]:20s}  {said}")
        all_right &= right
    sys.exit(0 if all_right else 1)


if __name__ == "__main__":
    main()
