"""Right arguments of the public functions of rvae_numpy; tests/test_fuzz.py finds them here."""

import functools

import numpy as np

from rvae_numpy import generation as rvae_generation
from rvae_numpy import inference as rvae_inference
from rvae_numpy import mlp, parameters, rvae, rvae_bptt, tvae, vae
from rvae_numpy import storage as rvae_storage
from rvae_numpy import training as rvae_training
from tests.fuzz_entries import by_name, named, print_nothing, rng, saved, states


def autoencoder_params(model=rvae, n_y=3, **more):
    return model.init(n_y=n_y, n_x=2, hidden=(4,), family="normal", rng=rng(), **more)


def autoencoder_entries():
    def y(_=None):
        return rng().random((2, 6, 3)).astype(np.float32)

    config = parameters.Config()
    sizes = dict(n_y=3, n_x=2, hidden=4, n_residual=2, static=False)
    yield parameters.layer_sizes, lambda _: dict(sizes)
    yield parameters.leaf_shapes, lambda _: dict(sizes)
    yield (
        parameters.init,
        lambda _: dict(
            n_y=3, n_x=2, hidden=4, config=config, rng=rng(), n_residual=2, static=False
        ),
    )
    yield mlp.get_activation, lambda _: dict(activation="tanh")
    for model in (vae, tvae, rvae, rvae_bptt):
        if model is not rvae_bptt:
            yield (
                model.init,
                lambda _: dict(
                    n_y=3,
                    n_x=2,
                    hidden=4,
                    family="normal",
                    rng=rng(),
                    activation="tanh",
                    sigma_y=1.0,
                ),
            )
        start = rvae if model is rvae_bptt else model
        more = {} if model in (vae, tvae) else {"corrupt": unchanged}
        yield (
            model.train,
            lambda _, start=start, more=more: dict(
                params=autoencoder_params(start),
                batches=[y()],
                rng=rng(),
                n_updates=2,
                chunk=3,
                learning_rate=1e-3,
                final_learning_rate=0.0,
                freeze_phi=False,
                max_norm=1.0,
                every=1,
                callback=print_nothing,
                **more,
            ),
        )
        yield (
            by_name(model.save),
            lambda folder, start=start: dict(
                path=folder / "weights.npz", params=autoencoder_params(start)
            ),
        )
        yield model.load, saved(model, lambda start=start: autoencoder_params(start))
    yield (
        rvae_training.train,
        lambda _: dict(
            gradient=rvae.gradient,
            params=autoencoder_params(),
            batches=[y()],
            rng=rng(),
            n_updates=2,
            chunk=3,
        ),
    )
    yield (
        by_name(rvae_storage.save, "rvae"),
        lambda folder: dict(path=folder / "weights.npz", params=autoencoder_params()),
    )
    yield (
        rvae_storage.load,
        lambda folder: saved(rvae, autoencoder_params)(folder) | {"name": "rvae"},
    )

    def rvae_checkpoint(folder):
        params, log = rvae.train(autoencoder_params(), [y()], rng(), n_updates=2, chunk=3)
        return dict(path=folder / "rvae_checkpoint.npz", params=params, state=log.state)

    def rvae_loaded(folder):
        rvae_storage.save_checkpoint(*rvae_checkpoint(folder).values(), "rvae")
        return dict(path=folder / "rvae_checkpoint.npz", name="rvae")

    def save_rvae_checkpoint(path, params, state):
        rvae_storage.save_checkpoint(path, params, state, "rvae")

    yield functools.wraps(rvae_storage.save_checkpoint)(save_rvae_checkpoint), rvae_checkpoint
    yield rvae_storage.load_checkpoint, rvae_loaded
    yield rvae_inference.infer, lambda _: dict(params=autoencoder_params(), y=y(), u0=states(2, 2))
    yield rvae_inference.infer_u0, lambda _: dict(params=autoencoder_params(), y_1=y()[:, 0])
    yield (
        rvae_inference.emission_mean,
        lambda _: dict(params=autoencoder_params(), u=states(2, 5, 2)),
    )
    yield rvae_inference.mode_x_given_u, lambda _: dict(params=autoencoder_params(), u=states(5, 2))
    yield (
        rvae_inference.sample_x_given_u,
        lambda _: dict(params=autoencoder_params(), u=states(5, 2), rng=rng()),
    )
    yield (
        rvae_inference.predict_next,
        lambda _: dict(params=autoencoder_params(), u=states(2, 5, 2), rng=rng(), n_samples=2),
    )
    yield rvae_generation.predict_map, lambda _: dict(params=autoencoder_params(), u=states(5, 2))
    yield (
        rvae_generation.generate,
        lambda _: dict(
            params=autoencoder_params(),
            u0=states(2, 2),
            T=3,
            rng=rng(),
            sampler="map",
            n_refine=1,
            sample_y=False,
        ),
    )
    yield (
        rvae_generation.generate_backward,
        lambda _: dict(
            params=autoencoder_params(), x_T=states(2, 2), T=3, rng=rng(), sample_u=0.5, n_refine=1
        ),
    )
    yield (
        rvae_generation.calibrate_backward,
        lambda _: dict(params=autoencoder_params(), u=states(2, 5, 2), gain=1.2),
    )


def unchanged(y, rng):
    """The `corrupt` of training that leaves y as it is"""
    return y


ENTRIES = named(autoencoder_entries())
