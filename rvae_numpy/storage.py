"""Weights and checkpoints of autoencoders as .npz files (datasets/files.py)."""
from dataclasses import asdict

import numpy as np

from datasets import files
from rvae_numpy import autoencoder
from rvae_numpy.autoencoder import Model
from rvae_numpy.training import State


def save(path, params, name, **meta):
    """Write params, the name of their model, and whatever JSON can hold in meta (seed, command, version, ...)."""
    files.write(path, _arrays(params, ""), **_header(params, name), meta=meta)


def load(path, name):
    """The params and the meta that `save` wrote for this model.

    Raises ValueError for a file that is truncated, no .npz, a pickle, or of another model.
    """
    arrays, header = files.read(path)
    return _params(path, arrays, header, name, ""), header.get("meta", {})


def save_checkpoint(path, params, state, name):
    """Write params and the State of a run, for load_checkpoint."""
    arrays = {"u": state.u, "y": state.y}
    for prefix, tree in (("", params), ("m.", state.m), ("v.", state.v)):
        arrays |= _arrays(tree, prefix)
    files.write(path, arrays, **_header(params, name), n_updates=state.n_updates, rng=state.rng)


def load_checkpoint(path, name):
    """The params and the State that save_checkpoint wrote: hand both to `train`, and it goes on to the bit."""
    arrays, header = files.read(path)
    params, m, v = (_params(path, arrays, header, name, prefix) for prefix in ("", "m.", "v."))
    try:
        return params, State(m, v, header["n_updates"], arrays["u"], arrays["y"], header["rng"])
    except KeyError as error:
        raise ValueError(f"{path}: wanted the checkpoint of a run, but it has no {error}") from None


def _arrays(params, prefix):
    return {f"{prefix}leaf_{number}": leaf for number, leaf in enumerate(params.leaves())}


def _header(params, name):
    encoder, decoder = ([len(layer.b) for layer in layers] for layers in (params.encode, params.decode_y[:-1]))
    sizes = {"n_y": params.n_y, "n_x": params.n_x, "hidden": encoder if decoder == encoder[::-1] else encoder[0],
             "bend": len(params.bend_u[0].b) if params.bend_u else 0, "static": params.n_u == 0}
    return {"name": name, "model": asdict(params.model), "sizes": sizes}


def _params(path, arrays, header, name, prefix):
    if not isinstance(header, dict) or header.get("name") != name:
        found = header.get("name", header.get("model")) if isinstance(header, dict) else header
        raise ValueError(f"{path}: wanted the weights of model {name!r}, got those of {found!r}")
    like = autoencoder.init(**header["sizes"], model=Model(**header["model"]), rng=np.random.default_rng())
    leaves = [arrays.get(f"{prefix}leaf_{number}") for number in range(len(like.leaves()))]
    for number, (leaf, wanted) in enumerate(zip(leaves, like.leaves())):
        if leaf is None or leaf.shape != wanted.shape or not np.isfinite(leaf).all():
            raise ValueError(f"{path}: wanted array {prefix}leaf_{number} finite and of shape {wanted.shape}, "
                             f"got {'none' if leaf is None else leaf.shape}")
    leaves = iter(leaves)
    return like.map(lambda _: widened(next(leaves)))


def widened(leaf):
    """float16, in which weights may be kept to save room, is for files only: computed is in float32"""
    return leaf.astype(np.float32) if leaf.dtype == np.float16 else leaf
