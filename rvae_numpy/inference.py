"""What a trained autoencoder says: its states, and its means of the present and next observation.

The model files (vae, tvae, rvae, rvae_bptt) export these functions under the same names.

    V9   x_1 <- nu(u_0, y_1),   u_0 <- mu_u(x_1)        the initial state, by iteration
    G1   x <- x + S (J'(u - mu_u(x)) / sigma_u^2 - x),   S = (I + J'J / sigma_u^2)^-1
         the MAP estimate of x_t given u_{t-1}; J = dmu_u / dx at x

V10 stands in tvae.py, the rest in autoencoder.py. Overflow raises FloatingPointError, which blames
the weights. Functions without @checked do not check their arguments.
"""

import numpy as np

from datasets.support.boundary import count, generator
from rvae_numpy import gaussian, mlp
from rvae_numpy._boundary import autoencoder, checked, observations, states
from rvae_numpy.autoencoder import emission, forward, mu_u, prior, recognise

N_MAP_STEPS = 12  # of G1, where mu_u is nonlinear
N_U0_ITERATIONS = 25  # of V9: as many as the authors' clamped Gibbs sampling has sweeps


@checked(params=autoencoder, y_1=observations("n_traj"))
def infer_u0(params, y_1):
    """The initial state u_0, (n_traj, n_u), before the first observation y_1, (n_traj, n_y) (V9).

    A model of the joint says what u_0 was: V9 alternates between the two conditional modes,
    N_U0_ITERATIONS times from u_0 = 0. mu_u is the mode of P7; nu stands in for the mode of x
    given both. It is the poster's clamped Gibbs sampling by means and with the roles exchanged:
    y is clamped, and the state is filled in. A conditional model says nothing about u_0: it is 0.
    """
    u = np.zeros((len(y_1), params.n_u), y_1.dtype)
    if params.config.learn_u:
        for _ in range(N_U0_ITERATIONS):
            u = mu_u(params, recognise(params, u, y_1)[0])  # V9
    return u


@checked(params=autoencoder, y=observations("n_traj", "T"), u0=states("n_traj", of="y"))
def infer(params, y, u0=None):
    """The states u_t given y_1 .. y_t, for every t: recognised means, no sampling (P10).

    Parameters
    ----------
    params : Params
    y : (n_traj, T, n_y) observations of the model's family
    u0 : (n_traj, n_x) the state before y_1; None for infer_u0, where training begins too

    Returns
    -------
    (n_traj, T, n_x) states
    """
    u = infer_u0.unchecked(params, y[:, 0]) if u0 is None else u0[:, : params.n_u]
    return forward(params, u, y)


@checked(params=autoencoder, u=states("n_traj", "T"))
def emission_mean(params, u):
    """E[y_t | x_t = u_t]: what the state says about the *present* observation (P9),
    (n_traj, T, n_y) expected spikes per time step, or means.

    u : (n_traj, T, n_x) states from infer
    """
    return emission(params, u.reshape(-1, params.n_x)).reshape(*u.shape[:2], params.n_y)


@checked(params=autoencoder, u=states("n_traj", "T"), rng=generator, n_samples=count())
def predict_next(params, u, rng, n_samples=25):
    """E[y_{t+1} | y_1 .. y_t] for every t: the emission's mean over samples of x_{t+1} given u_t.

    Parameters
    ----------
    params : Params
    u : (n_traj, T, n_x) states from infer
    rng : numpy.random.Generator
    n_samples : samples of x over which the mean is taken

    Returns
    -------
    (n_traj, T, n_y); index t holds the prediction of the observation at t + 1
    """
    sample = sampler_x_given_u(params, u.reshape(-1, params.n_x)[:, : params.n_u])
    y = sum(emission(params, sample(rng)) for _ in range(n_samples)) / n_samples
    return y.reshape(*u.shape[:2], params.n_y)


# x_t given u_{t-1}, before y_t is observed


def sampler_x_given_u(params, u):
    """A function rng -> one sample of x_t given u_{t-1}, (n, n_x).

    If the model learns u: from N(x, S) of mode_x_given_u. If its prior is a function of u: from
    that (V10). Otherwise from N(0, I) (P8).

    u : (n, n_u) previous states
    """
    if params.config.learn_u:
        return gaussian.sampler(*mode_x_given_u(params, u))
    m, log_k = prior(params, u)
    return lambda rng: gaussian.reparameterise(
        m, log_k, rng.standard_normal(m.shape, dtype=u.dtype)
    )


def mode_x_given_u(params, u):
    """MAP estimate x, (n, n_x), of x_t given u_{t-1}, (n, n_u), in a model that learns u, and the
    covariance S around it, (n, n_x, n_x).

    G1 is a Gauss-Newton step on log p(x) + log p(u | x), from P8 and P7. Where mu_u is linear,
    p(x | u) is the normal N(x, S), and one step from anywhere finds it. Where mu_u is nonlinear,
    Levenberg-Marquardt damping (more weight on the I) makes each of N_MAP_STEPS steps an ascent,
    and N(x, S) is the Laplace approximation.
    """
    residual = params.mu_u_residual
    precision = 1 / params.sigma_u**2  # of each dimension of u
    eye = np.eye(params.n_x, dtype=u.dtype)

    def energy(x):
        return np.sum(precision * (u - mu_u(params, x)) ** 2, -1) + np.sum(x**2, -1)

    # x_t is near u_{t-1}, because the state changes little in one step
    x = u.copy() if residual else np.zeros((len(u), params.n_x), u.dtype)
    damping, now = np.full(len(u), 1e-3 if residual else 0, u.dtype), energy(x)
    for _ in range(N_MAP_STEPS if residual else 1):
        J = mlp.jacobian_residual(params.decode_u, residual, x, params.activation)
        weighted = J.swapaxes(1, 2) * precision
        curvature = eye + weighted @ J
        ascent = np.einsum("nji,ni->nj", weighted, u - mu_u(params, x)) - x
        step = np.linalg.solve(curvature * (1 + damping[:, None, None] * eye), ascent[..., None])[
            ..., 0
        ]  # G1
        then = energy(x + step)
        better = then < now
        x = np.where(better[:, None], x + step, x)
        now = np.minimum(now, then)
        damping = np.where(better, damping / 4, damping * 8 + 1e-6).astype(u.dtype)
    # an energy that overflowed was never compared: no answer is better than that one
    x = np.where(np.isfinite(now)[:, None], x, u.dtype.type(np.nan))
    J = mlp.jacobian_residual(params.decode_u, residual, x, params.activation)
    return x, np.linalg.inv(eye + (J.swapaxes(1, 2) * precision) @ J)
