"""Handwritten digits: MNIST where its files are, and drawn ones where they are not.

The poster's "Moving MNIST" needs pictures of digits, 28 x 28. The project does not ship MNIST (LeCun, Cortes and Burges), so

    load("auto")    MNIST if it is found (a folder given, or MNIST_DIR, or where `download` puts it); drawn digits otherwise
    load("mnist")   MNIST, or an error that says what to do
    load("drawn")   digits of matplotlib's fonts, slanted, stretched, thinned, thickened and bent: like MNIST in size, mean and
                    contrast, and the same ones each time

and the result says which it is. `python -m datasets.digits` fetches MNIST, once (11 MB).

MNIST's files are in the IDX format: a magic number (two zero bytes, 8 for unsigned bytes, the number of axes), the size of
each axis (big-endian, four bytes each), and the bytes; packed by gzip or not.
"""
import gzip
import hashlib
import os
import sys
import tempfile
import urllib.error
import urllib.request
import zlib
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D
from scipy import ndimage

from datasets import checks

SIZE = 28                   # pixels along a side
PARTS = ("train", "t10k")
MIRRORS = ("https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/")
MD5 = {     # of the files as they are after gzip
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


class Digits(NamedTuple):
    images: np.ndarray      # (n, 28, 28) brightness in [0, 1], float32; row 0 is on top
    labels: np.ndarray      # (n,) 0 to 9
    source: str             # "MNIST", or "drawn"


def load(source="auto", folder=None):
    """Digits, from where `source` says: "auto", "mnist" or "drawn" (above)

    folder : where MNIST's files are, its training part, its test part or both; None for $MNIST_DIR, or else the cache
    Raises FileNotFoundError where there are none, ValueError for files that are truncated, corrupt or not MNIST.
    """
    if source not in ("auto", "mnist", "drawn"):
        raise ValueError(f'source: wanted "auto", "mnist" or "drawn", got {source!r}')
    if source == "drawn":
        return drawn()
    where = Path(folder or os.environ.get("MNIST_DIR") or cache())
    parts = [part for part in PARTS if find(where, f"{part}-images-idx3-ubyte")]
    if parts:
        return read_mnist(where, parts)
    if source == "auto" and folder is None and "MNIST_DIR" not in os.environ:
        return drawn()
    raise FileNotFoundError(
        f"folder: wanted MNIST's files (train-images-idx3-ubyte or t10k-images-idx3-ubyte, with .gz or without, and the "
        f'labels), found none in {where}; "python -m datasets.digits" fetches them, load("drawn") does without')


def split(digits, one_in=5):
    """Two sets of different digits, to learn from and to test on: every one_in-th is held out"""
    one_in = checks.count("one_in", one_in, at_least=2)
    held_out = np.arange(len(digits.images)) % one_in == 0
    return tuple(Digits(digits.images[which], digits.labels[which], digits.source) for which in (~held_out, held_out))


# MNIST

def cache():
    """The folder into which `download` puts MNIST"""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "temporally_local_rules" / "mnist"


def find(folder, name):
    """The file of this name in the folder, packed or not; None if there is none"""
    return next((path for path in (folder / name, folder / f"{name}.gz") if path.is_file()), None)


def read_mnist(folder, parts=PARTS):
    """The Digits of these parts of MNIST"""
    images, labels = [], []
    for part in parts:
        for name, arrays in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            path = find(Path(folder), name)
            if path is None:
                raise FileNotFoundError(f"folder: wanted {name} or {name}.gz in {folder}, found neither")
            arrays.append(read_idx(path, n_axes=3 if arrays is images else 1, md5=MD5[name]))
    images, labels = np.concatenate(images), np.concatenate(labels)
    return Digits(images.astype(np.float32) / 255, labels.astype(np.int64), "MNIST")


def read_idx(path, n_axes, md5=None):
    """The array (uint8) in an IDX file, packed by gzip or not. ValueError if it is corrupt, or not what was asked for."""
    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{path}: wanted a whole gzip file, got one that is truncated or corrupt ({error})") from None
    magic = bytes([0, 0, 8, n_axes])
    if content[:4] != magic:
        raise ValueError(f"{path}: wanted an IDX file of bytes with {n_axes} axes (magic number {magic.hex()}), "
                         f"got {content[:4].hex() or 'an empty file'}")
    start = 4 + 4 * n_axes
    shape = tuple(int(n) for n in np.frombuffer(content[4:start].ljust(start - 4, b"\0"), ">u4"))
    if len(content) - start != np.prod(shape):
        raise ValueError(f"{path}: wanted {np.prod(shape)} bytes for the shape {shape} in its header, "
                         f"got {max(len(content) - start, 0)}: truncated?")
    if md5 is not None and hashlib.md5(content).hexdigest() != md5:
        raise ValueError(f"{path}: wanted MNIST's own bytes (md5 {md5}), got others of the same size: corrupt, or another set")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def download(folder=None, say=print):
    """Fetch what is missing of MNIST's four files (11 MB); the folder that they are in

    folder : None for the cache. A file is checked before it is put there: it is whole or it is absent.
    say : told about the progress, a line at a time
    Raises ConnectionError where no mirror can be reached.
    """
    folder = cache() if folder is None else Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in MD5:
        if find(folder, name):
            say(f"{name}: there already")
            continue
        refusals = []
        for mirror in MIRRORS:
            try:
                size = fetch(f"{mirror}{name}.gz", folder / f"{name}.gz", name)
                say(f"{name}.gz: {size / 1e6:.1f} MB")
                break
            except (urllib.error.URLError, OSError, ValueError) as error:
                refusals.append(f"  {mirror}: {error}")
        else:
            raise ConnectionError("\n".join([f"{name}.gz could not be fetched from", *refusals,
                                             f"Without a network: put MNIST's files into {folder}, or into a folder that "
                                             'MNIST_DIR names; or use load("drawn")']))
    return folder


def fetch(url, path, name):
    """One file, to `path`, after a check; its size in bytes"""
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file, urllib.request.urlopen(url, timeout=30) as answer:
            while block := answer.read(1 << 20):
                file.write(block)
        read_idx(temporary, n_axes=3 if "images" in name else 1, md5=MD5[name])
        size = os.path.getsize(temporary)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
        return size
    finally:
        Path(temporary).unlink(missing_ok=True)


# Drawn digits

N_DRAWN = 10_000
FONTS = [dict(family=family, style=style, weight=weight) for family, styles, weights in (
    ("DejaVu Sans", ("normal", "oblique"), ("normal", "bold")), ("DejaVu Sans Mono", ("normal", "oblique"), ("normal", "bold")),
    ("STIXGeneral", ("normal", "italic"), ("normal", "bold")), ("cmss10", ("normal",), ("normal",)),
    ("cmtt10", ("normal",), ("normal",))) for style in styles for weight in weights]       # all of them come with matplotlib
CANVAS = 84                 # pixels along the side of the stencils, from which the small pictures are taken
BODY = 20                   # pixels of the 28 that a digit is high, as in MNIST


@lru_cache(maxsize=1)
def drawn():
    """N_DRAWN digits that nobody wrote by hand: the same ones each time"""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(N_DRAWN) % 10)
    images = bend(stencils(), labels * len(FONTS) + rng.integers(len(FONTS), size=N_DRAWN), rng)
    images.flags.writeable = labels.flags.writeable = False
    return Digits(images, labels, "drawn")


