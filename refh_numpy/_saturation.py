"""A warning where hidden units are saturated: on or off for good, so that they say nothing."""

import warnings

import numpy as np

from refh_numpy import harmonium

FIRST = 200  # updates, after which the units are looked at; then after twice as many, and so on
N_TRAJ, STEPS = 20, 10  # trajectories and time steps that are looked at
MOST = 0.9  # share of the units


class SaturationWarning(RuntimeWarning):
    """Nearly all hidden units are saturated."""


class Watch:
    """A callback of training that warns once."""

    def __init__(self):
        self.y, self.next = None, FIRST

    def see(self, y):
        """Take the beginning of a new batch to look at the units."""
        self.y = y[:N_TRAJ, :STEPS]

    def __call__(self, params, log):
        """The callback."""
        if log.n_updates[-1] >= self.next and self.y is not None:
            self.next = 2 * log.n_updates[-1]
            if saturated(params, self.y) > MOST:
                self.next = np.inf
                warnings.warn(
                    "hidden units: expected some that vary with the data, got "
                    f"{saturated(params, self.y):.0%} that are always on or always off; start "
                    "from the data (init(..., y=sample)), or scale the data",
                    SaturationWarning,
                    stacklevel=4,  # of the call of `train`
                )


def saturated(params, y):
    """The share of hidden units that are below .01, or above .99, in all examples of y."""
    u = np.zeros((len(y), len(params.b_u)), y.dtype)
    x = harmonium.forward(params, u, y).reshape(-1, len(params.b_x))
    return float(np.mean((x.max(0) < 0.01) | (x.min(0) > 0.99)))
