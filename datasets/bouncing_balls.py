"""Bouncing balls: videos of balls that bounce off each other and off the walls, losing no energy.

The poster's box "Bouncing balls" (Abdulsalam and Makin; Sutskever and Hinton 2007). Each ball
moves in a straight line, which a linear model of order 2 can follow. A collision breaks the line,
which a linear model cannot follow.

    D3   v_i <- v_i - 2 m_j / (m_i + m_j) ((v_i - v_j)'w) w        v_j likewise
         w = (q_i - q_j) / |q_i - q_j|
    D4   pixel(p) = min(1, sum_i exp(-(|p - q_i|^2 / r_i^2)^4))

D3 is the elastic collision of balls i and j at q_i and q_j: they exchange momentum along the unit
vector w between their centres, and none across it. A wall reverses the velocity's component that
points into it. D4 is a disc of radius r with a soft edge, sampled at the centres of the pixels.

The authors' code multiplies by r^2 in D4 instead of dividing (rbmish,
RBM/dynamical/getDataBouncingBalls.m:31); rendering="authors" does the same. Their balls look
smaller (radius 0.83 instead of 1.2), so they seem to bounce before they touch.

Lengths are in units in which the box is 10 wide, time is in frames. Shapes: frames
(n_traj, T, resolution^2), row after row from the bottom; position and velocity
(n_traj, T, n_balls, 2).
"""

import numbers
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datasets.support import checks
from datasets.support.jit import njit

RENDERINGS = ("sutskever", "authors")
SUBSTEPS_PER_FRAME = 2  # so that balls overlap little before a collision is detected
FIRST_LOWEST = 0.2  # of the box: no first position is lower, or further to the left
MAX_DRAWS = 10_000  # of initial positions, before we say that the balls do not fit
MAX_BALLS, MAX_RESOLUTION, MAX_SIDE = 100, 4096, 1e6
MIN_MASS, MAX_MASS = 1e-6, 1e6
FAR = 1e9  # beyond any box: positions are bounded by it before they become pixels


def _per_ball(name, values, n_balls):
    """One number for all balls, or one per ball, as a tuple"""
    if isinstance(values, numbers.Real):
        return (values,) * n_balls
    return tuple(checks.array(name, values, (n_balls,), dtype=float).tolist())


def _max_speed(box):
    """Per frame: a radius per step of the simulation"""
    return SUBSTEPS_PER_FRAME * min(box.radius)


@dataclass(frozen=True)
class Box:
    """The balls and their box. The defaults are Sutskever's, and the authors'."""

    n_balls: int = 3
    radius: float | tuple = 1.2  # one for all balls, or one per ball
    mass: float | tuple = 1.0  # likewise
    side: float = 10.0  # of the square box
    speed: float = 0.5  # per frame: the norm over *all* balls' velocities
    resolution: int = 30  # pixels along a side
    rendering: str = "sutskever"  # or "authors": see above

    def __post_init__(self):
        checks.count("n_balls", self.n_balls, at_most=MAX_BALLS)
        side = checks.number("side", self.side, low=1 / MAX_SIDE, high=MAX_SIDE)
        object.__setattr__(self, "side", side)
        for name, low, high in (
            ("radius", side / MAX_SIDE, side / 2),
            ("mass", MIN_MASS, MAX_MASS),
        ):
            values = _per_ball(name, getattr(self, name), self.n_balls)
            values = tuple(checks.number(name, value, low=low, high=high) for value in values)
            object.__setattr__(self, name, values)
        if np.pi * np.square(self.radius).sum() > self.side**2:
            raise ValueError(
                f"radius: expected balls that fit into a box of side {self.side:g}, "
                f"got {checks.shown(self.radius)}"
            )
        object.__setattr__(self, "speed", checks.number("speed", self.speed, low=0))
        most = _max_speed(self) / np.sqrt(max(self.mass) / min(self.mass))
        if self.speed > most * (1 + 1e-9):
            raise ValueError(
                f"speed: expected at most {most:g} (no ball may move by more than a "
                f"radius per step, after collisions either), got {self.speed:g}"
            )
        checks.count("resolution", self.resolution, at_most=MAX_RESOLUTION)
        checks.one_of("rendering", self.rendering, RENDERINGS)

    @property
    def shape(self):
        """Shape of one frame, in pixels."""
        return self.resolution, self.resolution


BOX = Box()


