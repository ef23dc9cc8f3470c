"""Right arguments of the public functions: {"module.name": (function, folder -> arguments)}."""

import functools

import numpy as np

from datasets import bouncing_balls, digits, files, moving_mnist, ppc
from kalman import em, filtering, lds, smoothing
from refh_numpy import (
    efh,
    exact,
    families,
    generation,
    harmonium,
    hybrid,
    inference,
    refh,
    refh_bptt,
    rtrbm,
    storage,
    training,
    trbm,
)
from rvae_numpy import generation as rvae_generation
from rvae_numpy import inference as rvae_inference
from rvae_numpy import mlp, parameters, rvae, rvae_bptt, tvae, vae
from rvae_numpy import storage as rvae_storage
from rvae_numpy import training as rvae_training

NAN_IS_MISSING = {
    ("kalman.filtering.kalman_filter", "y"),
    ("kalman.smoothing.rts_smoother", "y"),
    ("kalman.em.fit", "y"),
    ("datasets.ppc.squared_error", "z_hat"),
    ("datasets.ppc.wrap", "difference"),
    ("datasets.ppc.decode", "y"),
}
NAN_IS_FINE = {"datasets.ppc.decode", "datasets.ppc.squared_error"}
ANY_SHAPE = {
    ("datasets.ppc.tuning", "position"),
    ("datasets.ppc.wrap", "difference"),
    ("datasets.ppc.decoder_variance", "total"),
}
NOT_WALKED = {
    "datasets.digits.download": "needs a network",
    "datasets.digits.main": "a command",
    "datasets.digits.cache": "has no arguments",
}
ALSO_RIGHT = {
    ("k", "[1, 2]"),
    ("hidden", "[1, 2]"),
    ("n_residual", "0"),
    ("period", "[inf]"),
    ("n_u", "0"),
    ("n_refine", "0"),
    ("n_sweeps", "0"),
    ("arrays", "{}"),
}


def is_right_too(name, argument, value):
    """Whether a value that is wrong elsewhere may be accepted here, with a finite result"""
    if argument == "period":
        return str(value) in ("[inf]", "[1.e+300]")
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        too_large_for_float32 = (
            np.isfinite(value).all() and value.size and np.abs(value).max() >= 1e300
        )
        return (name, argument) in ANY_SHAPE or too_large_for_float32
    if (argument, str(value)) == ("n_sweeps", "0"):
        return name == "refh_numpy.generation.generate_backward"
    return (argument, str(value)) in ALSO_RIGHT or (name, argument) == (
        "refh_numpy.storage.save_checkpoint",
        "model",
    )


SYSTEM = ppc.System()
BOX = bouncing_balls.Box()


def rng():
    return np.random.default_rng(0)


def small_digits():
    images = np.zeros((4, 8, 8), np.float32)
    images[:, 2:6, 3:5] = 1
    return digits.Digits(images, np.array([0, 1, 2, 3]), "synthetic")


def oscillator():
    return em.constant_velocity(0.05, 0.1, 0.1, 1e-4)


def harmonium_params(n_u=None):
    return harmonium.init(4, 3, "bernoulli", rng(), n_u=n_u)


def states(*shape):
    return rng().random(shape).astype(np.float32)


def binary(*shape):
    return rng().integers(0, 2, shape).astype(np.float32)


def saved(model, params):
    def make(folder):
        model.save(folder / "weights.npz", params())
        return {"path": folder / "weights.npz"}

    return make


def data_entries():
    scene = moving_mnist.Scene(n_digits=1, side=20, speed=1.0)
    balls = bouncing_balls.sample(2, 3, rng())
    yield ppc.sample, lambda _: dict(system=SYSTEM, n_traj=2, T=3, rng=rng(), random_phase=False)
    yield (
        ppc.trajectories,
        lambda _: dict(system=SYSTEM, n_traj=2, T=3, rng=rng(), random_phase=True),
    )
    yield ppc.tuning, lambda _: dict(system=SYSTEM, position=np.zeros((2, 3)))
    yield ppc.wrap, lambda _: dict(system=SYSTEM, difference=np.zeros((2, 3)))
    yield ppc.decode, lambda _: dict(system=SYSTEM, y=np.ones((2, 3, 15), int))
    yield ppc.decoder_variance, lambda _: dict(system=SYSTEM, total=np.ones((2, 3)))
    yield (
        ppc.squared_error,
        lambda _: dict(system=SYSTEM, z_hat=np.zeros((2, 3)), position=np.zeros((2, 3))),
    )
    yield bouncing_balls.sample, lambda _: dict(n_traj=2, T=3, rng=rng(), box=BOX)
    yield bouncing_balls.initial_positions, lambda _: dict(n_traj=2, rng=rng(), box=BOX)
    yield (
        bouncing_balls.trajectories,
        lambda _: dict(position=balls.position[:, 0], velocity=balls.velocity[:, 0], T=3, box=BOX),
    )
    yield bouncing_balls.render, lambda _: dict(position=balls.position, box=BOX)
    yield (
        moving_mnist.sample,
        lambda _: dict(n_traj=2, T=3, rng=rng(), digits=small_digits(), scene=scene),
    )
    yield (
        bouncing_balls.rasterize,
        lambda _: dict(
            position=balls.position, sharpness=np.ones(3), side=10.0, resolution=8
        ),
    )
    start = np.ones((2, 1, 2))
    yield moving_mnist.bounce, lambda _: dict(start=start, velocity=start, T=3, room=4.0)
    yield (
        moving_mnist.render,
        lambda _: dict(
            images=small_digits().images,
            which=np.array([[0], [1]]),
            position=np.ones((2, 3, 1, 2)),
            side=12,
        ),
    )
    yield digits.load, lambda _: dict(source="synthetic")

    def packed(folder):
        (folder / "idx").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]))
        return dict(path=folder / "idx", n_axes=1)

    yield digits.read_idx, packed
    yield digits.split, lambda _: dict(digits=small_digits(), one_in=2)
    yield files.write, lambda folder: dict(path=folder / "a.npz", arrays={"a": np.zeros(3)})

    def written(folder):
        files.write(folder / "a.npz", {"a": np.zeros(3)})
        return {"path": folder / "a.npz"}

    yield files.read, written


