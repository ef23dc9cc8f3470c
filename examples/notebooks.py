"""Write the percent scripts, or the exercises, as Jupyter notebooks.

    python -m examples.notebooks [--out DIR] [--repository OWNER/NAME]
    python -m examples.notebooks --exercises [--solutions] [--out DIR]

The first command writes DIR/NAME.ipynb for every script of examples/ that has
cells, in nbformat 4, without outputs. Their options are set in the first cell.
A notebook looks for the project in its own folder and in those above it.

The second writes a notebook per exercise: its text, a cell for the answer, the
check, and a picture of what the answer does. With --solutions it is the
instructor's edition, with the solution, answers and the typical mistakes.

With --repository, which names the project's home on GitHub, the first cell
fetches and installs the project where it is missing; for the student's edition
of the exercises it fetches the hand-out, which has no solutions. Commit the
folder there, and open it in Colab at

    https://colab.research.google.com/github/OWNER/NAME/blob/main/notebooks/walkthrough.ipynb
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import argparse
import ast
import json
import re
from pathlib import Path

from examples.exercises import check
from examples.tools import results as _results
from examples.tools import run as _run

FOLDER = Path(__file__).parent
EXERCISES = FOLDER / "exercises"
CELL = re.compile(r"^# %%(.*)$", re.M)
OPTIONS = """# Options, as on the command line: argv = "--quick --seed 1".split()
argv = []
NOTEBOOK = "{name}"

"""
BEGIN = """# One BLAS thread, before NumPy is loaded: the matrices are small.
import os, sys
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
                 "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(variable, "1")

# Work at the top of the project: the folder that holds examples/ and refh_numpy/.
def is_top(folder):
    return all(os.path.isdir(os.path.join(folder, part)) for part in ("examples", "refh_numpy"))

while not is_top(".") and os.getcwd() != os.path.dirname(os.getcwd()):
    os.chdir("..")
"""
HERE = """if not is_top("."):
    raise FileNotFoundError("expected this notebook in a clone of the project, found no folder "
                            "with examples/ and refh_numpy/ above it")
sys.path.insert(0, os.getcwd())
"""
FETCH = """# Fetch and install the project where it is missing, as on Colab.
import importlib.metadata, subprocess
def call(*command):
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(" ".join(command) + " failed; run this cell again once the cause is "
                           "removed:\\n" + done.stderr)

if not is_top("."):
    home = os.path.expanduser("~/temporally-local-rules")
    if not is_top(home):
{clone}
    os.chdir(home)
sys.path.insert(0, os.getcwd())
try:
    importlib.metadata.version("temporally-local-rules")
except importlib.metadata.PackageNotFoundError:
    call(sys.executable, "-m", "pip", "install", "-q", "-e", ".")
"""
CLONE = """        call("git", "clone", "--depth", "1", "https://github.com/{repository}", home)"""
# The hand-out is made from a clone that is then removed: no solutions stay on the machine.
CLONE_HAND_OUT = """        import tempfile
        with tempfile.TemporaryDirectory() as clone:
            call("git", "clone", "--depth", "1", "https://github.com/{repository}", clone)
            make = os.path.join(clone, "examples", "exercises", "handout.py")
            call(sys.executable, make, home)"""
CHECK = """from examples.exercises import check

