"""Weights and checkpoints of harmoniums as .npz files (datasets/support/storage.py)."""

from dataclasses import fields

from datasets.support import checks
from datasets.support.storage import Storage, widened
from refh_numpy import _boundary, families
from refh_numpy.harmonium import Params

LEAVES = [field.name for field in fields(Params) if field.name != "family"]


def _describe(params):
    """The entries of a file's header from which `_rebuild` makes these params."""
    checks.instance("params", params, Params, " (from init, train or load)")
    _boundary.harmonium("params", params.map(widened))
    return {"family": params.family.name}


def _rebuild(arrays, header):
    """The Params of these arrays, checked."""
    if missing := [name for name in LEAVES if name not in arrays]:
        raise ValueError(f"expected the arrays of a harmonium, got none of {', '.join(missing)}")
    leaves = {name: arrays[name] for name in LEAVES}
    params = Params(**leaves, family=families.get(header.get("family")))
    return _boundary.harmonium("params", params)


storage = Storage(_describe, _rebuild, _boundary.state)
of, save, load = storage.of, storage.save, storage.load
save_checkpoint, load_checkpoint = storage.save_checkpoint, storage.load_checkpoint
