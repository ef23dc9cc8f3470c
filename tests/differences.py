"""Central differences: what hand-made derivatives are tested against."""

import numpy as np


def derivatives(function, value, h=1e-6):
    """The derivative of function(), a number, along each entry of an array it depends on"""
    result = np.empty_like(value)
    for index in np.ndindex(value.shape):
        kept = value[index]
        ends = []
        for sign in (1, -1):
            value[index] = kept + sign * h
            ends.append(function())
        value[index] = kept
        result[index] = (ends[0] - ends[1]) / (2 * h)
    return result


def assert_derivatives(function, by_hand, values):
    """Each array of by_hand must be the derivative of function() along its array of values"""
    for mine, value in zip(by_hand, values, strict=True):
        np.testing.assert_allclose(mine, derivatives(function, value), rtol=1e-6, atol=1e-8)
