"""The autoencoder of p(u_{t-1}, x_t, y_t): recognition model, generative model, loss, and its gradient by hand.

The poster's boxes "rVAE" and "Architecture/Training" (Abdulsalam and Makin). What the harmonium (refh_numpy) does with one
energy, the autoencoder does with two models: a generative one that draws x_t and from it *both* the observation and the
previous state, and a recognition one that guesses x_t from these two. Time enters only through the data: the mean of the
guess at t is the u of t + 1.

    P7    p(u_{t-1} | x_t) = N(mu_u(x_t), sigma_u^2 I)
    P8    p(x_t)           = N(0, I)
    P9    p(y_t | x_t)     = N(mu_y(x_t), sigma_y^2 I)   or   Pois(exp(eta_y(x_t)))
    P10   q(x_t | u_{t-1}, y_t) = N(nu(u_{t-1}, y_t), Upsilon(u_{t-1}, y_t)),   Upsilon diagonal
    P11   L = sum_t E_q[log q(x_t | U_{t-1}, Y_t) - log p(x_t, U_{t-1}, Y_t)]                        a loss, to be descended
    P12   dL/dtheta: the derivative passes through the expectation over U_{t-1}, as if U did not depend on the parameters

The poster prints P7's mean and variance with the subscript of x-hat; they are those of u. It writes q as p with a check.
Taken apart, the loss of one frame is

    D30   L_t = KL(q(x_t | u, y) || p(x_t)) - E_q[log p(u | x_t)] - E_q[log p(y | x_t)]

with the first term in closed form (D27) and the others with one reparameterised sample (D28). The model files switch its
parts on and off: `learn_u` for the term log p(u | x); `prior_given_u` for p(x_t | u_{t-1}) in the place of P8; n_u = 0
for a model without a state.

y is encoded first, by an MLP; u is concatenated after the encoding, as on the poster. From there on log Upsilon and the
prior are linear, and so are nu and mu_u where `bend` is 0: then only encoding and decoding of y bend, and the model
follows a linear system. Otherwise nu and mu_u are linear maps plus an MLP with `bend` hidden units:

    D40   nu(u, y) = W (e, u) + b + MLP(e, u),    mu_u(x) = W x + b + MLP(x),     e: the encoding of y

Shapes: y (n, n_y), x (n, n_x), u (n, n_u) with n_u = n_x or 0, encoding (n, n_h); n frames, in any order.
"""
from dataclasses import dataclass, fields, replace

import numpy as np
from scipy.special import expit

from datasets import checks
from rvae_numpy import gaussian, mlp
from rvae_numpy.mlp import Layer

FAMILIES = ("normal", "poisson")
MODE_STEPS = 12         # of D31, where mu_u bends
FIRST_ROUNDS = 25       # of D34: as many as the authors' clamped Gibbs sampling has sweeps


@dataclass(frozen=True)
class Model:
    """What is not learnt. The sigmas are standard deviations."""
    family: str = "poisson"         # of the observations: poisson or normal
    activation: str = "tanh"        # of the MLPs that encode and decode y
    sigma_u: float = 0.07           # of p(u | x), in units of x, which has unit variance under its prior
    sigma_y: float = 1.0            # of p(y | x), for the normal family
    noise_u: float = 0.0            # added to u, while learning, where it enters the recognition model
    noise_y: float = 0.0            # the same, added to y (normal family)
    blinks: float = 0.0             # fraction of the frames of a long film that, while learning, the recognition model is not shown
    pixels: bool = False            # does mu_y pass through a logistic function, so that it stays in [0, 1]? (normal family)
    learn_u: bool = True            # is u_{t-1} modelled together with y_t? the rVAE's one difference
    prior_given_u: bool = False     # is the prior of x_t a function of u_{t-1}, in place of N(0, I)?

    def __post_init__(self):
        if self.family not in FAMILIES:
            raise ValueError(f"family: wanted one of {', '.join(FAMILIES)}, got {self.family!r}")
        mlp.get_activation(self.activation)
        checks.number("sigma_u", self.sigma_u, low=0, above_low=True)
        checks.number("sigma_y", self.sigma_y, low=0, above_low=True)
        checks.number("noise_u", self.noise_u, low=0)
        checks.number("noise_y", self.noise_y, low=0)
        checks.number("blinks", self.blinks, low=0, high=0.9)               # D53 asks for at most BLINK / (BLINK + 1)
        for name in ("noise_y", "blinks"):
            if getattr(self, name) and self.family != "normal":
                raise ValueError(f"{name}: wanted 0 for the family {self.family!r}, got {getattr(self, name):g}")
        if self.blinks and not self.learn_u:
            raise ValueError(f"blinks: wanted 0 for a model that does not learn u (learn_u), got {self.blinks:g}")
        if self.learn_u and self.prior_given_u:
            raise ValueError("prior_given_u: wanted False for a model that learns u (learn_u), whose prior is N(0, I); got True")
        if self.pixels and self.family != "normal":
            raise ValueError(f"pixels: wanted False for the family {self.family!r}, got {self.pixels!r}")


