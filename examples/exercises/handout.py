"""Make the hand-out: the whole project, without the solutions.

    python -m examples.exercises.handout FOLDER

copies all that is needed to read, run and test into FOLDER, which must not exist yet.
"""

import argparse
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = (
    ".git",
    ".ci",
    "results",
    "build",
    "dist",
    ".venv",
    ".pytest_cache",
    ".ruff_cache",
    "__pycache__",
    "*.egg-info",
    "solutions",
    "test_exercises.py",
)  # it holds incorrect variants of the solutions


def main(argv=None):
    """The command `python -m examples.exercises.handout`."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.exercises.handout",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="where to copy the project to")
    folder = parser.parse_args(argv).folder.resolve()
    if folder.exists():
        sys.exit(f"folder: expected one that does not exist yet, got {folder}")
    if folder.is_relative_to(ROOT):
        sys.exit(f"folder: expected one outside the project ({ROOT}), got {folder}")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    print(f"the hand-out is in {folder}: without the solutions")


if __name__ == "__main__":
    main()
