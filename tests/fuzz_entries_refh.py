"""Right arguments of the public functions of refh_numpy; tests/test_fuzz.py finds them here."""

import numpy as np

from refh_numpy import (
    efh,
    exact,
    families,
    generation,
    hybrid,
    inference,
    initial,
    refh,
    refh_bptt,
    rtrbm,
    storage,
    training,
    trbm,
)
from tests.fuzz_entries import by_name, named, print_nothing, rng, saved, states


def harmonium_params(n_u=None):
    return initial.harmonium(
        n_x=4, n_u=4 if n_u is None else n_u, n_y=3, family="bernoulli", rng=rng()
    )


def binary(*shape):
    return rng().integers(0, 2, shape).astype(np.float32)


def harmonium_entries():
    tiny = harmonium_params(n_u=2)
    u, y = binary(3, 2), binary(3, 3)
    yield initial.harmonium, lambda _: dict(n_x=4, n_y=3, family="bernoulli", rng=rng(), n_u=2)
    for model in (efh, trbm, rtrbm, refh, refh_bptt, hybrid):
        more = {"w": 0.5} if model is hybrid else {}
        n_u = 0 if model is efh else None
        yield model.init, lambda _: dict(n_x=4, n_y=3, family="bernoulli", rng=rng())
        yield (
            model.train,
            lambda _, more=more, n_u=n_u: dict(
                params=harmonium_params(n_u),
                batches=[binary(2, 6, 3)],
                rng=rng(),
                n_updates=2,
                chunk=3,
                n_sweeps=2,
                learning_rate=1e-3,
                final_learning_rate=0.0,
                noise_fraction=0.5,
                every=1,
                callback=print_nothing,
                **more,
            ),
        )
        yield (
            by_name(model.save),
            lambda folder, n_u=n_u: dict(path=folder / "weights.npz", params=harmonium_params(n_u)),
        )
        yield model.load, saved(model, lambda n_u=n_u: harmonium_params(n_u))
    yield (
        inference.infer,
        lambda _: dict(params=harmonium_params(), y=binary(2, 5, 3), u0=states(2, 4)),
    )
    yield inference.emission_mean, lambda _: dict(params=harmonium_params(), u=states(2, 5, 4))
    yield (
        inference.predict_next,
        lambda _: dict(
            params=harmonium_params(),
            u=states(2, 5, 4),
            rng=rng(),
            n_sweeps=2,
            n_samples=2,
            start=binary(2, 5, 3),
            sample_last_x=False,
        ),
    )
    yield (
        inference.predict_next_mean_field,
        lambda _: dict(
            params=harmonium_params(), u=states(2, 5, 4), start=binary(2, 5, 3), n_iterations=2
        ),
    )
    yield (
        generation.generate,
        lambda _: dict(params=harmonium_params(), u0=states(2, 4), T=3, rng=rng(), n_sweeps=2),
    )
    yield (
        generation.generate_backward,
        lambda _: dict(
            params=harmonium_params(), x_T=states(2, 4), T=3, rng=rng(), sample_u=0.5, n_sweeps=1
        ),
    )
    yield exact.enumerate_states, lambda _: dict(params=tiny, clamped=1)
    yield exact.log_likelihood, lambda _: dict(params=tiny, u=u, y=y, clamped=1)
    yield exact.gradient, lambda _: dict(params=tiny, u=u, y=y, clamped=1)
    yield exact.model_hidden_mean, lambda _: dict(params=tiny, u=u)
    yield exact.cd_expectation, lambda _: dict(params=tiny, u=u, y=y, n_sweeps=2, clamped=1)
    yield families.get, lambda _: dict(family="bernoulli")
    yield (
        exact.gibbs_transition,
        lambda _: dict(params=tiny, states=exact.enumerate_states(tiny), clamped=1),
    )
    yield (
        training.train,
        lambda _: dict(
            gradient=refh.gradient,
            params=harmonium_params(),
            batches=[binary(2, 6, 3)],
            rng=rng(),
            n_updates=2,
            chunk=3,
        ),
    )
    yield (
        by_name(storage.save, "refh"),
        lambda folder: dict(path=folder / "weights.npz", params=harmonium_params()),
    )
    yield storage.load, lambda folder: saved(refh, harmonium_params)(folder) | {"model": "refh"}
    yield storage.save_checkpoint, lambda folder: checkpoint(folder)
    yield storage.load_checkpoint, loaded_checkpoint


def checkpoint(folder):
    params, log = refh.train(harmonium_params(), [binary(2, 6, 3)], rng(), n_updates=2)
    return dict(path=folder / "checkpoint.npz", params=params, state=log.state, model="refh")


def loaded_checkpoint(folder):
    storage.save_checkpoint(**checkpoint(folder))
    return dict(path=folder / "checkpoint.npz", model="refh")


ENTRIES = named(harmonium_entries())
