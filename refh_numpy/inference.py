"""What a trained harmonium says: states, the present observation, the next observation.

    P4    u_t = E[x_t | u_{t-1}, y_t]        infer: means, no sampling, causal
    P5    E[y_t | x_t = u_t]                 emission_mean: about the *present* observation

p(y_{t+1} | u_t) is about the *next* observation. It has no closed form, because x_{t+1} depends on
y_{t+1}: predict_next samples it by a Gibbs chain over (x, y) with u clamped,
predict_next_mean_field alternates the means of x and y.

The model files (efh, refh, trbm, ...) hand these functions out under the same names.
`clamped_gibbs` does not check its arguments.
Shapes: u (n_traj, T, n_x), y (n_traj, T, n_y).
"""

import numpy as np

from datasets.support.boundary import checked, count, finite, flag, generator
from refh_numpy._boundary import observations, recurrent, states
from refh_numpy.families import sample_bernoulli, sigmoid
from refh_numpy.harmonium import forward, gibbs, hidden_mean, random_observations, y_mean


@checked(
    params=recurrent, y=observations("n_traj", "T"), u0=states("n_traj", of="y"), result=finite
)
def infer(params, y, u0=None):
    """States u_t after y_1 .. y_t, for every t (P4): hidden means, no sampling, causal.

    Parameters
    ----------
    params : Params
    y : (n_traj, T, n_y) values of the model's family
    u0 : (n_traj, n_x) the state before y_1; None for 0, from which the networks are trained

    Returns
    -------
    (n_traj, T, n_x) probabilities
    """
    if u0 is None:
        u0 = np.zeros((len(y), len(params.b_x)), y.dtype)
    return forward(params, u0[:, : len(params.b_u)], y)


@checked(params=recurrent, u=states("n_traj", "T"), result=finite)
def emission_mean(params, u):
    """E[y_t | x_t = u_t] (P5): the observation that the state says is present, (n_traj, T, n_y)
    probabilities, expected spikes per time step, or means.

    u : (n_traj, T, n_x) from infer
    """
    return y_mean(params, u)


def clamped_gibbs(params, u, n_sweeps, rng, y=None, n_mean_passes=1, sample_last_x=False):
    """A Gibbs chain over (x, y) with u clamped.

    Parameters
    ----------
    u : (..., n_u)
    n_sweeps : Gibbs sweeps
    y : (..., n_y) where the chain starts; None for random observations
    n_mean_passes, sample_last_x : the end of the chain, see predict_next

    Returns
    -------
    a sample of y given u (..., n_y), and the mean of y after the last pass (..., n_y)
    """
    y = random_observations(params, u.shape[:-1], rng) if y is None else y
    x = sample_bernoulli(hidden_mean(params, u, y), rng)
    _, y, x = gibbs(params, u, x, n_sweeps, rng, clamped=1)
    y_bar = y_mean(params, sample_bernoulli(x, rng) if sample_last_x else x)
    for _ in range(n_mean_passes - 1):
        y_bar = y_mean(params, hidden_mean(params, u, y_bar))
    return y, y_bar


@checked(
    params=recurrent,
    u=states("n_traj", "T"),
    rng=generator,
    n_sweeps=count(),
    n_samples=count(),
    n_mean_passes=count(),
    start=observations("n_traj", "T", of="u"),
    sample_last_x=flag,
    result=finite,
)
def predict_next(
    params, u, rng, n_sweeps=25, n_samples=1, n_mean_passes=1, start=None, sample_last_x=False
):
    """E[y_{t+1} | y_1 .. y_t] for every t, by clamped Gibbs sampling.

    The chain ends with a sample of y. From it, a pass of means goes up to x and down to y again:

        Q1    x_bar = E[x | u, y],   y_bar = E[y | x = x_bar];   each further pass:  y <- y_bar

    A pass is less noisy than a sample, but its expectation is not E[y | u], because the mean of a
    sigmoid is not the sigmoid of the mean. Each further pass takes away more of the noise, and
    leads further from E[y | u], towards a fixed point of mean field. n_mean_passes=2 is the
    authors' ending: their last sweep returns the mean of x, and the means of y, of x and of y
    follow (jgmakin/rbmish at 700062f, RBM/CDstepper.m and RBM/dynamical/forwardGenerate.m:65-68).
    With one chain from noise it is probably the protocol of the poster's Table 2.

    With sample_last_x, x is sampled in the first pass. Then the expectation after one pass is
    E[y | u], up to the chain's convergence. The average of several chains is closer to the
    expectation, which minimises the squared error.

    Parameters
    ----------
    params : Params
    u : (n_traj, T, n_x) from infer
    rng : numpy.random.Generator
    n_sweeps : Gibbs sweeps (25 in the authors' code)
    n_samples : chains to average
    n_mean_passes : passes of means at the end of a chain
    start : (n_traj, T, n_y) observations to start the chains from; None for noise. Starting at
        the present observations is quicker, because little changes from one time step to the
        next. What such a chain does not forget is persistence, not prediction
    sample_last_x : sample x in the first of these passes

    Returns
    -------
    (n_traj, T, n_y); the entry at t is about the observation at t + 1
    """
    u = u[..., : len(params.b_u)]
    end = n_mean_passes, sample_last_x
    chains = (clamped_gibbs(params, u, n_sweeps, rng, start, *end)[1] for _ in range(n_samples))
    return sum(chains) / n_samples


@checked(
    params=recurrent,
    u=states("n_traj", "T"),
    start=observations("n_traj", "T", of="u"),
    n_iterations=count(),
    result=finite,
)
def predict_next_mean_field(params, u, start, n_iterations=25):
    """A prediction of y_{t+1} without sampling: mean field with u clamped.

    Alternates, from the observations `start`:   x <- E[x_{t+1} | u_t, y],   y <- E[y | x]

    Parameters
    ----------
    params : Params
    u : (n_traj, T, n_x) from infer
    start : (n_traj, T, n_y)
    n_iterations : updates of x and y

    Returns
    -------
    (n_traj, T, n_y); the entry at t is about the observation at t + 1
    """
    y, from_u = start, u[..., : len(params.b_u)] @ params.W_u.T + params.b_x
    for _ in range(n_iterations):
        y = y_mean(params, sigmoid(from_u + y @ params.W_y.T))
    return y
