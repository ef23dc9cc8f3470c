"""Weights and checkpoints of autoencoders as .npz files (datasets/support/storage.py)."""

from dataclasses import asdict

from datasets.support import checks
from datasets.support.storage import Storage, widened
from rvae_numpy import _boundary, parameters
from rvae_numpy.parameters import Config, Params


def _describe(params):
    """The entries of a file's header from which `_rebuild` makes these params."""
    checks.instance("params", params, Params, " (from init, train or load)")
    _boundary.autoencoder("params", params.map(widened))
    return {"config": asdict(params.config), "sizes": params.sizes}


def _rebuild(arrays, header):
    """The Params of these arrays, checked; sizes are compared before anything is allocated."""
    config = Config(**checks.instance("config", header.get("config"), dict))
    expected = parameters.leaf_shapes(**_boundary.sizes("sizes", header.get("sizes")))
    _boundary.arrays("arrays", arrays, expected)
    leaves = {part: arrays[part] for part in expected}
    return _boundary.autoencoder("arrays", parameters.unflatten(leaves, config))


npz = Storage(_describe, _rebuild, _boundary.state)
of, save, load = npz.of, npz.save, npz.load
save_checkpoint, load_checkpoint = npz.save_checkpoint, npz.load_checkpoint
