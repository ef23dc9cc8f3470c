"""Parameters before training: small random weights, and biases of 0 or from the data.

Biases of 0 suit data like those that such a harmonium has: half of the pixels on, or one spike per
time step. Other data saturate it. With counts of 20, a single update moves the input of a hidden
unit by more than the width of its sigmoid; all units are soon on or off for good, and what is
learnt is the mean of y. So `init` takes a sample of the data. Its means become those of the
harmonium:

    H7    b_x = -W_y E[y],      b_y = link(E[y]) - W_y' 1/2

link is that of the family, the inverse of its mean: log (Poisson), logit (Bernoulli), identity
(normal). The hidden units are at 1/2 for the mean of y, and then y has its mean: link(E[y | x]) =
W_y' x + b_y = link(E[y]) for x = 1/2. The mean is clipped first, because log and logit are infinite
for a neuron that is silent in the sample, or for a pixel that is always on. For counts, the
weights follow from the data as well:

    H7    W_y = w + a 1',      a = 4 RANGE kappa / n_x * (n_x even steps from -1 to 1)
          kappa^2 = log(1 + (var Y - E[Y]) / E[Y]^2),   Y the total count of a time step

w has random rows, of such a size that the input of each hidden unit has the standard deviation
SPREAD: a smaller one would be learnt slowly. Where counts are very large, weights of size LEAST
are better, and they give more. Where spikes are rare, the size is such that random hidden units
change the log rates by MOST; larger weights let rates explode.

Without a, a network cannot learn that the total count varies: a unit that raises the total rate of
all neurons by D_j makes itself exp(D_j) times as probable in p(x), unless b_x = -D_j. D_j is tens
of spikes, and a training moves b_x by one or two. So the units start with a range of D_j =
a_j E[Y], and b_x = -W_y E[y] fits. kappa is the standard deviation of the logarithm of the total
rate, if that is normal. All units together move it by RANGE * kappa up and down.

Bernoulli units (pixels) have means and variances of at most 1. There W_y keeps its size, b_x is 0,
and b_y = link(E[y]). The normal family has variance 1: data of another scale must be divided by it.

`at_data` does not check its arguments.
"""

from dataclasses import replace

import numpy as np

from datasets.support import boundary
from datasets.support.boundary import checked, count, generator
from refh_numpy import _boundary, families
from refh_numpy.harmonium import Params

SMALL = 0.01  # standard deviation of the weights
SPREAD = 0.3  # standard deviation of the input of a hidden unit
LEAST = 0.02  # least standard deviation of the weights w of counts
MOST = 1  # greatest standard deviation of log rates through w
RANGE = 2  # of the total rate that all units together reach, in its standard deviations
RARE = 0.002  # least mean of a Bernoulli unit; 1 - RARE is the largest
KINDS = dict(
    n_x=count(),
    n_y=count(),
    family=boundary.one_of(*families.FAMILIES),
    rng=generator,
    dtype=boundary.float_type,
)


@checked(**KINDS, y=_boundary.sample)
def init(*, n_x, n_y, family, rng, dtype=np.float32, y=None):
    """Params: small random weights; zero biases, or those of a sample of the data.

    The state u_{t-1} has as many units as x, because it is the x of the step before.

    Parameters
    ----------
    n_x, n_y : numbers of hidden and observed units
    family : of the observed units: "bernoulli", "mean-field bernoulli", "poisson" or "normal"
    rng : numpy.random.Generator
    dtype : numpy.float32 to train, numpy.float64 to check numerically
    y : (n_traj, T, n_y) a sample of the data to start from; None for zero biases
    """
    params = harmonium.unchecked(n_x=n_x, n_u=n_x, n_y=n_y, family=family, rng=rng, dtype=dtype)
    return params if y is None else at_data(params, y)


@checked(**KINDS, y=_boundary.sample)
def init_static(*, n_x, n_y, family, rng, dtype=np.float32, y=None):
    """The same as `init`, without a state (n_u = 0)."""
    params = harmonium.unchecked(n_x=n_x, n_u=0, n_y=n_y, family=family, rng=rng, dtype=dtype)
    return params if y is None else at_data(params, y)


@checked(n_u=count(0), **KINDS)
def harmonium(*, n_x, n_u, n_y, family, rng, dtype=np.float32):
    """The same with any number n_u of units of the state: the tiny models of exact.py."""

    def small(*shape):
        return (SMALL * rng.standard_normal(shape)).astype(dtype)

    return Params(
        W_u=small(n_x, n_u),
        W_y=small(n_x, n_y),
        b_x=np.zeros(n_x, dtype),
        b_u=np.zeros(n_u, dtype),
        b_y=np.zeros(n_y, dtype),
        family=families.get(family),
    )


def at_data(params, y):
    """params with biases, and for counts weights, for a sample y (n_traj, T, n_y) (H7)."""
    dtype, family = params.b_y.dtype, params.family
    mean = y.mean((0, 1))
    if family in (families.BERNOULLI, families.MEAN_FIELD_BERNOULLI):
        mean = np.clip(mean, RARE, 1 - RARE)
        return replace(params, b_y=np.log(mean / (1 - mean)).astype(dtype))
    if family == families.NORMAL:
        W_y, link = params.W_y, mean
    else:
        mean = np.maximum(mean, 0.5 / (y.shape[0] * y.shape[1]))  # half a spike in the sample
        W_y, link = counting_weights(params.W_y.astype(float), y, mean), np.log(mean)
    b_x, b_y = -W_y @ mean, link - 0.5 * W_y.sum(0)
    return replace(params, W_y=W_y.astype(dtype), b_x=b_x.astype(dtype), b_y=b_y.astype(dtype))


def counting_weights(W_y, y, mean):
    """W_y (n_x, n_y) of a size, and of changes of the total rate, that suit the counts y (H7)."""
    variance = np.maximum((y @ W_y.T).var((0, 1)), W_y**2 @ mean)  # of independent counts, at least
    w = W_y * np.maximum(SPREAD / np.sqrt(variance), LEAST / SMALL)[:, None]
    w /= max(1, 0.5 * np.sqrt((w**2).sum(0).max()) / MOST)  # 0.5: if each unit is on by half
    total = y.sum(-1, dtype=float)
    excess = max(total.var() - total.mean(), 0)  # the variance of the total *rate*
    kappa = np.sqrt(np.log1p(excess / mean.sum() ** 2))
    a = 4 * RANGE * kappa / len(W_y) * np.linspace(-1, 1, len(W_y))
    return w + a[:, None]
