"""Harmoniums small enough to enumerate, in float64, with weights large enough that every term matters."""
import numpy as np

from refh_numpy import harmonium

Y_MAX = {"bernoulli": None, "poisson": 14}       # rates stay near 1: what lies above 14 has a probability below 1e-11


def harmonium_of(family, rng, n_x=3, n_u=2, n_y=2):
    params = harmonium.init(n_x, n_y, family, rng, dtype=np.float64, n_u=n_u)
    scale = 0.3 if family == "poisson" else 0.9
    params = params.map(lambda leaf: scale * rng.standard_normal(leaf.shape))
    if family == "poisson":
        params.b_y -= 0.5
    return params


def frames(params, n, rng, *, binary_u=True):
    """n frames of data: u (n, n_u), y (n, n_y)"""
    u = rng.random((n, len(params.b_u)))
    y = rng.integers(0, 2 if params.family.name == "bernoulli" else 4, (n, len(params.b_y))).astype(float)
    return (np.rint(u) if binary_u else u), y


def central_differences(function, params, h=1e-5):
    """The slope of function(params), a number, along every entry of every leaf; as Params"""
    def slope(name, index):
        values = []
        for sign in (1, -1):
            changed = params.map(np.copy)
            getattr(changed, name)[index] += sign * h
            values.append(function(changed))
        return (values[0] - values[1]) / (2 * h)

    slopes = params.map(np.zeros_like)
    for name, leaf in slopes.leaves().items():
        for index in np.ndindex(leaf.shape):
            leaf[index] = slope(name, index)
    return slopes
