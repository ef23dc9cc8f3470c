"""Weights and checkpoints of harmoniums as .npz files (datasets/files.py)."""
from dataclasses import fields

import numpy as np

from datasets import files
from refh_numpy import families
from refh_numpy.harmonium import Params
from refh_numpy.training import State

LEAVES = tuple(f.name for f in fields(Params) if f.name != "family")


def save(path, params, model, **meta):
    """Write params, the name of their model, and whatever JSON can hold in meta (seed, command, version, ...)."""
    files.write(path, params.leaves(), model=model, family=params.family.name, meta=meta)


def load(path, model):
    """The params and the meta that `save` wrote for this model.

    Raises ValueError for a file that is truncated, no .npz, a pickle, or of another model.
    """
    arrays, header = files.read(path)
    return _params(path, arrays, header, model, prefix=""), header.get("meta", {})


def save_checkpoint(path, params, state, model):
    """Write params and the State of a run, for load_checkpoint."""
    arrays = {"u": state.u, "y": state.y}
    for prefix, tree in (("", params), ("m.", state.m), ("v.", state.v)):
        arrays |= {prefix + name: leaf for name, leaf in tree.leaves().items()}
    files.write(path, arrays, model=model, family=params.family.name, n_updates=state.n_updates, rng=state.rng)


def load_checkpoint(path, model):
    """The params and the State that save_checkpoint wrote: hand both to `train`, and it goes on to the bit."""
    arrays, header = files.read(path)
    params, m, v = (_params(path, arrays, header, model, prefix) for prefix in ("", "m.", "v."))
    try:
        return params, State(m, v, header["n_updates"], arrays["u"], arrays["y"], header["rng"])
    except KeyError as error:
        raise ValueError(f"{path}: wanted the checkpoint of a run, but it has no {error}") from None


def _params(path, arrays, header, model, prefix):
    if not isinstance(header, dict) or header.get("model") != model:
        got = header.get("model") if isinstance(header, dict) else header
        raise ValueError(f"{path}: wanted the weights of model {model!r}, got those of {got!r}")
    missing = [prefix + name for name in LEAVES if prefix + name not in arrays]
    if missing:
        raise ValueError(f"{path}: wanted the arrays of {model}, but there is no {', '.join(missing)}")
    params = Params(**{name: files.widened(arrays[prefix + name]) for name in LEAVES},
                    family=families.get(header.get("family")))
    n_x, n_u, n_y = params.b_x.size, params.b_u.size, params.b_y.size
    for name, shape in zip(LEAVES, ((n_x, n_u), (n_x, n_y), (n_x,), (n_u,), (n_y,))):
        leaf = getattr(params, name)
        if leaf.shape != shape or leaf.dtype not in (np.float32, np.float64) or not np.isfinite(leaf).all():
            raise ValueError(f"{path}: wanted {prefix + name} finite, of shape {shape} and float32 or float64, "
                             f"got shape {leaf.shape}, {leaf.dtype}")
    return params
