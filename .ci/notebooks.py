"""Execute notebooks in fresh kernels and count their figures: python .ci/notebooks.py [NAME ...]

Needs the `dev` extra. Every notebook is written by examples/notebooks.py, gets the option --quick
where its script has it (--use-saved where a network would be trained for minutes), and runs in a
new folder of this clone with results in another. It must show each PNG file that it writes, once.
Without names: quickstart, whose figure is refreshed in place, and hybrid_weight, which starts
worker processes; and one exercise in both editions. The names of exercises (ex05_hidden_mean, or
"exercises" for all) execute both editions: the student's must say "not done yet", the instructor's
"correct", with a figure. "live" turns every knob of the demonstrations, and says how long each
takes to answer.
"""

import json
import re
import resource
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
TIMEOUT = 900  # seconds per cell
NO_SIZES = ("quickstart", "ppc_initial_state", "ppc_order", "receptive_fields", "schematic", "live")
SAVED = ("balls_generate", "balls_table", "digits_generate")

try:
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError
except ImportError as error:
    sys.exit(
        f'notebooks: expected the dev extra (pip install -e ".[dev]"), got an installation '
        f"without it ({error})"
    )

from examples import live, notebooks  # noqa: E402
from examples.exercises import check  # noqa: E402


def options(name, out):
    """The command line of a notebook."""
    size = [] if name in NO_SIZES else ["--use-saved" if name in SAVED else "--quick"]
    return [*size, "--out", str(out)]


def run_in_kernel(notebook, folder):
    """Execute in a fresh kernel, in `folder`."""
    client = NotebookClient(
        notebook,
        timeout=TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
    )
    return client.execute()


TURN = """import time
for name, knob in {shown}.knobs.items():
    begun, cpu = time.time(), time.process_time()
    {shown}.turn(name, *getattr(knob, "values", [])[-2:-1])
    seconds = f"{{time.time() - begun:5.1f}} s ({{time.process_time() - cpu:4.1f}} s of CPU)"
    print(f"live {shown:10} {{name:12}}", seconds)
"""


def live_failed(folder, out):
    """Execute the demonstrations, and turn their knobs; whether one was not as expected."""
    text = notebooks.scripts()["live"].read_text(encoding="utf-8")
    shown = re.findall(r"^    (\w+) = in_notebook\(", text, re.M)
    cells = [nbformat.v4.new_code_cell(TURN.format(shown=one)) for one in shown]
    notebook = executed("live", folder, out, cells)
    said = [
        output.text
        for cell in notebook.cells[-len(cells) :]
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    print("".join(said), end="", flush=True)
    n_knobs = sum(len(one.knobs) for one in live.DEMONSTRATIONS.values())
    return not (figures(notebook) == len(cells) == 4 and "".join(said).count("\n") == n_knobs)


def executed(name, folder, out, more=()):
    """The notebook of a script, and more cells, executed in `folder`."""
    text = notebooks.scripts()[name].read_text(encoding="utf-8")
    notebook = nbformat.reads(json.dumps(notebooks.notebook(name, text)), as_version=4)
    nbformat.validate(notebook)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    if first.source.count("\nargv = []\n") != 1:
        sys.exit(f"{name}: expected one line argv = [] in the first cell, got {first.source}")
    first.source = first.source.replace("\nargv = []\n", f"\nargv = {options(name, out)}\n")
    notebook.cells += more
    return run_in_kernel(notebook, folder)


def cpu_seconds():
    """CPU time of the kernels that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def exercise_failed(name, folder):
    """Execute both editions of an exercise, and print seconds; whether one was not as expected."""
    failed = 0
    for edition, with_solution in (("student", False), ("instructor", True)):
        begun, cpu = time.time(), cpu_seconds()
        content = json.dumps(notebooks.exercise(name, with_solution))
        notebook = nbformat.reads(content, as_version=4)
        nbformat.validate(notebook)
        notebook = run_in_kernel(notebook, folder)
        said = [
            output.get("text", "").split("\n")[0]
            for cell in notebook.cells
            for output in cell.get("outputs", [])
        ]
        expected = "correct" if with_solution else "not done yet"
        n_figures = figures(notebook)
        failed += expected not in said or n_figures != with_solution
        print(
            f"{name:22} {edition:10} {time.time() - begun:5.0f} s "
            f"({cpu_seconds() - cpu:.0f} s of CPU)  {said[0]}, {n_figures} figures",
            flush=True,
        )
    return bool(failed)


def figures(notebook):
    """How many images an executed notebook shows."""
    return sum(
        "image/png" in output.get("data", {})
        for cell in notebook.cells
        for output in cell.get("outputs", [])
    )


def main(names):
    failed = 0
    with (
        tempfile.TemporaryDirectory(dir=ROOT, prefix="notebooks-") as folder,
        tempfile.TemporaryDirectory() as out,
    ):
        names = names or ["quickstart", "hybrid_weight", "ex05_hidden_mean"]
        if "exercises" in names:
            names = list(check.exercises().values())
        for name in names:
            if name in check.exercises().values():
                failed += exercise_failed(name, folder)
                continue
            if name == "live":
                failed += live_failed(folder, out)
                continue
            begun, before = time.time(), set(Path(out).glob("*.png"))
            try:
                notebook = executed(name, folder, out)
            except CellExecutionError as error:
                print(f"{name}: {error}")
                failed += 1
                continue
            n_figures, n_files = figures(notebook), len(set(Path(out).glob("*.png")) - before)
            failed += not n_figures == n_files > 0
            print(
                f"{name:20} {time.time() - begun:5.0f} s  {n_figures} figures shown, {n_files} "
                "written",
                flush=True,
            )
            nbformat.write(notebook, Path(out) / f"{name}.ipynb")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
