"""What a run writes and prints: files written whole, rows, JSON, tables, a line of progress."""

import json
import os
import secrets
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np

WHERE_AND_HOW = ("--out", "--scheduler", "--format", "--dpi")  # options that change no number
LOG_INTERVAL = 10  # seconds


def write_whole(path, write):
    """Call write(temporary path), then rename: the file is the old one or the new, never half.

    Parameters
    ----------
    path : of the file
    write : function of the path of a temporary file with the same suffix, which it writes
    """
    temporary = path.with_name(f"{path.stem[:60]}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)  # gone already, unless something went wrong


def keep(path, row):
    """Write the row of one finished job, for `kept`."""
    write_whole(path, lambda temporary: temporary.write_text(json.dumps(row)))


def kept(path, asked):
    """The row that `keep` wrote, or None.

    Parameters
    ----------
    path : of the file
    asked : {"settings": ..., ...}, entries that the row must have for it to be the one sought
    """
    try:
        row = json.loads(path.read_text())
    except (FileNotFoundError, ValueError, RecursionError):  # or a file of another kind
        return None
    return row if isinstance(row, dict) and row.items() >= asked.items() else None


def write_json(path, rows, seed, **more):
    """Write DIR/NAME.json: the command, the version, the seed, and the rows of the table."""
    content = {"command": command(), "version": version(), "seed": seed, **more, "rows": rows}
    write_whole(path, lambda temporary: temporary.write_text(json.dumps(content, indent=1) + "\n"))


def script_name():
    """The name of the script or notebook that runs, with its folder below examples."""
    main = sys.modules["__main__"]
    module = getattr(getattr(main, "__spec__", None), "name", "")
    name = module.removeprefix("examples.") if module.startswith("examples.") else None
    return getattr(main, "NOTEBOOK", name or Path(sys.argv[0]).stem)


def command():
    """The command of this run, without the options that change no number."""
    main, result = sys.modules["__main__"], []
    arguments = iter(main.argv if hasattr(main, "NOTEBOOK") else sys.argv[1:])
    for argument in arguments:
        if argument in WHERE_AND_HOW:
            next(arguments, None)
        elif argument.partition("=")[0] not in WHERE_AND_HOW:
            result.append(argument)
    return " ".join([f"python -m examples.{script_name()}", *result])


def version():
    """The version of the project, with the commit if there is a repository."""
    try:
        number = metadata.version("temporally-local-rules")
    except metadata.PackageNotFoundError:
        number = "not installed"
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=Path(__file__).parent,
            text=True,
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return number
    return f"{number} ({described.stdout.strip()})"


class Progress:
    """One line, rewritten in place on a terminal; in a log file, one line every ten seconds."""

    def __init__(self, label, total):
        self.label, self.total = label, total
        self.start = self.said = time.monotonic()
        self.live = sys.stdout.isatty()

    def __call__(self, done, text="", before=0):
        """Show how far the work is.

        Parameters
        ----------
        done : steps done so far, of `total`
        text : what else to show
        before : steps that an earlier run had done, which took no time of this one
        """
        now = time.monotonic()
        finished = done >= self.total
        if not (self.live or finished or now - self.said >= LOG_INTERVAL):
            return
        elapsed = now - self.start
        left = elapsed * (self.total - done) / max(done - before, 1)
        seconds = f"{elapsed:.0f} s" if finished else f"{left:.0f} s left"
        line = f"{self.label}  {done:>7} of {self.total}  {text}  {seconds}"
        if self.live:
            print(f"\r{line}\033[K", end="\n" if finished else "", flush=True)
        else:
            print(line, flush=True)
        self.said = now

    def stop(self):
        """Leave the line as it stands, because the run was interrupted."""
        if self.live:
            print()


def mean_and_spread(values):
    """Mean, and sample standard deviation (None for a single value)."""
    values = np.asarray(values, dtype=float)
    return float(values.mean()), float(values.std(ddof=1)) if len(values) > 1 else None


def with_spread(mean, spread, scale, digits=2):
    """A text like 3.12 ± 0.05, of mean and spread times `scale`, both with as many digits."""
    return f"{scale * mean:.{digits}f}" + (
        f" ± {scale * spread:.{digits}f}" if spread is not None else ""
    )


def print_table(columns, rows):
    """Print a table, its first column flush left and the others flush right.

    Parameters
    ----------
    columns : [(heading, function of a row that returns the text)]
    rows : whatever these functions take
    """
    cells = [[heading for heading, _ in columns]]
    cells += [[text(row) for _, text in columns] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        print(
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
        )
