"""Weights of autoencoders as .npz files (datasets/files.py)."""
from dataclasses import asdict

import numpy as np

from datasets import files
from rvae_numpy import autoencoder
from rvae_numpy.autoencoder import Model


def save(path, params, name, **meta):
    """Write params, the name of their model, and whatever JSON can hold in meta (seed, command, version, ...)."""
    arrays = {f"leaf_{number}": leaf for number, leaf in enumerate(params.leaves())}
    sizes = {"n_y": params.n_y, "n_x": params.n_x, "hidden": len(params.encode[0].b)}
    files.write(path, arrays, name=name, model=asdict(params.model), sizes=sizes, meta=meta)


def load(path, name):
    """The params and the meta that `save` wrote for this model.

    Raises ValueError for a file that is truncated, no .npz, a pickle, or of another model.
    """
    arrays, header = files.read(path)
    if header.get("name") != name:
        found = header.get("name", header.get("model"))
        raise ValueError(f"{path}: wanted the weights of model {name!r}, got those of {found!r}")
    params = autoencoder.init(**header["sizes"], model=Model(**header["model"]), rng=np.random.default_rng())
    leaves = [arrays.get(f"leaf_{number}") for number in range(len(params.leaves()))]
    for number, (leaf, like) in enumerate(zip(leaves, params.leaves())):
        if leaf is None or leaf.shape != like.shape or not np.isfinite(leaf).all():
            raise ValueError(f"{path}: wanted array {number} finite and of shape {like.shape}, "
                             f"got {'none' if leaf is None else leaf.shape}")
    leaves = iter(leaves)
    return params.map(lambda _: next(leaves)), header["meta"]
