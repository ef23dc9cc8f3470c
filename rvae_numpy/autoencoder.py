"""The autoencoder of p(u_{t-1}, x_t, y_t): two models, their loss, and its gradient by hand.

The poster's boxes "rVAE" and "Architecture/Training" (Abdulsalam and Makin). The harmonium
(refh_numpy) has one energy; the autoencoder has a generative model, which samples x_t and from it
*both* the observation and the previous state, and a recognition model, which infers x_t from them.
Time enters only through the data: the recognised mean at t is the u of t + 1.

    P7   p(u_{t-1} | x_t) = N(mu_u(x_t), sigma_u^2 I)
    P8   p(x_t)           = N(0, I)
    P9   p(y_t | x_t)     = N(mu_y(x_t), sigma_y^2 I)   or   Pois(exp(eta_y(x_t)))
    P10  q(x_t | u_{t-1}, y_t) = N(nu(u_{t-1}, y_t), Upsilon(u_{t-1}, y_t)),   Upsilon diagonal
    P11  L = sum_t E_q[log q(x_t | U_{t-1}, Y_t) - log p(x_t, U_{t-1}, Y_t)],   to be minimised
    P12  dL/dtheta: the derivative passes through the expectation over U_{t-1}, as if U did not
         depend on the parameters

The poster prints P7's mean and variance with the subscript of x-hat; they are those of u. It
writes q as p with a check above. The loss of one time step has three terms:

    V8   L_t = KL(q(x_t | u, y) || p(x_t)) - E_q[log p(u | x_t)] - E_q[log p(y | x_t)]

The first is in closed form (V5), the others take one reparameterised sample (V6). The model files
switch the terms on and off: `learn_u` for log p(u | x); `prior_given_u` for p(x_t | u_{t-1}) in
the place of P8; n_u = 0 for a model without a state.

An MLP encodes y; u is concatenated after the encoding, as on the poster. From there on
log Upsilon and the prior are linear. nu and mu_u are linear maps, plus MLPs with `n_residual`
hidden units if there are any (V3).

Shapes: y (n, n_y), x (n, n_x), u (n, n_u) with n_u = n_x or 0, encoding (n, n_h); n time steps,
in any order.

The functions of this module do not check their arguments.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import expit

from rvae_numpy import gaussian, mlp
from rvae_numpy.mlp import Layer
from rvae_numpy.parameters import Params

# Recognition model and generative model


def encode(params, y):
    """The encoding of y, (n, n_h), before u joins it; and its cache."""
    # the square root makes counts equally noisy
    y = np.sqrt(y) if params.config.family == "poisson" else y
    return mlp.forward(params.encode, y, params.activation)


def recognise(params, u, y):
    """nu and log Upsilon, (n, n_x) each, and the cache for the way back (P10, V3)."""
    encoding, cache_encode = encode(params, y)
    joined = np.concatenate([encoding, u], axis=1)
    nu, cache_nu = mlp.forward_residual(params.nu, params.nu_residual, joined, params.activation)
    log_upsilon = joined @ params.log_upsilon.W.T + params.log_upsilon.b
    return nu, log_upsilon, (cache_encode, joined, cache_nu)


def mu_u(params, x):
    """E[u_{t-1} | x_t], (n, n_u) (P7, V3)."""
    return mlp.forward_residual(params.decode_u, params.mu_u_residual, x, params.activation)[0]


def emission(params, x):
    """E[y | x], (n, n_y), spikes per time step, means, or brightness (P9)."""
    return mean_y(params.config, mlp.forward(params.decode_y, x, params.activation)[0])


def mean_y(config, out):
    """E[y] from the decoder's output, (n, n_y)."""
    if config.family == "poisson":
        return np.exp(out)
    return expit(out) if config.sigmoid_mean else out


def prior(params, u):
    """Mean and log variance of p(x_t), or of p(x_t | u_{t-1}), (n, n_x) each (P8, V10)."""
    if params.config.prior_given_u:
        return np.split(u @ params.prior.W.T + params.prior.b, 2, axis=1)
    return np.zeros((2, len(u), params.n_x), u.dtype)


def log_emission(config, y, out):
    """log p(y | x), (n,), from the decoder's output (P9)."""
    if config.family == "poisson":
        return gaussian.poisson_log_likelihood(y, out)
    return gaussian.log_density(y, mean_y(config, out), config.sigma_y)


def _d_log_emission(config, y, out):
    """Its derivative with respect to the decoder's output, (n, n_y)"""
    if config.family == "poisson":
        return gaussian.d_poisson_log_likelihood(y, out)
    mean = mean_y(config, out)
    d_out = gaussian.d_log_density(y, mean, config.sigma_y)
    return d_out * (mean * (1 - mean)) if config.sigmoid_mean else d_out


# The loss, and its gradient


