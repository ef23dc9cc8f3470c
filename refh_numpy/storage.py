"""Weights and checkpoints of harmoniums as .npz files (datasets/files.py)."""

from dataclasses import fields

import numpy as np

from datasets.support import checks, files
from refh_numpy import families, training
from refh_numpy.harmonium import Params
from refh_numpy.inference import check_params
from refh_numpy.training import State

MODELS = ("efh", "trbm", "rtrbm", "refh", "refh_bptt", "hybrid")
LEAVES = tuple(f.name for f in fields(Params) if f.name != "family")


def save(path, params, model, /, **meta):
    """Write the weights of a model.

    Parameters
    ----------
    path : str or os.PathLike
    params : Params; float16 leaves, which save space, are accepted too
    model : its name, one of MODELS
    meta : whatever JSON can hold (seed, command, version, ...)
    """
    checks.path("path", path)
    checks.one_of("model", model, MODELS)
    checks.instance("params", params, Params, " (from init, train or load)")
    check_params(params.map(_widened))
    files.write(path, params.leaves(), model=model, family=params.family.name, meta=meta)


def load(path, model):
    """Read what `save` wrote for this model.

    Returns
    -------
    Params, meta

    Raises ValueError, with the path, for a file that is truncated, no .npz of ours, or of another
    model; FileNotFoundError and PermissionError where the system does.
    """
    arrays, header = _read(path, model)
    meta = header.get("meta")
    if not isinstance(meta, dict):
        raise ValueError(f"{path}: expected weights with their meta, got {meta!r:.60} for it")
    return _params(path, arrays, header, prefix=""), meta


def save_checkpoint(path, params, state, model, **about):
    """Write params and the State of a run for load_checkpoint.

    Parameters
    ----------
    path : str or os.PathLike
    params : Params
    state : log.state of their run
    model : name of the model, one of MODELS
    about : whatever JSON can hold (learning curve, elapsed time, ...)
    """
    checks.path("path", path)
    checks.one_of("model", model, MODELS)
    training.check_state(state, params)
    arrays = {"u": state.u, "y": state.y}
    for prefix, tree in (("", params), ("m.", state.m), ("v.", state.v)):
        arrays |= {prefix + name: leaf for name, leaf in tree.leaves().items()}
    files.write(
        path,
        arrays,
        model=model,
        family=params.family.name,
        n_updates=state.n_updates,
        rng=state.rng,
        about=about,
    )


def load_checkpoint(path, model):
    """Read what save_checkpoint wrote for this model: hand the first two to `train` to resume.

    Returns
    -------
    Params, State, about

    Raises the errors of `load`.
    """
    arrays, header = _read(path, model)
    params, m, v = (_params(path, arrays, header, prefix) for prefix in ("", "m.", "v."))
    try:
        state = State(m, v, header["n_updates"], arrays["u"], arrays["y"], header["rng"])
        about = checks.instance("about", header["about"], dict)
        training.check_state(state, params)
    except KeyError as error:
        raise ValueError(
            f"{path}: expected the checkpoint of a run, got a file without {error}"
        ) from None
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None
    return params, state, about


def _widened(leaf):
    return files.widened(leaf) if type(leaf) is np.ndarray else leaf


def _read(path, model):
    """arrays, header of a file of this model"""
    checks.one_of("model", model, MODELS)
    arrays, header = files.read(path)
    if header.get("model") != model:
        raise ValueError(
            f"{path}: expected the weights of model {model!r}, got those of "
            f"{header.get('model')!r:.60}"
        )
    return arrays, header


def _params(path, arrays, header, prefix):
    """The Params whose arrays have this prefix in their names"""
    missing = [prefix + name for name in LEAVES if prefix + name not in arrays]
    if missing:
        raise ValueError(
            f"{path}: expected the arrays of a harmonium, got a file without {', '.join(missing)}"
        )
    leaves = {name: files.widened(arrays[prefix + name]) for name in LEAVES}
    try:
        return check_params(Params(**leaves, family=families.get(header.get("family"))))
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None
