"""Harmoniums small enough to enumerate, in float64, with weights large enough to matter.

And a small rEFH and rVAE in float32, with the spikes that they learn from.
"""

import numpy as np
from scipy.special import logsumexp

from datasets import ppc
from refh_numpy import efh, exact, harmonium, hybrid, initial, refh, refh_bptt, rtrbm, trbm
from rvae_numpy import rvae, rvae_bptt, tvae, vae
from tests.differences import derivatives

HARMONIUMS = [efh, trbm, rtrbm, refh, refh_bptt, hybrid]
AUTOENCODERS = [vae, tvae, rvae, rvae_bptt]

Y_MAX = {"bernoulli": None, "poisson": 14}  # rates are near 1: counts above 14 have p < 1e-11


def harmonium_of(family, rng, n_x=3, n_u=2, n_y=2):
    params = initial.harmonium(n_x=n_x, n_u=n_u, n_y=n_y, family=family, rng=rng, dtype=np.float64)
    scale = 0.3 if family == "poisson" else 0.9
    params = params.map(lambda leaf: scale * rng.standard_normal(leaf.shape))
    if family == "poisson":
        params.b_y -= 0.5
    return params


def autoencoder_of(model=rvae, **more):
    """An rVAE, or another autoencoder, of a few units"""
    sizes = dict(n_x=2, n_y=3, hidden=5, family="normal", rng=np.random.default_rng(0))
    return model.init(**(sizes | more))


def params_of(model, family="poisson", n_x=5, n_y=3, rng=None, **more):
    """Of a few units, for any model"""
    more |= {"hidden": 5} if model in AUTOENCODERS else {}
    rng = np.random.default_rng(0) if rng is None else rng
    return model.init(n_x=n_x, n_y=n_y, family=family, rng=rng, **more)


def stream(rng, n_traj=4, T=30):
    """Endless batches of spikes"""
    while True:
        yield ppc.sample(n_traj, T, rng, random_phase=True).y


def half_masked(y, rng):
    """A corrupt: half of the time steps become 0"""
    return y * (rng.random((*y.shape[:2], 1)) < 0.5)


def small(rng, dtype=np.float32):
    """An rEFH before training"""
    return refh.init(n_x=5, n_y=15, family="poisson", rng=rng, dtype=dtype)


def data(params, n, rng, *, binary_u=True):
    """n examples: u (n, n_u), y (n, n_y)"""
    u = rng.random((n, len(params.b_u)))
    largest = 1 if params.family.name == "bernoulli" else 3
    y = rng.integers(0, largest + 1, (n, len(params.b_y))).astype(float)
    return (np.rint(u) if binary_u else u), y


def given(params, u):
    """All observations y, and their exact probabilities given u (n_u,)"""
    y = np.unique(exact.enumerate_states(params, y_max=Y_MAX[params.family.name]).y, axis=0)
    log_p = -harmonium.free_energy(params, np.tile(u, (len(y), 1)), y)
    return y, np.exp(log_p - logsumexp(log_p))


def assert_gradient(gradient, function, params):
    """Every leaf is the derivative of function(params), a number, by central differences"""
    moved = params.map(np.copy)
    for name, leaf in moved.leaves().items():
        expected = derivatives(lambda: function(moved), leaf, 1e-5)
        found = getattr(gradient, name)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9, err_msg=name)


def assert_equal(a, b):
    """All arrays of two Params, bit for bit"""
    for name, leaf in a.leaves().items():
        np.testing.assert_array_equal(leaf, b.leaves()[name], err_msg=name)
