"""Arrays and a header in one .npz file, written whole or not at all.

Reading executes nothing. Sizes are bounded before anything is unpacked or allocated, so that a
small hostile file cannot fill the memory.
"""

import contextlib
import errno
import json
import math
import os
import secrets
import stat
import zipfile

import numpy as np

from datasets.support import checks

FORMAT = "0.2"  # the version that wrote the file
MAX_BYTES = 2**28  # of a file's arrays together, float16 widened: ten times our largest model's
MAX_HEADER = 2**24  # bytes of the header: lists take ten times as much in memory
MAX_RATIO = 100  # unpacked to packed bytes of an array: weights compress far less
MAX_MEMBERS, MAX_DIRECTORY = 1000, 2**20  # arrays of a file, and bytes of its table of contents


def write(path, arrays, **header):
    """Write arrays and a header to `path`.

    They go into a temporary file beside it first: an interruption leaves the old file or the new
    one, never half of one.

    Parameters
    ----------
    path : str or os.PathLike
    arrays : {name in printable ASCII: array of finite numbers}
    header : whatever JSON can hold; the version of the format is added

    Raises TypeError or ValueError for what `read` would refuse, and OSError that names the path
    where the system cannot write (a full disk, a folder that is gone or read-only). A file that is
    replaced keeps its mode.
    """
    path = checks.path("path", path)
    arrays = {name: _plain(name, value) for name, value in _named(arrays).items()}
    n_bytes = sum(array.size * _width(array.dtype) for array in arrays.values())
    if n_bytes > MAX_BYTES:
        raise ValueError(f"arrays: expected at most {MAX_BYTES} bytes in all, got {n_bytes}")
    header = np.array(_as_json(header | {"format": FORMAT}))
    if header.nbytes > MAX_HEADER:
        raise ValueError(
            f"header: expected at most {MAX_HEADER // 4} characters, got {header.nbytes // 4}"
        )
    with replacing(path) as file:
        np.savez(file, header=header, **arrays)


@contextlib.contextmanager
def replacing(path):
    """An open binary file that takes the place of `path` when the block ends without an error.

    Raises OSError that names the path. Does not check its argument.
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
    end, nor may a file of /proc, which says that it is empty. Does not check its argument."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise ValueError(f"{path}: expected a regular file, got a pipe, a socket or a device")
    if status.st_size == 0:
        raise ValueError(f"{path}: expected a file with something in it, got an empty file")
    return open(path, "rb")


def read(path):
    """Read what `write` wrote.

    Returns
    -------
    {name: array}, and the header (a dict)

    Raises FileNotFoundError, PermissionError or IsADirectoryError where the system does. Every
    other failure is a ValueError that names the path: a file that is truncated, no .npz of ours,
    too large, or of another version.
    """
    path = checks.path("path", path)
    try:
        arrays = read_arrays(path)
        header = json.loads(str(arrays.pop("header")))
        if not isinstance(header, dict):
            raise ValueError("no header in it")
        for name, array in arrays.items():
            _plain(name, array)
    except (FileNotFoundError, PermissionError, IsADirectoryError):
        raise
    except Exception as error:  # zipfile, zlib, NumPy and json raise a dozen kinds
        raise ValueError(
            f"{path}: expected a weights file written by save, got one that is truncated, or no "
            f".npz of ours ({type(error).__name__}: {error})"
        ) from error
    if header.get("format") != FORMAT:
        raise ValueError(
            f"{path}: expected a file of version {FORMAT}, got one of version "
            f"{checks.shown(header['format']) if 'format' in header else '0.1.0'}"
        )
    return arrays, header


def read_arrays(path):
    """{name: array} of an .npz file, whoever wrote it; an error of any kind if it is too large,
    or none. Does not check its argument."""
    with open_regular(path) as raw:
        raw.seek(max(os.fstat(raw.fileno()).st_size - 22, 0))
        end = raw.read()  # of a zip file without a comment: the size of its table of contents
        size = int.from_bytes(end[12:16], "little")
        if end[:4] != b"PK\5\6" or size > MAX_DIRECTORY:
            raise ValueError(f"no .npz file, or one of more than {MAX_MEMBERS} arrays")
        with zipfile.ZipFile(raw) as file:
            return _members(file)


def widened(leaf):
    """The array, C-contiguous; float16, in which weights may be kept, becomes float32. What is no
    array stays as it is. Does not check its argument."""
    if type(leaf) is not np.ndarray:
        return leaf
    return np.require(leaf, np.float32 if leaf.dtype == np.float16 else None, "CAW")


def _named(arrays):
    checks.instance("arrays", arrays, dict)
    for name in arrays:
        fits = isinstance(name, str) and name.isascii() and name.isprintable()
        if not fits or name in ("", "header", "file"):
            raise ValueError(
                "arrays: expected names in printable ASCII other than 'header' and "
                f"'file', got {checks.shown(name)}"
            )
    return arrays


def _as_json(header):
    """The header as text; TypeError that names the entry that JSON cannot hold"""
    for name, value in header.items():
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError) as error:
            raise TypeError(f"{name}: expected what JSON can hold, got {error}") from None
    return json.dumps(header)


def _plain(name, value):
    """The value as an array of finite numbers, its dtype kept; an error otherwise"""
    try:
        array = np.asarray(value)
    except Exception:  # rows of different lengths, a broken __array__
        array = np.asarray(None)
    if array.dtype.kind not in "biuf" or isinstance(value, np.ma.MaskedArray):
        raise TypeError(
            f"arrays: expected {name} to be a plain array of numbers, got {checks.shown(value)}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"arrays: expected finite numbers in {name}, got NaN or infinity")
    return array


def _members(file):
    """{name: array} of an open zip file, its sizes checked first"""
    infos = {info.filename.removesuffix(".npy"): info for info in file.infolist()}
    if len(infos) != len(file.infolist()):
        raise ValueError("two arrays of one name")
    if len(infos) > MAX_MEMBERS:
        raise ValueError(f"more than {MAX_MEMBERS} arrays")
    if sum(info.file_size for info in infos.values()) > MAX_BYTES:
        raise ValueError(f"more than {MAX_BYTES} bytes")
    for name, info in infos.items():
        if info.file_size > MAX_RATIO * info.compress_size + 1024:
            raise ValueError(f"{name} unpacks to more than {MAX_RATIO} times its size")
    arrays, left = {}, MAX_BYTES
    for name, info in infos.items():
        arrays[name] = _array(file, info, MAX_HEADER if name == "header" else left)
        left -= arrays[name].size * _width(arrays[name].dtype)
    return arrays


def _width(dtype):
    """Bytes per number in memory: models widen float16, in which weights may be kept"""
    return 4 if dtype == np.float16 else dtype.itemsize


def _array(file, info, most):
    """One array of a zip file, of at most so many bytes: its header is read first"""
    with file.open(info) as member:
        version = np.lib.format.read_magic(member)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, _, dtype = read_header(member)
        n_bytes = math.prod(shape) * dtype.itemsize
        if dtype.kind not in "biufU" or not 0 <= n_bytes <= info.file_size:
            raise ValueError(f"{info.filename} has dtype {dtype} and {n_bytes} bytes")
        if math.prod(shape) * _width(dtype) > most:
            raise ValueError(f"{info.filename} has more than {most} bytes, float16 widened")
        member.seek(0)
        array = np.lib.format.read_array(member, allow_pickle=False)
        if member.read(1):  # the end is read, so that the checksum is compared
            raise ValueError(f"{info.filename} has more than {n_bytes} bytes")
    return array.astype(dtype.newbyteorder("="), copy=False)
