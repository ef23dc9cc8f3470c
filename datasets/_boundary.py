"""Kinds of arguments and fields of this package (datasets/support/boundary.py)."""

import numbers

import numpy as np

from datasets.support import checks
from datasets.support.boundary import array, count, declaring, instance, number

MIN_CONSTANT, MAX_CONSTANT = 1e-15, 1e15  # of the System's constants: squares do not overflow
MAX_GAIN = 1e6  # spikes per time step: counts are exact in float32
MAX_COUNTS, MAX_NEURONS = 1e30, 10_000  # sums do not overflow
MAX_PHASE_STEPS = 100_000  # simulated before a trajectory of random phase begins
MAX_BALLS, MAX_DIGITS, MAX_RESOLUTION, MAX_SPEED = 100, 1000, 4096, 1e6
MAX_SIDE = 1e6  # of the balls' box, and its ratio to a radius
MIN_MASS, MAX_MASS = 1e-6, 1e6
FAR = 1e9  # beyond any frame: positions are bounded by it before they become pixels
ROUNDING = 1 + 1e-9

system = instance("datasets.ppc.System")
box = instance("datasets.bouncing_balls.Box")
scene = instance("datasets.moving_mnist.Scene")
pixels = count(1, MAX_RESOLUTION)  # along a side

# The oscillator and its neurons

positive = number(MIN_CONSTANT, MAX_CONSTANT)
not_negative = number(0, MAX_CONSTANT)
SYSTEM = {
    "dt": positive,
    "mass": positive,
    "damping": not_negative,
    "stiffness": positive,
    "position_noise": not_negative,
    "velocity_noise": not_negative,
    "start_velocity_variance": positive,
    "span": positive,
    "start_margin": number(0, lambda a: a["span"] / 2),
    "tuning_width": positive,
    "n_neurons": count(3, MAX_NEURONS),
    "gain_high": number(0, MAX_GAIN, above_low=True),
    "gain_low": number(0, lambda a: a["gain_high"]),
}
spikes = array("n_traj", "T", lambda a: a["system"].n_neurons, low=0, high=MAX_COUNTS)


def stable(system):
    """An oscillator whose oscillations do not grow."""
    largest = max(abs(np.linalg.eigvals(system.A)))
    if largest >= 1:
        raise ValueError(
            "dt, mass, damping, stiffness: expected a stable oscillator, got an "
            f"Euler step with an eigenvalue of size {largest:.4f} (reduce dt)"
        )


def random_phase(name, value, arguments):
    """A flag; True only if an oscillation can be simulated."""
    value, n_steps = checks.flag(name, value), arguments["system"].max_phase_steps
    if value and n_steps > MAX_PHASE_STEPS:
        raise ValueError(
            f"system: expected an oscillation of at most {MAX_PHASE_STEPS} time "
            f"steps for {name}, got {n_steps}"
        )
    return value


declaring(random_phase, of="flag")


# Balls


def per_ball(one):
    """A number of this kind for each ball, as a tuple; a lone number stands for all."""

    def kind(name, value, arguments):
        if isinstance(value, numbers.Real):
            value = (value,) * arguments["n_balls"]
        else:
            value = checks.array(name, value, (arguments["n_balls"],), dtype=float).tolist()
        return tuple(one(name, each, arguments) for each in value)

    return kind


side = number(1 / MAX_SIDE, MAX_SIDE)
BOX = {
    "n_balls": count(1, MAX_BALLS),
    "side": side,
    "radius": per_ball(number(lambda a: a["side"] / MAX_SIDE, lambda a: a["side"] / 2)),
    "mass": per_ball(number(MIN_MASS, MAX_MASS)),
    "speed": number(0),
    "resolution": pixels,
}


def balls_fit(box):
    """Balls that have room, and whose speed the simulation can follow."""
    if np.pi * np.square(box.radius).sum() > box.side**2:
        raise ValueError(
            f"radius: expected balls that fit into a box of side {box.side:g}, "
            f"got {checks.shown(box.radius)}"
        )
    most = box.max_speed / np.sqrt(max(box.mass) / min(box.mass))
    if box.speed > most * ROUNDING:
        raise ValueError(
            f"speed: expected at most {most:g} (no ball may move by more than a "
            f"radius per step, after collisions either), got {box.speed:g}"
        )


