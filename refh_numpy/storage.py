"""Weights and checkpoints as .npz files: written whole or not at all, and read without executing anything."""
import json
import os
import tempfile
import zipfile
import zlib
from dataclasses import fields
from pathlib import Path

import numpy as np

from refh_numpy import families
from refh_numpy.harmonium import Params
from refh_numpy.training import State

LEAVES = tuple(f.name for f in fields(Params) if f.name != "family")


def save(path, params, model, **meta):
    """Write params, the name of their model, and whatever JSON can hold in meta (seed, command, version, ...)."""
    _write(path, params.leaves(), model=model, family=params.family.name, meta=meta)


def load(path, model):
    """The params and the meta that `save` wrote for this model.

    Raises ValueError for a file that is truncated, no .npz, a pickle, or of another model.
    """
    arrays, header = _read(path)
    return _params(path, arrays, header, model, prefix=""), header["meta"]


def save_checkpoint(path, params, state, model):
    """Write params and the State of a run, for load_checkpoint."""
    arrays = {"u": state.u, "y": state.y}
    for prefix, tree in (("", params), ("m.", state.m), ("v.", state.v)):
        arrays |= {prefix + name: leaf for name, leaf in tree.leaves().items()}
    _write(path, arrays, model=model, family=params.family.name, n_updates=state.n_updates, rng=state.rng)


def load_checkpoint(path, model):
    """The params and the State that save_checkpoint wrote: hand both to `train`, and it goes on to the bit."""
    arrays, header = _read(path)
    params, m, v = (_params(path, arrays, header, model, prefix) for prefix in ("", "m.", "v."))
    try:
        return params, State(m, v, header["n_updates"], arrays["u"], arrays["y"], header["rng"])
    except KeyError as error:
        raise ValueError(f"{path}: wanted the checkpoint of a run, but it has no {error}") from None


def _write(path, arrays, **header):
    """To a temporary file beside it first: an interruption leaves the old file or the new one, never half of one."""
    path = Path(path)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(file, header=np.array(json.dumps(header)), **arrays)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _read(path):
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return arrays, json.loads(str(arrays.pop("header")))
    except FileNotFoundError:
        raise
    except (ValueError, TypeError, KeyError, EOFError, OSError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path}: wanted a weights file written by save, got one that is truncated, or no .npz of "
                         f"ours ({error})") from error


def _params(path, arrays, header, model, prefix):
    if header.get("model") != model:
        raise ValueError(f"{path}: wanted the weights of model {model!r}, got those of {header.get('model')!r}")
    missing = [prefix + name for name in LEAVES if prefix + name not in arrays]
    if missing:
        raise ValueError(f"{path}: wanted the arrays of {model}, but there is no {', '.join(missing)}")
    params = Params(**{name: arrays[prefix + name] for name in LEAVES}, family=families.get(header["family"]))
    n_x, n_u, n_y = len(params.b_x), len(params.b_u), len(params.b_y)
    for name, shape in zip(LEAVES, ((n_x, n_u), (n_x, n_y), (n_x,), (n_u,), (n_y,))):
        leaf = getattr(params, name)
        if leaf.shape != shape or not np.isfinite(leaf).all():
            raise ValueError(f"{path}: wanted {prefix + name} finite and of shape {shape}, got shape {leaf.shape}, "
                             f"{np.count_nonzero(~np.isfinite(leaf))} not finite")
    return params
