"""Right arguments of the public functions: {"module.name": (function, folder -> arguments)}.

Here those of datasets and kalman; tests/fuzz_entries_*.py have those of the other packages.
"""

import functools
import math
from dataclasses import asdict

import numpy as np

from datasets import bouncing_balls, digits, moving_mnist
from datasets.support import idx
from kalman import em, filtering, lds, smoothing

NAN_IS_MISSING = {
    ("kalman.filtering.kalman_filter", "y"),
    ("kalman.smoothing.rts_smoother", "y"),
    ("kalman.em.fit", "y"),
    ("datasets.ppc.squared_error", "z_hat"),
    ("datasets.ppc.wrap", "difference"),
    ("datasets.ppc.decode", "y"),
}
NAN_IS_FINE = {"datasets.ppc.decode", "datasets.ppc.squared_error"}
NOT_WALKED = {
    "datasets.support.mnist.download": "needs a network",
    "datasets.support.mnist.main": "a command",
    "datasets.support.mnist.cache": "has no arguments",
    "datasets.support.mnist.in_cache": "has no arguments",
}
ALSO_RIGHT = {
    ("sigma_u", "[1.0]"),  # one per latent
    ("sigma_u", "[1.]"),
    ("n_sweeps", "[1, 2]"),
    ("hidden", "[1, 2]"),
    ("n_residual", "0"),
    ("period", "[inf]"),
    ("n_u", "0"),
    ("clamped", "0"),
    ("n_refine", "0"),
    ("n_sweeps", "0"),
    ("arrays", "{}"),
    ("source", "no such name"),
}


def is_right_too(name, argument, value):
    """Whether a value that is wrong elsewhere may be accepted here, with a finite result"""
    if argument == "period":
        return str(value) in ("[inf]", "[1.e+300]")
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        too_large_for_float32 = (
            np.isfinite(value).all() and value.size and np.abs(value).max() >= 1e300
        )
        return too_large_for_float32
    if (argument, str(value)) == ("n_sweeps", "0"):
        return name == "refh_numpy.generation.generate_backward"
    return (argument, str(value)) in ALSO_RIGHT or (name, argument) == (
        "refh_numpy.storage.save_checkpoint",
        "model",
    )


def rng():
    return np.random.default_rng(0)


def small_digits():
    images = np.zeros((4, 8, 8), np.float32)
    images[:, 2:6, 3:5] = 1
    return digits.Digits(images, np.array([0, 1, 2, 3]), "synthetic")


def oscillator():
    return em.constant_velocity(0.05, 0.1, 0.1, 1e-4)


def states(*shape):
    return rng().random(shape).astype(np.float32)


def saved(model, params):
    def make(folder):
        model.save(folder / "weights.npz", params())
        return {"path": folder / "weights.npz"}

    return make


def data_entries():
    scene = moving_mnist.Scene(n_digits=1, side=20, speed=1.0)
    balls = bouncing_balls.sample(2, 3, rng())
    start = dict(position=balls.position[:, 0], velocity=balls.velocity[:, 0])
    yield bouncing_balls.trajectories, lambda _: start | {"T": 3}
    yield bouncing_balls.Box, lambda _: dict(radius=np.full(3, 1.2), mass=np.ones(3))
    yield moving_mnist.sample, lambda _: dict(digits=small_digits(), scene=scene)
    which = np.array([[0], [1]])
    yield moving_mnist.render, lambda _: dict(images=small_digits().images, which=which, side=12)
    yield digits.load, lambda _: dict(source="synthetic")
    yield digits.split, lambda _: dict(digits=small_digits())

    def idx_file(folder, name, *shape):
        sizes = b"".join(bytes([0, 0, 0, size]) for size in shape)
        content = bytes(range(26 - math.prod(shape), 26))
        (folder / name).write_bytes(bytes([0, 0, 8, len(shape)]) + sizes + content)
        return folder / name

    yield idx.read_idx, lambda folder: dict(path=idx_file(folder, "labels", 3), n_axes=1)
    yield (
        digits.from_idx,
        lambda folder: dict(
            images=idx_file(folder, "images", 3, 2, 2), labels=idx_file(folder, "labels", 3)
        ),
    )


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
    yield lds.LDS, lambda _: asdict(oscillator())
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
            learn=("A", "R"),
            n_iterations=2,
            tolerance=1e-6,
            callback=print_nothing,
        ),
    )


def by_name(save):
    """`save` with arguments that may be given by name"""

    @functools.wraps(save)
    def saving(path, params):
        return save(path, params)

    return saving


def declared(modules):
    """The functions of some modules that declare their arguments"""
    return [
        function
        for module in modules
        for function in vars(module).values()
        if hasattr(function, "kinds") and function.__module__ == module.__name__
    ]


def stored(storage, model, params_of, state):
    """{"module.name": ...} of a package's storage, for a model; state() is that of a run"""
    name = model.__name__.rpartition(".")[2]

    def weights(path, params):
        storage.save(path, params, name)

    def checkpoint(path, params, state):
        storage.save_checkpoint(path, params, state, name)

    def arguments(folder):
        return dict(path=folder / "checkpoint.npz", params=params_of(), state=state())

    def loaded(folder):
        checkpoint(**arguments(folder))
        return dict(path=folder / "checkpoint.npz", model=name)

    found = {
        "save": (weights, lambda folder: dict(path=folder / "weights.npz", params=params_of())),
        "load": (storage.load, lambda folder: saved(model, params_of)(folder) | {"model": name}),
        "save_checkpoint": (checkpoint, arguments),
        "load_checkpoint": (storage.load_checkpoint, loaded),
    }
    return {f"{model.__package__}.storage.{one}": entry for one, entry in found.items()}


def print_nothing(*_):
    """A callback"""


def named(entries):
    """{"module.name": (function, folder -> arguments)}"""
    return {
        f"{function.__module__}.{function.__name__}": (function, make) for function, make in entries
    }


ENTRIES = named([*data_entries(), *kalman_entries()])
