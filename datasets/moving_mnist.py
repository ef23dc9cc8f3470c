"""Moving MNIST: digits that move in straight lines, bounce off the walls and pass through one another.

The poster's "Moving MNIST" (Abdulsalam and Makin; Srivastava, Mansimov and Salakhutdinov 2015). Each digit keeps its
velocity, but that a wall turns the component that runs into it; what overlaps is added and clipped, so that one digit hides
the other's shape for a while.

    D41   q_t = fold(q_1 + (t - 1) v)          fold: there and back again between the walls
    D42   pixel(p) = min(1, sum_i digit_i(p - q_i))

A digit is at any place, not only at whole pixels: it is shared out among the four nearest (bilinear interpolation), so that
it moves as smoothly as it is said to.

Lengths are in pixels, time in frames. q is the (x, y) of a picture's upper left corner, y downwards as the rows of the frame.
Shapes: frames (n_traj, T, side^2), row after row from the top; position and velocity (n_traj, T, n_digits, 2).
"""
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from datasets import checks
from datasets.digits import Digits


@dataclass(frozen=True)
class Scene:
    """What is filmed. The defaults are those of Srivastava, Mansimov and Salakhutdinov."""
    n_digits: int = 2
    side: int = 64              # of the square frame, in pixels
    speed: float = 3.6          # pixels a frame, of each digit, in a random direction
    margin: float = 0.0         # pixels of a picture's border that a wall lets through: MNIST's outer 4 are all but empty

    def __post_init__(self):
        checks.count("n_digits", self.n_digits)
        checks.count("side", self.side)
        checks.number("speed", self.speed, low=0)
        checks.number("margin", self.margin, low=0)

    @property
    def shape(self):
        """Of one frame, in pixels"""
        return self.side, self.side


class Movie(NamedTuple):
    frames: np.ndarray      # (n_traj, T, side^2) brightness in [0, 1], float32
    position: np.ndarray    # (n_traj, T, n_digits, 2) of the upper left corners, float64
    velocity: np.ndarray    # (n_traj, T, n_digits, 2) a frame: with which the digit leaves this frame
    labels: np.ndarray      # (n_traj, n_digits) 0 to 9
    which: np.ndarray       # (n_traj, n_digits) the pictures' rows in digits.images
    shape: tuple            # (side, side) of a frame


def sample(n_traj, T, rng, digits, scene=Scene()):
    """n_traj movies of T frames: random digits, from random places, in random directions: a Movie           [D41, D42]

    digits : from digits.load
    Raises ValueError if a digit is larger than the frame.
    """
    n_traj, T = checks.count("n_traj", n_traj), checks.count("T", T)
    checks.generator("rng", rng)
    if not isinstance(digits, Digits):
        raise TypeError(f"digits: wanted Digits (datasets.digits.load), got {type(digits).__name__}")
    room = scene.side - digits.images.shape[-1] + 2 * scene.margin
    if room < 0 or (room == 0 and scene.speed > 0):
        raise ValueError(f"digits: wanted pictures that have room to move in a frame of side {scene.side} (margin "
                         f"{scene.margin:g}), got pictures of side {digits.images.shape[-1]}")
    which = rng.integers(len(digits.images), size=(n_traj, scene.n_digits))
    start = room * rng.random((n_traj, scene.n_digits, 2))
    angle = 2 * np.pi * rng.random((n_traj, scene.n_digits))
    velocity = scene.speed * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    position, velocity = bounce(start, velocity, T, room)
    position -= scene.margin
    return Movie(render(digits.images, which, position, scene.side), position, velocity, digits.labels[which], which,
                 scene.shape)


def bounce(start, velocity, T, room):
    """position in [0, room] and velocity, each (n_traj, T, n_digits, 2), from those of the first frame           [D41]

    A wall is a mirror: unfold the room and its mirror image over and over, let the digit run straight on, fold again.
    """
    unfolded = start[:, None] + np.arange(T)[:, None, None] * velocity[:, None]
    if room == 0:
        return np.zeros_like(unfolded), np.zeros_like(unfolded)
    phase = unfolded % (2 * room)
    back = phase > room
    return np.where(back, 2 * room - phase, phase), np.where(back, -1, 1) * velocity[:, None]


@njit(cache=True)
def render(images, which, position, side):
    """Frames (n_traj, T, side^2), float32 in [0, 1]                                                             [D42]

    images : (n, size, size);  which : (n_traj, n_digits) rows of images;  position : (n_traj, T, n_digits, 2)
    """
    n_traj, T, n_digits, _ = position.shape
    size = images.shape[1]
    frames = np.zeros((n_traj, T, side * side), np.float32)
    for n in range(n_traj):
        for t in range(T):
            for i in range(n_digits):
                x, y = position[n, t, i, 0], position[n, t, i, 1]
                left, top = int(np.floor(x)), int(np.floor(y))
                right_part, lower_part = x - left, y - top
                for row in range(max(0, top), min(side, top + size + 1)):
                    for column in range(max(0, left), min(side, left + size + 1)):
                        r, c = row - top, column - left
                        value = 0.0
                        if r < size and c < size:
                            value += (1 - lower_part) * (1 - right_part) * images[which[n, i], r, c]
                        if r < size and c > 0:
                            value += (1 - lower_part) * right_part * images[which[n, i], r, c - 1]
                        if r > 0 and c < size:
                            value += lower_part * (1 - right_part) * images[which[n, i], r - 1, c]
                        if r > 0 and c > 0:
                            value += lower_part * right_part * images[which[n, i], r - 1, c - 1]
                        frames[n, t, row * side + column] += value
            for p in range(side * side):
                if frames[n, t, p] > 1:
                    frames[n, t, p] = 1
    return frames
