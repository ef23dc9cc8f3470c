"""Exponential families: what an observed unit may be.

A harmonium's units are any exponential family in canonical form, with one natural parameter eta for each unit:

    D15   p(y | eta) = h(y) exp(eta y - A(eta)),          E[y | eta] = dA/deta

The poster's P5 has two of them, Bernoulli (pixels) and Poisson (spike counts); the normal family with unit variance
is here because it takes one more line. "mean" below is the inverse link dA/deta: sigma(eta), exp(eta), eta.
"""
from dataclasses import dataclass
from typing import Callable

import numpy as np
from scipy.special import gammaln

from datasets import checks

LARGEST_RATE = 1e9      # spikes per time step: beyond it numpy draws no counts, and no neuron fires


@dataclass(frozen=True)
class Family:
    name: str
    mean: Callable              # eta -> E[y | eta], the inverse link
    sample: Callable            # (mean, rng) -> a draw of y, in the dtype of mean
    log_base: Callable          # y -> log h(y)
    log_partition: Callable     # eta -> A(eta)
    check: Callable             # (name, y) -> y, or a ValueError when y is no value of this family

    def log_density(self, y, eta):
        """log p(y | eta), unit by unit                                                                      [D15]"""
        return eta * y - self.log_partition(eta) + self.log_base(y)


def sigmoid(eta):
    """1 / (1 + exp(-eta)). Written with tanh it never overflows, and NumPy's tanh is fast in float32."""
    return 0.5 * (1 + np.tanh(0.5 * eta))


def softplus(eta):
    """log(1 + exp(eta)), also where exp(eta) would overflow."""
    return np.logaddexp(0, eta)


def sample_bernoulli(mean, rng):
    return (rng.random(mean.shape, dtype=mean.dtype) < mean).astype(mean.dtype)


def sample_poisson(mean, rng):
    if not (mean <= LARGEST_RATE).all():        # also true of NaN
        raise FloatingPointError(f"a Poisson rate reached {mean.max():g} spikes per time step: the weights have diverged")
    return rng.poisson(mean).astype(mean.dtype)


def sample_normal(mean, rng):
    return mean + rng.standard_normal(mean.shape, dtype=mean.dtype)


def rate(eta):
    with np.errstate(over="ignore"):            # sample_poisson has the better error
        return np.exp(eta)


BERNOULLI = Family("bernoulli", mean=sigmoid, sample=sample_bernoulli, log_base=np.zeros_like,
                   log_partition=softplus, check=lambda name, y: checks.in_range(name, y, 0, 1))

# Brightness in [0, 1], between the two values of a Bernoulli unit: in the chain it is not drawn but stands for its own mean, which is less
# noisy, and resembles grey pixels more than zeros and ones do (Hinton 2010). x is still drawn, so the chain moves.
PIXELS = Family("pixels", mean=sigmoid, sample=lambda mean, rng: mean, log_base=np.zeros_like,
                log_partition=softplus, check=lambda name, y: checks.in_range(name, y, 0, 1))

POISSON = Family("poisson", mean=rate, sample=sample_poisson, log_base=lambda y: -gammaln(y + 1),
                 log_partition=rate, check=checks.counts)

NORMAL = Family("normal", mean=lambda eta: eta, sample=sample_normal,
                log_base=lambda y: -0.5 * y**2 - 0.5 * np.log(2 * np.pi),
                log_partition=lambda eta: 0.5 * eta**2, check=lambda name, y: y)

FAMILIES = {family.name: family for family in (BERNOULLI, PIXELS, POISSON, NORMAL)}


def get(name):
    """The family of that name: bernoulli, pixels, poisson or normal."""
    if name not in FAMILIES:
        raise ValueError(f"family: wanted one of {', '.join(FAMILIES)}, got {name!r}")
    return FAMILIES[name]
