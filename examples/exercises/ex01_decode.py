"""Exercise 1: position from spikes.

Minutes: 20. Lines: 5. Before: chapter 1, D1.

Fifteen neurons sit on a circle, each at its preferred position, evenly spaced. y counts their
spikes in one time step. The best estimate of the position is the spikes' centre of mass,

    D1    z_hat = c + sum_i y_i d(c_i, c) / sum_i y_i

where c is the preferred position of the most active neuron and c_i that of neuron i. d(a, b) is
the wrapped difference a - b: it lies between -circumference / 2 and circumference / 2.

Why c? First try a plain average of the c_i with spikes on both sides of the seam: the check will
name the error. The result need not be wrapped: the check compares it modulo the circumference.
"""

import numpy as np


def decode(y, preferred, circumference):
    """Centre of mass of the spikes on the circle.

    Parameters
    ----------
    y : (n, n_neurons) spike counts, at least one per row
    preferred : (n_neurons,) preferred positions, in rad, in any order
    circumference : of the circle, in rad

    Returns
    -------
    z_hat (n,), in rad
    """
    raise NotImplementedError