@dataclass
class Params:
    """theta and phi; also holds gradients and AdaM's moments, which have the same shapes."""
    encode: list        # Layers, y -> encoding                                  phi
    nu: Layer           # (encoding, u) -> nu, its linear part                   phi
    bend_nu: list       # (encoding, u) -> nu, what is added to it: an MLP       phi
    log_upsilon: Layer  # (encoding, u) -> log of Upsilon's diagonal             phi
    decode_u: Layer     # x -> mu_u, its linear part                             theta
    bend_u: list        # x -> mu_u, what is added to it: an MLP                 theta
    decode_y: list      # Layers, x -> mu_y, or eta_y for counts                 theta
    prior: Layer        # u -> mean and log variance of p(x | u), used by the TVAE alone
    model: Model        # what is not learnt

    @property
    def n_x(self):
        return len(self.nu.b)

    @property
    def n_u(self):
        return len(self.decode_u.b)

    @property
    def n_y(self):
        return self.encode[0].W.shape[1]

    def leaves(self, names=None):
        """The arrays of the layers of these names (None: all), in a fixed order."""
        arrays = []
        for name in LAYERS if names is None else names:
            value = getattr(self, name)
            for layer in value if isinstance(value, list) else [value]:
                arrays += [layer.W, layer.b]
        return arrays

    def map(self, function):
        """A Params whose arrays are function(array)."""
        def apply(value):
            if isinstance(value, list):
                return [apply(layer) for layer in value]
            return Layer(function(value.W), function(value.b))
        return Params(**{name: apply(getattr(self, name)) for name in LAYERS}, model=self.model)


LAYERS = [f.name for f in fields(Params) if f.name != "model"]
PHI = ("encode", "nu", "bend_nu", "log_upsilon")           # the recognition model; the rest is theta, the generative one


def init(n_y, n_x, hidden, model, rng, dtype=np.float32, *, bend=0, static=False):
    """Encoder n_y - hidden, decoder n_x - hidden, the other way round, - n_y; nu starts as nearly the identity of u

    hidden : units of the layers of the encoder, the last of which is the encoding: (400, 200). One number for two such layers
        of the encoder and one of the decoder
    bend : hidden units of the MLPs in nu and mu_u (D40); 0 leaves both linear
    static : True for a model without a state (n_u = 0)
    """
    n_y, n_x, bend = checks.count("n_y", n_y), checks.count("n_x", n_x), checks.count("bend", bend, at_least=0)
    encoder, decoder = layer_sizes(hidden)
    checks.generator("rng", rng)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype: wanted numpy.float32 or numpy.float64, got {dtype!r}")
    n_u, n_h = 0 if static else n_x, encoder[-1]
    nu, log_upsilon, decode_u, prior = (mlp.init(sizes, rng, dtype)[0] for sizes in (
        (n_h + n_u, n_x), (n_h + n_u, n_x), (n_x, n_u), (n_u, 2 * n_x)))
    # a state that keeps most of itself, with its sign: examples/linear_rvae.py shows what becomes of other starts
    nu.W[:, n_h:] = 0.9 * np.eye(n_x, n_u)
    decode_u.W[:] = 0.95 * np.eye(n_u, n_x)
    # guesses as precise as u's reproduction: with Upsilon = 1 the first thing learnt would be to give up u
    log_upsilon.W *= 0.1
    log_upsilon.b[:] = 2 * np.log(model.sigma_u)
    prior.W[:] = 0
    encode, decode_y = mlp.init((n_y, *encoder), rng, dtype), mlp.init((n_x, *decoder, n_y), rng, dtype)
    bend_nu, bend_u = [], []
    if bend:
        bend_nu, bend_u = (mlp.init(sizes, rng, dtype) for sizes in ((n_h + n_u, bend, n_x), (n_x, bend, n_u)))
        bend_nu[-1].W[:] = bend_u[-1].W[:] = 0              # at first, they add nothing
    return Params(encode, nu, bend_nu, log_upsilon, decode_u, bend_u, decode_y, prior, model)


