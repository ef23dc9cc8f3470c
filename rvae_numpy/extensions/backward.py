"""Backward in time for longer: against the loss of speed and of balls in runs of means (G6).

E[u | x] varies less than u, so a long run of generation.generate_backward loses speed.
`calibrate_backward` enlarges the steps, `refined` draws the states towards those that some
observation has led to.
"""

from dataclasses import replace

import numpy as np

from datasets.support.boundary import count, number
from rvae_numpy._boundary import checked, joint, transitions
from rvae_numpy.autoencoder import emission, mu_u, recognise
from rvae_numpy.mlp import Layer


@checked(n_refine=count(0))
def refined(n_refine=1):
    """A `refine` of generate_backward: n_refine times x <- nu(mu_u(x), mu_y(x)), which recognises
    x_t again from the u_{t-1} and y_t that it gives."""

    def refine(params, x):
        for _ in range(n_refine):
            x = recognise(params, mu_u(params, x), emission(params, x))[0]
        return x

    return refine


@checked(params=joint, u=transitions, gain=number(0, 10, above_low=True))
def calibrate_backward(params, u, gain=1.2):
    """Params for generate_backward alone, whose mu_u makes steps as large as those of the states.

    E[u_{t-1} | x_t] regresses towards the mean, and mu_u was learnt on samples of x, not on the
    means that a backward run visits. We refit it on recognised states, and enlarge its steps:

        mu_u(x) <- x + gain (A mu_u(x) + b - x),   A, b: least squares of u_{t-1} on mu_u(u_t)

    Parameters
    ----------
    params : Params of a model that learns u
    u : (n_traj, T, n_x) states from infer of training sequences, T at least 2
    gain : factor of the steps

    Returns
    -------
    Params, in which only mu_u differs (decode_u and the last layer of mu_u_residual)
    """
    n_x = params.n_x
    mean = mu_u(params, u[:, 1:].reshape(-1, n_x)).astype(float)
    ones = np.ones((len(mean), 1))
    before = u[:, :-1].reshape(-1, n_x).astype(float)
    fit = np.linalg.lstsq(np.concatenate([mean, ones], axis=1), before, rcond=None)[0]
    A, b = gain * fit[:-1].T, gain * fit[-1]

    def fitted(layer, W=0, b=0):
        return Layer((A @ layer.W + W).astype(u.dtype), (A @ layer.b + b).astype(u.dtype))

    residual = [*params.mu_u_residual[:-1], *map(fitted, params.mu_u_residual[-1:])]
    return replace(
        params,
        decode_u=fitted(params.decode_u, (1 - gain) * np.eye(n_x), b),
        mu_u_residual=residual,
    )
