"""Bouncing balls: films of balls that bounce off each other and off the walls, and lose no energy.

The poster's box "Bouncing balls" (Abdulsalam and Makin; Sutskever and Hinton 2007). Each ball moves in a straight line,
which a model of order 2 can follow; at a collision the line breaks, which a linear model cannot.

    D38   v_i <- v_i - 2 m_j / (m_i + m_j) ((v_i - v_j)'w) w,    v_j likewise;    w = (q_i - q_j) / |q_i - q_j|
    D39   pixel(p) = min(1, sum_i exp(-(|p - q_i|^2 / r_i^2)^4))

D38 is the elastic collision of balls i and j at q_i and q_j: along the line w that joins their centres they exchange
momentum, across it nothing happens. A wall turns the velocity's component that runs into it. D39 is a disc of radius r
with a soft edge.

The authors' code multiplies by r^2 in D39 where it should divide: rendering="authors" does the same. Their balls look
smaller (radius 0.83 in place of 1.2), so they bounce before they are seen to touch.

Lengths are in units in which the box is 10 wide, time in frames. Shapes: frames (n_traj, T, resolution^2), row after row
from the bottom; position and velocity (n_traj, T, n_balls, 2).
"""
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from datasets import checks

RENDERINGS = ("sutskever", "authors")
STEPS_A_FRAME = 2           # so that balls run little into each other before they are seen to collide
MOST_DRAWS = 10_000         # of first positions, before we say that the balls do not fit


@dataclass(frozen=True)
class Box:
    """The balls and their box. The defaults are Sutskever's, and the authors'."""
    n_balls: int = 3
    radius: float | tuple = 1.2             # one for all balls, or one each
    mass: float | tuple = 1.0               # likewise
    side: float = 10.0                      # of the square box
    speed: float = 0.5                      # a frame: the norm over *all* balls' velocities together
    resolution: int = 30                    # pixels along a side
    rendering: str = "sutskever"            # or "authors": see above

    def __post_init__(self):
        checks.count("n_balls", self.n_balls)
        checks.number("side", self.side, low=0, above_low=True)
        for name in ("radius", "mass"):
            values = getattr(self, name)
            values = (values,) * self.n_balls if np.ndim(values) == 0 else tuple(values)
            if len(values) != self.n_balls:
                raise ValueError(f"{name}: wanted a number, or one for each of {self.n_balls} balls, got {len(values)}")
            for value in values:
                checks.number(name, value, low=0, above_low=True)
            object.__setattr__(self, name, values)
        if max(self.radius) > self.side / 2 or np.pi * np.square(self.radius).sum() > self.side**2:
            raise ValueError(f"radius: wanted balls that fit into a box of side {self.side:g}, got {self.radius}")
        checks.number("speed", self.speed, low=0)
        if self.speed > STEPS_A_FRAME * min(self.radius):
            raise ValueError(f"speed: wanted at most {STEPS_A_FRAME * min(self.radius):g}, a radius a step (faster balls "
                             f"pass through each other), got {self.speed:g}")
        checks.count("resolution", self.resolution)
        if self.rendering not in RENDERINGS:
            raise ValueError(f"rendering: wanted one of {', '.join(RENDERINGS)}, got {self.rendering!r}")

    @property
    def shape(self):
        """Of one frame, in pixels"""
        return self.resolution, self.resolution


class Film(NamedTuple):
    frames: np.ndarray      # (n_traj, T, resolution^2) brightness in [0, 1], float32
    position: np.ndarray    # (n_traj, T, n_balls, 2), float64
    velocity: np.ndarray    # (n_traj, T, n_balls, 2) a frame: with which the ball leaves this frame
    shape: tuple            # (resolution, resolution) of a frame


def sample(n_traj, T, rng, box=Box()):
    """n_traj films of T frames, from random places and velocities: a Film                              [D38, D39]"""
    position, velocity = first_state(n_traj, rng, box)
    position, velocity = trajectories(position, velocity, T, box)
    return Film(render(position, box), position, velocity, box.shape)


