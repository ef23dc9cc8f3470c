"""Draws the chapters' figures again, from the numbers that are kept in examples/figures; nothing is trained.

    python -m examples.figures [FOLDER]

reads examples/figures/NAME.json, which a script wrote, and writes FOLDER/NAME.png (default: examples/figures itself). Seconds.
The pictures of quickstart, of the dial, of films and of receptive fields show data as well as numbers: those scripts draw them, from weights
where they are kept (--use-saved).
"""
import argparse
import json
from pathlib import Path

from examples import _plots, _run, linear_rvae, local_vs_bptt, ppc_order, ppc_start, ppc_table

KEPT = Path(__file__).parent / "figures"
DRAW = {
    "ppc_table": lambda content: ppc_table.draw(content["rows"]),
    "ppc_order": lambda content: ppc_order.draw(content["rows"]),
    "ppc_start": lambda content: ppc_start.draw(content["rows"]),
    "local_vs_bptt": lambda content: local_vs_bptt.draw([run for row in content["rows"] for run in row["seeds"]]),
    "linear_rvae": lambda content: linear_rvae.draw(content["rows"], content["basins"], content["turned"], content["trained"],
                                                    content["optimal_filter"]),
}


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


if __name__ == "__main__":
    main()