def layer_sizes(hidden):
    """The hidden layers of the encoder and of the decoder"""
    if np.ndim(hidden) == 0:
        hidden = checks.count("hidden", hidden)
        return (hidden, hidden), (hidden,)
    encoder = tuple(checks.count("hidden", n) for n in hidden)
    if not encoder:
        raise ValueError("hidden: wanted at least one layer, got none")
    return encoder, encoder[::-1]


def recognise(params, u, y):
    """nu and log Upsilon, (n, n_x) each, and the cache for the way back                           [poster P10, D40]"""
    encoding, cache = encode(params, y)
    joined = np.concatenate([encoding, u], axis=1)
    nu, cache_bend = mlp.forward_skip(params.nu, params.bend_nu, joined, mlp.get_activation(params.model.activation))
    log_upsilon = joined @ params.log_upsilon.W.T + params.log_upsilon.b
    return nu, log_upsilon, (cache, joined, cache_bend)


def encode(params, y):
    """The encoding of y, (n, n_h), before u joins it; and its cache"""
    seen = np.sqrt(y) if params.model.family == "poisson" else y        # the square root makes counts equally noisy
    return mlp.forward(params.encode, seen, mlp.get_activation(params.model.activation))


def mu_u(params, x):
    """E[u_{t-1} | x_t], (n, n_u)                                                                    [poster P7, D40]"""
    return mlp.forward_skip(params.decode_u, params.bend_u, x, mlp.get_activation(params.model.activation))[0]


def emission(params, x):
    """E[y | x], (n, n_y), spikes per time step, means, or brightness                                    [poster P9]"""
    out, _ = mlp.forward(params.decode_y, x, mlp.get_activation(params.model.activation))
    return mean_y(params.model, out)


def mean_y(model, out):
    """E[y] from the output of the decoder"""
    if model.family == "poisson":
        return np.exp(out)
    return expit(out) if model.pixels else out


def loss_and_gradient(params, u, y, eps, noise_u=0.0, noise_y=0.0):
    """D30, averaged over frames; its gradient with respect to params; and with respect to u

    eps : (n, n_x) the noise of the reparameterised sample
    noise_u, noise_y : (n, n_u), (n, n_y) added to u and y where they enter the recognition model; what is to be given back is u and
        y without them
    returns loss, gradient (Params), d_u (n, n_u). The local rules do not use d_u: that is the term that "letting the
    derivative pass through the expectations" leaves out (P12), and backprop through time starts from it.
    """
    n, n_u = u.shape
    model = params.model
    activation = mlp.get_activation(model.activation)

    # forward
    nu, log_upsilon, (cache_encode, joined, cache_bend_nu) = recognise(params, u + noise_u, y + noise_y)
    x = gaussian.reparameterise(nu, log_upsilon, eps)                                                       # D28
    out, cache_decode = mlp.forward(params.decode_y, x, activation)
    mean_u, cache_bend_u = mlp.forward_skip(params.decode_u, params.bend_u, x, activation)
    if model.prior_given_u:
        m, log_k = np.split(u @ params.prior.W.T + params.prior.b, 2, axis=1)
    else:
        m = log_k = np.zeros_like(nu)                                                                       # P8
    loss = gaussian.kl(nu, log_upsilon, m, log_k)                                                           # D30
    if model.family == "poisson":
        loss = loss - gaussian.poisson_log_likelihood(y, out)
        d_out = -gaussian.d_poisson_log_likelihood(y, out)
    else:
        mean = mean_y(model, out)
        loss = loss - gaussian.log_density(y, mean, model.sigma_y)
        d_out = -gaussian.d_log_density(y, mean, model.sigma_y)
        if model.pixels:
            d_out *= mean * (1 - mean)
    if model.learn_u:
        loss = loss - gaussian.log_density(u, mean_u, model.sigma_u)

    # backward, in the opposite order; every d_ is the derivative of the sum over frames
    d_decode_y, d_x = mlp.backward(params.decode_y, cache_decode, d_out, activation)
    d_u = np.zeros_like(u)
    d_mu_u = np.zeros_like(u)
    if model.learn_u:
        d_mu_u = -gaussian.d_log_density(u, mean_u, model.sigma_u)
        d_u -= d_mu_u
    d_decode_u, d_bend_u, d_x_u = mlp.backward_skip(params.decode_u, params.bend_u, x, cache_bend_u, d_mu_u, activation)
    d_x = d_x + d_x_u
    d_nu, d_log_upsilon, d_m, d_log_k = gaussian.d_kl(nu, log_upsilon, m, log_k)
    by_sample = gaussian.d_reparameterise(d_x, log_upsilon, eps)
    d_nu, d_log_upsilon = d_nu + by_sample[0], d_log_upsilon + by_sample[1]
    d_prior = np.zeros((n, 2 * params.n_x), u.dtype)
    if model.prior_given_u:
        d_prior = np.concatenate([d_m, d_log_k], axis=1)
        d_u += d_prior @ params.prior.W
    d_nu_map, d_bend_nu, d_joined = mlp.backward_skip(params.nu, params.bend_nu, joined, cache_bend_nu, d_nu, activation)
    d_joined = d_joined + d_log_upsilon @ params.log_upsilon.W
    n_h = joined.shape[1] - n_u
    d_u += d_joined[:, n_h:]
    d_encode, _ = mlp.backward(params.encode, cache_encode, d_joined[:, :n_h], activation)

    gradient = Params(d_encode, d_nu_map, d_bend_nu, Layer(d_log_upsilon.T @ joined, d_log_upsilon.sum(0)),
                      d_decode_u, d_bend_u, d_decode_y, Layer(d_prior.T @ u, d_prior.sum(0)), model)
    return loss.mean(), gradient.map(lambda leaf: leaf / n), d_u / n


