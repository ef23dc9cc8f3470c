"""Generation: free runs of the model, forward and backward in time.

The poster shows videos that the rVAE generates, but not how. A model of p(u_{t-1}, x_t, y_t) can
be asked for p(y_t | u_{t-1}): sample x_t given u_{t-1} (G1, in inference.py) and emit mu_y(x_t).
Then the state is updated as if y_t had been observed: u_t = nu(u_{t-1}, y_t). Other `sampler`s of
y_t given u_{t-1} (G2 to G4) stand in extensions/samplers.py, G5 (coarse to fine) stands in
examples/digits/coarse_to_fine.py. Backward in time the model needs no inference:

    G6   y_t = mu_y(x_t),   x_{t-1} <- u_{t-1} = mu_u(x_t), or a sample N(mu_u(x_t), sigma_u^2)

Functions without @checked do not check their arguments.
"""

import numpy as np

from datasets.support.boundary import count, flag, generator, number
from rvae_numpy import _boundary
from rvae_numpy._boundary import autoencoder, checked, joint, states
from rvae_numpy.autoencoder import emission, forward, mu_u
from rvae_numpy.inference import sampler_x_given_u

MAX_RATE = 1e9  # spikes per time step: far above any data, far below what overflows


@checked(
    params=autoencoder,
    u0=states("n_traj"),
    T=count(),
    rng=generator,
    sampler=_boundary.returning("n_y"),
    sample_y=flag,
)
def generate(params, u0, T, rng, *, sampler=None, sample_y=None):
    """Free run of T steps from the states u0, without observations.

    Parameters
    ----------
    params : Params
    u0 : (n_traj, n_x) states, the last of infer for instance
    T : time steps to generate
    rng : numpy.random.Generator
    sampler : function (params, u, rng) -> means of y (n_traj, n_y) from u (n_traj, n_u), one of
        extensions.samplers for instance; None for `sample`
    sample_y : True to sample y_t from p(y | x), False for its mean; None samples counts only.
        With sigmoid_mean, samples are clipped to [0, 1]

    Returns
    -------
    (n_traj, T, n_y)
    """
    u, sampler = u0[:, : params.n_u], sample if sampler is None else sampler
    sample_y = params.config.family == "poisson" if sample_y is None else sample_y
    y = np.empty((len(u), T, params.n_y), u.dtype)
    for t in range(T):
        mean = sampler(params, u, rng)
        y[:, t] = sample_emission(params.config, mean, rng) if sample_y else mean
        u = forward(params, u, y[:, t : t + 1])[:, 0, : params.n_u]
    return y


def sample(params, u, rng):
    """mu_y(x_t), (n, n_y), for a sample of x_t given u_{t-1}, (n, n_u)."""
    return emission(params, sampler_x_given_u(params, u)(rng))


def sample_emission(config, mean, rng):
    """A sample of p(y | x), (n, n_y), from its mean (P9)."""
    if config.family == "poisson":
        possible = mean <= MAX_RATE
        return np.where(possible, rng.poisson(np.where(possible, mean, 0)), np.inf)
    y = mean + config.sigma_y * rng.standard_normal(mean.shape, dtype=mean.dtype)
    return np.clip(y, 0, 1) if config.sigmoid_mean else y


@checked(
    params=joint,
    x_T=states("n_traj"),
    T=count(),
    rng=generator,
    sample_u=number(0, 1),
    refine=_boundary.returning("n_x"),
)
def generate_backward(params, x_T, T, rng, *, sample_u=0.0, refine=None):
    """Free run of T steps backward in time from the states x_T (G6).

    The generative model is p(x_t) p(u_{t-1} | x_t) p(y_t | x_t), and u_{t-1} is the x of t - 1.
    So the model runs backward by ancestral sampling, without inference. u_{t-1} is a mean, and
    with probability `sample_u` a sample; y_t is always a mean. E[u | x] varies less than u, so a
    long run of means loses speed; extensions/backward.py counteracts it.

    Parameters
    ----------
    params : Params of a model that learns u
    x_T : (n_traj, n_x) states, the last of infer for instance
    T : time steps to generate
    rng : numpy.random.Generator
    sample_u : probability, per trajectory and time step, of sampling u
    refine : function (params, x) -> x, (n_traj, n_x), applied before u_{t-1} and y_t are decoded;
        None leaves x as it is

    Returns
    -------
    (n_traj, T, n_y): index 0 holds y_T, index 1 y_{T-1}, and so on
    """
    x, y = x_T, np.empty((len(x_T), T, params.n_y), x_T.dtype)
    for t in range(T):
        x = x if refine is None else refine(params, x)
        y[:, t] = emission(params, x)
        x = mu_u(params, x)  # G6
        if sample_u:
            noise = params.sigma_u * rng.standard_normal(x.shape, x.dtype)
            x = np.where(rng.random((len(x), 1)) < sample_u, x + noise, x)
    return y
