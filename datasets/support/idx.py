"""Files in the IDX format, in which MNIST and its successors come.

A magic number (two zero bytes, 8 for unsigned bytes, the number of axes), the size of each axis
(big-endian, four bytes each), and the bytes; packed by gzip or not.
"""

import contextlib
import gzip
import hashlib
import math
import os
import zlib

import numpy as np

from datasets.support import boundary
from datasets.support.files import open_regular

MAX_BYTES = 10**9  # of the array: twice EMNIST's largest
MAX_RATIO, ROOM = 20, 10**6  # a packed file unpacks to at most 20 times its size and a megabyte


@boundary.checked(path=boundary.path, n_axes=boundary.count(1, 32), md5=boundary.instance(str))
def read_idx(path, n_axes, md5=None):
    """The array (uint8) in an IDX file, packed by gzip or not.

    Parameters
    ----------
    path : str or os.PathLike
    n_axes : number of axes that the array must have: 3 for images, 1 for labels
    md5 : of the unpacked file, if it is known

    Raises ValueError for a file that is corrupt, too large, or not as expected. Its header is read
    first, and then no more than the header announces.
    """
    with open_regular(path) as raw:
        size = os.fstat(raw.fileno()).st_size
        packed = raw.read(2) == b"\x1f\x8b"
        raw.seek(0)
        try:
            with gzip.open(raw) if packed else contextlib.nullcontext(raw) as file:
                shape = _shape(path, file, n_axes)
                n_bytes = math.prod(shape)
                most = min(MAX_BYTES, MAX_RATIO * size + ROOM if packed else MAX_BYTES)
                if n_bytes > most:
                    raise ValueError(
                        f"{path}: expected at most {most} bytes in a file of {size}, "
                        f"got the shape {shape}"
                    )
                content = file.read(n_bytes + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: expected a whole gzip file, got one that is truncated or "
                f"corrupt ({error})"
            ) from None
    if len(content) != n_bytes:
        got = "more" if len(content) > n_bytes else f"{len(content)}: truncated?"
        raise ValueError(
            f"{path}: expected {n_bytes} bytes for the shape {shape} in its header, got {got}"
        )
    array = np.frombuffer(content, np.uint8).reshape(shape)
    if md5 is not None and md5_of(array) != md5:
        raise ValueError(
            f"{path}: expected MNIST's own bytes (md5 {md5}), got others of the same size: "
            "corrupt, or another set (datasets.digits.from_idx reads those)"
        )
    return array


def md5_of(array):
    """The checksum of the unpacked file that holds this array of uint8.
    Does not check its argument."""
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    known = hashlib.md5(head, usedforsecurity=False)
    known.update(np.ascontiguousarray(array))
    return known.hexdigest()


def _shape(path, file, n_axes):
    """The shape that the header of an open IDX file announces"""
    head = file.read(4 + 4 * n_axes)
    magic = bytes([0, 0, 8, n_axes])
    if head[:4] != magic:
        got = "a zip archive: unpack it" if head[:2] == b"PK" else head[:4].hex()
        raise ValueError(
            f"{path}: expected an IDX file of bytes with {n_axes} axes (magic number "
            f"{magic.hex()}), got {got or 'none'}"
        )
    if len(head) < 4 + 4 * n_axes:
        raise ValueError(f"{path}: expected the sizes of {n_axes} axes, got a truncated header")
    return tuple(int(n) for n in np.frombuffer(head[4:], ">u4"))
