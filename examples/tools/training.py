"""Long trainings: one file holds the checkpoint, the learning curve and the elapsed time.

An interrupted training goes on from its last checkpoint, bit for bit as if it had never stopped.
"""

import json
import time

import numpy as np

from datasets.support import files
from examples.tools.results import command, version


def learn(
    model,
    storage,
    name,
    params,
    batches,
    rng,
    path,
    watch=lambda params, log: None,
    every=500,
    **settings,
):
    """Train with a checkpoint every `every` updates; go on from the checkpoint if there is one.

    Parameters
    ----------
    model : module of a model;  storage : the module `storage` of its package
    name : of the model, as its package calls it in files
    params, batches, rng, settings : of model.train
    path : of the checkpoint
    watch : called as watch(params, log) before each checkpoint is written; what it returns (a dict
        that JSON can hold, or None) is kept in the checkpoint

    Returns
    -------
    the trained params

    Ctrl+C raises KeyboardInterrupt, because half a training makes no row. The checkpoint that is
    on disk then is the last one written: only that goes on bit for bit.
    """
    state = None
    if path.exists():
        params, state, _ = storage.load_checkpoint(path, name)
        if state.n_updates == settings["n_updates"]:  # interrupted after the last update
            return params

    def save(params, log):
        about = watch(params, log) or {}
        storage.save_checkpoint(path, params, log.state, name, **about)

    params, log = model.train(
        params, batches, rng, **settings, state=state, callback=save, every=every
    )
    if log.interrupted:
        raise KeyboardInterrupt
    return params


def trained(model, weights, asked, train, watch, past, **about):
    """Params and meta of a long training: a finished one, or one that is made or continued now.

    Parameters
    ----------
    model : module of the model
    weights : path of the finished training's weights; the checkpoint stands beside it
    asked : {"settings": ..., ...}, what must be the same for a training to be the same
    train : function (path of the checkpoint, callback) -> params; see `learn`
    watch : called as watch(params, log, past) before each checkpoint
    past : {"seconds": ..., ...}, the start of what a checkpoint keeps of the past; watch adds to it
    about : what else to keep with the weights

    Returns
    -------
    params and meta as model.load returns them, because what is kept is what is used
    """
    asked = json.loads(json.dumps(asked))  # tuples become lists, as in files
    if weights.exists():
        params, meta = model.load(weights)
        if meta.items() >= asked.items():
            return params, meta
    checkpoint = weights.with_suffix(".checkpoint.npz")
    past = _past(checkpoint, asked) or past
    begun = time.monotonic() - past["seconds"]

    def callback(params, log):
        watch(params, log, past)
        past["seconds"] = time.monotonic() - begun
        return {"asked": asked, "past": past}

    params = train(checkpoint, callback)
    past["seconds"] = time.monotonic() - begun
    model.save(
        weights, params.map(halved), **asked, **past, **about, version=version(), command=command()
    )
    kept = model.load(weights)
    checkpoint.unlink(missing_ok=True)  # only once the weights can be read
    return kept


def _past(checkpoint, asked):
    """What a checkpoint keeps of the past, or None; one of other settings is deleted"""
    if not checkpoint.exists():
        return None
    about = files.read(checkpoint)[1].get("about", {})
    if about.get("asked") == asked:
        return about["past"]
    checkpoint.unlink()
    return None


def halved(leaf):
    """Weights as files keep them: float16, which is precise enough, or float32 if too large."""
    fits = np.abs(leaf).max(initial=0) <= np.finfo(np.float16).max
    return leaf.astype(np.float16 if fits else np.float32)
