"""Parameters before training: a state that keeps most of itself, and a decoder that emits the mean.

The biases of the decoder's last layer are the inverse link of the mean observation, if a sample of
the data is given: log of the mean count, logit of the mean brightness, or the mean itself. Without
it they are 0. A network that starts at the mean does not have to learn it first.
"""

from dataclasses import replace

import numpy as np

from datasets.support.boundary import float_type, generator
from rvae_numpy import _boundary, mlp
from rvae_numpy._boundary import checked
from rvae_numpy.mlp import Layer
from rvae_numpy.parameters import Config, assembled, layer_sizes

ORDER = (  # in which the weights are drawn
    *("nu", "log_upsilon", "decode_u", "prior"),
    *("encode", "decode_y", "nu_residual", "mu_u_residual"),
)
MIN_MEAN = 0.002  # of an observed unit, spikes per time step or brightness: one may be silent


@checked(
    **_boundary.SIZES, config=_boundary.config, rng=generator, dtype=float_type, y=_boundary.sample
)
def init(*, n_x, n_y, hidden, config, rng, dtype=np.float32, n_residual=0, static=False, y=None):
    """Params of any model; arguments as for the `init` of one (`of`), with its Config.

    static : True for a model without a state (n_u = 0)
    """
    sizes = layer_sizes(n_x=n_x, n_y=n_y, hidden=hidden, n_residual=n_residual, static=static)
    params = assembled({name: mlp.init(sizes[name], rng, dtype) for name in ORDER}, config)
    # a state that keeps most of itself, with its sign: appendix A shows where other starts lead
    n_h, n_u = sizes["encode"][-1], sizes["decode_u"][-1]
    params.nu.W[:, n_h:] = 0.9 * np.eye(n_x, n_u)
    params.decode_u.W[:] = 0.95 * np.eye(n_u, n_x)
    # q as precise as p(u | x): from Upsilon = 1, training would first learn to ignore u
    params.log_upsilon.W *= 0.1
    params.log_upsilon.b[:] = 2 * np.log(config.sigma_u)
    params.prior.W[:] = 0
    for residual in (params.nu_residual, params.mu_u_residual):
        for layer in residual[-1:]:
            layer.W[:] = 0  # at first, the MLPs add nothing
    return params if y is None else at_mean.unchecked(params, y)


@checked(params=_boundary.autoencoder, y=_boundary.sample)
def at_mean(params, y):
    """Params that differ in the decoder's biases: with all weights 0, it would emit the mean of y,
    (n_traj, T, n_y), a sample of the data."""
    *layers, last = params.decode_y
    biases = _inverse_link(params.config, y.mean((0, 1))).astype(last.b.dtype)
    return replace(params, decode_y=[*layers, Layer(last.W, biases)])


def _inverse_link(config, mean):
    """The decoder's output (n_y,) at which E[y] is this mean: the inverse of autoencoder.mean_y"""
    if config.family == "poisson":
        return np.log(np.maximum(mean, MIN_MEAN))
    if not config.sigmoid_mean:
        return mean
    mean = np.clip(mean, MIN_MEAN, 1 - MIN_MEAN)
    return np.log(mean / (1 - mean))


def of(module, *, learn_u, static=False, prior_given_u=False):
    """The `init` of the model of this module: whether it learns u, has no state, has a prior that
    is a function of u. Does not check its arguments."""
    given = prior_given_u

    def init_model(
        *,
        n_x,
        n_y,
        hidden,
        family,
        rng,
        dtype=np.float32,
        y=None,
        activation="tanh",
        sigma_u=0.07,
        sigma_y=1.0,
        noise_u=0.0,
        sigmoid_mean=False,
        n_residual=0,
        prior_given_u=given,
    ):
        """Params: random weights with which a state keeps most of itself.

        Parameters
        ----------
        n_x, n_y : dimensions of x and y
        hidden : units of the encoder's layers, the last of which is the encoding, as in (400, 200);
            the decoder has them in reverse. One number: two such layers to encode, one to decode
        family : of the observations, "poisson" or "normal"
        rng : numpy.random.Generator
        dtype : numpy.float32 or numpy.float64
        y : (n_traj, T, n_y) a sample of the data, from whose mean the decoder starts
        activation : of the MLPs, "tanh", "relu" or "softplus"
        sigma_u : standard deviation of p(u | x): how well u must be kept. It is not learnt: the
            likelihood of u has no bound, because a latent that ignores y can predict itself as
            precisely as one likes. A tuple has one for each latent, which is not the poster's
        sigma_y : standard deviation of p(y | x), normal family
        noise_u : standard deviation of noise on the recognition model's u in training, which
            teaches the model to correct a state that is a little off
        sigmoid_mean : True keeps the mean of a pixel in [0, 1], normal family
        n_residual : hidden units of the MLPs in nu and mu_u (V3), which make the dynamics
            nonlinear; 0 leaves both linear
        prior_given_u : whether the prior of x_t is a function of u_{t-1} (V10)
        """
        config = Config(
            family, activation, sigma_u, sigma_y, noise_u, sigmoid_mean, learn_u, prior_given_u
        )
        sizes = dict(n_x=n_x, n_y=n_y, hidden=hidden, n_residual=n_residual, static=static)
        return init(**sizes, config=config, rng=rng, dtype=dtype, y=y)

    init_model.__name__ = init_model.__qualname__ = "init"
    init_model.__module__ = module
    return init_model
