"""Right arguments of the public functions of refh_numpy; tests/test_fuzz.py finds them here.

Which arguments a function has, its declaration says; here are values for their names.
"""

import numpy as np

from refh_numpy import efh, exact, families, generation, inference, initial, refh, storage
from tests.fuzz_entries import by_name, declared, named, print_nothing, rng, saved, states, stored
from tests.tiny import HARMONIUMS

DECLARED = declared((exact, families, generation, inference, initial))


def params_of(n_u=4):
    return initial.harmonium(n_x=4, n_u=n_u, n_y=3, family="bernoulli", rng=rng())


def binary(*shape):
    return rng().integers(0, 2, shape).astype(np.float32)


def right(function):
    """{name: value} for the arguments that a function declares, with others for exact.py"""
    values = dict(
        params=params_of(),
        y=binary(2, 5, 3),
        u=states(2, 5, 4),
        u0=states(2, 4),
        x_T=states(2, 4),
        start=binary(2, 5, 3),
        T=3,
        rng=rng(),
        n_sweeps=2,
        n_samples=2,
        n_mean_passes=2,
        n_iterations=2,
        sample_last_x=False,
        sample_u=0.5,
        sample_y=True,
        n_x=4,
        n_y=3,
        n_u=2,
        family="bernoulli",
        dtype=np.float32,
        w=0.5,
        batches=[binary(2, 6, 3)],
        n_updates=2,
        learning_rate=1e-3,
        final_learning_rate=0.0,
        chunk=3,
        momentum=0.5,
        noise_fraction=0.5,
        every=1,
        callback=print_nothing,
    )
    if function.__module__ == exact.__name__:
        tiny = params_of(n_u=2)
        values |= dict(params=tiny, u=binary(3, 2), y=binary(3, 3), clamped=1)
    return {name: values[name] for name in function.kinds if name in values}


def entries():
    for function in DECLARED:
        yield function, lambda _, function=function: right(function)
    for model in HARMONIUMS:
        n_u = 0 if model is efh else 4

        def trained(_, train=model.train, n_u=n_u):
            return right(train) | {"params": params_of(n_u)}

        def weights(folder, n_u=n_u):
            return dict(path=folder / "weights.npz", params=params_of(n_u))

        yield model.train, trained
        yield by_name(model.save), weights
        yield model.load, saved(model, lambda n_u=n_u: params_of(n_u))


def state():
    return refh.train(params_of(), [binary(2, 6, 3)], rng(), n_updates=2)[1].state


ENTRIES = named(entries()) | stored(storage, refh, params_of, state)
