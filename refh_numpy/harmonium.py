"""The harmonium of p(u_{t-1}, x_t, y_t): energy, conditionals, Gibbs chain, contrastive divergence.

The poster's box "rEFH" (Abdulsalam and Makin; Makin, Dichter and Sabes 2016). A recurrent harmonium is a restricted
Boltzmann machine whose visible units are *two* groups: the observations y_t, and the model's own previous state
u_{t-1}. Its hidden units x_t bind them. Time enters only through the data: the hidden means at t are the u of t+1.

    P3    p(u_{t-1} | x_t)      = Bern(sigma(W_u' x_t + b_u))
    P4    p(x_t | u_{t-1}, y_t) = Bern(sigma(W_u u_{t-1} + W_y y_t + b_x))
    P5    p(y_t | x_t)          = Bern(sigma(W_y' x_t + b_y))  or  Pois(exp(W_y' x_t + b_y))
    P6    dL/dtheta            ~= sum_t E[-dE/dtheta](x, Y, U) - E[-dE/dtheta](x, y_hat, u_hat)

    D16   E(u, x, y)  = -x' W_u u - x' W_y y - b_x' x - b_u' u - b_y' y - log h(y)
    D17   F(u, y)     = -b_u' u - b_y' y - log h(y) - sum_j softplus(W_u u + W_y y + b_x)_j

    D55   y_0 ~ noise(y) with probability noise_fraction, else y_0 = Y_t;  x_0 ~ p(x | U_{t-1}, y_0);  k sweeps from there

D55 changes where a negative chain starts, not what it samples: the longer the chain, the less its start matters, so the objective is
the same. Chains from the data never visit the states through which a prediction from noise must pass; with some from noise
the energy there is learnt as well (short-run MCMC: Nijkamp, Hill, Zhu and Wu 2019).

L is a log likelihood, to be climbed; the poster prints P6 for a loss, without the minus signs.
The poster prints P4 with a matrix W_x of its own; P3 and P4 come from one energy, D16, only if W_x is the W_u of P3.
h(y) is the base measure of the family of y: 1 for Bernoulli, 1/y! for Poisson (families.py).

Shapes: W_u (n_x, n_u), W_y (n_x, n_y); one frame of a batch is u (n_traj, n_u), x (n_traj, n_x), y (n_traj, n_y).
A static harmonium (the poster's ORDER 0) has n_u = 0, and nothing else about it is special.
"""
from dataclasses import dataclass, fields, replace
from typing import NamedTuple

import numpy as np

from datasets import checks
from refh_numpy import families
from refh_numpy.families import Family, sample_bernoulli, sigmoid, softplus


