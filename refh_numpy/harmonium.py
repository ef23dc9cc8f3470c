"""The harmonium of p(u_{t-1}, x_t, y_t): energy, conditionals, Gibbs chain, contrastive divergence.

The poster's box "rEFH" (Abdulsalam and Makin; Makin, Dichter and Sabes 2016). A recurrent harmonium
is a restricted Boltzmann machine with *two* groups of visible units: the observations y_t, and the
model's own previous state u_{t-1}. Its hidden units x_t are connected to both. Time enters only
through the data: the hidden means at t are the u of step t+1.

    P3    p(u_{t-1} | x_t)      = Bern(sigma(W_u' x_t + b_u))
    P4    p(x_t | u_{t-1}, y_t) = Bern(sigma(W_u u_{t-1} + W_y y_t + b_x))
    P5    p(y_t | x_t)          = Bern(sigma(W_y' x_t + b_y))  or  Pois(exp(W_y' x_t + b_y))
    P6    dL/dtheta            ~= sum_t E[dE/dtheta](x, Y, U) - E[dE/dtheta](x, y_hat, u_hat)

    H2    E(u, x, y) = -x' W_u u - x' W_y y - b_x' x - b_u' u - b_y' y - log h(y)
    H3    F(u, y)    = -b_u' u - b_y' y - log h(y) - sum_j softplus(W_u u + W_y y + b_x)_j

    Q2    y_0 ~ noise with probability noise_fraction, else y_0 = Y_t
          x_0 ~ p(x | U_{t-1}, y_0), then n_sweeps sweeps of the chain

Q2 changes where a negative chain starts, not the distribution that it converges to. Chains that
start at the data never visit the states through which a chain from noise must pass. If some start
from noise, the energy is learnt there too (short-run MCMC: Nijkamp, Hill, Zhu and Wu 2019).

L is a loss: minus a log likelihood. The poster prints P4 with a matrix W_x of its own; P3 and P4
come from one energy, H2, only if W_x is the W_u of P3. h(y) is the base measure of the family of y
(families.py): 1 for Bernoulli, 1/y! for Poisson.

The functions of this module do not check their arguments, except n_sweeps in `gibbs`.

Shapes: W_u (n_x, n_u), W_y (n_x, n_y). One time step of a batch is u (n_traj, n_u),
x (n_traj, n_x), y (n_traj, n_y). A static harmonium (the poster's ORDER 0) has n_u = 0.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from datasets.support import checks
from datasets.support.loop import Gradient
from refh_numpy.families import (
    BERNOULLI,
    MEAN_FIELD_BERNOULLI,
    Family,
    sample_bernoulli,
    sample_logistic,
    sigmoid,
    softplus,
)


@dataclass(eq=False)
class Params:
    """theta; gradients and Adam's moments, which have the same shapes, are kept in it too."""

    W_u: np.ndarray  # (n_x, n_u)  hidden units to the previous state
    W_y: np.ndarray  # (n_x, n_y)  hidden units to the observation
    b_x: np.ndarray  # (n_x,)
    b_u: np.ndarray  # (n_u,)
    b_y: np.ndarray  # (n_y,)
    family: Family  # of the observations

    def leaves(self):
        """The arrays by name, in the order of the fields."""
        return {name: leaf for name, leaf in vars(self).items() if name != "family"}

    def map(self, function, *others):
        """A Params whose arrays are function(array, and those of the others with its name)."""
        trees = [tree.leaves() for tree in (self, *others)]
        arrays = {name: function(*(tree[name] for tree in trees)) for name in trees[0]}
        return Params(**arrays, family=self.family)

    def __eq__(self, other):
        """Whether it is a Params of the same family with equal arrays."""
        if not isinstance(other, Params):
            return NotImplemented
        pairs = zip(self.leaves().values(), other.leaves().values(), strict=True)
        return self.family == other.family and all(np.array_equal(*pair) for pair in pairs)


# The energy: everything below follows from it.


def energy(params, u, x, y):
    """E(u, x, y), (n_traj,): low where p is high (H2)."""
    p = params
    return (
        -np.sum(x * (u @ p.W_u.T + y @ p.W_y.T + p.b_x), -1)
        - u @ p.b_u
        - y @ p.b_y
        - p.family.log_base(y).sum(-1)
    )


