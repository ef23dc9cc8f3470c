"""Free-running harmoniums: observations generated forward in time, and backward.

**Forward**: sample y_t given u_{t-1} by a Gibbs chain over (x_t, y_t) with u clamped, take the
hidden means given both for u_t (P4), repeat. Every recurrent model of this package can do it.

**Backward**: a model of the joint also has p(u_{t-1}, y_t | x_t). The units of a group are
independent given x_t, so this is a product of the conditionals P3 and P5. u_{t-1} is the x of the
step before, so ancestral sampling runs backward in time, without a Gibbs chain and without
inverting the forward map:

    Q5   x_T is given;   (u_{t-1}, y_t) ~ p(u_{t-1} | x_t) p(y_t | x_t),   x_{t-1} = u_{t-1}

Q5 with samples is exact in each step: it is p(u_{t-1}, y_t | x_t) of the harmonium. As a model of
the past it is an approximation, because the states of the data are means in [0, 1] and not zeros
and ones. Passing on the mean E[u_{t-1} | x_t] is deterministic and loses least of the past;
its price is that means shrink towards 0.5, so motion slows down. Samples keep the contrast of the
units and add noise to the motion. A sweep of the joint chain (x, then u and y, then x) moves x_t
towards states that the model finds probable, before u_{t-1} is read from it.

A conditional model (TRBM, RTRBM) never learns p(u_{t-1}), and a static one (EFH) has no u.
The authors' code runs backward with means, and with a sample of u in one step of ten
(jgmakin/rbmish, RBM/dynamical/rEFHprobe.m, line 154).

`not_joint` does not check its argument.
"""

import numpy as np

from datasets.support.boundary import checked, count, finite, flag, generator
from refh_numpy._boundary import probability, recurrent, states, with_state
from refh_numpy.families import sample_bernoulli
from refh_numpy.harmonium import forward, hidden_mean, u_mean, y_mean
from refh_numpy.inference import clamped_gibbs


@checked(
    params=recurrent, u0=states("n_traj"), T=count(), rng=generator, n_sweeps=count(), result=finite
)
def generate(params, u0, T, rng, *, n_sweeps=25):
    """Generate observations forward in time: y_1 given u_0, the state u_1 that follows, y_2, ...

    Parameters
    ----------
    params : Params
    u0 : (n_traj, n_x) initial state, for example the last one of infer
    T : time steps to generate
    rng : numpy.random.Generator
    n_sweeps : Gibbs sweeps per time step, started from noise

    Returns
    -------
    y (n_traj, T, n_y), samples of the model's family (means for "mean-field bernoulli")
    """
    u = u0[:, : len(params.b_u)]
    y = np.empty((len(u), T, len(params.b_y)), params.b_y.dtype)
    for t in range(T):
        y[:, t], _ = clamped_gibbs(params, u, n_sweeps, rng)
        u = forward(params, u, y[:, t : t + 1])[:, 0, : len(params.b_u)]
    return y


@checked(
    params=with_state,
    x_T=states("n_traj"),
    T=count(),
    rng=generator,
    sample_u=probability,
    n_sweeps=count(0),
    sample_y=flag,
    result=finite,
)
def generate_backward(params, x_T, T, rng, *, sample_u=0.0, n_sweeps=0, sample_y=False):
    """Generate observations backward in time, from the last state (Q5).

    By default everything is a mean, and nothing is random. For exact ancestral sampling of the
    joint: x_T of zeros and ones, sample_u=1, sample_y=True.

    Parameters
    ----------
    params : Params of a model of the joint (refh, hybrid, refh_bptt)
    x_T : (n_traj, n_x) the state at time T, for example the last one of infer
    T : time steps to generate
    rng : numpy.random.Generator
    sample_u : probability, per trajectory and step, that u_{t-1} is a sample instead of its mean
    n_sweeps : sweeps of the joint Gibbs chain per step: x is sampled, u and y enter by their means
    sample_y : True returns samples of y, False means

    Returns
    -------
    y (n_traj, T, n_y): y[:, 0] is the observation at time T, y[:, 1] that at T - 1, and so on
    """
    x = x_T
    y = np.empty((len(x), T, len(params.b_y)), params.b_y.dtype)
    for t in range(T):
        for _ in range(n_sweeps):
            x = sample_bernoulli(x, rng)
            x = hidden_mean(params, u_mean(params, x), y_mean(params, x))
        # Q5
        y[:, t] = y_mean(params, x)
        if sample_y:
            y[:, t] = params.family.sample(y[:, t], rng)
        x = u_mean(params, x)
        if sample_u > 0:
            x = np.where(rng.random((len(x), 1)) < sample_u, sample_bernoulli(x, rng), x)
    return y


def not_joint(model):
    """The generate_backward of a model that does not learn the joint: it says so."""

    def generate_backward(params, x_T, T, rng, **settings):
        """Undefined: this model does not learn p(u_{t-1})."""
        raise ValueError(
            f"model: expected a model of the joint p(u, y) (refh, hybrid, refh_bptt), got {model}"
        )

    return generate_backward
