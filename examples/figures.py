"""Draws every figure of the chapters again.

    python -m examples.figures [FOLDER]

Those that show numbers only are drawn from examples/figures/NAME.json, which a script wrote. Those that show data too (films,
spikes, receptive fields) are drawn by their scripts: from the weights in examples/weights, or, where half a minute is enough, from
a new training. Writes into FOLDER (default: examples/figures itself). The films of digits are left out where there is no MNIST.
"""
import argparse
import json
import os
import shutil
import tempfile
from pathlib import Path

from datasets import digits
from examples import (_plots, _run, balls_generate, balls_table, digits_generate, linear_rvae, local_vs_bptt, ppc_dial,
                      ppc_order, ppc_start, ppc_table, quickstart, receptive_fields)

KEPT = Path(__file__).parent / "figures"
DRAW = {
    "ppc_table": lambda content: ppc_table.draw(content["rows"]),
    "ppc_dial": lambda content: ppc_dial.draw(content["rows"], content["filters"]),
    "ppc_order": lambda content: ppc_order.draw(content["rows"]),
    "ppc_start": lambda content: ppc_start.draw(content["rows"]),
    "local_vs_bptt": lambda content: local_vs_bptt.draw([run for row in content["rows"] for run in row["seeds"]]),
    "linear_rvae": lambda content: linear_rvae.draw(content["rows"], content["basins"], content["turned"], content["trained"],
                                                    content["optimal_filter"]),
}


def films_of_balls(out):
    balls_generate.main(["--use-saved", "--out", str(out)])


def predictions_of_balls(out):
    balls_table.main(["--use-saved", "--out", str(out)])


def spikes(out):
    quickstart.main(["--out", str(out)])
    receptive_fields.main(["--out", str(out)])


def films_of_digits(out):
    for scene in digits_generate.SCENES:
        if (_run.WEIGHTS / f"digits_generate_{scene}.npz").exists():
            digits_generate.main(["--use-saved", "--scene", scene, "--out", str(out)])


def main(argv=None):
    parser = argparse.ArgumentParser(prog="python -m examples.figures", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=KEPT)
    folder = parser.parse_args(argv).folder
    _run.prepare_folder(folder)
    for name, draw in DRAW.items():
        content = json.loads((KEPT / f"{name}.json").read_text())
        _plots.save(draw(content), folder / f"{name}.png")
        print(f"{name}.png: {content['command']}, version {content['version']}")
    scripts = [spikes, films_of_balls, predictions_of_balls]
    if digits.load("auto").source == "MNIST":
        scripts.append(films_of_digits)
    else:
        print("no MNIST: the films of digits are left as they are")
    with tempfile.TemporaryDirectory() as out:
        _run.in_parallel("figures", run, [(script, Path(out)) for script in scripts], os.cpu_count(), lambda name: name)
        for suffix in ("png", "gif"):
            for picture in sorted(Path(out).glob(f"*.{suffix}")):
                shutil.copyfile(picture, folder / picture.name)
                print(picture.name)


def run(script, out):
    script(out)
    return script.__name__.replace("_", " ")


if __name__ == "__main__":
    main()