def frames_gradient(params, u, y, rng, told=None):
    """loss_and_gradient of the frames of a chunk, u and y (n_traj, T, n); d_u comes back in their shape

    told : what the recognition model is told of y, (n_traj, T, n_y); None for y itself
    """
    n_traj, T, n_y = y.shape
    def normal(n, scale=1):
        return scale * rng.standard_normal((n_traj * T, n), dtype=y.dtype) if scale else 0

    eps, noise_u, noise_y = normal(params.n_x), normal(params.n_u, params.model.noise_u), normal(n_y, params.model.noise_y)
    if told is not None:
        noise_y = noise_y + (told - y).reshape(n_traj * T, n_y)                 # what is to be given back stays y
    loss, gradient, d_u = loss_and_gradient(params, u.reshape(n_traj * T, -1), y.reshape(n_traj * T, n_y), eps, noise_u, noise_y)
    return loss, gradient, d_u.reshape(u.shape)


# Forward in time

def forward(params, u, y):
    """The states through time: u_t = nu(u_{t-1}, y_t)                                                  [poster P10]

    u : (n_traj, n_u) the state before the first of these steps;  y : (n_traj, T, n_y)
    returns nu (n_traj, T, n_x). The state u_t is nu[:, t, :n_u]: all of it, or nothing in a static model.
    """
    n_traj, T, n_y = y.shape
    n_u = params.n_u
    activation = mlp.get_activation(params.model.activation)
    encoding, _ = encode(params, y.reshape(n_traj * T, n_y))
    n_h = encoding.shape[1]
    from_y = (encoding @ params.nu.W[:, :n_h].T + params.nu.b).reshape(n_traj, T, -1)       # no order in time
    from_u = params.nu.W[:, n_h:].T
    encoding = encoding.reshape(n_traj, T, n_h)
    states = np.empty_like(from_y)
    for t in range(T):
        states[:, t] = u @ from_u + from_y[:, t]
        if params.bend_nu:
            states[:, t] += mlp.forward(params.bend_nu, np.concatenate([encoding[:, t], u], axis=1), activation)[0]
        u = states[:, t, :n_u]
    return states


def first_state(params, y_1):
    """u_0, which nobody has seen, given the first observation: (n_traj, n_u) from (n_traj, n_y)

    A model of the joint knows something about u_0 once it is told y_1: the most probable pair (u_0, x_1) given y_1. It is
    climbed towards coordinate by coordinate, each given the other, from u_0 = 0:

        D34   x_1 <- nu(u_0, y_1),   u_0 <- mu_u(x_1)        FIRST_ROUNDS times

    mu_u is the mode of P7; nu stands for the mode of x given both. It is the poster's clamped alternation with the roles
    exchanged: y is clamped, and the state is filled in. A conditional model has no opinion about u_0, and keeps 0.
    """
    u = np.zeros((len(y_1), params.n_u), y_1.dtype)
    if params.model.learn_u:
        for _ in range(FIRST_ROUNDS):
            u = mu_u(params, recognise(params, u, y_1)[0])
    return u


