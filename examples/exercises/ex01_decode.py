"""Exercise 1: position from spikes (datasets, D1; about five lines).

Fifteen neurons sit on a circle, each at its preferred position, evenly spaced. y counts their
spikes in one time step. The best estimate of the position is the spikes' centre of mass,

    D1    z_hat = c + sum_i y_i d(c_i, c) / sum_i y_i

where c is the preferred position of the most active neuron and c_i that of neuron i. d(a, b) is
the wrapped difference a - b: it lies between -circumference / 2 and circumference / 2.

Why c? First try a plain average of the c_i with spikes on both sides of the seam: the check will
show the error. The result need not be wrapped: the check compares it modulo the circumference.
"""

import numpy as np

from datasets import ppc
from examples.exercises._answers import Incorrect, same


def decode(y, preferred, circumference):
    """Centre of mass of the spikes on the circle.

    Parameters
    ----------
    y : (n, n_neurons) spike counts, at least one per row
    preferred : (n_neurons,) preferred positions, in rad
    circumference : of the circle, in rad

    Returns
    -------
    z_hat (n,), in rad
    """
    raise NotImplementedError


def check(answer):
    """Against the package's decoder."""
    system = ppc.System()
    y = ppc.sample(20, 50, np.random.default_rng(0), system).y
    y = y[y.sum(-1) > 0].astype(float)
    expected, _ = ppc.decode(y[None], system)
    got = answer(y, system.preferred, system.circumference)
    if np.shape(got) != (len(y),) or not np.isfinite(got).all():
        same("z_hat", got, expected[0])
    off = np.abs(ppc.wrap(np.asarray(got) - expected[0], system))
    if not off.max() < 1e-9:
        worst = int(np.argmax(off))
        raise Incorrect(
            f"z_hat: expected {expected[0, worst]:.4f} rad, got {got[worst]:.4f} rad, where the "
            f"most active neuron is number {y[worst].argmax()} of 0 to 14; "
            f"{np.mean(off < 1e-9):.0%} of the positions are correct"
        )
