"""Right arguments of the public functions: {"module.name": (function, folder -> arguments)}.

Here those of datasets and kalman; tests/fuzz_entries_*.py have those of the other packages.
"""

import functools

import numpy as np

from datasets import bouncing_balls, digits, moving_mnist, ppc
from datasets.support import files
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
ANY_SHAPE = {
    ("datasets.ppc.tuning", "position"),
    ("datasets.ppc.wrap", "difference"),
    ("datasets.ppc.decoder_variance", "total"),
}
NOT_WALKED = {
    "datasets.support.mnist.download": "needs a network",
    "datasets.support.mnist.main": "a command",
    "datasets.support.mnist.cache": "has no arguments",
    "datasets.support.mnist.in_cache": "has no arguments",
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
    yield ppc.sample, lambda _: dict(n_traj=2, T=3, rng=rng(), system=SYSTEM, random_phase=False)
    yield (
        ppc.trajectories,
        lambda _: dict(n_traj=2, T=3, rng=rng(), system=SYSTEM, random_phase=True),
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
        lambda _: dict(position=balls.position, sharpness=np.ones(3), side=10.0, resolution=8),
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

    def letters(folder):
        (folder / "images").write_bytes(
            bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4])
        )
        (folder / "labels").write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 1, 26]))
        return dict(
            images=folder / "images", labels=folder / "labels", source="letters", transposed=True
        )

    yield digits.from_idx, letters
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
            learn=("A", "R"),
            n_iterations=2,
            tolerance=1e-6,
            callback=print_nothing,
        ),
    )


def by_name(save, *more):
    """`save` with arguments that may be given by name"""

    @functools.wraps(save)
    def saving(path, params):
        return save(path, params, *more)

    return saving


def print_nothing(*_):
    """A callback"""


def named(entries):
    """{"module.name": (function, folder -> arguments)}"""
    return {
        f"{function.__module__}.{function.__name__}": (function, make) for function, make in entries
    }


ENTRIES = named([*data_entries(), *kalman_entries()])
