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
    arrays = {"u": state.u, "y": state.y, "is_open": state.is_open}
    for prefix, tree in (("", params), ("m.", state.m), ("v.", state.v)):
        arrays |= _arrays(tree, prefix)
    files.write(path, arrays, **_header(params, name), n_updates=state.n_updates, rng=state.rng)


def load_checkpoint(path, name):
    """The params and the State that save_checkpoint wrote: hand both to `train`, and it goes on to the bit."""
    arrays, header = files.read(path)
    params, m, v = (_params(path, arrays, header, name, prefix) for prefix in ("", "m.", "v."))
    try:
        return params, State(m, v, header["n_updates"], arrays["u"], arrays["y"], arrays["is_open"], header["rng"])
    except KeyError as error:
        raise ValueError(f"{path}: wanted the checkpoint of a run of this version, but it has no {error}") from None


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
    try:
        like = autoencoder.init(**header["sizes"], model=Model(**header["model"]), rng=np.random.default_rng())
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path}: wanted the sizes and the model that save writes, got a header without, or with others "
                         f"({error})") from error
    leaves = []
    for number, wanted in enumerate(like.leaves()):
        leaf = arrays.get(f"{prefix}leaf_{number}")
        leaf = leaf if leaf is None else files.widened(leaf)
        if (leaf is None or leaf.shape != wanted.shape or leaf.dtype not in (np.float32, np.float64)
                or not np.isfinite(leaf).all()):
            raise ValueError(f"{path}: wanted array {prefix}leaf_{number} finite, of shape {wanted.shape} and of floats, "
                             f"got {'none' if leaf is None else f'{leaf.shape}, {leaf.dtype}'}")
        leaves.append(leaf)
    leaves = iter(leaves)
    return like.map(lambda _: next(leaves))
