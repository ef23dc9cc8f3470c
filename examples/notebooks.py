"""Writes the percent scripts out as Jupyter notebooks.

    python -m examples.notebooks [FOLDER] [--repository OWNER/NAME]

writes FOLDER/NAME.ipynb (default: notebooks/) for every script of examples/ that has cells, in nbformat 4, without outputs.
With --repository, which says where on GitHub the project is hosted, each begins with a cell that fetches and installs it if it is
not there: commit the folder there, and open

    https://colab.research.google.com/github/OWNER/NAME/blob/main/notebooks/walkthrough.ipynb
"""
import argparse
import ast
import json
import re
from pathlib import Path

from examples import _run

FOLDER = Path(__file__).parent
CELL = re.compile(r"^# %%(.*)$", re.M)
FETCH = '''# on Colab: fetch the project, and work at its top
import importlib.util, os, subprocess, sys
if importlib.util.find_spec("refh_numpy") is None:
    subprocess.run(["git", "clone", "--depth", "1", "https://github.com/{repository}", "project"], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", "project"], check=True)
    os.chdir("project")
    sys.path.insert(0, os.getcwd())'''
HERE = '''# notebooks are started where they lie; the scripts expect to be at the top of the project
import os, sys
while not os.path.isdir("refh_numpy") and os.getcwd() != os.path.dirname(os.getcwd()):
    os.chdir("..")
sys.path.insert(0, os.getcwd())'''


def scripts():
    """The scripts of examples/ that have cells, by name"""
    return {path.stem: path for path in sorted(FOLDER.glob("[a-z]*.py")) if CELL.search(path.read_text())}


def cells(text):
    """[("markdown" or "code", text)] of a percent script; its docstring becomes the first"""
    docstring = ast.get_docstring(ast.parse(text))
    title, _, rest = docstring.partition("\n")
    result = [("markdown", f"# {title.rstrip('.')}\n{rest}".strip())]
    pieces = CELL.split(text)
    for heading, body in zip(pieces[1::2], pieces[2::2]):
        body = body.strip("\n")
        if "[markdown]" in heading:
            result.append(("markdown", "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.splitlines())))
        elif body.strip():
            result.append(("code", body))
    return result


def notebook(text, repository=None):
    """The notebook of a percent script, as nbformat 4 has it"""
    made = cells(text)
    made.insert(1, ("code", FETCH.format(repository=repository) if repository else HERE))
    content = []
    for number, (kind, body) in enumerate(made):
        cell = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": body.splitlines(keepends=True)}
        content.append(cell | ({"execution_count": None, "outputs": []} if kind == "code" else {}))
    return {"cells": content, "metadata": {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                                           "language_info": {"name": "python"}}, "nbformat": 4, "nbformat_minor": 5}


def owner_and_name(text):
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", text):
        raise argparse.ArgumentTypeError(f"wanted OWNER/NAME, got {text!r}")
    return text


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m examples.notebooks", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("notebooks"))
    parser.add_argument("--repository", type=owner_and_name, metavar="OWNER/NAME")
    arguments = parser.parse_args(argv)
    _run.prepare_folder(arguments.folder)
    for name, path in scripts().items():
        content = json.dumps(notebook(path.read_text(), arguments.repository), indent=1) + "\n"
        _run.write_whole(arguments.folder / f"{name}.ipynb", lambda temporary: Path(temporary).write_text(content))
    print(f"{len(scripts())} notebooks in {arguments.folder}")


if __name__ == "__main__":
    main()
