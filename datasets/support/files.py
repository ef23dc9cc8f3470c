"""Arrays and a header in one .npz file, written whole or not at all. Reading executes nothing.

The functions of this module do not check their arguments.
"""

import contextlib
import errno
import json
import os
import secrets
import stat

import numpy as np

FORMAT = "0.2"  # the version that wrote the file
MAX_MEMBERS = 1000  # of a file: our largest model has fewer than a hundred arrays
MAX_BYTES = 2**28  # of a file's arrays together: ten times our largest model's


def write(path, arrays, **header):
    """Write arrays and a header to `path`.

    They go into a temporary file beside it first: an interruption leaves the old file or the new
    one, never half of one.

    Parameters
    ----------
    path : pathlib.Path
    arrays : {name: array}; the name "header" is taken
    header : whatever JSON can hold; the version of the format is added

    Raises TypeError that names what JSON cannot hold, ValueError for more than MAX_BYTES, and
    OSError that names the path where the system cannot write (a full disk, a folder that is gone
    or read-only). A file that is replaced keeps its mode.
    """
    for name, value in header.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"{name}: expected what JSON can hold, got {error}") from None
    arrays = arrays | {"header": np.array(json.dumps(header | {"format": FORMAT}))}
    n_bytes = sum(array.nbytes for array in arrays.values())
    if n_bytes > MAX_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_BYTES} bytes of arrays, got {n_bytes}")
    with replacing(path) as file:
        np.savez(file, **arrays)


@contextlib.contextmanager
def replacing(path):
    """An open binary file that takes the place of `path` when the block ends without an error.

    Raises OSError that names the path.
    """
    if not path.name or path.is_dir():
        said = "expected the name of a file, got a folder"
        raise IsADirectoryError(errno.EISDIR, said, str(path))
    if path.exists() and not path.is_file():
        raise ValueError(f"{path}: expected a regular file, got a pipe, a socket or a device")
    temporary = path.with_name(f"{path.name[:60]}.{secrets.token_hex(4)}.part")
    try:
        with open(temporary, "xb") as file:
            yield file
        with contextlib.suppress(FileNotFoundError):
            os.chmod(temporary, stat.S_IMODE(path.stat().st_mode))
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()  # gone already, unless something went wrong


def open_regular(path):
    """The file, open for reading. Raises ValueError where it is none: a pipe or a device may never
    end, nor may a file of /proc, which says that it is empty."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise ValueError(f"{path}: expected a regular file, got a pipe, a socket or a device")
    if status.st_size == 0:
        raise ValueError(f"{path}: expected a file with something in it, got an empty file")
    return open(path, "rb")


def read_arrays(path):
    """{name: array} of an .npz, whose size is bounded before anything is unpacked.

    Raises FileNotFoundError, PermissionError or IsADirectoryError where the system does. Every
    other failure is a ValueError that names the path: a file that is truncated, no .npz of ours,
    or too large.
    """
    try:
        with open_regular(path) as raw, np.load(raw, allow_pickle=False) as file:
            members = file.zip.infolist()
            n_bytes = sum(member.file_size for member in members)
            if len(members) > MAX_MEMBERS:
                raise ValueError(f"{len(members)} arrays, more than {MAX_MEMBERS}")
            if n_bytes > MAX_BYTES:
                raise ValueError(f"{n_bytes} bytes, more than {MAX_BYTES}")
            return dict(file)
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise a dozen kinds
        raise ValueError(
            f"{path}: expected a weights file written by save, got one that is truncated, or no "
            f".npz of ours ({type(error).__name__}: {error})"
        ) from error


def read(path):
    """Read what `write` wrote.

    Returns
    -------
    {name: array}, and the header (a dict)

    Raises what read_arrays does, and ValueError for an .npz without our header or of another
    version.
    """
    arrays = read_arrays(path)
    try:
        header = dict(json.loads(str(arrays.pop("header"))))
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path}: expected a weights file written by save, got no .npz of ours "
            f"({type(error).__name__}: {error})"
        ) from error
    if header.get("format") != FORMAT:
        raise ValueError(
            f"{path}: expected a file of version {FORMAT}, got one of version "
            f"{header.get('format', '0.1.0')!s:.60}"
        )
    return arrays, header


def widened(leaf):
    """The array, C-contiguous; float16, in which weights may be kept, becomes float32. What is no
    array stays as it is."""
    if type(leaf) is not np.ndarray:
        return leaf
    return np.require(leaf, np.float32 if leaf.dtype == np.float16 else None, "CAW")
