"""Where MNIST's files are found, under the names that people give them, and where to get them."""

import argparse
import contextlib
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np

from datasets.support import boundary, files, idx

PARTS = ("train", "t10k")
MAX_DOWNLOAD = 10**8  # bytes of a packed file
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
IN_NPZ = dict(zip(MD5, ("x_train", "y_train", "x_test", "y_test"), strict=True))  # Keras' names
FOLDERS = (".", "MNIST/raw", "raw")  # torchvision puts them into the second


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


def in_cache():
    """Whether MNIST was downloaded; False where there is no home, or none that we may read."""
    try:
        return any(_find(cache(), f"{part}-images-idx3-ubyte") for part in PARTS)
    except OSError:
        return False


def read(folder):
    """The images (n, 28, 28) and labels (n,), uint8, of the parts that are in the folder.

    Raises FileNotFoundError where there are none, ValueError for files that are truncated, corrupt
    or not MNIST. Does not check its argument.
    """
    parts = [part for part in PARTS if _find(folder, f"{part}-images-idx3-ubyte")]
    if not parts:
        raise FileNotFoundError(
            "folder: expected MNIST's files (train-images-idx3-ubyte or t10k-images-idx3-ubyte, "
            "with .gz or without, and the labels; train-images.idx3-ubyte, MNIST/raw and "
            f'mnist.npz will do too), got none in {folder}; "python -m datasets.digits" downloads '
            'them, load("synthetic") does without'
        )
    images = [_read_one(folder, f"{part}-images-idx3-ubyte") for part in parts]
    labels = [_read_one(folder, f"{part}-labels-idx1-ubyte") for part in parts]
    return np.concatenate(images), np.concatenate(labels)


def _find(folder, name):
    """The file of this name in the folder, packed or not, or an .npz with it; None if there is
    none"""
    names = (name, f"{name}.gz", name.replace("-idx", ".idx"), name.replace("-idx", ".idx") + ".gz")
    folders = *FOLDERS, name, name.replace("-idx", ".idx")  # some unpackers make a folder per file
    paths = [folder / within / one for within in folders for one in names]
    return next((path for path in (*paths, folder / "mnist.npz") if path.is_file()), None)


def _read_one(folder, name):
    path = _find(folder, name)
    if path is None:
        raise FileNotFoundError(f"folder: expected {name} or {name}.gz in {folder}, got neither")
    if path.suffix != ".npz":
        return idx.read_idx(path, n_axes=3 if "images" in name else 1, md5=MD5[name])
    array = files.read_arrays(path).get(IN_NPZ[name], np.zeros(0))
    if array.dtype != np.uint8 or idx.md5_of(array) != MD5[name]:
        raise ValueError(
            f"{path}: expected MNIST's own bytes as {IN_NPZ[name]}, got shape {array.shape} "
            f"and dtype {array.dtype}, or others of the same size"
        )
    return array


@boundary.checked(folder=boundary.path, log=boundary.function)
def download(folder=None, log=print):
    """Fetch the missing ones of MNIST's four files (11 MB); the folder in which they are.

    Parameters
    ----------
    folder : None for the cache. A file is checked before it is put there: it is whole or absent.
    log : function that is called with each line of progress

    Raises ConnectionError where no mirror can be reached.
    """
    folder = cache() if folder is None else folder
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


def _fetch(url, path, name):
    """Download one file to `path`, after a check; its size in bytes"""
    with urllib.request.urlopen(url, timeout=30) as answer, files.replacing(path) as file:
        while block := answer.read(1 << 20):
            file.write(block)
            if file.tell() > MAX_DOWNLOAD:
                raise ValueError(f"expected at most {MAX_DOWNLOAD} bytes, got more")
        file.flush()
        idx.read_idx(file.name, n_axes=3 if "images" in name else 1, md5=MD5[name])
        return file.tell()


def main(argv=None):
    """The command `python -m datasets.digits`."""
    parser = argparse.ArgumentParser(
        prog="python -m datasets.digits",
        description="Download MNIST (11 MB), if it is not there yet.",
    )
    parser.add_argument("--folder", help="where to put its files (default: the user's cache)")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal may not be able to show the folder
    try:
        print(f"MNIST is in {download(parser.parse_args(argv).folder)}")
    except OSError as error:  # no network, or no folder
        sys.exit(str(error))