def kalman_entries():
    def series(_):
        return dict(
            model=oscillator(),
            y=np.zeros((2, 5, 1)),
            R=np.full((1, 1), 0.01),
            period=np.array([2.0]),
            compiled=True,
        )

    yield filtering.kalman_filter, series
    yield smoothing.rts_smoother, series
    yield (
        lds.simulate,
        lambda _: dict(model=oscillator(), n_traj=2, T=5, R=np.full((1, 1), 0.01), rng=rng()),
    )
    yield em.random_walk, lambda _: dict(position_variance=1.0, step_variance=0.1)
    yield (
        em.constant_velocity,
        lambda _: dict(dt=0.1, position_variance=1.0, velocity_variance=1.0, step_variance=0.1),
    )
    yield (
        em.fit,
        lambda _: dict(
            initial_models=[oscillator()],
            y=rng().standard_normal((2, 5, 1)),
            R=np.full((1, 1), 0.1),
            period=np.array([2.0]),
            learn_C=False,
            n_iterations=2,
            tolerance=1e-6,
        ),
    )


def harmonium_entries():
    tiny = harmonium_params(n_u=2)
    u, y = binary(3, 2), binary(3, 3)
    yield harmonium.init, lambda _: dict(n_x=4, n_y=3, family="bernoulli", rng=rng(), n_u=2)
    for model in (efh, trbm, rtrbm, refh, refh_bptt, hybrid):
        more = {"w": 0.5} if model is hybrid else {}
        n_u = 0 if model is efh else None
        if model is efh:
            yield efh.init, lambda _: dict(n_x=4, n_y=3, family="bernoulli", rng=rng())
        yield (
            model.train,
            lambda _, more=more, n_u=n_u: dict(
                params=harmonium_params(n_u),
                batches=[binary(2, 6, 3)],
                rng=rng(),
                n_updates=2,
                chunk=3,
                k=2,
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
            n_chains=2,
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
    yield exact.enumerate_states, lambda _: dict(params=tiny, clamp_u=True)
    yield exact.log_likelihood, lambda _: dict(params=tiny, u=u, y=y, clamp_u=True)
    yield exact.gradient, lambda _: dict(params=tiny, u=u, y=y, clamp_u=True)
    yield exact.model_hidden_mean, lambda _: dict(params=tiny, u=u)
    yield exact.cd_expectation, lambda _: dict(params=tiny, u=u, y=y, k=2, clamp_u=True)
    yield families.get, lambda _: dict(family="bernoulli")
    yield (
        exact.gibbs_transition,
        lambda _: dict(params=tiny, states=exact.enumerate_states(tiny), clamp_u=True),
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


def by_name(save, *more):
    """`save` with arguments that may be given by name"""

    @functools.wraps(save)
    def saving(path, params):
        return save(path, params, *more)

    return saving


def autoencoder_params(model=rvae, n_y=3, **more):
    return model.init(n_y, 2, (4,), "normal", rng(), **more)


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


def print_nothing(params, log):
    """A callback"""


def unchanged(y, rng):
    """The `corrupt` of training that leaves y as it is"""
    return y


def checkpoint(folder):
    params, log = refh.train(harmonium_params(), [binary(2, 6, 3)], rng(), n_updates=2)
    return dict(path=folder / "checkpoint.npz", params=params, state=log.state, model="refh")


def loaded_checkpoint(folder):
    storage.save_checkpoint(**checkpoint(folder))
    return dict(path=folder / "checkpoint.npz", model="refh")


ENTRIES = {
    f"{function.__module__}.{function.__name__}": (function, make)
    for entries in (
        data_entries,
        kalman_entries,
        harmonium_entries,
        autoencoder_entries,
    )
    for function, make in entries()
}