class _Pass(NamedTuple):
    """What the forward pass leaves for the backward pass"""

    nu: np.ndarray  # of q, (n, n_x)
    log_upsilon: np.ndarray
    cache_q: tuple  # of recognise
    eps: np.ndarray
    x: np.ndarray  # the sample, (n, n_x)
    out: np.ndarray  # of the decoder, (n, n_y)
    cache_y: list
    mean_u: np.ndarray  # mu_u(x), (n, n_u)
    cache_u: list
    m: np.ndarray  # of p(x), (n, n_x)
    log_k: np.ndarray


def loss_and_gradient(params, u, y, eps, u_input=None, y_input=None):
    """V8, averaged over time steps, and its gradient.

    Parameters
    ----------
    u : (n, n_u) previous states;  y : (n, n_y) observations: the targets of the reconstruction
    eps : (n, n_x) noise of the reparameterised sample
    u_input, y_input : what the recognition model receives in their place; None for u and y

    Returns
    -------
    loss (nats per time step), gradient (Params), and d_u (n, n_u), the derivative with respect
    to u. The local rules do not use d_u: it is the term that "letting the derivative pass through
    the expectations" leaves out (P12). Backpropagation through time starts from it.
    """
    n = len(u)
    u_input = u if u_input is None else u_input
    forward_pass = _forward_pass(params, u_input, y if y_input is None else y_input, u, eps)
    loss = _loss(params, u, y, forward_pass)
    gradient, d_u = _backward_pass(params, u, y, forward_pass)
    return float(loss.mean()), gradient.map(lambda leaf: leaf / n), d_u / n


def _forward_pass(params, u_input, y_input, u, eps):
    nu, log_upsilon, cache_q = recognise(params, u_input, y_input)
    x = gaussian.reparameterise(nu, log_upsilon, eps)  # V6
    out, cache_y = mlp.forward(params.decode_y, x, params.activation)
    mean_u, cache_u = mlp.forward_residual(
        params.decode_u, params.mu_u_residual, x, params.activation
    )
    m, log_k = prior(params, u)
    return _Pass(nu, log_upsilon, cache_q, eps, x, out, cache_y, mean_u, cache_u, m, log_k)


def _loss(params, u, y, f):
    """L_t, (n,) nats                                                                       [V8]"""
    config = params.config
    loss = gaussian.kl(f.nu, f.log_upsilon, f.m, f.log_k) - log_emission(config, y, f.out)
    return loss - gaussian.log_density(u, f.mean_u, params.sigma_u) if config.learn_u else loss


def _backward_pass(params, u, y, f):
    """Gradient (Params) and d_u of the sum over time steps, from the decoders back to the encoder

    Every d_ is the derivative of that sum.
    """
    config = params.config
    d_decode_y, d_x = mlp.backward(
        params.decode_y, f.cache_y, -_d_log_emission(config, y, f.out), params.activation
    )
    d_mean_u = (
        -gaussian.d_log_density(u, f.mean_u, params.sigma_u) if config.learn_u else np.zeros_like(u)
    )
    d_decode_u, d_residual_u, d_x_u = mlp.backward_residual(
        params.decode_u, params.mu_u_residual, f.x, f.cache_u, d_mean_u, params.activation
    )

    d_nu_x, d_log_upsilon_x = gaussian.d_reparameterise(d_x + d_x_u, f.log_upsilon, f.eps)
    d_nu, d_log_upsilon, d_m, d_log_k = gaussian.d_kl(f.nu, f.log_upsilon, f.m, f.log_k)
    d_nu, d_log_upsilon = d_nu + d_nu_x, d_log_upsilon + d_log_upsilon_x
    d_prior = (
        np.concatenate([d_m, d_log_k], axis=1)
        if config.prior_given_u
        else np.zeros((len(u), 2 * params.n_x), u.dtype)
    )

    recognition, d_u_q = _backward_recognise(params, f.cache_q, d_nu, d_log_upsilon)
    d_u = -d_mean_u + d_prior @ params.prior.W + d_u_q
    gradient = Params(
        **recognition,
        decode_u=d_decode_u,
        mu_u_residual=d_residual_u,
        decode_y=d_decode_y,
        prior=Layer(d_prior.T @ u, d_prior.sum(0)),
        config=config,
    )
    return gradient, d_u


def _backward_recognise(params, cache, d_nu, d_log_upsilon):
    """Gradients of phi ({name: layers}), and the derivative with respect to u, (n, n_u)"""
    cache_encode, joined, cache_nu = cache
    n_h = joined.shape[1] - params.n_u
    d_linear, d_residual, d_joined = mlp.backward_residual(
        params.nu, params.nu_residual, joined, cache_nu, d_nu, params.activation
    )
    d_joined = d_joined + d_log_upsilon @ params.log_upsilon.W
    d_encode, _ = mlp.backward(
        params.encode, cache_encode, d_joined[:, :n_h], params.activation, to_input=False
    )
    phi = {
        "encode": d_encode,
        "nu": d_linear,
        "nu_residual": d_residual,
        "log_upsilon": Layer(d_log_upsilon.T @ joined, d_log_upsilon.sum(0)),
    }
    return phi, d_joined[:, n_h:]