@dataclass
class Params:
    """theta; also holds gradients and AdaM's moments, which have the same shapes."""
    W_u: np.ndarray     # (n_x, n_u)  hidden units to the previous state
    W_y: np.ndarray     # (n_x, n_y)  hidden units to the observation
    b_x: np.ndarray     # (n_x,)
    b_u: np.ndarray     # (n_u,)
    b_y: np.ndarray     # (n_y,)
    family: Family      # of the observations

    def leaves(self):
        """The arrays by name, in the order of the fields."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "family"}

    def map(self, function):
        """A Params whose arrays are function(array)."""
        return Params(**{name: function(leaf) for name, leaf in self.leaves().items()}, family=self.family)


def init(n_x, n_y, family, rng, dtype=np.float32, *, n_u=None):
    """Small random weights, zero biases.

    n_x, n_y : hidden and observed units;  family : "bernoulli", "poisson" or "normal", of the observed ones
    dtype : float32 to train, float64 to check numerically
    n_u : units of the state; None for as many as hidden units, for the state *is* yesterday's x; 0 for a static model
        (exact.py's tiny models may have any other number: they are not run through time)
    """
    n_x, n_y = checks.count("n_x", n_x), checks.count("n_y", n_y)
    n_u = n_x if n_u is None else checks.count("n_u", n_u, at_least=0)
    checks.generator("rng", rng)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype: wanted numpy.float32 or numpy.float64, got {dtype!r}")

    def small(*shape):
        return (0.01 * rng.standard_normal(shape)).astype(dtype)

    return Params(W_u=small(n_x, n_u), W_y=small(n_x, n_y), b_x=np.zeros(n_x, dtype), b_u=np.zeros(n_u, dtype),
                  b_y=np.zeros(n_y, dtype), family=families.get(family))


# The energy: everything below follows from it.

def energy(params, u, x, y):
    """E(u, x, y), (n_traj,): the lower, the more probable                                                   [D16]"""
    p = params
    return (-np.sum(x * (u @ p.W_u.T + y @ p.W_y.T + p.b_x), -1)
            - u @ p.b_u - y @ p.b_y - p.family.log_base(y).sum(-1))


def free_energy(params, u, y):
    """F(u, y) = -log sum_x exp(-E(u, x, y)), (n_traj,)                                                      [D17]"""
    p = params
    return (-np.sum(softplus(u @ p.W_u.T + y @ p.W_y.T + p.b_x), -1)
            - u @ p.b_u - y @ p.b_y - p.family.log_base(y).sum(-1))


# The conditionals: for each, the mean. Hidden units and u are Bernoulli.

def hidden_mean(params, u, y):
    """E[x_t | u_{t-1}, y_t] = sigma(W_u u + W_y y + b_x), (n_traj, n_x) probabilities                  [poster P4]"""
    return sigmoid(u @ params.W_u.T + y @ params.W_y.T + params.b_x)


def u_mean(params, x):
    """E[u_{t-1} | x_t] = sigma(W_u' x + b_u), (n_traj, n_u) probabilities                              [poster P3]"""
    return sigmoid(x @ params.W_u + params.b_u)


def y_mean(params, x):
    """E[y_t | x_t], (n_traj, n_y): probabilities, spikes per time step, or means                       [poster P5]"""
    return params.family.mean(x @ params.W_y + params.b_y)


# The Gibbs chain

def gibbs(params, u, x, k, rng, *, clamped):
    """k sweeps of the Gibbs chain: from a hidden sample x to visible samples and back, k times.

    clamped : True keeps u as given, and the chain samples p(x, y | u); False redraws u with y, and the chain samples
        the joint p(u, x, y). Or an array of them, (n, 1), one for each frame.
    returns u_hat (n, n_u), y_hat (n, n_y), and the mean of x given these two
    """
    for sweep in range(k):
        if sweep > 0:
            x = sample_bernoulli(x_mean, rng)
        if not np.all(clamped):
            u = np.where(clamped, u, sample_bernoulli(u_mean(params, x), rng))
        y = params.family.sample(y_mean(params, x), rng)
        x_mean = hidden_mean(params, u, y)
    return u, y, x_mean


class NegativePhase(NamedTuple):
    u: np.ndarray       # (n_traj, T, n_u) u_hat
    y: np.ndarray       # (n_traj, T, n_y) y_hat
    x: np.ndarray       # (n_traj, T, n_x) mean of x given these two


def negative_phase(params, u, y, x_mean, k, rng, *, clamp_u, noise_fraction=0.0):
    """What the model makes of the data in k Gibbs sweeps, each frame on its own: their order in time is no matter

    u, y : (n_traj, T, n_u), (n_traj, T, n_y), the data: previous states and present observations
    x_mean : (n_traj, T, n_x) hidden_mean(params, u, y), which the forward pass has computed already
    clamp_u : probability with which a frame's u is left as it is. 0: the joint of u and y is learnt; 1: y given u.
        This one number is what separates the local models of this package.
    noise_fraction : probability with which a frame's chain starts from random observations instead of y (D55)
    """
    k, clamp_u = checks.count("k", k), checks.number("clamp_u", clamp_u, low=0, high=1)
    n_traj, T, _ = y.shape
    u, x_mean = (a.reshape(n_traj * T, a.shape[-1]) for a in (u, x_mean))
    clamped = rng.random((n_traj * T, 1)) < clamp_u if 0 < clamp_u < 1 else bool(clamp_u)
    if noise_fraction > 0:
        from_noise = rng.random(n_traj * T) < noise_fraction
        x_mean = x_mean.copy()
        x_mean[from_noise] = hidden_mean(params, u[from_noise], noise(params, (from_noise.sum(),), rng))        # D55
    negative = gibbs(params, u, sample_bernoulli(x_mean, rng), k, rng, clamped=clamped)
    return NegativePhase(*(a.reshape(n_traj, T, a.shape[-1]) for a in negative))


def contrast(params, u, y, x_mean, negative):
    """The positive minus the negative phase: CD-k's gradient of the log likelihood, to be climbed      [poster P6]

        -dE/dW_u = x u',   -dE/dW_y = x y',   -dE/db_x = x,   -dE/db_u = u,   -dE/db_y = y

    averaged over the frames, once with the data's u and y and once with those of the negative phase. The hidden units
    enter by their means (less variance, same expectation); only the chain itself needs samples.
    """
    n = y.shape[0] * y.shape[1]

    def stacked(data, model):               # both phases one above the other: one matrix product does for both
        return np.concatenate([data, model]).reshape(2 * n, data.shape[-1])

    x = stacked(x_mean, -negative.x).T
    return Params(W_u=x @ stacked(u, negative.u) / n,
                  W_y=x @ stacked(y, negative.y) / n,
                  b_x=x.sum(1) / n,
                  b_u=(u - negative.u).sum((0, 1)) / n,
                  b_y=(y - negative.y).sum((0, 1)) / n,
                  family=params.family)


# Forward in time

def forward(params, u, y):
    """Hidden means through time: x_t from u_{t-1} and y_t, and the u_t that it leaves behind            [poster P4]

    u : (n_traj, n_u) the state before the first of these steps
    y : (n_traj, T, n_y)
    returns x_mean (n_traj, T, n_x). The state u_t is x_mean[:, t, :n_u]: all of it, or nothing in a static model.
    """
    n_u = len(params.b_u)
    from_y = y @ params.W_y.T + params.b_x                  # no order in time: one product for all steps
    x_mean = np.empty_like(from_y)
    for t in range(y.shape[1]):
        x_mean[:, t] = sigmoid(u @ params.W_u.T + from_y[:, t])
        u = x_mean[:, t, :n_u]
    return x_mean


def previous_states(params, u, x_mean):
    """u_{t-1} for each of the steps of x_mean, given the state u before the first: (n_traj, T, n_u)."""
    n_u = len(params.b_u)
    return np.concatenate([u[:, None], x_mean[:, :-1, :n_u]], axis=1)


# Backward in time: what the local rules leave out

def through_time(params, u, y, x_mean, slope, local):
    """Backprop through time: what theta does to L by way of the states, added to the local gradient           [D20]

    The state u_t is used once to judge step t + 1 (slope), and once to compute u_{t+1}. With the state's input
    a_t = W_u u_{t-1} + W_y y_t + b_x and u_t = sigma(a_t), sigma' = u (1 - u), going back from the chunk's end:

        dL/du_t = dl_{t+1}/du_t + W_u' dL/da_{t+1},      dL/da_t = dL/du_t * u_t (1 - u_t)
        dL/dW_u += sum_t dL/da_t u_{t-1}',   dL/dW_y += sum_t dL/da_t y_t',   dL/db_x += sum_t dL/da_t

    At the end of the chunk dL/du_T is 0: what comes after is not looked at (truncated backprop through time).

    u, y, x_mean : (n_traj, T, n) as for negative_phase
    slope : (n_traj, T, n_u) dl_t/du_{t-1}, how the step's log likelihood changes with the state it is given
    local : Params, the gradient with the states taken for data; n_traj * T frames were averaged
    """
    n_traj, T, _ = y.shape
    d_a = np.zeros_like(x_mean)
    d_u = np.zeros_like(u[:, 0])
    for t in range(T - 1, 0, -1):
        d_u = slope[:, t] + d_u                                         # dL/du_{t-1}, complete
        d_a[:, t - 1] = d_u * x_mean[:, t - 1] * (1 - x_mean[:, t - 1])
        d_u = d_a[:, t - 1] @ params.W_u                                # what step t-1 hands on to u_{t-2}
    d_a /= n_traj * T
    d_a = d_a.reshape(n_traj * T, -1).T
    return replace(local,
                   W_u=local.W_u + d_a @ u.reshape(n_traj * T, -1),
                   W_y=local.W_y + d_a @ y.reshape(n_traj * T, -1),
                   b_x=local.b_x + d_a.sum(1))


# What a trained model says. Each of the model files (efh, refh, trbm, ...) hands these out under the same names.

def infer(params, y, u0=None):
    """The states u_t after y_1 .. y_t, for every t: hidden means, no sampling, causal                   [poster P4]

    y : (n_traj, T, n_y), values of the model's family
    u0 : (n_traj, n_x) the state before y_1; None for 0, from which the networks are trained
    returns (n_traj, T, n_x) probabilities
    """
    if len(params.b_u) not in (0, len(params.b_x)):
        raise ValueError(f"params: wanted as many units of u as of x ({len(params.b_x)}), or none, got {len(params.b_u)}")
    y = check_observations("y", y, params)
    if u0 is None:
        u0 = np.zeros((len(y), len(params.b_x)), y.dtype)
    u0 = check_states("u0", u0, params, axes=(len(y),))
    return forward(params, u0[:, :len(params.b_u)], y)


def emission_mean(params, u):
    """E[y_t | x_t = u_t]: what the state says about the *present* observation                           [poster P5]

    u : (n_traj, T, n_x) from infer
    returns (n_traj, T, n_y): probabilities, expected spikes per time step, or means
    """
    return y_mean(params, check_states("u", u, params))


def clamped_gibbs(params, u, n_sweeps, rng, y=None):
    """y_t given u_{t-1}: a Gibbs chain over (x, y) with u clamped, started from y, or from noise

    u : (..., n_u);  y : (..., n_y)
    returns a sample of y (..., n_y), and the mean of y after one last pass with means
    """
    y = noise(params, u.shape[:-1], rng) if y is None else y
    x = sample_bernoulli(hidden_mean(params, u, y), rng)
    _, y, x_mean = gibbs(params, u, x, n_sweeps, rng, clamped=True)
    return y, y_mean(params, x_mean)


def noise(params, shape, rng):
    """Observations that know nothing: uniform on [0, 1] for Bernoulli (as the authors start the chain); for the
    unbounded families, drawn with no hidden unit on."""
    shape = (*shape, len(params.b_y))
    if params.family in (families.BERNOULLI, families.PIXELS):
        return rng.random(shape, dtype=params.b_y.dtype)
    return params.family.sample(np.broadcast_to(params.family.mean(params.b_y), shape), rng)


def predict_next(params, u, rng, n_sweeps=25, n_chains=1, start=None):
    """E[y_{t+1} | y_1 .. y_t] for every t, by clamped Gibbs sampling

    The poster's way (table 2) is the default: one chain a frame, started from noise. The last pass takes means for both x
    and y. That is less noisy than a sample, and not quite E[y | u]: a mean of sigmas is not the sigma of a mean. The mean
    over several chains is nearer to what minimises the squared error.

    u : (n_traj, T, n_x) from infer;  n_sweeps : Gibbs sweeps (25 in the authors' code);  n_chains : averaged over
    start : (n_traj, T, n_y) observations to start the chains from, in the place of noise. Starting at the present ones is
        quicker, for little changes from one frame to the next; what the chain then fails to forget is not predicted
    returns (n_traj, T, n_y); the one at t is about the observation at t + 1
    """
    u = check_states("u", u, params)
    checks.generator("rng", rng)
    n_sweeps, n_chains = checks.count("n_sweeps", n_sweeps), checks.count("n_chains", n_chains)
    if start is not None:
        start = check_observations("start", checks.array("start", start, (*u.shape[:2], len(params.b_y))), params)
    u = u[..., :len(params.b_u)]
    return sum(clamped_gibbs(params, u, n_sweeps, rng, start)[1] for _ in range(n_chains)) / n_chains


def predict_next_by_means(params, u, start, n_rounds=25):
    """A prediction without sampling: mean field, x and y by turns with u clamped, started at the observations `start`

        x <- E[x_{t+1} | u_t, y],   y <- E[y | x]

    u : (n_traj, T, n_x) from infer;  start : (n_traj, T, n_y);  returns (n_traj, T, n_y), about the observations at t + 1
    """
    u = check_states("u", u, params)
    y = check_observations("start", checks.array("start", start, (*u.shape[:2], len(params.b_y))), params)
    from_u = u[..., :len(params.b_u)] @ params.W_u.T + params.b_x
    for _ in range(checks.count("n_rounds", n_rounds)):
        y = y_mean(params, sigmoid(from_u + y @ params.W_y.T))
    return y


def generate(params, u0, T, rng, n_sweeps=25):
    """Run free: draw y_1 given u_0, let it move the state to u_1, draw y_2, and so on

    u0 : (n_traj, n_x), the last state of infer for instance;  T : steps to generate
    returns y (n_traj, T, n_y), samples of the model's family (of "pixels", which are never drawn: means)
    """
    u = check_states("u0", u0, params, axes=("n_traj",))[:, :len(params.b_u)]
    checks.generator("rng", rng)
    n_sweeps = checks.count("n_sweeps", n_sweeps)
    y = np.empty((len(u), checks.count("T", T), len(params.b_y)), params.b_y.dtype)
    for t in range(T):
        y[:, t], _ = clamped_gibbs(params, u, n_sweeps, rng)
        u = forward(params, u, y[:, t:t + 1])[:, 0, :len(params.b_u)]
    return y


def check_observations(name, y, params):
    """(n_traj, T, n_y) values of the model's family, in the dtype of the parameters; or an error."""
    y = checks.array(name, y, ("n_traj", "T", len(params.b_y)))
    return params.family.check(name, y).astype(params.b_y.dtype, copy=False)


def check_states(name, u, params, axes=("n_traj", "T")):
    """(*axes, n_x) hidden means, in the dtype of the parameters; or an error."""
    u = checks.in_range(name, checks.array(name, u, (*axes, len(params.b_x))), 0, 1)
    return u.astype(params.b_x.dtype, copy=False)
