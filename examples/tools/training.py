"""Long trainings: one file holds the checkpoint, the learning curve and the elapsed time.

An interrupted training goes on from its last checkpoint, bit for bit as if it had never stopped.
"""

import contextlib
import json
import multiprocessing
import os
import sys
import time

import numpy as np

from datasets.support import files
from examples.tools import results

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


def learn(
    model,
    params,
    batches,
    rng,
    path,
    watch=lambda params, log: None,
    every=500,
    checkpoint=None,
    **settings,
):
    """Train with a checkpoint every `every` updates.

    Parameters
    ----------
    model : module of a model
    params, batches, rng, settings : of model.train
    path : where checkpoints are written
    watch : called as watch(params, log) before each checkpoint is written; what it returns (a dict
        that JSON can hold, or None) is kept in the checkpoint
    checkpoint : (params, state) of the checkpoint to go on from; None to begin

    Returns
    -------
    the trained params

    Ctrl+C raises KeyboardInterrupt, because half a training makes no row. The checkpoint that is
    on disk then is the last one written: only that goes on bit for bit.
    """
    params, state = (params, None) if checkpoint is None else checkpoint
    if state is not None and state.n_updates == settings["n_updates"]:
        return params  # interrupted after the last update
    storage, name = storage_of(model)

    def save(params, log):
        about, state = watch(params, log) or {}, log.state
        results.write_or_hold(
            path, lambda file: storage.save_checkpoint(file, params, state, name, **about)
        )

    params, log = model.train(
        params, batches, rng, **settings, state=state, callback=save, every=every
    )
    if log.interrupted:
        raise KeyboardInterrupt
    return params


def trained(model, weights, asked, train, watch, past, saved=False, **about):
    """Params and meta of a long training: a finished one, or one that is made or continued now.

    Parameters
    ----------
    model : module of the model
    weights : path of the finished training's weights; the checkpoint stands beside it
    asked : {"settings": ..., ...}, what must be the same for a training to be the same
    train : function (path of the checkpoint, callback, checkpoint) -> params; see `learn`
    watch : called as watch(params, log, past) before each checkpoint
    past : {"seconds": ..., ...}, the start of what a checkpoint keeps of the past; watch adds to it
    saved : True for weights of the repository, which other code than today's may have made
    about : what else to keep with the weights

    Returns
    -------
    params and meta as model.load returns them, because what is kept is what is used
    """
    asked = json.loads(json.dumps(asked))  # tuples become lists, as in files
    asked_here = asked if saved else asked | {"code": results.code()}
    path = weights.with_suffix(".checkpoint.npz")
    with locked(weights.with_suffix(".lock")):
        if weights.exists():
            params, meta = model.load(weights)
            if meta.items() >= asked_here.items():
                return params, meta
        checkpoint, past = read_checkpoint(model, path, asked | {"code": results.code()}, past)
        begun = time.monotonic() - past["seconds"]

        def callback(params, log):
            watch(params, log, past)
            past["seconds"] = time.monotonic() - begun
            return {"asked": asked | {"code": results.code()}, "past": past}

        params = train(path, callback, checkpoint)
        past["seconds"] = time.monotonic() - begun
        meta = asked | past | about
        meta |= {"version": results.version(), "command": results.command(), "code": results.code()}
        params = params.map(halved)
        if not results.keep_weights(weights, model, params, **meta):
            return params.map(files.widened), meta
        kept = model.load(weights)
        path.unlink(missing_ok=True)  # only once the weights can be read
        results.forget(path)
        return kept


def read_checkpoint(model, path, asked, past):
    """(params, state) of a checkpoint and what it keeps of the past; None, past if there is none.

    It is read once, because another run may write it. One of other settings or other code is
    deleted.
    """
    if not path.exists():
        return None, past
    storage, name = storage_of(model)
    params, state, about = storage.load_checkpoint(path, name)
    if about.get("asked") == asked:
        return (params, state), about["past"]
    print(f"{path}: of other settings or other code; the training begins again", file=sys.stderr)
    path.unlink()
    return None, past


def storage_of(model):
    """The `storage` of a model's package, and the model's name in files."""
    return sys.modules[model.__package__].storage, model.__name__.rpartition(".")[2]


@contextlib.contextmanager
def locked(path):
    """Hold a lock file, with the number of this run's process in it, or exit with a clear line.

    The system releases the lock when the process ends, by kill -9 too. Windows has no such lock:
    there, nothing is locked.
    """
    if fcntl is None:
        yield
        return
    while True:
        file = open(path, "a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            number = file.read().strip() or "unknown"
            file.close()
            raise SystemExit(
                f"{path.with_suffix('')}: another run makes this at the moment (process {number}); "
                "wait for it, or choose another --out"
            ) from None
        if path.exists() and os.path.samestat(os.fstat(file.fileno()), path.stat()):
            break
        file.close()  # whoever had it has removed it in between
    with file:
        main = multiprocessing.parent_process()
        file.truncate(0)
        file.write(f"{main.pid if main else os.getpid()}\n")
        file.flush()
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def halved(leaf):
    """Weights as files keep them: float16, which is precise enough, or float32 if too large."""
    fits = np.abs(leaf).max(initial=0) <= np.finfo(np.float16).max
    return leaf.astype(np.float16 if fits else np.float32)
