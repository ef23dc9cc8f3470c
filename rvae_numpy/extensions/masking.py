"""Observation masking: an rVAE that learns to generate without observations. Not on the poster.

To generate open-loop, a model needs to have met missing observations in training. In a masked
frame the recognition model receives 0 instead of y_t; the reconstruction target is still y_t. The
first N_ALWAYS_OBSERVED frames of a video are never masked, because velocity takes a few frames to
infer. Afterwards, masks form a two-state Markov chain with mean gap length MEAN_GAP and stationary
masked fraction b, the `mask_rate` (in 50 frames, b = 1/3 masks a quarter of them):

    X1   p(masked | observed before) = b / ((1 - b) MEAN_GAP),
         p(observed | masked before) = 1 / MEAN_GAP

The loss remains a valid bound, because q may be any distribution. Its minimiser in a masked frame
is a forecast from u_{t-1} alone, so the trained model can run on without observations:

    X2   x_t = nu(u_{t-1}, 0),   y_t = mu_y(x_t),   u_t = x_t

0 must be a value that y never takes as a whole, as for frames that show something. The poster's
point is to do without learning the transition, so results with masking do not test its claim.

Functions without @checked do not check their arguments.
"""

import numpy as np

from datasets.support.boundary import count, generator, number
from rvae_numpy._boundary import checked, joint, states
from rvae_numpy.autoencoder import emission, recognise

MEAN_GAP = 10  # frames
N_ALWAYS_OBSERVED = 5  # first frames of a video: position and motion must be inferred first
MAX_MASK_RATE = 0.9  # X1 needs at most MEAN_GAP / (MEAN_GAP + 1)


@checked(n_traj=count(), T=count(), mask_rate=number(0, MAX_MASK_RATE), rng=generator)
def sample_mask(n_traj, T, mask_rate, rng):
    """Which frames of n_traj videos of T frames are observed, (n_traj, T) of bool (X1).

    mask_rate : stationary fraction of masked frames, at most MAX_MASK_RATE
    """
    observed = np.ones((n_traj, T), bool)
    if mask_rate == 0:
        return observed
    uniform = rng.random((n_traj, T))
    to_masked = mask_rate / ((1 - mask_rate) * MEAN_GAP)
    for t in range(N_ALWAYS_OBSERVED, T):
        observed[:, t] = np.where(
            observed[:, t - 1], uniform[:, t] >= to_masked, uniform[:, t] < 1 / MEAN_GAP
        )
    return observed


@checked(mask_rate=number(0, MAX_MASK_RATE))
def observation_mask(mask_rate):
    """A function (y, rng) -> y with masked frames set to 0: the `corrupt` of training."""
    return lambda y, rng: y * sample_mask(*y.shape[:2], mask_rate, rng)[..., None]


@checked(sd=number(0))
def input_noise(sd):
    """A function (y, rng) -> y with normal noise: the `corrupt` of training.

    A noisy frame does not show clearly which digit it holds, the state before does: so the state
    learns to remember it.

    sd : standard deviation of the noise, in units of y
    """
    return lambda y, rng: y + sd * rng.standard_normal(y.shape, dtype=y.dtype)


def encode_missing(params, u):
    """nu(u, 0), (n, n_x) from (n, n_x): the state after a masked frame (X2)."""
    return recognise(params, u, np.zeros((len(u), params.n_y), u.dtype))[0]


@checked(params=joint, u=states("n"))
def forecast_open_loop(params, u):
    """Means of y_t, (n, n_y), as an rVAE trained with observation_mask expects it from u_{t-1},
    (n, n_x): deterministic (X2)."""
    return emission(params, encode_missing(params, u))


@checked(params=joint, u0=states("n_traj"), T=count(), rng=generator)
def generate_open_loop(params, u0, T, rng=None):
    """Free run of T steps from the states u0, in which nothing is observed (X2).

    Parameters
    ----------
    params : Params of an rVAE trained with observation_mask
    u0 : (n_traj, n_x) states, the last of infer for instance
    T : time steps to generate
    rng : not used, because the run is deterministic; generation.generate has it too

    Returns
    -------
    (n_traj, T, n_y) means
    """
    u, y = u0, np.empty((len(u0), T, params.n_y), u0.dtype)
    for t in range(T):
        u = encode_missing(params, u)
        y[:, t] = emission(params, u)  # X2
    return y