def stencils():
    """(10 * len(FONTS), CANVAS, CANVAS): how far each point is inside a digit's line (outside: < 0), in pixels of the 28"""
    centres = (np.arange(CANVAS) + 0.5) * SIZE / CANVAS - SIZE / 2
    grid = np.stack(np.meshgrid(centres, -centres), axis=-1).reshape(-1, 2)             # fonts have y upwards
    result = []
    for digit in range(10):
        for font in FONTS:
            outline = TextPath((0, 0), str(digit), size=BODY, prop=FontProperties(**font))
            corners = outline.get_extents().get_points()
            outline = outline.transformed(Affine2D().translate(*-corners.mean(0)).scale(BODY / np.ptp(corners, axis=0).max()))
            # the hole of a zero is an outline of its own: a point is ink if an odd number of them go round it
            ink = np.logical_xor.reduce([Outline(part).contains_points(grid) for part in outline.to_polygons()])
            ink = ink.reshape(CANVAS, CANVAS)
            depth = ndimage.distance_transform_edt(ink) - ndimage.distance_transform_edt(~ink)
            result.append(depth * SIZE / CANVAS)
    return np.array(result, np.float32)


def bend(depth, which, rng):
    """A picture (28, 28) of each stencil in `which`: each slanted, stretched, turned, waved, and its line made thin or thick"""
    n = len(which)
    slant, turn = rng.normal(0.15, 0.2, n), rng.normal(0, 0.12, n)
    width, height = rng.uniform(0.7, 1.05, n), rng.uniform(0.9, 1.0, n)
    # pixel of the picture -> point of the stencil, about the middle: turn, then slant, then stretch
    cos, sin = np.cos(turn), np.sin(turn)
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2

    def each(a):
        return a[:, None, None]

    y = (each(cos) * rows + each(sin) * columns) / each(height)
    x = (each(cos) * columns - each(sin) * rows + each(slant) * rows) / each(width)
    waves = ndimage.gaussian_filter(rng.standard_normal((2, n, SIZE, SIZE), dtype=np.float32), (0, 0, 5, 5), mode="constant")
    y, x = (a + 20 * wave for a, wave in zip((y, x), waves))
    points = [(a + SIZE / 2) * CANVAS / SIZE - 0.5 for a in (y, x)]
    layer = np.broadcast_to(each(which), y.shape)
    inside = ndimage.map_coordinates(depth, [layer, *points], order=1, mode="nearest")
    thickness = rng.normal(0.1, 0.25, n)
    return np.clip(0.5 + 0.7 * inside + each(thickness), 0, 1).astype(np.float32)


if __name__ == "__main__":
    try:
        print(f"MNIST is in {download()}")
    except ConnectionError as error:
        sys.exit(str(error))