def no_place(box, n_draws):
    """The error where balls find no place in their box."""
    return ValueError(
        f"radius: expected balls that fit into a box of side {box.side:g} with room to spare, "
        f"got {box.n_balls} of radius {checks.shown(box.radius)} "
        f"(no place found in {n_draws} draws)"
    )


first_positions = array(
    "n_traj", lambda a: a["box"].n_balls, 2, low=0, high=lambda a: a["box"].side
)
velocities = array(lambda a: len(a["position"]), lambda a: a["box"].n_balls, 2, low=-FAR, high=FAR)


def first_velocities(name, value, arguments):
    """Of balls that are never faster than the simulation can follow. Energy is conserved: no ball
    is ever faster than the lightest one with all of it."""
    value, box = velocities(name, value, arguments), arguments["box"]
    mass = np.array(box.mass)
    fastest = np.sqrt((mass[:, None] * value**2).sum((1, 2)).max() / mass.min())
    if fastest > box.max_speed * ROUNDING:
        raise ValueError(
            f"{name}: expected speeds of at most {box.max_speed:g} per frame, "
            f"after collisions too, got up to {fastest:g}"
        )
    return value


declaring(first_velocities, **velocities.declares)
ball_positions = array("n_traj", "T", lambda a: a["box"].n_balls, 2, low=-FAR, high=FAR)
disc_positions = array("n_traj", "T", "n_balls", 2, low=-FAR, high=FAR)
sharpness = array(lambda a: a["position"].shape[2], low=MAX_SIDE**-4, high=MAX_SIDE**4)

# Digits

SCENE = {
    "n_digits": count(1, MAX_DIGITS),
    "side": pixels,
    "speed": number(0, MAX_SPEED),
    "margin": number(0, MAX_RESOLUTION),
}


def digits(name, value, _):
    """Digits of numbers, whose fields fit each other. The values of the pixels are checked by
    those who use them: all of MNIST's take a while."""
    value = a_digits_object(name, value, _)
    images = value.images
    if not isinstance(images, np.ndarray) or images.ndim != 3 or images.shape[1] != images.shape[2]:
        raise ValueError(
            f"{name}: expected images (n, size, size), "
            f"got {getattr(images, 'shape', checks.shown(images))}"
        )
    if images.size == 0:
        raise ValueError(f"{name}: expected images with pixels, got shape {images.shape}")
    checks.numeric(name, images[:0])  # their dtype, and no masked array
    labels = checks.counts(name, checks.array(name, value.labels, (len(images),)))
    return value._replace(images=np.asarray(images), labels=labels.astype(np.int64))


def digits_to_split(name, value, arguments):
    """At least two digits, in [0, 1]."""
    value = digits(name, value, arguments)
    if len(value.images) < 2:
        raise ValueError(f"{name}: expected at least two to split, got one")
    checks.in_range(name, value.images, 0, 1)
    return value


def scene_with_room(name, value, arguments):
    """A scene in which the digits can move."""
    value, size = scene(name, value, arguments), arguments["digits"].images.shape[-1]
    room = value.room(size)
    if room < 0 or (room == 0 and value.speed > 0):
        raise ValueError(
            f"digits: expected templates that have room to move in a frame of side {value.side} "
            f"(margin {value.margin:g}), got templates of side {size}"
        )
    return value


def templates(name, value, _):
    """(n, size, size) in [0, 1], in the memory layout for which the loop is compiled."""
    value = checks.in_range(name, checks.array(name, value, ("n", "size", "size")), 0, 1)
    if value.shape[1] != value.shape[2]:
        raise ValueError(f"{name}: expected square templates, got shape {value.shape}")
    return np.require(value, requirements="CAW")


def rows(name, value, arguments):
    """(n_traj, n_digits) rows of images."""
    value = checks.counts(name, checks.array(name, value, ("n_traj", "n_digits")))
    return checks.in_range(name, value, 0, len(arguments["images"]) - 1).astype(np.int64)


a_digits_object = instance("datasets.digits.Digits", " (datasets.digits.load)")
room = number(0, 3 * MAX_RESOLUTION)
starts = array("n_traj", "n_digits", 2, low=0, high=lambda a: a["room"])
digit_velocities = array(
    lambda a: a["start"].shape[0], lambda a: a["start"].shape[1], 2, low=-MAX_SPEED, high=MAX_SPEED
)
digit_positions = array(
    lambda a: a["which"].shape[0], "T", lambda a: a["which"].shape[1], 2, low=-FAR, high=FAR
)