# Backward in time: what the local rules leave out

def through_time(params, u, y, d_u, local):
    """Backprop through time: what phi does to L by way of the states, added to the local gradient             [D35]

    The state u_t is judged at step t + 1 (d_u), and u_{t+1} is computed from it. Going back from the chunk's end, with F_t
    the derivative of nu at step t with respect to u (where nu is linear, the block of its weights that multiplies u):

        D35   dL/du_t = dL_{t+1}/du_t + F_{t+1}' dL/du_{t+1},      and u_t = nu(u_{t-1}, y_t) hands it on to nu and the encoder

    u, y, d_u : (n_traj, T, n);  local : the gradient with the states taken for data, averaged over frames as d_u is
    At the end of the chunk dL/du_T is 0: what comes after is not looked at.
    """
    n_traj, T, n_y = y.shape
    activation = mlp.get_activation(params.model.activation)
    _, _, (cache, joined, cache_bend) = recognise(params, u.reshape(n_traj * T, -1), y.reshape(n_traj * T, n_y))
    n_h = joined.shape[1] - params.n_u
    caches = [a.reshape(n_traj, T, a.shape[-1]) for a in cache_bend]
    joined_at = joined.reshape(n_traj, T, -1)
    d_nu = np.zeros((n_traj, T, params.n_x), y.dtype)
    for t in range(T - 1, 0, -1):
        _, _, d_joined = mlp.backward_skip(params.nu, params.bend_nu, joined_at[:, t], [a[:, t] for a in caches], d_nu[:, t],
                                           activation)
        d_nu[:, t - 1] = d_u[:, t] + d_joined[:, n_h:]
    d_map, d_bend, d_joined = mlp.backward_skip(params.nu, params.bend_nu, joined, cache_bend,
                                                d_nu.reshape(n_traj * T, -1), activation)
    d_encode, _ = mlp.backward(params.encode, cache, d_joined[:, :n_h], activation)
    return replace(local, encode=added(local.encode, d_encode), nu=added([local.nu], [d_map])[0],
                   bend_nu=added(local.bend_nu, d_bend))


def added(layers, others):
    return [Layer(a.W + b.W, a.b + b.b) for a, b in zip(layers, others)]


# What a trained model says. Each of the model files (vae, rvae, tvae, rvae_bptt) hands these out under the same names.

def infer(params, y, u0=None):
    """The states u_t after y_1 .. y_t, for every t: recognised means, no sampling, causal              [poster P10]

    y : (n_traj, T, n_y), values of the model's family
    u0 : (n_traj, n_x) the state before y_1; None for first_state, from which the models are trained
    returns (n_traj, T, n_x)
    """
    y = check_observations("y", y, params)
    if u0 is None:
        return forward(params, first_state(params, y[:, 0]), y)
    return forward(params, check_states("u0", u0, params, axes=(len(y),))[:, :params.n_u], y)


def emission_mean(params, u):
    """E[y_t | x_t = u_t]: what the state says about the *present* observation                           [poster P9]

    u : (n_traj, T, n_x) from infer;  returns (n_traj, T, n_y): expected spikes per time step, or means
    """
    u = check_states("u", u, params)
    return emission(params, u.reshape(-1, params.n_x)).reshape(*u.shape[:2], params.n_y)


