"""Parameters before training.

Small random weights and zero biases are a start for data near those that such a harmonium has:
half of the pixels on, or one spike per time step.
"""

import numpy as np

from datasets.support import boundary, checks
from datasets.support.boundary import checked, count, generator
from refh_numpy import families
from refh_numpy.harmonium import Params


def _float_type(name, value, _):
    if not isinstance(value, (type, np.dtype)) or value not in (np.float32, np.float64):
        raise ValueError(
            f"{name}: expected numpy.float32 or numpy.float64, got {checks.shown(value)}"
        )
    return value


KINDS = dict(
    n_x=count(),
    n_y=count(),
    family=boundary.one_of(*families.FAMILIES),
    rng=generator,
    dtype=_float_type,
)


@checked(**KINDS)
def init(*, n_x, n_y, family, rng, dtype=np.float32):
    """Small random weights, zero biases.

    The state u_{t-1} has as many units as x, because it is the x of the step before.

    Parameters
    ----------
    n_x, n_y : numbers of hidden and observed units
    family : of the observed units: "bernoulli", "mean-field bernoulli", "poisson" or "normal"
    rng : numpy.random.Generator
    dtype : numpy.float32 to train, numpy.float64 to check numerically

    Returns
    -------
    Params
    """
    return harmonium.unchecked(n_x=n_x, n_u=n_x, n_y=n_y, family=family, rng=rng, dtype=dtype)


@checked(**KINDS)
def init_static(*, n_x, n_y, family, rng, dtype=np.float32):
    """The same without a state (n_u = 0)."""
    return harmonium.unchecked(n_x=n_x, n_u=0, n_y=n_y, family=family, rng=rng, dtype=dtype)


@checked(n_u=count(0), **KINDS)
def harmonium(*, n_x, n_u, n_y, family, rng, dtype=np.float32):
    """The same with any number n_u of units of the state: the tiny models of exact.py."""

    def small(*shape):
        return (0.01 * rng.standard_normal(shape)).astype(dtype)

    return Params(
        W_u=small(n_x, n_u),
        W_y=small(n_x, n_y),
        b_x=np.zeros(n_x, dtype),
        b_u=np.zeros(n_u, dtype),
        b_y=np.zeros(n_y, dtype),
        family=families.get(family),
    )