def free_energy(params, u, y):
    """F(u, y) = -log sum_x exp(-E(u, x, y)), (n_traj,) (H3)."""
    p = params
    return (
        -np.sum(softplus(u @ p.W_u.T + y @ p.W_y.T + p.b_x), -1)
        - u @ p.b_u
        - y @ p.b_y
        - p.family.log_base(y).sum(-1)
    )


# The conditionals: for each, the mean. Hidden units and u are Bernoulli.


def hidden_mean(params, u, y):
    """E[x_t | u_{t-1}, y_t] (P4), (n_traj, n_x) probabilities."""
    return sigmoid(u @ params.W_u.T + y @ params.W_y.T + params.b_x)


def u_mean(params, x):
    """E[u_{t-1} | x_t] (P3), (n_traj, n_u) probabilities."""
    return sigmoid(x @ params.W_u + params.b_u)


def y_mean(params, x):
    """E[y_t | x_t] (P5), (n_traj, n_y), in the units of y."""
    return params.family.mean(x @ params.W_y + params.b_y)


def random_observations(params, shape, rng):
    """Observations without information, (*shape, n_y).

    Uniform on [0, 1] for Bernoulli (as in the authors' code); for the unbounded families, samples
    of y with all hidden units off.
    """
    shape = (*shape, len(params.b_y))
    if params.family in (BERNOULLI, MEAN_FIELD_BERNOULLI):
        return rng.random(shape, dtype=params.b_y.dtype)
    return params.family.sample(np.broadcast_to(params.family.mean(params.b_y), shape), rng)


# The Gibbs chain


def gibbs(params, u, x, n_sweeps, rng, *, clamped):
    """Sweeps of the Gibbs chain: from a hidden sample x to visible samples and back.

    Parameters
    ----------
    u, x : (n, n_u), (n, n_x)
    n_sweeps : how many, at least 1
    clamped : probability that u is left as it is. 0: u is resampled with y, and the chain samples
        the joint p(u, x, y); 1: it samples p(x, y | u). (Between the two: hybrid.py)

    Returns
    -------
    u_hat (n, n_u), y_hat (n, n_y), and the mean of x given these two (n, n_x)
    """
    checks.count("n_sweeps", n_sweeps)
    if clamped:
        from_u = u @ params.W_u.T  # once for all sweeps
    for sweep in range(n_sweeps):
        if not clamped:
            u = sample_logistic(x @ params.W_u, params.b_u, rng)  # P3
            from_u = u @ params.W_u.T
        y = sample_y(params, x, rng)  # P5
        if sweep < n_sweeps - 1:
            x = sample_logistic(from_u + y @ params.W_y.T, params.b_x, rng)  # P4
    return u, y, sigmoid(from_u + y @ params.W_y.T + params.b_x)  # P4


def sample_y(params, x, rng):
    """y given x (P5); for Bernoulli units the mean is not needed."""
    if params.family == BERNOULLI:
        return sample_logistic(x @ params.W_y, params.b_y, rng)
    return params.family.sample(y_mean(params, x), rng)


class NegativePhase(NamedTuple):
    """The model's side of P6."""

    u: np.ndarray  # (n_traj, T, n_u) u_hat
    y: np.ndarray  # (n_traj, T, n_y) y_hat
    x: np.ndarray  # (n_traj, T, n_x) mean of x given these two


def negative_phase(
    params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0, *, clamped, chain=gibbs
):
    """The NegativePhase: samples of the model after n_sweeps sweeps of a Gibbs chain.

    Each time step is an example of its own: their order does not matter here.

    Parameters
    ----------
    u, y : (n_traj, T, n_u), (n_traj, T, n_y), the data: previous states and observations
    x_mean : (n_traj, T, n_x), hidden_mean(params, u, y), known from the forward pass
    noise_fraction : probability with which a chain starts from random observations (Q2)
    clamped : probability that the u of an example is left as it is. 0: the joint of u and y is
        learnt; 1: y given u. This one number separates the local models of this package
    chain : `gibbs`, or a function with the same arguments
    """
    n_traj, T, _ = y.shape
    u, x_mean = (a.reshape(n_traj * T, a.shape[-1]) for a in (u, x_mean))
    if noise_fraction > 0:
        # Q2
        from_noise = rng.random(n_traj * T) < noise_fraction
        y_0 = random_observations(params, (from_noise.sum(),), rng)
        x_mean = x_mean.copy()
        x_mean[from_noise] = hidden_mean(params, u[from_noise], y_0)
    negative = chain(params, u, sample_bernoulli(x_mean, rng), n_sweeps, rng, clamped=clamped)
    return NegativePhase(*(a.reshape(n_traj, T, a.shape[-1]) for a in negative))


