"""Videos of balls and digits, beside loops in plain Python and in plain NumPy.

The balls: the physics of datasets/README.md (D3, D4), with numbers, lists and math.exp, pixel by
pixel. The digits: one NumPy step per frame (D5, D6). Both loops are first compared with the
data sets: the same start must give the same frames.

Takes half a minute of CPU time.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import math

import numpy as np

from datasets import bouncing_balls, digits, moving_mnist
from examples.benchmarks import _timing
from examples.tools import run

T = 30  # frames of a video
N_BALLS, N_DIGITS = 20, 20  # videos in a call of the data sets
N_BALLS_SLOW, N_DIGITS_SLOW = 1, 2  # videos in a call of the loops
TOLERANCE = 1e-5  # brightness: float32


# Balls in plain Python


def move(position, velocity, box):
    """One frame: in each half frame first the walls, then every pair (D3), in place"""
    n_steps = bouncing_balls.SUBSTEPS_PER_FRAME
    for _ in range(n_steps):
        for q, v, radius in zip(position, velocity, box.radius, strict=True):
            for axis in (0, 1):
                q[axis] += v[axis] / n_steps
                if q[axis] < radius:
                    v[axis] = abs(v[axis])
                elif q[axis] > box.side - radius:
                    v[axis] = -abs(v[axis])
        for i in range(box.n_balls):
            for j in range(i):
                collide(
                    position[i],
                    position[j],
                    velocity[i],
                    velocity[j],
                    box.mass[i],
                    box.mass[j],
                    box.radius[i] + box.radius[j],
                )


def collide(q_i, q_j, v_i, v_j, m_i, m_j, touching):
    """Elastic collision of two balls, if they overlap and approach each other (D3)"""
    x, y = q_i[0] - q_j[0], q_i[1] - q_j[1]
    distance = math.sqrt(x * x + y * y)
    if distance == 0 or distance >= touching:
        return
    x, y = x / distance, y / distance
    approach = (v_i[0] - v_j[0]) * x + (v_i[1] - v_j[1]) * y
    if approach < 0:
        for axis, w in enumerate((x, y)):
            v_i[axis] -= 2 * m_j / (m_i + m_j) * approach * w
            v_j[axis] += 2 * m_i / (m_i + m_j) * approach * w


def draw(position, box):
    """One frame, a list of resolution^2 numbers (D4)"""
    pixel = box.side / box.resolution
    frame = []
    for row in range(box.resolution):
        for column in range(box.resolution):
            ink = 0.0
            for (x, y), radius in zip(position, box.radius, strict=True):
                d2 = ((column + 0.5) * pixel - x) ** 2 + ((row + 0.5) * pixel - y) ** 2
                ink += math.exp(-((d2 / radius**2) ** 4))
            frame.append(min(1.0, ink))
    return frame


def balls_in_python(position, velocity, box):
    """Frames (n_traj, T, resolution^2) from the balls in the first frame, (n_traj, n_balls, 2)"""
    videos = []
    for q, v in zip(position.tolist(), velocity.tolist(), strict=True):
        frames = []
        for _ in range(T):
            frames.append(draw(q, box))
            move(q, v, box)
        videos.append(frames)
    return np.array(videos)


# Digits in plain NumPy


def paste(frame, image, x, y):
    """Add a template at (x, y): four shifted copies, weighted by the part of a pixel (D6)"""
    size = len(image)
    left, top = int(x), int(y)
    right, lower = x - left, y - top
    for down, vertical in ((0, 1 - lower), (1, lower)):
        for across, horizontal in ((0, 1 - right), (1, right)):
            if vertical and horizontal:
                rows = slice(top + down, top + down + size)
                columns = slice(left + across, left + across + size)
                frame[rows, columns] += vertical * horizontal * image


def digits_in_numpy(images, which, position, velocity, side):
    """Frames (n_traj, T, side, side) from the digits in the first frame, (n_traj, n_digits, 2)"""
    room = side - images.shape[-1]
    videos = np.zeros((len(which), T, side, side), np.float32)
    for video, rows, q, v in zip(videos, which, position.copy(), velocity.copy(), strict=True):
        for frame in video:
            for row, (x, y) in zip(rows, q, strict=True):
                paste(frame, images[row], x, y)
            np.minimum(frame, 1, out=frame)
            # D5
            q += v
            beyond = (q < 0) | (q > room)
            q[:] = np.where(q < 0, -q, np.where(q > room, 2 * room - q, q))
            v[beyond] *= -1
    return videos


# The comparison


def compare(name, frames, others):
    """Stop if a loop makes other frames than the data set."""
    difference = np.abs(frames.ravel() - others.ravel()).max()
    print(f"{name}: largest difference in brightness {difference:.1e}")
    if not difference < TOLERANCE:
        raise SystemExit(f"{name}: the loop and the data set disagree")


def balls(seed):
    """Rows of the balls."""
    rng = np.random.default_rng(seed)
    box = bouncing_balls.Box()
    start = bouncing_balls.initial_positions(N_BALLS_SLOW, rng, box)
    ours = bouncing_balls.render(bouncing_balls.trajectories(*start, T, box)[0], box)
    compare("balls", ours, balls_in_python(*start, box))
    seconds = _timing.rounds(
        {
            "datasets.bouncing_balls": lambda: bouncing_balls.sample(N_BALLS, T, rng, box),
            "plain Python": lambda: balls_in_python(*start, box),
        },
        {"datasets.bouncing_balls": N_BALLS * T, "plain Python": N_BALLS_SLOW * T},
    )
    return _timing.rows(seconds, "datasets.bouncing_balls")


def moving_digits(seed):
    """Rows of the digits."""
    rng = np.random.default_rng(seed)
    templates = digits.load("synthetic")
    batch = moving_mnist.sample(N_DIGITS_SLOW, T, rng, templates)
    start = templates.images, batch.which, batch.position[:, 0], batch.velocity[:, 0]
    side = batch.shape[0]
    compare("digits", batch.frames, digits_in_numpy(*start, side))
    seconds = _timing.rounds(
        {
            "datasets.moving_mnist": lambda: moving_mnist.sample(N_DIGITS, T, rng, templates),
            "plain NumPy": lambda: digits_in_numpy(*start, side),
        },
        {"datasets.moving_mnist": N_DIGITS * T, "plain NumPy": N_DIGITS_SLOW * T},
    )
    return _timing.rows(seconds, "datasets.moving_mnist")


def main(argv=None):
    arguments = run.parse(run.parser("benchmarks.videos", __doc__, sizes=(), jobs=False), argv)
    run.prepare_folder(arguments.out)
    content = []
    for name, rows in (
        ("bouncing balls, 30 x 30", balls),
        ("moving MNIST, 64 x 64", moving_digits),
    ):
        table = rows(arguments.seed)
        _timing.report(f"{name}, videos of {T} frames", table, "frame", table[0]["name"])
        content += [{"setting": name, **row} for row in table]
    _timing.write(arguments.out, "videos", content, arguments.seed)


if __name__ == "__main__":
    run.start(main)
