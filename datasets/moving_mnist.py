"""Moving MNIST: digits that move in straight lines, bounce off the walls and overlap.

The poster's box "Moving MNIST" (Abdulsalam and Makin; Srivastava, Mansimov and Salakhutdinov
2015). Each digit keeps its velocity, except that a wall reverses the component that points into
it. Overlapping digits are added and clipped, so that one occludes the other's shape for a while.

    D5   q_t = fold(q_1 + (t - 1) v)               fold: reflect at the walls, as often as needed
    D6   pixel(p) = min(1, sum_i digit_i(p - q_i))

Positions are continuous; digits are rendered with bilinear interpolation.

Lengths are in pixels, time is in frames. q is the (x, y) of a template's upper left corner, y
downwards like the rows of the frame. Shapes: frames (n_traj, T, side^2), row after row from the
top; position and velocity (n_traj, T, n_digits, 2).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datasets import _boundary as kinds
from datasets.support.boundary import checked, count, fields, generator
from datasets.support.jit import njit


@dataclass(frozen=True)
@fields(**kinds.SCENE)
class Scene:
    """What a video shows. The defaults are those of Srivastava, Mansimov and Salakhutdinov."""

    n_digits: int = 2
    side: int = 64  # of the square frame, in pixels
    speed: float = 3.6  # pixels per frame, of each digit, in a random direction
    margin: float = 0.0  # pixels of a template's border that may leave the frame: MNIST's
    # outer 4 are almost empty

    @property
    def shape(self):
        """Shape of one frame, in pixels."""
        return self.side, self.side

    def room(self, size):
        """Pixels from wall to wall for the upper left corner of a template with `size` pixels
        along a side. Does not check its argument."""
        return self.side - size + 2 * self.margin


SCENE = Scene()


class Batch(NamedTuple):
    """What `sample` returns."""

    frames: np.ndarray  # (n_traj, T, side^2) brightness in [0, 1], float32
    position: np.ndarray  # (n_traj, T, n_digits, 2) of the upper left corners, float64
    velocity: np.ndarray  # (n_traj, T, n_digits, 2) per frame: with which it leaves the frame
    labels: np.ndarray  # (n_traj, n_digits) 0 to 9
    which: np.ndarray  # (n_traj, n_digits) rows of the templates in digits.images
    shape: tuple  # (side, side) of a frame

    @property
    def y(self):
        """The observations, under the name that all data sets share: the frames."""
        return self.frames


@checked(n_traj=count(), T=count(), rng=generator, digits=kinds.digits, scene=kinds.scene_with_room)
def sample(n_traj, T, rng, digits, scene=SCENE):
    """Videos of T frames: random digits, positions and directions (D5, D6).

    Parameters
    ----------
    n_traj, T : number of videos, number of frames
    rng : numpy.random.Generator
    digits : Digits, from datasets.digits.load
    scene : Scene

    Returns
    -------
    Batch of frames (n_traj, T, side^2), position and velocity (n_traj, T, n_digits, 2), labels
    and which (n_traj, n_digits)

    Raises ValueError if a digit has no room to move in the frame.
    """
    which = rng.integers(len(digits.images), size=(n_traj, scene.n_digits))
    templates = kinds.templates("digits", digits.images[which.ravel()], {})
    room = scene.room(templates.shape[-1])
    start = room * rng.random((n_traj, scene.n_digits, 2))
    angle = 2 * np.pi * rng.random((n_traj, scene.n_digits))
    velocity = scene.speed * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    position, velocity = bounce(start, velocity, T, room)
    position -= scene.margin
    frames = _rasterize(templates, np.arange(which.size).reshape(which.shape), position, scene.side)
    return Batch(frames, position, velocity, digits.labels[which], which, scene.shape)


@checked(T=count(), room=kinds.room, start=kinds.starts, velocity=kinds.digit_velocities)
def bounce(start, velocity, T, room):
    """Straight paths, reflected at the walls (D5).

    A wall is a mirror: unfold the room and its mirror image repeatedly, let the digit move in a
    straight line, and fold back.

    Parameters
    ----------
    start : (n_traj, n_digits, 2) position in the first frame, in [0, room]
    velocity : (n_traj, n_digits, 2) pixels per frame, in the first frame
    T : number of frames
    room : pixels from wall to wall, for the upper left corner

    Returns
    -------
    position and velocity, (n_traj, T, n_digits, 2) each; at a wall, the velocity after reflection
    """
    # D5
    unfolded = start[:, None] + np.arange(T)[:, None, None] * velocity[:, None]
    if room == 0:
        return np.zeros_like(unfolded), np.zeros_like(unfolded)
    phase = unfolded % (2 * room)
    forward = velocity[:, None] >= 0
    mirrored = (phase > room) | (forward & (phase == room)) | (~forward & (phase == 0))
    return (
        np.where(mirrored, 2 * room - phase, phase) % (2 * room),
        np.where(mirrored, -1, 1) * velocity[:, None],
    )


@checked(
    images=kinds.templates, which=kinds.rows, position=kinds.digit_positions, side=kinds.pixels
)
def render(images, which, position, side):
    """Frames of given templates at given positions (D6).

    Parameters
    ----------
    images : (n, size, size) templates, brightness in [0, 1]
    which : (n_traj, n_digits) rows of images
    position : (n_traj, T, n_digits, 2) of the upper left corners, in pixels
    side : of the square frame, in pixels

    Returns
    -------
    (n_traj, T, side^2) brightness in [0, 1], float32
    """
    return _rasterize(images, which, position, side)


@njit
def _rasterize(images, which, position, side):
    """The loop of `render`"""
    n_traj, T, n_digits, _ = position.shape
    size = images.shape[1]
    frames = np.zeros((n_traj, T, side * side), np.float32)
    for n in range(n_traj):
        for t in range(T):
            for i in range(n_digits):
                x, y = position[n, t, i, 0], position[n, t, i, 1]
                image = images[which[n, i]]
                left, top = int(np.floor(x)), int(np.floor(y))
                right_part, lower_part = x - left, y - top
                for row in range(max(0, top), min(side, top + size + 1)):
                    for column in range(max(0, left), min(side, left + size + 1)):
                        # D6: a pixel mixes the four nearest of the template
                        r, c = row - top, column - left
                        value = 0.0
                        if r < size and c < size:
                            value += (1 - lower_part) * (1 - right_part) * image[r, c]
                        if r < size and c > 0:
                            value += (1 - lower_part) * right_part * image[r, c - 1]
                        if r > 0 and c < size:
                            value += lower_part * (1 - right_part) * image[r - 1, c]
                        if r > 0 and c > 0:
                            value += lower_part * right_part * image[r - 1, c - 1]
                        frames[n, t, row * side + column] += value
            for p in range(side * side):
                if frames[n, t, p] > 1:
                    frames[n, t, p] = 1
    return frames
