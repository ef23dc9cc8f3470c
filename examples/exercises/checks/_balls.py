"""What pictures share on the bouncing balls: the kept rEFH, a video, and the states on it."""

from pathlib import Path

import numpy as np

import refh_numpy.refh
from datasets import bouncing_balls

FOLDER = Path(__file__).parents[2] / "weights" / "balls_table"


def network_and_states(name="rEFH_sutskever_ours_0", T=100):
    """A trained harmonium, the frames (T, 900) of a new video, and the states (T, n_x) on it."""
    params, _ = refh_numpy.refh.load(FOLDER / f"{name}.npz")
    y = bouncing_balls.sample(1, T, np.random.default_rng(8)).y
    return params, y[0], refh_numpy.refh.infer(params, y)[0]


def show(axis, frame, title):
    """One frame of 30 x 30 pixels."""
    axis.imshow(np.reshape(frame, (30, 30)), cmap="Greys_r", vmin=0, vmax=1)
    axis.set(title=title, xticks=[], yticks=[])