def first_state(n_traj, rng, box=Box()):
    """Balls placed uniformly where they touch neither a wall nor each other, in random directions

    returns position, velocity, each (n_traj, n_balls, 2)
    """
    checks.count("n_traj", n_traj)
    checks.generator("rng", rng)
    radius = np.array(box.radius)
    position = np.empty((n_traj, box.n_balls, 2))
    to_draw = np.arange(n_traj)
    pairs = np.triu_indices(box.n_balls, k=1)
    for _ in range(MOST_DRAWS):
        room = (box.side - 2 * radius)[:, None]
        position[to_draw] = radius[:, None] + room * rng.random((len(to_draw), box.n_balls, 2))
        gap = position[to_draw][:, pairs[0]] - position[to_draw][:, pairs[1]]
        touching = (np.linalg.norm(gap, axis=-1) < radius[pairs[0]] + radius[pairs[1]]).any(-1)
        to_draw = to_draw[touching]
        if len(to_draw) == 0:
            break
    else:
        raise ValueError(f"radius: wanted balls that fit into a box of side {box.side:g} with room to spare, got "
                         f"{box.n_balls} of radius {box.radius} (no place found in {MOST_DRAWS} draws)")
    velocity = rng.standard_normal((n_traj, box.n_balls, 2))
    velocity *= box.speed / np.linalg.norm(velocity, axis=(1, 2), keepdims=True)
    return position, velocity


def trajectories(position, velocity, T, box=Box()):
    """Where the balls are from there on: position, velocity, each (n_traj, T, n_balls, 2)                   [D38]

    position, velocity : (n_traj, n_balls, 2) in the first frame
    """
    checks.count("T", T)
    position = checks.array("position", position, ("n_traj", box.n_balls, 2)).astype(float)
    velocity = checks.array("velocity", velocity, (len(position), box.n_balls, 2)).astype(float)
    checks.in_range("position", position, 0, box.side)
    return move(position, velocity, T, np.array(box.radius), np.array(box.mass), box.side)


@njit(cache=True)
def move(position, velocity, T, radius, mass, side):
    """The loop behind `trajectories`: steps of half a frame; at each, walls first, then every pair of balls"""
    n_traj, n_balls, _ = position.shape
    positions, velocities = np.empty((n_traj, T, n_balls, 2)), np.empty((n_traj, T, n_balls, 2))
    for n in range(n_traj):
        q, v = position[n].copy(), velocity[n].copy()
        for t in range(T):
            positions[n, t], velocities[n, t] = q, v
            for _ in range(STEPS_A_FRAME):
                q += v / STEPS_A_FRAME
                for i in range(n_balls):
                    for axis in range(2):
                        if q[i, axis] < radius[i]:
                            v[i, axis] = abs(v[i, axis])
                        elif q[i, axis] > side - radius[i]:
                            v[i, axis] = -abs(v[i, axis])
                for i in range(n_balls):
                    for j in range(i):
                        w = q[i] - q[j]
                        distance = np.sqrt(w[0]**2 + w[1]**2)
                        if distance == 0 or distance >= radius[i] + radius[j]:
                            continue
                        w /= distance
                        approach = (v[i, 0] - v[j, 0]) * w[0] + (v[i, 1] - v[j, 1]) * w[1]
                        # balls that overlap and part have collided already, one step ago: let them go
                        if approach < 0:
                            v[i] -= 2 * mass[j] / (mass[i] + mass[j]) * approach * w                    # D38
                            v[j] += 2 * mass[i] / (mass[i] + mass[j]) * approach * w
    return positions, velocities


def render(position, box=Box()):
    """Frames (n_traj, T, resolution^2), float32 in [0, 1], of position (n_traj, T, n_balls, 2)              [D39]"""
    position = checks.array("position", position, ("n_traj", "T", box.n_balls, 2)).astype(float)
    radius = np.array(box.radius)
    return draw(position, radius**-2.0 if box.rendering == "sutskever" else radius**2, box.side, box.resolution)


@njit(cache=True)
def draw(position, sharpness, side, resolution):
    """The loop behind `render`: D39 with sharpness in the place of 1 / r^2, pixel by pixel around each ball"""
    n_traj, T, n_balls, _ = position.shape
    frames = np.zeros((n_traj, T, resolution * resolution), np.float32)
    pixel = side / resolution
    for n in range(n_traj):
        for t in range(T):
            for i in range(n_balls):
                reach = np.sqrt(2 / sharpness[i])           # beyond it a pixel has less than exp(-16)
                x, y = position[n, t, i, 0], position[n, t, i, 1]
                columns = range(max(0, int((x - reach) / pixel)), min(resolution, int((x + reach) / pixel) + 2))
                for row in range(max(0, int((y - reach) / pixel)), min(resolution, int((y + reach) / pixel) + 2)):
                    for column in columns:
                        d2 = (column * pixel - x)**2 + (row * pixel - y)**2
                        if d2 * sharpness[i] < 2:
                            frames[n, t, row * resolution + column] += np.exp(-(d2 * sharpness[i])**4)
            for p in range(resolution * resolution):
                if frames[n, t, p] > 1:
                    frames[n, t, p] = 1
    return frames