def cd_gradient(params, u, y, x_mean, negative):
    """CD-k's gradient of the loss (P6), the positive minus the negative phase, as a Gradient.

        dE/dW_u = -x u',   dE/dW_y = -x y',   dE/db_x = -x,   dE/db_u = -u,   dE/db_y = -y

    averaged over the examples of u, y, x_mean (the data, as for negative_phase) and over those of
    `negative`. The hidden units enter by their means (less variance, same expectation); only the
    chain needs samples. The Gradient's value is the reconstruction error, the mean of
    (y - y_hat)^2.
    """
    n = y.shape[0] * y.shape[1]

    def stacked(data, model):  # one phase above the other: one matrix product for both
        return np.concatenate([data, model]).reshape(2 * n, data.shape[-1])

    x = stacked(-x_mean, negative.x).T
    gradient = Params(
        W_u=x @ stacked(u, negative.u) / n,
        W_y=x @ stacked(y, negative.y) / n,
        b_x=x.sum(1) / n,
        b_u=(negative.u - u).sum((0, 1)) / n,
        b_y=(negative.y - y).sum((0, 1)) / n,
        family=params.family,
    )
    return Gradient(gradient, np.add.reduce((y - negative.y) ** 2, axis=None) / y.size)


# Forward in time


def forward(params, u, y):
    """Hidden means through time: x_t from u_{t-1} and y_t (P4).

    Parameters
    ----------
    u : (n_traj, n_u) the state before the first of these steps
    y : (n_traj, T, n_y)

    Returns
    -------
    x_mean (n_traj, T, n_x). The state u_t is x_mean[:, t, :n_u]: all of it, or nothing in a
    static model.
    """
    n_u = len(params.b_u)
    from_y = y @ params.W_y.T + params.b_x  # independent of time: one product for all steps
    x_mean = np.empty_like(from_y)
    for t in range(y.shape[1]):
        x_mean[:, t] = sigmoid(u @ params.W_u.T + from_y[:, t])
        u = x_mean[:, t, :n_u]
    return x_mean


def previous_states(params, u, x_mean):
    """u_{t-1}, (n_traj, T, n_u), given the first of them, u."""
    n_u = len(params.b_u)
    return np.concatenate([u[:, None], x_mean[:, :-1, :n_u]], axis=1)


# Backward in time: what the local rules leave out


def bptt(params, u, y, x_mean, dl_du, local):
    """Backpropagation through time: the local gradient plus the path through the states (H8).

    The state u_t enters L twice: step t + 1 is conditioned on it (dl_du), and u_{t+1} is computed
    from it. With the state's input a_t = W_u u_{t-1} + W_y y_t + b_x and
    u_t = sigma(a_t), sigma' = u (1 - u), from the end of the chunk backward:

        dL/du_t = dl_{t+1}/du_t + W_u' dL/da_{t+1},      dL/da_t = dL/du_t * u_t (1 - u_t)
        dL/dW_u += sum_t dL/da_t u_{t-1}',  dL/dW_y += sum_t dL/da_t y_t',  dL/db_x += sum_t dL/da_t

    dL/du_T is 0 at the end of the chunk (truncated BPTT).

    Parameters
    ----------
    u, y, x_mean : (n_traj, T, n) as for negative_phase
    dl_du : (n_traj, T, n_u) dl_t/du_{t-1}, gradient of a step's loss in its given state
    local : Params, the gradient that treats the states as data, averaged over n_traj * T examples
    """
    n_traj, T, _ = y.shape
    dL_da = np.zeros_like(x_mean)
    dL_du = np.zeros_like(u[:, 0])
    for t in range(T - 1, 0, -1):
        dL_du = dl_du[:, t] + dL_du  # with respect to u_{t-1}, complete
        dL_da[:, t - 1] = dL_du * x_mean[:, t - 1] * (1 - x_mean[:, t - 1])
        dL_du = dL_da[:, t - 1] @ params.W_u  # the part of u_{t-2} through u_{t-1}
    dL_da /= n_traj * T
    dL_da = dL_da.reshape(n_traj * T, -1).T
    return replace(
        local,
        W_u=local.W_u + dL_da @ u.reshape(n_traj * T, -1),
        W_y=local.W_y + dL_da @ y.reshape(n_traj * T, -1),
        b_x=local.b_x + dL_da.sum(1),
    )