class Batch(NamedTuple):
    """What `sample` returns."""

    frames: np.ndarray  # (n_traj, T, resolution^2) brightness in [0, 1], float32
    position: np.ndarray  # (n_traj, T, n_balls, 2), float64
    velocity: np.ndarray  # (n_traj, T, n_balls, 2) per frame: with which the ball leaves it
    shape: tuple  # (resolution, resolution) of a frame

    @property
    def y(self):
        """The observations, under the name that all data sets share: the frames."""
        return self.frames


def sample(n_traj, T, rng, box=BOX):
    """Videos of T frames, from random positions and velocities (D3, D4).

    Parameters
    ----------
    n_traj, T : number of videos, number of frames
    rng : numpy.random.Generator
    box : Box

    Returns
    -------
    Batch of frames (n_traj, T, resolution^2), position and velocity (n_traj, T, n_balls, 2)
    """
    checks.count("T", T)
    position, velocity = initial_positions(n_traj, rng, box)
    position, velocity = trajectories(position, velocity, T, box)
    return Batch(render(position, box), position, velocity, box.shape)


def initial_positions(n_traj, rng, box=BOX):
    """Balls in random places where they touch neither a wall nor each other, in random directions.

    As in Sutskever's script and the authors' code, centres are at least a fifth of the box from
    the lower and left walls in the first frame, and only a radius from the others.

    Parameters
    ----------
    n_traj : number of videos
    rng : numpy.random.Generator
    box : Box

    Returns
    -------
    position and velocity, (n_traj, n_balls, 2) each
    """
    n_traj = checks.count("n_traj", n_traj)
    checks.generator("rng", rng)
    _check_box(box)
    radius = np.array(box.radius)
    position = np.empty((n_traj, box.n_balls, 2))
    to_draw = np.arange(n_traj)
    pairs = np.triu_indices(box.n_balls, k=1)
    for _ in range(MAX_DRAWS):
        lowest = np.maximum(radius, FIRST_LOWEST * box.side)[:, None]
        room = (box.side - radius)[:, None] - lowest
        position[to_draw] = lowest + room * rng.random((len(to_draw), box.n_balls, 2))
        gap = position[to_draw][:, pairs[0]] - position[to_draw][:, pairs[1]]
        touching = (np.linalg.norm(gap, axis=-1) < radius[pairs[0]] + radius[pairs[1]]).any(-1)
        to_draw = to_draw[touching]
        if len(to_draw) == 0:
            break
    else:
        raise ValueError(
            f"radius: expected balls that fit into a box of side {box.side:g} with room to spare, "
            f"got {box.n_balls} of radius {checks.shown(box.radius)} "
            f"(no place found in {MAX_DRAWS} draws)"
        )
    velocity = rng.standard_normal((n_traj, box.n_balls, 2))
    velocity *= box.speed / np.linalg.norm(velocity, axis=(1, 2), keepdims=True)
    return position, velocity


def trajectories(position, velocity, T, box=BOX):
    """Positions and velocities from the first frame on (D3).

    Parameters
    ----------
    position, velocity : (n_traj, n_balls, 2) in the first frame; velocity per frame
    T : number of frames
    box : Box

    Returns
    -------
    position and velocity, (n_traj, T, n_balls, 2) each
    """
    T = checks.count("T", T)
    _check_box(box)
    position = checks.array("position", position, ("n_traj", box.n_balls, 2), dtype=float)
    velocity = checks.array("velocity", velocity, (len(position), box.n_balls, 2), dtype=float)
    checks.in_range("position", position, 0, box.side)
    # energy is conserved: no ball is ever faster than the lightest one with all of it
    checks.in_range("velocity", velocity, -FAR, FAR)
    mass = np.array(box.mass)
    fastest = np.sqrt((mass[:, None] * velocity**2).sum((1, 2)).max() / mass.min())
    if fastest > _max_speed(box) * (1 + 1e-9):
        raise ValueError(
            f"velocity: expected speeds of at most {_max_speed(box):g} per frame, "
            f"after collisions too, got up to {fastest:g}"
        )
    return _move(position, velocity, T, np.array(box.radius), mass, float(box.side))


