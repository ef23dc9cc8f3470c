"""What a run writes and prints: files written whole, kept rows, JSON, tables, progress."""

import ast
import contextlib
import functools
import hashlib
import json
import os
import secrets
import stat
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

import numpy as np

from datasets.support import files

ROOT = Path(__file__).parents[2]
PACKAGES = ("datasets", "kalman", "refh_numpy", "rvae_numpy")  # whose code makes the numbers
WHERE_AND_HOW = ("--out", "--scheduler", "--format", "--dpi")  # options that change no number
LOG_INTERVAL = 10  # seconds
old_rows = False  # whether rows that other code has made are used; see run.parser
_held = {}  # what could not be written yet: {path: function that writes it}


# Files


def write_whole(path, write):
    """Call write(temporary path), then rename: the file is the old one or the new, never half.

    Parameters
    ----------
    path : of the file
    write : function of the path of a temporary file with the same suffix, which it writes

    Raises OSError that names `path`. A file that is replaced keeps its mode.
    """
    temporary = path.with_name(f"{path.stem[:60]}.{secrets.token_hex(4)}.part{path.suffix}")
    try:
        write(temporary)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        try:
            temporary.unlink(missing_ok=True)  # gone already, unless something went wrong
        except OSError:  # the folder has become unreadable: the cause is on its way
            pass


def write_or_hold(path, write):
    """`write_whole`; if that fails, say so in one line and hold the file in memory for later.

    The disk may be full, or the folder be gone for a moment. `write_held` tries again.

    Returns
    -------
    whether the file is written
    """
    try:
        write_whole(path, write)
    except OSError as error:
        _held[path] = write
        print(
            f"{path}: not written ({error.strerror}); kept in memory, tried again at the end",
            file=sys.stderr,
        )
        return False
    forget(path)  # an older version of the same file
    return True


def keep_weights(path, model, params, **meta):
    """Write the weights of a network, or hold them for later.

    Parameters
    ----------
    model : module of a model
    meta : whatever JSON can hold

    Returns
    -------
    whether they are written
    """
    return write_or_hold(path, lambda file: model.save(file, params, **meta))


def forget(path):
    """Hold this file no longer."""
    _held.pop(path, None)


def write_held():
    """Try once more to write what `write_or_hold` holds: a line for each file that cannot be."""
    failures = []
    for path, write in list(_held.items()):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, write)
            del _held[path]
        except OSError as error:
            failures.append(f"{path}: expected a file that can be written, got {error.strerror}")
    return failures


def take_held():
    """[(path, content)] of what `write_or_hold` holds, which is no longer held here."""
    memory = Path("/dev/shm")  # a folder in memory, on Linux
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        taken = []
        for path, write in _held.items():
            write(Path(folder, path.name))
            taken.append((path, Path(folder, path.name).read_bytes()))
    _held.clear()
    return taken


def write_content(path, content):
    """Write bytes that `take_held` returned in another process."""
    write_or_hold(path, lambda temporary: temporary.write_bytes(content))


# Rows of finished jobs


def keep(path, row):
    """Write the row of one finished job, for `kept`, with a checksum and the hash of the code."""
    row = row | {"code": code()}
    text = json.dumps(row | {"checksum": checksum(row)})
    write_or_hold(path, lambda temporary: temporary.write_text(text))


def kept(path, asked, saved=False):
    """The row that `keep` wrote, or None; a line on the terminal if one is refused.

    Parameters
    ----------
    path : of the file
    asked : {"settings": ..., ...}, entries that the row must have for it to be the one sought
    saved : True for rows of the repository: other code than today's may have made them, which a
        line says. Elsewhere such rows are refused, so that they are run again (with `old_rows`,
        they are not)
    """
    try:
        with files.open_regular(path) as file:
            row = json.loads(file.read())
    except IsADirectoryError:
        sys.exit(f"{path}: expected a file, got a folder")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):  # or a file of another kind
        row = None
    if not isinstance(row, dict) or row.pop("checksum", None) != checksum(row):
        return _refused(path, "has been changed since it was written")
    if not row.items() >= json.loads(json.dumps(asked)).items():
        return None
    if row.pop("code", None) == code():
        return row
    if saved or old_rows:
        print(f"{path.stem}: made by other code than this (version {row.get('version')})")
        return row
    return _refused(path, "was made by other code: the packages have changed since")


def _refused(path, why):
    print(f"{path}: this row {why}; it is run again", file=sys.stderr)


def checksum(row):
    """SHA-256 of a row (a dict that JSON can hold), without its own checksum."""
    row = {name: value for name, value in row.items() if name != "checksum"}
    return hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()


@functools.cache
def code():
    """A hash of what the packages compute: their sources without comments, docstrings, layout."""
    digest = hashlib.sha256()
    for path in sorted(path for name in PACKAGES for path in (ROOT / name).rglob("*.py")):
        digest.update(path.relative_to(ROOT).as_posix().encode())
        digest.update(repr(meaning(ast.parse(path.read_text(encoding="utf-8")))).encode())
    return digest.hexdigest()[:16]


def meaning(node):
    """A syntax tree as nested tuples that are the same in all versions of Python: no positions, no
    docstrings, no empty fields."""
    if isinstance(node, list):
        return tuple(map(meaning, node))
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = dict(ast.iter_fields(node))
    body = fields.get("body")
    if isinstance(body, list) and body and is_docstring(body[0]):
        fields["body"] = body[1:]
    return type(node).__name__, *(
        (name, meaning(value))
        for name, value in fields.items()
        if value not in (None, []) and name not in ("kind", "type_comment", "type_ignores")
    )


def is_docstring(statement):
    """Whether a statement is nothing but a text."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def write_json(path, rows, seed, **more):
    """Write DIR/NAME.json: the command, the version, the seed, and the rows of the table."""
    content = {"command": command(), "version": version(), "seed": seed, **more, "rows": rows}
    text = json.dumps(content, indent=1) + "\n"
    write_or_hold(path, lambda temporary: temporary.write_text(text))


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
