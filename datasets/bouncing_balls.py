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

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from datasets import _boundary as kinds
from datasets.support.boundary import checked, count, fields, generator, one_of
from datasets.support.jit import njit

RENDERINGS = ("sutskever", "authors")
SUBSTEPS_PER_FRAME = 2  # so that balls overlap little before a collision is detected
FIRST_LOWEST = 0.2  # of the box: no first position is lower, or further to the left
MAX_DRAWS = 10_000  # of initial positions, before we say that the balls do not fit


@dataclass(frozen=True)
@fields(**kinds.BOX, rendering=one_of(*RENDERINGS), whole=kinds.balls_fit)
class Box:
    """The balls and their box. The defaults are Sutskever's, and the authors'."""

    n_balls: int = 3
    radius: float | tuple = 1.2  # one for all balls, or one per ball
    mass: float | tuple = 1.0  # likewise
    side: float = 10.0  # of the square box
    speed: float = 0.5  # per frame: the norm over *all* balls' velocities
    resolution: int = 30  # pixels along a side
    rendering: str = "sutskever"  # or "authors": see above

    @property
    def shape(self):
        """Shape of one frame, in pixels."""
        return self.resolution, self.resolution

    @property
    def max_speed(self):
        """Per frame: at most a radius per step of the simulation."""
        return SUBSTEPS_PER_FRAME * min(self.radius)


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


@checked(n_traj=count(), T=count(), rng=generator, box=kinds.box)
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
    position, velocity = initial_positions(n_traj, rng, box)
    position, velocity = trajectories(position, velocity, T, box)
    return Batch(render(position, box), position, velocity, box.shape)


@checked(n_traj=count(), rng=generator, box=kinds.box)
def initial_positions(n_traj, rng, box=BOX):
    """Balls in random places where they touch neither a wall nor each other, in random directions.

    As in Sutskever's script and the authors' code, centres are at least a fifth of the box from
    the lower and left walls in the first frame, and only a radius from the others.

    Returns
    -------
    position and velocity, (n_traj, n_balls, 2) each
    """
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
        raise kinds.no_place(box, MAX_DRAWS)
    velocity = rng.standard_normal((n_traj, box.n_balls, 2))
    velocity *= box.speed / np.linalg.norm(velocity, axis=(1, 2), keepdims=True)
    return position, velocity


@checked(T=count(), box=kinds.box, position=kinds.first_positions, velocity=kinds.first_velocities)
def trajectories(position, velocity, T, box=BOX):
    """Positions and velocities (n_traj, T, n_balls, 2) of T frames, from those in the first frame,
    (n_traj, n_balls, 2); velocities are per frame (D3)."""
    return _move(position, velocity, T, np.array(box.radius), np.array(box.mass), box.side)


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


@checked(box=kinds.box, position=kinds.ball_positions)
def render(position, box=BOX):
    """Frames (n_traj, T, resolution^2) of positions (n_traj, T, n_balls, 2), brightness in [0, 1],
    float32 (D4)."""
    radius = np.array(box.radius)
    sharpness = radius**-2.0 if box.rendering == "sutskever" else radius**2
    return rasterize(position, sharpness, box.side, box.resolution)


@checked(
    position=kinds.disc_positions,
    sharpness=kinds.sharpness,
    side=kinds.side,
    resolution=kinds.pixels,
)
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
