"""Plot every figure of the pages again.

    python -m examples.figures [FOLDER]

Figures of numbers alone are plotted from examples/figures/NAME.json, which a
script wrote. Figures that show data too (spikes, receptive fields, videos) are
made by their scripts: from the weights in examples/weights, or, where half a
minute suffices, from a new training. Writes into FOLDER (default:
examples/figures). Videos of digits are left out if there is no MNIST.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import importlib
import json
import os
import shutil
import tempfile
from pathlib import Path

from datasets import digits
from examples import hybrid_weight, linear_rvae, local_vs_bptt, memory, ppc_initial_state
from examples.ppc import figures as ppc_figures
from examples.tools import plots, run
from examples.tools.jobs import in_parallel

KEPT = Path(__file__).parent / "figures"
PLOT = {
    "ppc_table": lambda content: ppc_figures.plot_table(content["rows"]),
    "hybrid_weight": lambda content: hybrid_weight.plot(content["rows"], content["filters"]),
    "ppc_order": lambda content: ppc_figures.plot_order(content["rows"], content["controls"]),
    "ppc_order_response": lambda content: ppc_figures.plot_responses(content["rows"]),
    "ppc_initial_state": lambda content: ppc_initial_state.plot(content["rows"]),
    "local_vs_bptt": lambda content: local_vs_bptt.plot(content["rows"]),
    "linear_rvae": lambda content: linear_rvae.plot(
        content["rows"],
        content["basins"],
        content["rotated"],
        content["trained"],
        content["optimal_filter"],
    ),
    "memory": lambda content: memory.plot(content["rows"]),
}
SCRIPTS = [
    [
        ("schematic",),
        ("own_data",),
        ("chapters.datasets",),
        ("chapters.kalman",),
        ("chapters.refh",),
    ],
    [("chapters.rvae",)],
    [("quickstart", "--full"), ("receptive_fields",), ("quickstart",)],
    [("balls_generate", "--use-saved")],
    [("balls_table", "--use-saved")],
]
DIGITS = [[("digits_generate", "--use-saved")]]
if (Path(__file__).parent / "extensions").exists():
    DIGITS.append([("extensions.objects_generate", "--use-saved", "--model", "attention")])


def run_scripts(commands, options):
    """Run scripts one after the other; what they are called.

    Parameters
    ----------
    commands : [(script, argument, ...)]
    options : [argument] of all of them
    """
    for script, *arguments in commands:
        importlib.import_module(f"examples.{script}").main([*arguments, *options])
    return ", ".join(script for script, *_ in commands)


def main(argv=None):
    parser = run.bare_parser("figures", __doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=KEPT, metavar="FOLDER")
    run.add_figure_options(parser)
    arguments = run.parse(parser, argv)
    folder = arguments.folder
    run.prepare_folder(folder)
    for name, plot in PLOT.items():
        content = json.loads((KEPT / f"{name.removesuffix('_response')}.json").read_text())
        try:
            figure = plot(content)
        except KeyError as missing:  # rows of an earlier version
            print(f"{name}: rows without {missing}, made by {content['version']}; left as it is")
            continue
        path = plots.save(figure, folder / f"{name}.png")
        print(f"{path.name}: {content['command']}, version {content['version']}")
    scripts = list(SCRIPTS)
    if digits.load("auto").source == "MNIST":
        scripts += DIGITS
    else:
        print("no MNIST: videos of digits are left as they are")
    with tempfile.TemporaryDirectory() as out:
        options = ["--out", out, "--format", arguments.format, "--dpi", str(arguments.dpi)]
        in_parallel(
            "figures",
            run_scripts,
            [(commands, options) for commands in scripts],
            os.cpu_count(),
            str,
        )
        for suffix in (arguments.format, "gif"):
            for path in sorted(Path(out).glob(f"*.{suffix}")):
                shutil.copyfile(path, folder / path.name)
                print(path.name)


if __name__ == "__main__":
    run.start(main)
