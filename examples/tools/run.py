"""What every script shares about a run: its arguments, its folder, its jobs, its exit code."""

import argparse
import re
import signal
import sys
import tempfile
import textwrap
from pathlib import Path

import matplotlib
import numpy as np

from examples.tools import results

WEIGHTS = Path(__file__).parents[1] / "weights"  # of the long trainings, kept in the repository
SIZES = {
    "quick": "a short run: half a minute where that shows the effect",
    "full": "the long run, over several seeds where that is feasible",
    "use-saved": "train nothing: use what is kept in examples/weights",
}
FORMATS = ("png", "pdf", "svg")
WIDTH = 80  # columns of a help text
INTERRUPTED = 130  # exit code after Ctrl+C, as shells have it


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Fills paragraphs; keeps lists, whose terms are indented, one item per paragraph."""

    def __init__(self, prog):
        super().__init__(prog, width=WIDTH)

    def _fill_text(self, text, width, indent):
        return "\n".join(
            textwrap.fill(
                line,
                WIDTH - 1,
                initial_indent=term,
                break_on_hyphens=False,
                break_long_words=False,
                subsequent_indent=" " * len(term),
            )
            if line
            else ""
            for term, line in paragraphs(text)
        )


def paragraphs(text):
    """A docstring as [(term, text)], each on one line: paragraphs (term ""), list items, blanks.

    An item is a line that is indented, with its term set apart by two blanks or more; lines that
    are indented further continue it.
    """
    result, fresh = [], True
    for line in textwrap.dedent(text).strip().splitlines():
        indent = len(line) - len(line.lstrip())
        item = re.match(r" +\S+(?: \S+)*  +", line) or re.match(r" +", line)
        continues = (
            result
            and not fresh
            and line
            and (
                indent > len(result[-1][0]) - len(result[-1][0].lstrip())
                if result[-1][0]
                else not indent
            )
        )
        if continues:
            result[-1] = result[-1][0], f"{result[-1][1]} {line.strip()}"
        else:
            term = item[0] if item else ""
            result.append((term, line[len(term) :].strip()))
        fresh = not line
    return result


def parser(name, description, sizes=("quick", "full"), jobs=True):
    """The arguments that all scripts have.

    Parameters
    ----------
    name : of the script
    description : its docstring
    sizes : those of SIZES that it has a use for
    jobs : whether it has jobs for a cluster
    """
    p = bare_parser(name, description)
    p.add_argument(
        "--seed",
        type=whole(0),
        default=0,
        metavar="N",
        help="of the one random generator (default: 0)",
    )
    if sizes:
        one = p.add_mutually_exclusive_group()
        for size in sizes:
            one.add_argument(f"--{size}", action="store_true", help=SIZES[size])
    add_out(p, "results", "for figures and numbers")
    if jobs:
        p.add_argument(
            "--old-rows",
            action="store_true",
            help="use finished rows in DIR even if the code has changed since, and name them",
        )
        p.add_argument(
            "--scheduler",
            metavar="ADDRESS",
            help="run the jobs on the dask cluster with this scheduler",
        )
    add_figure_options(p)
    return p


def bare_parser(name, description):
    """A parser without arguments, with the help of all scripts."""
    return argparse.ArgumentParser(
        prog=f"python -m examples.{name}",
        description=description,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )


def add_out(p, default, what):
    """Add --out, a folder, to a parser."""
    text = f"folder {what} (default: {default})"
    p.add_argument("--out", type=Path, default=Path(default), metavar="DIR", help=text)


def add_figure_options(p):
    """Add --format and --dpi to a parser."""
    p.add_argument("--format", choices=FORMATS, default="png", help="of figures (default: png)")
    p.add_argument(
        "--dpi",
        type=whole(1),
        default=150,
        metavar="N",
        help="resolution of figures in dots per inch (default: 150)",
    )


def parse(parser, argv):
    """The arguments of this run; in a notebook, those in its variable `argv`."""
    main = sys.modules["__main__"]
    if argv is None and hasattr(main, "NOTEBOOK"):
        argv = main.argv
    arguments = parser.parse_args(argv)
    results.old_rows = getattr(arguments, "old_rows", False)
    np.seterr(under="ignore")  # whoever imports a script may have made an underflow an error
    matplotlib.rcParams.update({"savefig.format": arguments.format, "savefig.dpi": arguments.dpi})
    return arguments


def whole(at_least):
    """The type of an argument: an integer of at least this."""

    def convert(text):
        if not text.isdecimal() or int(text) < at_least:
            raise argparse.ArgumentTypeError(
                f"expected an integer of at least {at_least}, got {text!r}"
            )
        return int(text)

    return convert


def prepare_folder(path):
    """Make the folder, and make sure that it can be written to, before anything is trained."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path) as file:
            file.write(b"x")
    except OSError as error:
        sys.exit(f"--out: expected a folder that can be written, got {path} ({error.strerror})")


def start(main):
    """Run a script's main: SIGTERM ends it as Ctrl+C does, and both with exit code 130.

    A file that cannot be read or written ends it with one line. What could not be written on the
    way is tried once more at the end.
    """
    received = []

    def interrupt(number, frame):
        received.append(number)
        raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    try:
        main()
    except BaseException as stop:  # compiled code turns KeyboardInterrupt into SystemError
        if not received:
            if isinstance(stop, OSError) and stop.filename:
                end(f"{stop.filename}: {stop.strerror}")
            print(*results.write_held(), sep="\n", end="", file=sys.stderr)
            raise
        print(str(stop) if isinstance(stop, SystemExit) else "stopped", file=sys.stderr)
    if received:  # jobs that were stopped return what is done, and raise nothing
        results.write_held()
        sys.exit(INTERRUPTED)
    end()


def end(*failures):
    """Try once more to write what could not be written, and exit with a line for each failure."""
    failures = [*failures, *results.write_held()]
    if failures:
        sys.exit("\n".join(failures))
