"""Exercise 14: measure the order of a filter.

Minutes: 25. Lines: 5. Before: chapter 2; chapter 1, D1.

Switch the spikes off, and let a model run on by itself. A filter of first order knows a position
only: it stays where it is. One of second order knows the velocity too: it moves on. The measure is
the slope of the model's displacements on the true ones, k steps after the switch,

    slope_k = sum_n m_nk t_nk / sum_n t_nk^2

    t_nk    true displacement of trajectory n after k steps: true[n, k] - true[n, 0]
    m_nk    the model's, from its own last estimate: the mean over its runs of the wrapped
            difference runs[r, n, k - 1] - last[n]

A model that generates spikes at random may generate none. Its position is then NaN, and the mean is
over the other runs.
"""

import numpy as np


def coasting(runs, last, true, circumference):
    """The slope of displacements, for every number of steps.

    Parameters
    ----------
    runs : (n_runs, n, K) positions that the model generates, in rad, on the circle, or NaN
    last : (n,) its estimates when the spikes are switched off
    true : (n, K + 1) true positions, the first at the time of `last`; they leave the circle
    circumference : of the circle, in rad

    Returns
    -------
    (K,) slopes
    """
    raise NotImplementedError