def mode_of_x(params, u):
    """The most probable x_t given u_{t-1}, where u is modelled: x (n, n_x), and the covariance S (n, n_x, n_x) around it

        D31   x <- x + S (J'(u - mu_u(x)) / sigma_u^2 - x),    S = (I + J'J / sigma_u^2)^-1,    J = dmu_u / dx at x

    A step of Gauss and Newton up log p(x) + log p(u | x), from P8 and P7. Where mu_u is linear, p(x | u) is the normal
    N(x, S), and one step finds it, whatever the start. Where it bends, the step is held back (Levenberg and Marquardt: more
    weight on the I) until it climbs; MODE_STEPS of them are made, and N(x, S) is Laplace's approximation.
    """
    linear, bend, activation = params.decode_u, params.bend_u, mlp.get_activation(params.model.activation)
    precision = 1 / params.model.sigma_u**2
    eye = np.eye(params.n_x, dtype=u.dtype)

    def energy(x):
        return precision * np.sum((u - mu_u(params, x)) ** 2, -1) + np.sum(x**2, -1)

    x = np.zeros((len(u), params.n_x), u.dtype) if not bend else u.copy()       # x_t is near u_{t-1}, for little changes
    damping, now = np.full(len(u), 1e-3 if bend else 0, u.dtype), energy(x)
    for _ in range(MODE_STEPS if bend else 1):
        J = mlp.jacobian_skip(linear, bend, x, activation)
        curvature = eye + precision * J.swapaxes(1, 2) @ J
        uphill = precision * np.einsum("nij,ni->nj", J, u - mu_u(params, x)) - x
        step = np.linalg.solve(curvature * (1 + damping[:, None, None] * eye), uphill[..., None])[..., 0]
        then = energy(x + step)
        better = then < now
        x = np.where(better[:, None], x + step, x)
        now, damping = np.minimum(now, then), np.where(better, damping / 4, damping * 8 + 1e-6).astype(u.dtype)
    J = mlp.jacobian_skip(linear, bend, x, activation)
    return x, np.linalg.inv(eye + precision * J.swapaxes(1, 2) @ J)


def sampler_of_x(params, u):
    """rng -> a draw of x_t given u_{t-1}, before y_t is seen: (n, n_x) from (n, n_u)

    Where u is modelled, from N(x, S) of mode_of_x. Where the prior is a function of u, from that. Where there is neither, from
    N(0, I).
    """
    if params.model.learn_u:
        return gaussian.sampler(*mode_of_x(params, u))
    m, log_k = np.zeros((2, len(u), params.n_x), u.dtype)
    if params.model.prior_given_u:
        m, log_k = np.split(u @ params.prior.W.T + params.prior.b, 2, axis=1)
    return lambda rng: gaussian.reparameterise(m, log_k, rng.standard_normal(m.shape, dtype=u.dtype))


def draw_x(params, u, rng):
    """One draw of sampler_of_x"""
    return sampler_of_x(params, u)(rng)


def predict_next(params, u, rng, n_samples=25):
    """E[y_{t+1} | y_1 .. y_t] for every t: the emission's mean over n_samples draws of x_{t+1} given u_t

    u : (n_traj, T, n_x) from infer;  returns (n_traj, T, n_y); the one at t is about the observation at t + 1
    """
    u = check_states("u", u, params)
    checks.generator("rng", rng)
    draw = sampler_of_x(params, u.reshape(-1, params.n_x)[:, :params.n_u])
    draws = (emission(params, draw(rng)) for _ in range(checks.count("n_samples", n_samples)))
    return (sum(draws) / n_samples).reshape(*u.shape[:2], params.n_y)


def generate(params, u0, T, rng):
    """Run free: draw x_1 and y_1 given u_0, let y_1 move the state to u_1, and so on

    u0 : (n_traj, n_x), the last state of infer for instance;  T : steps to generate
    returns y (n_traj, T, n_y), samples of the model's family
    """
    u = check_states("u0", u0, params, axes=("n_traj",))[:, :params.n_u]
    checks.generator("rng", rng)
    y = np.empty((len(u), checks.count("T", T), params.n_y), u.dtype)
    for t in range(T):
        mean = emission(params, draw_x(params, u, rng))
        if params.model.family == "poisson":
            y[:, t] = rng.poisson(mean)
        else:
            y[:, t] = mean + params.model.sigma_y * rng.standard_normal(mean.shape, dtype=u.dtype)
        u = forward(params, u, y[:, t:t + 1])[:, 0, :params.n_u]
    return y


def check_observations(name, y, params):
    """(n_traj, T, n_y) values of the model's family, in the dtype of the parameters; or an error."""
    y = checks.array(name, y, ("n_traj", "T", params.n_y))
    if params.model.family == "poisson":
        checks.counts(name, y)
    if params.model.pixels:
        checks.in_range(name, y, 0, 1)
    return y.astype(params.nu.b.dtype, copy=False)


def check_states(name, u, params, axes=("n_traj", "T")):
    """(*axes, n_x) states, in the dtype of the parameters; or an error."""
    return checks.array(name, u, (*axes, params.n_x)).astype(params.nu.b.dtype, copy=False)