check.here({number}, {function})"""
SHOW = "check.show({number}, {function})"
# What is mathematics in the plain text of docstrings, in the order of the search
SUBSCRIPT = r"_(?:\{[^}]+\}|[0-9tTuyzx](?!\w))"
SYMBOL = rf"(?:[uxyzSW]{SUBSCRIPT}|(?:sigma|mu|nu|theta){SUBSCRIPT})"
MATHS = re.compile(rf"(?<![\w`$./])(?:(?:log )?[pqE][(\[][^()\[\]]*[)\]]|{SYMBOL})(?![\w`$(])")
GREEK = re.compile(r"(?<![\\\w])(sigma|mu|nu|theta)(?![a-z])")
JOINED = ((r"\$ ([=+]) \$", r" \1 "), (r"\$ = (\d+(?:\.\d+)?)", r" = \1$"))  # $u_0$ = 0
OPTION = re.compile(r"(?<![\w`-])--[a-z][\w-]*(?: \d+)?")


def scripts():
    """{name: path} of the scripts of examples/ that have cells."""
    return {
        path.stem: path
        for path in sorted(FOLDER.glob("[a-z]*.py"))
        if CELL.search(path.read_text(encoding="utf-8"))
    }


def maths(text):
    """Plain text with its symbols as LaTeX and its options as code: u_0 = 0 becomes $u_0 = 0$."""

    def formula(match):
        inner = GREEK.sub(r"\\\1", match[0]).replace("log ", r"\log ").replace(" | ", r" \mid ")
        return f"${inner}$"

    def plain(piece):
        piece = MATHS.sub(formula, OPTION.sub(r"`\g<0>`", piece))
        for pattern, replacement in JOINED:
            piece = re.sub(pattern, replacement, piece)
        return piece

    return "".join(
        piece if piece.startswith(("`", "$")) else plain(piece)
        for piece in re.split(r"(`[^`]*`|\$[^$]*\$)", text)
    )


def markdown(docstring):
    """A docstring as Markdown: its lists are lists, its symbols formulas."""
    lines = []
    for term, text in _run.paragraphs(docstring):
        name = term.strip()
        if not term:
            lines.append(maths(text))
        elif name:
            lines.append(f"- **{name}**: {maths(text)}")
        else:  # a line of code, or of a formula
            lines.append(f"    {text}")
    return "\n".join(lines)


def cells(text):
    """[("markdown" or "code", text)] of a percent script; its docstring is the first cell."""
    title, _, rest = ast.get_docstring(ast.parse(text)).partition("\n")
    result = [("markdown", f"# {maths(title.rstrip('.'))}\n\n{markdown(rest)}".strip())]
    pieces = CELL.split(text)
    for heading, body in zip(pieces[1::2], pieces[2::2], strict=True):
        body = body.strip("\n")
        if "[markdown]" in heading:
            lines = (line.removeprefix("#").removeprefix(" ") for line in body.splitlines())
            result.append(("markdown", maths("\n".join(lines))))
        elif body.strip():
            code = re.sub(r'if __name__ == "__main__":\n    _?run\.start\(main\)', "main()", body)
            result.append(("code", code))
    return result


def notebook(name, text, repository=None):
    """The notebook of a percent script, as nbformat 4 has it."""
    made = cells(text)
    made.insert(1, ("code", OPTIONS.format(name=name) + first_cell(repository, CLONE)))
    return nbformat(made)


def first_cell(repository, clone):
    """The cell that finds the project, or fetches it if a repository is named."""
    found = HERE if repository is None else FETCH.replace("{clone}", clone)
    return (BEGIN + found.replace("{repository}", repository or "")).strip()


def nbformat(made):
    """A notebook in nbformat 4 of [(kind, text)]; the kind is "markdown", "code", or "given"."""
    content = []
    for number, (kind, body) in enumerate(made):
        cell = {
            "cell_type": "code" if kind == "given" else kind,
            "id": f"cell-{number}",
            "metadata": {"tags": ["given"]} if kind == "given" else {},
            "source": body.splitlines(keepends=True),
        }
        if kind != "markdown":
            cell |= {"execution_count": None, "outputs": []}
        content.append(cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": content,
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
    }


def exercise(name, with_solution=False, repository=None):
    """The notebook of an exercise: text, a cell for the answer, check, picture.

    Parameters
    ----------
    name : of the exercise, "ex05_hidden_mean" for instance
    with_solution : the instructor's edition
    repository : OWNER/NAME of the project on GitHub, to fetch it from there; or None
    """
    text = (EXERCISES / f"{name}.py").read_text(encoding="utf-8")
    made = cells(text)[:1]
    made.append(("given", first_cell(repository, CLONE if with_solution else CLONE_HAND_OUT)))
    answer = text
    if with_solution:
        answer = (EXERCISES / "solutions" / f"{name}.py").read_text(encoding="utf-8")
        hints = [f"- {hint}." for hint in dict.fromkeys(check.mistakes(name))]
        notes = "## For the instructor\n\n{}\n\nThe check names these mistakes:\n\n{}"
        made.append(
            (
                "markdown",
                notes.format(maths(ast.get_docstring(ast.parse(answer))), "\n".join(hints)),
            )
        )
    made.append(("code", without_docstring(answer)))
    names = {"number": int(name[2:4]), "function": name[5:]}
    made += [("given", CHECK.format(**names)), ("given", SHOW.format(**names))]
    return nbformat(made)


def without_docstring(text):
    """The code of a module after its docstring."""
    tree = ast.parse(text)
    return "\n".join(text.splitlines()[tree.body[0].end_lineno :]).strip()


def owner_and_name(text):
    """The type of --repository."""
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"expected OWNER/NAME, got {text!r}")
    return text


def main(argv=None):
    parser = _run.bare_parser("notebooks", __doc__)
    _run.add_out(parser, "notebooks", "to write to")
    parser.add_argument("--exercises", action="store_true", help="write those of the exercises")
    parser.add_argument("--solutions", action="store_true", help="the instructor's edition of them")
    parser.add_argument("--repository", type=owner_and_name, metavar="OWNER/NAME")
    arguments = parser.parse_args(argv)
    if arguments.solutions and not arguments.exercises:
        parser.error("--solutions: expected --exercises too")
    if arguments.solutions and not (EXERCISES / "solutions").exists():
        parser.error("--solutions: there are no solutions here: this is the hand-out")
    _run.prepare_folder(arguments.out)
    if arguments.exercises:
        made = {
            name: exercise(name, arguments.solutions, arguments.repository)
            for name in check.exercises().values()
        }
    else:
        made = {
            name: notebook(name, path.read_text(encoding="utf-8"), arguments.repository)
            for name, path in scripts().items()
        }
    for name, content in made.items():
        text = json.dumps(content, indent=1) + "\n"
        _results.write_whole(
            arguments.out / f"{name}.ipynb", lambda temporary, text=text: temporary.write_text(text)
        )
    print(f"{len(made)} notebooks in {arguments.out}")


if __name__ == "__main__":
    main()
