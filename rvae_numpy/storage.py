"""Weights and checkpoints of autoencoders as .npz files (datasets/files.py).

The header of a file is {"name": model, "config": {...}, "sizes": {...}}; its arrays are the leaves
of Params by their names, and in a checkpoint Adam's moments, with the prefixes "m." and "v.".
"""

from dataclasses import asdict

import numpy as np

from datasets.support import checks, files
from rvae_numpy import parameters, training
from rvae_numpy.parameters import Config, check_params
from rvae_numpy.training import State

FLOATS = (np.float16, np.float32, np.float64)  # float16 saves space; it is loaded as float32


def save(path, params, name, /, **meta):
    """Write the weights of a model.

    Parameters
    ----------
    path : str or os.PathLike
    params : Params, whose arrays may be float16 too
    name : of the model
    meta : whatever JSON can hold (seed, command, version, ...)
    """
    checks.path("path", path)
    checks.instance("name", name, str)
    check_params(parameters.check_leaves("params", params, FLOATS).map(files.widened))
    files.write(path, params.leaves(), **_header(params, name), meta=meta)


def load(path, name):
    """Read what `save` wrote for this model.

    Returns
    -------
    Params, meta

    Raises ValueError, with the path, for a file that is truncated, no .npz of ours, or of another
    model; FileNotFoundError and PermissionError where the system does.
    """
    arrays, header = _read(path, name)
    meta = header.get("meta")
    if not isinstance(meta, dict):
        raise ValueError(f"{path}: expected weights with their meta, got {meta!r:.60} for it")
    return _params(path, arrays, header), meta


def save_checkpoint(path, params, state, name, /, **about):
    """Write params and the State of a run for load_checkpoint.

    Parameters
    ----------
    path : str or os.PathLike
    params : Params;  state : log.state of their run
    name : of the model
    about : whatever JSON can hold (learning curve, elapsed time, ...)
    """
    checks.path("path", path)
    checks.instance("name", name, str)
    training.check_state(state, params)
    arrays = {"u": state.u, "y": state.y}
    if state.y_input is not None:
        arrays["y_input"] = state.y_input
    for prefix, tree in (("", params), ("m.", state.m), ("v.", state.v)):
        arrays |= {prefix + part: leaf for part, leaf in tree.leaves().items()}
    files.write(
        path, arrays, **_header(params, name), n_updates=state.n_updates, rng=state.rng, about=about
    )


def load_checkpoint(path, name):
    """Read what save_checkpoint wrote for this model: hand the first two to `train` to resume.

    Returns
    -------
    Params, State, about

    Raises the errors of `load`.
    """
    arrays, header = _read(path, name)
    missing = [
        what
        for what, where in (
            ("u", arrays),
            ("y", arrays),
            ("n_updates", header),
            ("rng", header),
            ("about", header),
        )
        if what not in where
    ]
    if missing:
        raise ValueError(
            f"{path}: expected the checkpoint of a run, got a file without {', '.join(missing)}"
        )
    u, y, y_input = arrays.pop("u"), arrays.pop("y"), arrays.pop("y_input", None)
    trees = [
        {
            part.removeprefix(prefix): leaf
            for part, leaf in arrays.items()
            if part.startswith(("m.", "v.")) == bool(prefix) and part.startswith(prefix)
        }
        for prefix in ("", "m.", "v.")
    ]
    params, m, v = (_params(path, tree, header) for tree in trees)
    state = State(m, v, header["n_updates"], u, y, header["rng"], y_input)
    try:
        training.check_state(state, params)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None
    return params, state, header["about"]


def _header(params, name):
    return {"name": name, "config": asdict(params.config), "sizes": params.sizes}


def _read(path, name):
    """arrays, header of a file of this model"""
    checks.instance("name", name, str)
    arrays, header = files.read(path)
    if header.get("name") != name:
        found = header.get("name", header.get("model"))
        raise ValueError(
            f"{path}: expected the weights of model {name!r}, got those of {found!r:.60}"
        )
    return arrays, header


def _params(path, arrays, header):
    """The Params of these arrays; sizes are compared before anything is allocated"""
    config, sizes = header.get("config"), header.get("sizes")
    try:
        config = Config(**checks.instance("config", config, dict))
        expected = parameters.leaf_shapes(**checks.instance("sizes", sizes, dict))
        leaves = parameters.check_arrays("arrays", arrays, expected, FLOATS)
        leaves = {part: files.widened(leaves[part]) for part in expected}
        return check_params(parameters.unflatten(leaves, config))
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{path}: expected the config, the sizes and the arrays of an "
            f"autoencoder, got others ({error})"
        ) from None
