"""Make the hand-out: the whole project, without what is for lecturers only.

    python -m examples.exercises.handout FOLDER [--repository OWNER/NAME]

copies all that is needed to read, run and test into FOLDER, which must not exist
yet, without solutions, model answers and grading. The exercises are there as
files, and as notebooks in FOLDER/notebooks. With --repository, which names the
place on GitHub where FOLDER will be, the notebooks open in Colab, too.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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
    "notebooks",
    "solutions",
    "grade.py",
    "test_exercises.py",  # these hold correct answers and incorrect ones
    "test_exercise_variants.py",
)
LESSONS = """# Lesson plans

They are for lecturers, and not in this hand-out.

Previous: [exercises](README.md) · Next: [index of scripts](../README.md)
"""


def main(argv=None):
    """The command `python -m examples.exercises.handout`."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.exercises.handout",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("folder", type=Path, help="where to copy the project to")
    parser.add_argument("--repository", metavar="OWNER/NAME")
    arguments = parser.parse_args(argv)
    folder = arguments.folder.resolve()
    if folder.exists():
        sys.exit(f"folder: expected one that does not exist yet, got {folder}")
    if folder.is_relative_to(ROOT):
        sys.exit(f"folder: expected one outside the project ({ROOT}), got {folder}")
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (folder / "examples" / "exercises" / "LESSONS.md").write_text(LESSONS, encoding="utf-8")
    write = [sys.executable, "-m", "examples.notebooks", "--exercises"]
    write += ["--repository", arguments.repository] if arguments.repository else []
    done = subprocess.run(write, cwd=folder, capture_output=True, text=True)
    print(f"the hand-out is in {folder}: without the solutions")
    if done.returncode:  # before the project is installed, as on Colab
        print("its notebooks were not written: install the project, and run", *write[1:])


if __name__ == "__main__":
    main()