def chunk_gradient(params, u, y, rng, y_input=None):
    """loss_and_gradient of a chunk; d_u has u's shape.

    Parameters
    ----------
    u, y : (n_traj, T, n_u) previous states, (n_traj, T, n_y) observations
    rng : of the reparameterised sample, and of the noise on u (noise_u)
    y_input : (n_traj, T, n_y) what the recognition model receives in place of y; None for y
    """
    n_traj, T, n_y = y.shape
    flat_u = u.reshape(n_traj * T, params.n_u)
    eps = rng.standard_normal((n_traj * T, params.n_x), dtype=y.dtype)
    u_input = None
    if params.config.noise_u:
        u_input = flat_u + params.config.noise_u * rng.standard_normal(flat_u.shape, dtype=y.dtype)
    y_input = None if y_input is None else y_input.reshape(n_traj * T, n_y)
    loss, gradient, d_u = loss_and_gradient(
        params, flat_u, y.reshape(n_traj * T, n_y), eps, u_input, y_input
    )
    return loss, gradient, d_u.reshape(u.shape)


# Through time


def forward(params, u, y):
    """The states through time: u_t = nu(u_{t-1}, y_t) (P10).

    Parameters
    ----------
    u : (n_traj, n_u) the state before the first of these steps;  y : (n_traj, T, n_y)

    Returns
    -------
    nu (n_traj, T, n_x). The state u_t is nu[:, t, :n_u]: all of it, or nothing in a static model.
    """
    n_traj, T, n_y = y.shape
    encoding, _ = encode(params, y.reshape(n_traj * T, n_y))
    n_h = encoding.shape[1]
    # what y contributes needs no order in time
    from_y = (encoding @ params.nu.W[:, :n_h].T + params.nu.b).reshape(n_traj, T, params.n_x)
    from_u = params.nu.W[:, n_h:].T
    encoding = encoding.reshape(n_traj, T, n_h)
    states = np.empty_like(from_y)
    for t in range(T):
        states[:, t] = u @ from_u + from_y[:, t]
        if params.nu_residual:
            joined = np.concatenate([encoding[:, t], u], axis=1)
            states[:, t] += mlp.forward(params.nu_residual, joined, params.activation)[0]
        u = states[:, t, : params.n_u]
    return states


def bptt(params, u, y_input, d_u, local):
    """Backpropagation through time: the local gradient plus the effect of phi on L through the
    states (V11).

    The loss of step t + 1 depends on the state u_t (d_u), and u_{t+1} is computed from it. Going
    back from the end of the chunk, with F_t the Jacobian of nu at step t with respect to u (where
    nu is linear, the block of its weights that multiplies u):

        V11   dL/du_t = dL_{t+1}/du_t + F_{t+1}' dL/du_{t+1}

    and u_t = nu(u_{t-1}, y_t) passes it on to nu and to the encoder. At the end of the chunk
    dL/du_T is 0: later steps are not considered.

    Parameters
    ----------
    u, d_u : (n_traj, T, n_u);  y_input : (n_traj, T, n_y) observations as recognised
    local : the gradient with the states taken as data (Params), averaged over time steps as d_u is
    """
    n_traj, T, n_y = y_input.shape
    flat = n_traj * T
    _, _, cache = recognise(params, u.reshape(flat, params.n_u), y_input.reshape(flat, n_y))
    cache_nu = [a.reshape(n_traj, T, a.shape[-1]) for a in cache[2]]
    joined = cache[1].reshape(n_traj, T, -1)
    d_nu = np.zeros((n_traj, T, params.n_x), y_input.dtype)
    for t in range(T - 1, 0, -1):
        _, _, d_joined = mlp.backward_residual(
            params.nu,
            params.nu_residual,
            joined[:, t],
            [a[:, t] for a in cache_nu],
            d_nu[:, t],
            params.activation,
        )
        d_nu[:, t - 1] = d_u[:, t] + d_joined[:, joined.shape[-1] - params.n_u :]
    d_nu = d_nu.reshape(flat, params.n_x)
    through_time, _ = _backward_recognise(params, cache, d_nu, np.zeros_like(d_nu))
    return replace(
        local,
        nu=_added([local.nu], [through_time["nu"]])[0],
        **{
            name: _added(getattr(local, name), through_time[name])
            for name in ("encode", "nu_residual")
        },
    )


def _added(layers, others):
    return [Layer(a.W + b.W, a.b + b.b) for a, b in zip(layers, others, strict=True)]
