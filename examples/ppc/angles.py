"""The angle between two expected gradients, from noisy gradients of independent batches.

A gradient of one batch is g = E[g] + noise. The noise of two gradients of the same batch is shared,
and the squared norm of a noisy gradient is too large: both bias the angle. Products of gradients of
*different* batches have no such bias, because their noises are independent:

    <E g, E h> = E[g_b'h_c],  |E g|^2 = E[g_b'g_c],  for any two batches b != c

The angle is arccos(<g, h> / (|g| |h|)) of the averages over all pairs of different batches.
"""

import numpy as np


def angle(first, second):
    """Angle between the expectations of two gradients, and its standard error (jackknife).

    Parameters
    ----------
    first, second : (n_batches, n) gradients of two rules on the same independent batches,
        at least 3 of them

    Returns
    -------
    degrees, between 0 and 180, and their standard error; None, None if the noise is so large that
    the estimate of a squared norm is not positive
    """
    n_batches = len(first)
    gradients = np.concatenate([first, second]).astype(float)
    products = gradients @ gradients.T
    everything = np.arange(n_batches)
    value = cosine(products, everything)
    left_out = [cosine(products, np.delete(everything, b)) for b in everything]
    if value is None or None in left_out:
        return None, None
    error = np.sqrt((n_batches - 1) * np.var(left_out))
    # half the interval of angles of one standard error to either side: finite at 0 and 180 degrees
    return degrees(value), (degrees(value - error) - degrees(value + error)) / 2


def cosine(products, batches):
    """Cosine of the angle, from some of the batches; None if a squared norm is not positive.

    Parameters
    ----------
    products : (2 n_batches, 2 n_batches) inner products of all gradients, first and second
    batches : (n,) indices
    """
    first, second = batches, len(products) // 2 + batches

    def of_different_batches(rows, columns):
        block = products[np.ix_(rows, columns)]
        return (block.sum() - np.trace(block)) / (len(batches) * (len(batches) - 1))

    squared = of_different_batches(first, first), of_different_batches(second, second)
    if min(squared) <= 0:
        return None
    return of_different_batches(first, second) / np.sqrt(squared[0] * squared[1])


def degrees(value):
    """The angle with this cosine; an estimate outside [-1, 1] counts as its end."""
    return float(np.degrees(np.arccos(np.clip(value, -1, 1))))
