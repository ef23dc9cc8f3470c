"""Handwritten digits: MNIST where its files are found, and synthetic ones where they are not.

The poster's "Moving MNIST" needs images of digits, 28 x 28. The project does not ship MNIST
(LeCun, Cortes and Burges).

    load("auto")       MNIST if it is found (a given folder, or MNIST_DIR, or the folder of
                       `download`), otherwise synthetic digits
    load("mnist")      MNIST, or an error that says what to do
    load("synthetic")  digits of matplotlib's fonts, slanted, stretched, distorted, thinned or
                       thickened: like MNIST in size, mean and contrast; the same ones each time

The result says which it is. `python -m datasets.digits` downloads MNIST once (11 MB).

MNIST's files are in the IDX format: a magic number (two zero bytes, 8 for unsigned bytes, the
number of axes), the size of each axis (big-endian, four bytes each), and the bytes; packed by gzip
or not.
"""

import argparse
import contextlib
import gzip
import hashlib
import math
import os
import sys
import tempfile
import urllib.error
import urllib.request
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets import _synthetic_digits
from datasets.support import checks

PARTS = ("train", "t10k")
MAX_BYTES = 10**8  # of an unpacked file: twice MNIST's largest
MIRRORS = (
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
)
MD5 = {  # of the unpacked files
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


class Digits(NamedTuple):
    """What `load` returns."""

    images: np.ndarray  # (n, 28, 28) brightness in [0, 1], float32; row 0 is on top
    labels: np.ndarray  # (n,) 0 to 9
    source: str  # "MNIST", or "synthetic"


def load(source="auto", folder=None):
    """Digits from a source: "auto", "mnist" or "synthetic" (see above).

    Parameters
    ----------
    source : str
    folder : where MNIST's files are, its training part, its test part or both; None for
        $MNIST_DIR, or else the cache

    Returns
    -------
    Digits

    Raises FileNotFoundError where there are none, ValueError for files that are truncated, corrupt
    or not MNIST.
    """
    checks.one_of("source", source, ("auto", "mnist", "synthetic"))
    folder = None if folder is None else checks.path("folder", folder)
    if folder is None and os.environ.get("MNIST_DIR"):
        folder = Path(os.environ["MNIST_DIR"])
    if source == "synthetic" or (source == "auto" and folder is None and not _in_cache()):
        return Digits(*_synthetic_digits.digits(), "synthetic")
    return _read_mnist(folder or cache())


def split(digits, one_in=5):
    """Disjoint digits for training and for tests.

    Parameters
    ----------
    digits : Digits, at least two
    one_in : every one_in-th digit is for tests

    Returns
    -------
    Digits for training, Digits for tests
    """
    digits = check_digits("digits", digits)
    if len(digits.images) < 2:
        raise ValueError("digits: expected at least two to split, got one")
    checks.in_range("digits", digits.images, 0, 1)
    one_in = checks.count("one_in", one_in, at_least=2)
    held_out = np.arange(len(digits.images)) % one_in == 0
    return tuple(
        Digits(digits.images[rows], digits.labels[rows], digits.source)
        for rows in (~held_out, held_out)
    )


def check_digits(name, digits):
    """Digits of numbers, whose fields fit each other, as plain arrays; the values of the pixels
    are checked by those who use them."""
    checks.instance(name, digits, Digits, " (datasets.digits.load)")
    images, labels = digits.images, digits.labels
    if not isinstance(images, np.ndarray) or images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(
            f"{name}: expected images (n, size, size), "
            f"got {getattr(images, 'shape', checks.shown(images))}"
        )
    if images.size == 0:
        raise ValueError(f"{name}: expected images with pixels, got shape {images.shape}")
    checks.numeric(name, images[:0])  # their dtype, and no masked array
    labels = checks.counts(name, checks.array(name, labels, (len(images),)))
    checks.in_range(name, labels, 0, 9)
    return digits._replace(images=np.asarray(images), labels=labels)


# MNIST


def cache():
    """The folder into which `download` puts MNIST."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:  # no HOME, and no entry for the user
        raise FileNotFoundError(
            "folder: expected a home directory for MNIST's files, got none; "
            "set MNIST_DIR, or give a folder"
        ) from None
    return Path(base) / "temporally_local_rules" / "mnist"


def read_idx(path, n_axes, md5=None):
    """The array in an IDX file, packed by gzip or not.

    Parameters
    ----------
    path : str or os.PathLike
    n_axes : number of axes that the array must have
    md5 : of the unpacked file, if it is known

    Returns
    -------
    array of uint8

    Raises ValueError for a file that is corrupt, too large, or not as expected. Its header is read
    first, and then no more than the header announces.
    """
    path, n_axes = checks.path("path", path), checks.count("n_axes", n_axes, at_most=32)
    if md5 is not None:
        checks.instance("md5", md5, str)
    with open(path, "rb") as raw:
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            with gzip.open(raw) if packed else contextlib.nullcontext(raw) as file:
                header, shape = _idx_header(path, file, n_axes)
                content = file.read(math.prod(shape) + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: expected a whole gzip file, got one that is truncated or "
                f"corrupt ({error})"
            ) from None
    if len(content) != math.prod(shape):
        got = "more" if len(content) > math.prod(shape) else f"{len(content)}: truncated?"
        raise ValueError(
            f"{path}: expected {math.prod(shape)} bytes for the shape {shape} in its "
            f"header, got {got}"
        )
    if md5 is not None and hashlib.md5(header + content).hexdigest() != md5:
        raise ValueError(
            f"{path}: expected MNIST's own bytes (md5 {md5}), got others of the same "
            "size: corrupt, or another set"
        )
    return np.frombuffer(content, np.uint8).reshape(shape)


def download(folder=None, log=print):
    """Fetch the missing ones of MNIST's four files (11 MB).

    Parameters
    ----------
    folder : None for the cache. A file is checked before it is put there: it is whole or absent.
    log : function that is called with each line of progress

    Returns
    -------
    the folder

    Raises ConnectionError where no mirror can be reached.
    """
    folder = cache() if folder is None else checks.path("folder", folder)
    checks.function("log", log)
    folder.mkdir(parents=True, exist_ok=True)
    for name in MD5:
        if _find(folder, name):
            log(f"{name}: already there")
            continue
        failures = []
        for mirror in MIRRORS:
            try:
                size = _fetch(f"{mirror}{name}.gz", folder / f"{name}.gz", name)
                log(f"{name}.gz: {size / 1e6:.1f} MB")
                break
            except (urllib.error.URLError, OSError, ValueError) as error:
                failures.append(f"  {mirror}: {error}")
        else:
            with contextlib.suppress(OSError):
                folder.rmdir()  # if it is empty
            raise ConnectionError(
                "\n".join(
                    [
                        f"{name}.gz: expected it from a mirror, got",
                        *failures,
                        f"Without a network: put MNIST's files into {folder}, or into a folder "
                        'that MNIST_DIR names; or use load("synthetic")',
                    ]
                )
            )
    return folder


def _in_cache():
    """Whether MNIST was downloaded; False where there is no home, or none that we may read"""
    try:
        return any(_find(cache(), f"{part}-images-idx3-ubyte") for part in PARTS)
    except OSError:
        return False


def _find(folder, name):
    """The file of this name in the folder, packed or not; None if there is none"""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def _read_mnist(folder):
    """The Digits of the parts of MNIST that are in the folder"""
    parts = [part for part in PARTS if _find(folder, f"{part}-images-idx3-ubyte")]
    if not parts:
        raise FileNotFoundError(
            f"folder: expected MNIST's files (train-images-idx3-ubyte or t10k-images-idx3-ubyte, "
            f"with .gz or without, and the labels), got none in {folder}; "
            f'"python -m datasets.digits" downloads them, load("synthetic") does without'
        )
    images, labels = [], []
    for part in parts:
        for name, arrays in (
            (f"{part}-images-idx3-ubyte", images),
            (f"{part}-labels-idx1-ubyte", labels),
        ):
            path = _find(folder, name)
            if path is None:
                raise FileNotFoundError(
                    f"folder: expected {name} or {name}.gz in {folder}, got neither"
                )
            arrays.append(read_idx(path, n_axes=3 if arrays is images else 1, md5=MD5[name]))
    images, labels = np.concatenate(images), np.concatenate(labels)
    return Digits(images.astype(np.float32) / 255, labels.astype(np.int64), "MNIST")


def _idx_header(path, file, n_axes):
    """The header of an open IDX file, and the shape that it announces"""
    header = file.read(4 + 4 * n_axes)
    magic = bytes([0, 0, 8, n_axes])
    if header[:4] != magic:
        raise ValueError(
            f"{path}: expected an IDX file of bytes with {n_axes} axes (magic number "
            f"{magic.hex()}), got {header[:4].hex() or 'an empty file'}"
        )
    if len(header) < 4 + 4 * n_axes:
        raise ValueError(f"{path}: expected the sizes of {n_axes} axes, got a truncated header")
    shape = tuple(int(n) for n in np.frombuffer(header[4:], ">u4"))
    if math.prod(shape) > MAX_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_BYTES} bytes, got the shape {shape}")
    return header, shape


def _fetch(url, path, name):
    """Download one file to `path`, after a check; its size in bytes"""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=30) as answer:
            while block := answer.read(1 << 20):
                file.write(block)
                if file.tell() > MAX_BYTES:
                    raise ValueError(f"expected at most {MAX_BYTES} bytes, got more")
        read_idx(temporary, n_axes=3 if "images" in name else 1, md5=MD5[name])
        size = os.path.getsize(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        return size
    finally:
        Path(temporary).unlink(missing_ok=True)


def main(argv=None):
    """The command `python -m datasets.digits`."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.digits",
        description="Download MNIST (11 MB), if it is not there yet.",
    )
    parser.add_argument("--folder", help="where to put its files (default: the user's cache)")
    try:
        print(f"MNIST is in {download(parser.parse_args(argv).folder)}")
    except OSError as error:  # no network, or no folder
        sys.exit(str(error))


if __name__ == "__main__":
    main()
