"""Digests of numbers: python -m tests.digests [--strict] [--quick] prints {name: SHA-256} as JSON.

Of every public function with the arguments of the fuzz test, and of short trainings of all models,
with what they then infer, predict and generate. tests/test_environments.py compares the digests of
several environments. --strict calls np.seterr(all="raise") first; --quick leaves out SLOW.
"""

import hashlib
import inspect
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np

from datasets import bouncing_balls, ppc
from refh_numpy import hybrid
from rvae_numpy import rvae, rvae_bptt
from tests import fuzzing
from tests.tiny import AUTOENCODERS, HARMONIUMS

SLOW = {"datasets.digits.load"}  # three seconds: all synthetic digits are rasterised
FAMILIES = {"poisson": "spikes", "bernoulli": "raster", "mean-field bernoulli": "frames"}


def digest(result):
    """SHA-256 of the arrays in a result, in order."""
    known = hashlib.sha256()
    for array in fuzzing.arrays_of(result):
        content = array.tobytes() if array.dtype != object else repr(array.tolist()).encode()
        known.update(f"{array.dtype} {array.shape}".encode() + content)
    return known.hexdigest()[:16]


def public_functions(left_out=()):
    """{name: result} of every public function with right arguments."""
    from tests.test_fuzz import CASES

    for name in CASES.keys() - left_out:
        function, make = CASES[name]
        with tempfile.TemporaryDirectory() as folder:
            result = function(**make(Path(folder)))
            yield name, next(result) if inspect.isgenerator(result) else result


def observations():
    """{name: (n_traj, T, n_y)}: spikes, whether there are any, frames."""
    rng = np.random.default_rng(1)
    spikes = ppc.sample(8, 40, rng, random_phase=True).y
    frames = bouncing_balls.sample(2, 20, rng).frames
    return {"spikes": spikes, "raster": (spikes > 0).astype(np.float32), "frames": frames}


def trainings():
    """{name: (params, states, predictions, generated)} of every model after a short training."""
    data = observations()
    for model in HARMONIUMS:
        for family, name in FAMILIES.items():
            more = {"w": 0.3} if model is hybrid else {}
            sizes = dict(n_x=30, n_y=data[name].shape[-1], family=family)
            settings = dict(n_updates=30, learning_rate=1e-2, chunk=4, **more)
            yield f"{model.__name__} {family}", learnt(model, sizes, data[name], settings)
    for model in AUTOENCODERS:
        start = rvae if model is rvae_bptt else model
        for family, name in (("poisson", "spikes"), ("normal", "frames")):
            sizes = dict(n_x=3, n_y=data[name].shape[-1], hidden=(20, 10), family=family)
            settings = dict(n_updates=30, learning_rate=1e-3, chunk=4)
            yield (
                f"{model.__name__} {family}",
                learnt(model, sizes, data[name], settings, start.init),
            )


def learnt(model, sizes, y, settings, init=None):
    rng = np.random.default_rng(0)
    params = (init or model.init)(**sizes, rng=rng)
    batches = (y for _ in iter(int, 1))
    params, _ = model.train(params, batches, rng, **settings)
    u = model.infer(params, y)
    mean, predicted = model.emission_mean(params, u), model.predict_next(params, u, rng)
    return params, u, mean, predicted, model.generate(params, u[:, -1], 5, rng)


def main(argv):
    if "--strict" in argv:
        np.seterr(all="raise")
    warnings.filterwarnings("ignore", message="n_iterations")  # there are only two of EM
    found = dict(public_functions(SLOW if "--quick" in argv else ())) | dict(trainings())
    print(json.dumps({name: digest(found[name]) for name in sorted(found)}, indent=0))


if __name__ == "__main__":
    main(sys.argv[1:])
