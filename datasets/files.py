"""Arrays and a header in one .npz file: written whole or not at all, and read without executing anything."""
import json
import os
import tempfile
import zipfile
import zlib
from pathlib import Path

import numpy as np


def write(path, arrays, **header):
    """To a temporary file beside it first: an interruption leaves the old file or the new one, never half of one.

    arrays : {name: array};  header : whatever JSON can hold
    """
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=np.array(json.dumps(header)), **arrays)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def read(path):
    """arrays, header: what `write` wrote. ValueError for a file that is truncated, a pickle, or none of ours."""
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(str(arrays.pop("header")))
    except (FileNotFoundError, PermissionError, IsADirectoryError):         # the system's own words say what is wrong
        raise
    except (ValueError, TypeError, KeyError, EOFError, OSError, AttributeError, zipfile.BadZipFile,
            zlib.error) as error:
        raise ValueError(f"{path}: wanted a weights file written by save, got one that is truncated, or no .npz of "
                         f"ours ({error})") from error


def widened(leaf):
    """float16, in which weights may be kept to save room, is for files only: computed is in float32"""
    return leaf.astype(np.float32) if leaf.dtype == np.float16 else leaf
