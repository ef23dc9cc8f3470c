"""Handwritten digits: MNIST where its files are found, and synthetic ones where they are not.

The poster's "Moving MNIST" needs images of digits, 28 x 28. The project does not ship MNIST
(LeCun, Cortes and Burges).

    load("auto")       MNIST if it is found (a given folder, or MNIST_DIR, or the folder of
                       `download`), otherwise synthetic digits; a folder that is named must have it
    load("mnist")      MNIST, or an error that says what to do
    load("synthetic")  digits of matplotlib's fonts, slanted, stretched, distorted, thinned or
                       thickened: like MNIST in size, mean and contrast; the same ones each time
    from_idx(...)      other sets in MNIST's format: Fashion-MNIST, KMNIST, EMNIST

The result says which it is. `python -m datasets.digits` downloads MNIST once (11 MB).
"""

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from datasets import _boundary as kinds
from datasets import _synthetic_digits
from datasets.support import mnist
from datasets.support.boundary import checked, flag, instance, one_of, path
from datasets.support.idx import read_idx
from datasets.support.mnist import MD5, cache, download, main

__all__ = ["MD5", "Digits", "cache", "download", "from_idx", "load", "main", "read_idx", "split"]


class Digits(NamedTuple):
    """What `load` and `from_idx` return."""

    images: np.ndarray  # (n, 28, 28) brightness in [0, 1], float32; row 0 is on top
    labels: np.ndarray  # (n,) 0 to 9 for digits; other sets have other classes
    source: str  # "MNIST", "synthetic", or the name given to from_idx


@checked(source=one_of("auto", "mnist", "synthetic"), folder=path)
def load(source="auto", folder=None):
    """Digits from a source: "auto", "mnist" or "synthetic" (see above).

    Parameters
    ----------
    source : str
    folder : where MNIST's files are, its training part, its test part or both; None for
        $MNIST_DIR, or else the cache. The names of other unpackers, torchvision's MNIST/raw and
        Keras' mnist.npz are found too

    Raises FileNotFoundError where there are none, ValueError for files that are truncated, corrupt
    or not MNIST.
    """
    if folder is None and os.environ.get("MNIST_DIR"):
        folder = Path(os.environ["MNIST_DIR"])
    if source == "synthetic" or (source == "auto" and folder is None and not mnist.in_cache()):
        return Digits(*_synthetic_digits.digits(), "synthetic")
    return _digits(*mnist.read(folder or cache()), "MNIST")


@checked(
    images=path,
    labels=path,
    source=instance(str),
    transposed=flag,
    result=lambda digits: kinds.digits("labels", digits, {}),
)
def from_idx(images, labels, source, *, transposed=False):
    """Digits, letters or clothes, as Digits, from two files in MNIST's format.

    Parameters
    ----------
    images, labels : paths, packed by gzip or not
    source : name of the set
    transposed : whether its images are stored column by column, as EMNIST's are

    Raises ValueError for files that are truncated, corrupt, or do not fit each other.
    """
    pixels = read_idx(images, n_axes=3)
    return _digits(pixels.swapaxes(1, 2) if transposed else pixels, read_idx(labels, 1), source)


def _digits(pixels, labels, source):
    """Digits of bytes"""
    return Digits(np.float32(pixels) / 255, labels.astype(np.int64), source)


@checked(digits=kinds.digits_to_split)
def split(digits):
    """Disjoint digits for training and for tests, which get every fifth.

    Parameters
    ----------
    digits : Digits, at least two

    Returns
    -------
    Digits for training, Digits for tests
    """
    held_out = np.arange(len(digits.images)) % 5 == 0
    return tuple(
        Digits(digits.images[rows], digits.labels[rows], digits.source)
        for rows in (~held_out, held_out)
    )


if __name__ == "__main__":
    main()
