"""What a trained harmonium says: states, the present observation, the next observation.

    P4    u_t = E[x_t | u_{t-1}, y_t]        infer: means, no sampling, causal
    P5    E[y_t | x_t = u_t]                 emission_mean: about the *present* observation

p(y_{t+1} | u_t) is about the *next* observation. It has no closed form, because x_{t+1} depends on
y_{t+1}: predict_next samples it by a Gibbs chain over (x, y) with u clamped,
predict_next_mean_field alternates the means of x and y.

The model files (efh, refh, trbm, ...) hand these functions out under the same names.
Shapes: u (n_traj, T, n_x), y (n_traj, T, n_y).
"""

import numpy as np

from datasets.support import checks
from refh_numpy.families import Family, sample_bernoulli, sigmoid
from refh_numpy.harmonium import Params, forward, gibbs, hidden_mean, random_observations, y_mean


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
    check_recurrent(params)
    y = check_observations("y", y, params)
    if u0 is None:
        u0 = np.zeros((len(y), len(params.b_x)), y.dtype)
    u0 = check_states("u0", u0, params, axes=(len(y),))
    with np.errstate(over="ignore", invalid="ignore"):
        return check_result(forward(params, u0[:, : len(params.b_u)], y))


def emission_mean(params, u):
    """E[y_t | x_t = u_t] (P5): the observation that the state says is present.

    Parameters
    ----------
    params : Params
    u : (n_traj, T, n_x) from infer

    Returns
    -------
    (n_traj, T, n_y) probabilities, expected spikes per time step, or means
    """
    check_recurrent(params)
    u = check_states("u", u, params)
    with np.errstate(over="ignore", invalid="ignore"):
        return check_result(y_mean(params, u))


def clamped_gibbs(params, u, n_sweeps, rng, y=None, sample_last_x=False):
    """A Gibbs chain over (x, y) with u clamped. Does not check its arguments.

    Parameters
    ----------
    u : (..., n_u)
    n_sweeps : Gibbs sweeps
    y : (..., n_y) where the chain starts; None for random observations
    sample_last_x : sample x, too, in the last pass from x to the mean of y

    Returns
    -------
    a sample of y given u (..., n_y), and the mean of y after the last pass (..., n_y)
    """
    y = random_observations(params, u.shape[:-1], rng) if y is None else y
    x = sample_bernoulli(hidden_mean(params, u, y), rng)
    _, y, x = gibbs(params, u, x, n_sweeps, rng, clamped=True)
    return y, y_mean(params, sample_bernoulli(x, rng) if sample_last_x else x)


def predict_next(params, u, rng, n_sweeps=25, n_chains=1, start=None, sample_last_x=False):
    """E[y_{t+1} | y_1 .. y_t] for every t, by clamped Gibbs sampling.

    The defaults are our reading of the poster's Table 2: one chain per time step, started from
    noise, with a last pass by means for x and y. That pass is less noisy than a sample, but its
    expectation is not E[y | u], because the mean of a sigmoid is not the sigmoid of the mean. With
    sample_last_x the expectation is E[y | u], up to the chain's convergence. The average of several
    chains is closer to the expectation, which minimises the squared error.

    Parameters
    ----------
    params : Params
    u : (n_traj, T, n_x) from infer
    rng : numpy.random.Generator
    n_sweeps : Gibbs sweeps (25 in the authors' code)
    n_chains : chains to average
    start : (n_traj, T, n_y) observations to start the chains from; None for noise. Starting at
        the present observations is quicker, because little changes from one time step to the
        next. What such a chain does not forget is persistence, not prediction
    sample_last_x : sample x in the last pass

    Returns
    -------
    (n_traj, T, n_y); the entry at t is about the observation at t + 1
    """
    check_recurrent(params)
    u = check_states("u", u, params)
    checks.generator("rng", rng)
    n_sweeps = checks.count("n_sweeps", n_sweeps)
    n_chains = checks.count("n_chains", n_chains)
    sample_last_x = checks.flag("sample_last_x", sample_last_x)
    if start is not None:
        start = check_observations("start", start, params, axes=u.shape[:2])
    u = u[..., : len(params.b_u)]
    with np.errstate(over="ignore", invalid="ignore"):
        return check_result(
            sum(
                clamped_gibbs(params, u, n_sweeps, rng, start, sample_last_x)[1]
                for _ in range(n_chains)
            )
            / n_chains
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
    check_recurrent(params)
    u = check_states("u", u, params)
    y = check_observations("start", start, params, axes=u.shape[:2])
    n_iterations = checks.count("n_iterations", n_iterations)
    with np.errstate(over="ignore", invalid="ignore"):
        from_u = u[..., : len(params.b_u)] @ params.W_u.T + params.b_x
        for _ in range(n_iterations):
            y = y_mean(params, sigmoid(from_u + y @ params.W_y.T))
        return check_result(y)


# Checks of arguments and results


def check_params(params):
    """A Params whose arrays are finite, of one float dtype, and fit one another; or an error."""
    checks.instance("params", params, Params, " (from init, train or load)")
    checks.instance("params.family", params.family, Family, " (from families.get)")
    n_x, n_u, n_y = (np.size(b) for b in (params.b_x, params.b_u, params.b_y))
    shapes = ((n_x, n_u), (n_x, n_y), (n_x,), (n_u,), (n_y,))
    dtype = getattr(params.b_x, "dtype", None)
    for (name, leaf), shape in zip(params.leaves().items(), shapes, strict=True):
        kind = f"params: expected {name} to be finite, of shape {shape} and float32 or float64"
        if type(leaf) is not np.ndarray:
            raise TypeError(f"{kind}, got {type(leaf).__name__}")
        if leaf.shape != shape or leaf.dtype not in (np.float32, np.float64) or leaf.dtype != dtype:
            raise ValueError(f"{kind}, as all others, got shape {leaf.shape} and {leaf.dtype}")
        if not np.isfinite(leaf).all():
            raise ValueError(f"{kind}, got NaN or infinity in it")
    if not n_x or not n_y:
        raise ValueError(f"params: expected at least one unit of x and of y, got {n_x} and {n_y}")
    return params


def check_recurrent(params):
    """A Params that runs through time: n_u is n_x, or 0 for a static model; or an error."""
    check_params(params)
    n_x, n_u = len(params.b_x), len(params.b_u)
    if n_u not in (0, n_x):
        raise ValueError(f"params: expected as many units of u as of x ({n_x}), or none, got {n_u}")
    return params


def check_observations(name, y, params, axes=("n_traj", "T")):
    """(*axes, n_y) values of the model's family, in the dtype of the parameters; or an error."""
    check_params(params)
    y = checks.array(name, y, (*axes, len(params.b_y)), dtype=params.b_y.dtype)
    return params.family.check(name, y)


def check_states(name, u, params, axes=("n_traj", "T")):
    """(*axes, n_x) hidden means, in the dtype of the parameters; or an error."""
    check_params(params)
    u = checks.array(name, u, (*axes, len(params.b_x)), dtype=params.b_x.dtype)
    return checks.in_range(name, u, 0, 1)


def check_result(value):
    """The value, or FloatingPointError if it is not finite: the weights are too large."""
    if not np.isfinite(value).all():
        raise FloatingPointError(
            "params: expected weights whose products with the observations "
            f"fit {value.dtype}, got NaN or infinity from them"
        )
    return value
