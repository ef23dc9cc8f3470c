"""Right arguments of the public functions of rvae_numpy; tests/test_fuzz.py finds them here.

Which arguments a function has, its declaration says; here are values for their names.
"""

import inspect

import numpy as np

from rvae_numpy import (
    generation,
    inference,
    initial,
    parameters,
    rvae,
    rvae_bptt,
    storage,
    tvae,
    vae,
)
from rvae_numpy.extensions import attention, backward, masking, objects, samplers
from tests.fuzz_entries import by_name, declared, named, print_nothing, rng, saved, states, stored

DECLARED = declared((generation, inference, initial, backward, masking, samplers))


def autoencoder_params(model=rvae, n_y=3, **more):
    return model.init(n_x=2, n_y=n_y, hidden=(4,), family="normal", rng=rng(), **more)


def observations():
    return rng().random((2, 6, 3)).astype(np.float32)


def unchanged(y, rng):
    """The `corrupt` of training that leaves y as it is"""
    return y


def same_states(params, x):
    """The `refine` of generate_backward that leaves x as it is"""
    return x


def right(function):
    """{name: value} for the arguments that a function takes"""
    values = dict(
        params=autoencoder_params(),
        y=observations(),
        y_1=observations()[:, 0],
        u=states(2, 5, 2),
        u0=states(2, 2),
        x_T=states(2, 2),
        T=3,
        n_traj=2,
        rng=rng(),
        n_samples=2,
        n_refine=1,
        sampler=samplers.mode if function is samplers.refined else generation.sample,
        refine=same_states,
        sample_u=0.5,
        sample_y=False,
        gain=1.2,
        mask_rate=0.3,
        sd=0.3,
        n_x=2,
        n_y=3,
        hidden=4,
        n_residual=2,
        static=False,
        family="normal",
        activation="tanh",
        sigma_u=0.1,
        sigma_y=1.0,
        noise_u=0.0,
        sigmoid_mean=False,
        prior_given_u=False,
        config=parameters.Config("normal"),
        dtype=np.float32,
        batches=[observations()],
        n_updates=2,
        learning_rate=1e-3,
        final_learning_rate=0.0,
        chunk=3,
        freeze_phi=False,
        max_norm=1.0,
        corrupt=unchanged,
        every=1,
        callback=print_nothing,
    )
    if function is masking.forecast_open_loop:
        values["u"] = states(5, 2)
    return {name: values[name] for name in inspect.signature(function).parameters if name in values}


def entries():
    for function in DECLARED:
        yield function, lambda _, function=function: right(function)
    for model in (vae, tvae, rvae, rvae_bptt):
        start = rvae if model is rvae_bptt else model

        def trained(_, model=model, start=start):
            return right(model.train) | {"params": autoencoder_params(start)}

        def weights(folder, start=start):
            return dict(path=folder / "weights.npz", params=autoencoder_params(start))

        yield model.init, lambda _, model=model: right(model.init)
        yield model.train, trained
        yield by_name(model.save), weights
        yield model.load, saved(model, lambda start=start: autoencoder_params(start))
    yield from extension_entries()


def extension_entries():
    def bright():
        return autoencoder_params(n_y=4, sigmoid_mean=True)

    frames = rng().random((2, 3, 4)).astype(np.float32)
    halves = np.stack([frames[:, 0] / 2] * 2)[None]
    yield attention.AttentionWindow, lambda _: dict(side=9, window=3, tuning_width=2.0, spacing=0.5)
    yield objects.responsibilities, lambda _: dict(y=frames[:, 0], expected=halves[0])
    yield objects.infer, lambda _: dict(params=bright(), y=frames, partitions=halves)
    yield objects.emission_mean, lambda _: dict(params=bright(), u=states(2, 2, 3, 2))
    yield objects.generate, lambda _: dict(params=bright(), u0=states(2, 2, 2), T=3, rng=rng())


def state():
    settings = dict(n_updates=2, chunk=3)
    return rvae.train(autoencoder_params(), [observations()], rng(), **settings)[1].state


ENTRIES = named(entries()) | stored(storage, rvae, autoencoder_params, state)