@njit
def _move(position, velocity, T, radius, mass, side):
    """The loop of `trajectories`: in each half frame, first the walls, then every pair of balls"""
    n_traj, n_balls, _ = position.shape
    positions = np.empty((n_traj, T, n_balls, 2))
    velocities = np.empty((n_traj, T, n_balls, 2))
    for n in range(n_traj):
        q, v = position[n].copy(), velocity[n].copy()
        for t in range(T):
            positions[n, t], velocities[n, t] = q, v
            for _ in range(SUBSTEPS_PER_FRAME):
                q += v / SUBSTEPS_PER_FRAME
                for i in range(n_balls):
                    for axis in range(2):
                        if q[i, axis] < radius[i]:
                            v[i, axis] = abs(v[i, axis])
                        elif q[i, axis] > side - radius[i]:
                            v[i, axis] = -abs(v[i, axis])
                        # a fast ball that is hit at a wall: its centre stays in the box
                        q[i, axis] = min(max(q[i, axis], 0.0), side)
                for i in range(n_balls):
                    for j in range(i):
                        w = q[i] - q[j]
                        distance = np.sqrt(w[0] ** 2 + w[1] ** 2)
                        if distance == 0 or distance >= radius[i] + radius[j]:
                            continue
                        w /= distance
                        approach = (v[i, 0] - v[j, 0]) * w[0] + (v[i, 1] - v[j, 1]) * w[1]
                        # balls that overlap and separate collided in an earlier step: let them go
                        if approach < 0:
                            # D3
                            v[i] -= 2 * mass[j] / (mass[i] + mass[j]) * approach * w
                            v[j] += 2 * mass[i] / (mass[i] + mass[j]) * approach * w
    return positions, velocities


def render(position, box=BOX):
    """Frames of given positions (D4).

    Parameters
    ----------
    position : (n_traj, T, n_balls, 2)
    box : Box

    Returns
    -------
    (n_traj, T, resolution^2) brightness in [0, 1], float32
    """
    _check_box(box)
    position = checks.array("position", position, ("n_traj", "T", box.n_balls, 2))
    radius = np.array(box.radius)
    sharpness = radius**-2.0 if box.rendering == "sutskever" else radius**2
    return rasterize(position, sharpness, box.side, box.resolution)


def rasterize(position, sharpness, side, resolution):
    """Discs with a soft edge (D4), of any sharpness.

    Parameters
    ----------
    position : (n_traj, T, n_balls, 2)
    sharpness : (n_balls,) in the place of 1 / r^2
    side : length of the box
    resolution : pixels along a side

    Returns
    -------
    (n_traj, T, resolution^2) brightness in [0, 1], float32
    """
    position = checks.array("position", position, ("n_traj", "T", "n_balls", 2), dtype=float)
    checks.in_range("position", position, -FAR, FAR)
    sharpness = checks.array("sharpness", sharpness, (position.shape[2],), dtype=float)
    checks.in_range("sharpness", sharpness, 1 / MAX_SIDE**4, MAX_SIDE**4)
    side = checks.number("side", side, low=1 / MAX_SIDE, high=MAX_SIDE)
    resolution = checks.count("resolution", resolution, at_most=MAX_RESOLUTION)
    return _rasterize(position, sharpness, side, resolution)


@njit
def _rasterize(position, sharpness, side, resolution):
    """The loop of `rasterize`: pixel by pixel around each ball"""
    n_traj, T, n_balls, _ = position.shape
    frames = np.zeros((n_traj, T, resolution * resolution), np.float32)
    pixel = side / resolution
    for n in range(n_traj):
        for t in range(T):
            for i in range(n_balls):
                reach = np.sqrt(2 / sharpness[i])  # beyond it a pixel has less than exp(-16)
                x, y = position[n, t, i, 0], position[n, t, i, 1]
                left, right = max(0, int((x - reach) / pixel)), int((x + reach) / pixel) + 2
                low, high = max(0, int((y - reach) / pixel)), int((y + reach) / pixel) + 2
                for row in range(low, min(resolution, high)):
                    for column in range(left, min(resolution, right)):
                        d2 = ((column + 0.5) * pixel - x) ** 2 + ((row + 0.5) * pixel - y) ** 2
                        if d2 * sharpness[i] < 2:
                            # D4
                            ink = np.exp(-((d2 * sharpness[i]) ** 4))
                            frames[n, t, row * resolution + column] += ink
            for p in range(resolution * resolution):
                if frames[n, t, p] > 1:
                    frames[n, t, p] = 1
    return frames


def _check_box(box):
    checks.instance("box", box, Box, " (datasets.bouncing_balls)")
