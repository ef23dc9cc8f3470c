"""Exponential families: the kinds of observed unit that a harmonium can have.

An exponential family in canonical form has one natural parameter eta per unit:

    H1   p(y | eta) = h(y) exp(eta y - A(eta)),          E[y | eta] = dA/deta

P5 names two of them, Bernoulli (pixels) and Poisson (spike counts). The normal family with unit
variance takes one more line. "mean" below is the inverse link dA/deta: sigma(eta), exp(eta), eta.

The functions of this module do not check their arguments, except `get`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import gammaln

from datasets.support import boundary, checks
from datasets.support.boundary import checked
from refh_numpy import _kernels

MAX_RATE = 1e9  # spikes per time step: NumPy samples no larger counts


@dataclass(frozen=True)
class Family:
    """One exponential family; its functions work element by element."""

    name: str
    mean: Callable  # eta -> E[y | eta], the inverse link
    sample: Callable  # (mean, rng) -> a sample of y, in the dtype of mean
    log_base: Callable  # y -> log h(y)
    log_partition: Callable  # eta -> A(eta)
    check: Callable  # (name, y) -> y, or a ValueError if y is no value of this family

    def log_density(self, y, eta):
        """log p(y | eta), unit by unit (H1)."""
        return eta * y - self.log_partition(eta) + self.log_base(y)

    def __reduce_ex__(self, protocol):
        """Copies and pickles of our families are the family of that name itself."""
        known = self.name in FAMILIES
        return (get, (self.name,)) if known else super().__reduce_ex__(protocol)


def sigmoid(eta):
    """1 / (1 + exp(-eta)).

    Written with tanh it never overflows, and NumPy's tanh is fast in float32.
    """
    p = np.tanh(0.5 * eta)
    p += 1
    p *= 0.5
    return p


def softplus(eta):
    """log(1 + exp(eta)), also where exp(eta) would overflow."""
    return np.logaddexp(0, eta)


def sample_bernoulli(mean, rng):
    """Zeros and ones with these means, in their dtype."""
    return (rng.random(mean.shape, dtype=mean.dtype) < mean).astype(mean.dtype)


def sample_logistic(eta, bias, rng):
    """Zeros and ones with means sigmoid(eta + bias), in the dtype of eta.

    eta, bias : (..., n), (n,); in float32 by a Numba counterpart, which needs half the time
    """
    uniform = rng.random(eta.shape, dtype=eta.dtype)
    if eta.dtype == np.float32:
        rows = eta.size // max(len(bias), 1), len(bias)
        return _kernels.sample_logistic(eta.reshape(rows), bias, uniform.reshape(rows)).reshape(
            eta.shape
        )
    return (uniform < sigmoid(eta + bias)).astype(eta.dtype)


def _sample_poisson(mean, rng):
    if not (mean <= MAX_RATE).all():  # also true of NaN
        raise FloatingPointError(
            f"params: expected weights with Poisson rates of at most {MAX_RATE:g} spikes per time "
            f"step, got {mean.max():g}: they have diverged"
        )
    return rng.poisson(mean).astype(mean.dtype)


def _sample_normal(mean, rng):
    return mean + rng.standard_normal(mean.shape, dtype=mean.dtype)


def _exp(eta):
    with np.errstate(over="ignore"):  # the error of _sample_poisson says more
        return np.exp(eta)


def _check_counts(name, y):
    return checks.in_range(name, checks.counts(name, y), 0, MAX_RATE)


BERNOULLI = Family(
    "bernoulli",
    mean=sigmoid,
    sample=sample_bernoulli,
    log_base=np.zeros_like,
    log_partition=softplus,
    check=lambda name, y: checks.in_range(name, y, 0, 1),
)

# Brightness in [0, 1], between the two values of a Bernoulli unit. In the chain the unit is not
# sampled: its mean takes the place of the sample (mean field). That is less noisy, and resembles
# grey pixels more than zeros and ones do (Hinton 2010). x is still sampled, so the chain moves.
MEAN_FIELD_BERNOULLI = replace(
    BERNOULLI, name="mean-field bernoulli", sample=lambda mean, rng: mean
)

POISSON = Family(
    "poisson",
    mean=_exp,
    sample=_sample_poisson,
    log_base=lambda y: -gammaln(y + 1),
    log_partition=_exp,
    check=_check_counts,
)

NORMAL = Family(
    "normal",
    mean=lambda eta: eta,
    sample=_sample_normal,
    log_base=lambda y: -0.5 * y**2 - 0.5 * np.log(2 * np.pi),
    log_partition=lambda eta: 0.5 * eta**2,
    check=lambda name, y: y,
)

FAMILIES = {family.name: family for family in (BERNOULLI, MEAN_FIELD_BERNOULLI, POISSON, NORMAL)}


@checked(family=boundary.one_of(*FAMILIES))
def get(family):
    """The family of that name: "bernoulli", "mean-field bernoulli", "poisson" or "normal"."""
    return FAMILIES[family]
