"""Generation: free runs of the model, forward and backward in time.

The poster shows videos that the rVAE generates, but not how. A model of p(u_{t-1}, x_t, y_t) can
be asked for p(y_t | u_{t-1}) in several ways, the `sampler`s of `generate`:

    laplace     x from the Laplace approximation of p(x | u), N(x*, S) of G1; y = mu_y(x)
    map         x = x*, the MAP estimate: deterministic
    importance  one of N_DRAWS such x, by importance weights (samples p(x | u) as N_DRAWS grows):

        G2   w_i = p(x_i) p(u | x_i) / N(x_i; x*, S)

    langevin    N_LANGEVIN_STEPS steps of Langevin dynamics from x*, preconditioned by S:

        G3   x <- x - h/2 S dE/dx + sqrt(h) S^{1/2} eps,
             E(x) = |x|^2 / 2 + |u - mu_u(x)|^2 / 2 sigma_u^2

    rerank      of mu_y(x*) and N_CANDIDATES Laplace samples' mu_y(x_i), the most probable next to u
                under the joint (a search for a probable frame, not a sample):

        G4   y_t = argmin_i -log p(u_{t-1}, x_i', y_i),   y_i = mu_y(x_i),   x_i' = nu(u_{t-1}, y_i)

    gibbs       the harmonium's clamped Gibbs sampling: from noise, x ~ q(x | u, y), y <- mu_y(x),
                N_SWEEPS times. It asks q about pairs (u, y) unlike any in training.

A refinement y <- mu_y(nu(u, y)) may follow, `n_refine` times: it draws y towards what the model has
learnt. Then the state is updated as if y had been observed: u_t = nu(u_{t-1}, y_t). A model that
does not learn u has a prior instead of p(x | u): "laplace" samples it exactly, "map" takes its
mean. G5 (coarse to fine) stands in examples/digits/coarse_to_fine.py, G6 (backward) below.
"""

from dataclasses import replace

import numpy as np

from datasets.support import checks
from rvae_numpy import gaussian, inference, mlp
from rvae_numpy.autoencoder import emission, forward, log_emission, mu_u, prior, recognise
from rvae_numpy.inference import check_states, finite, no_overflow
from rvae_numpy.mlp import Layer
from rvae_numpy.parameters import check_params

N_SWEEPS = 25
N_DRAWS = 20
N_CANDIDATES = 60
N_LANGEVIN_STEPS, STEP_SIZE = 20, 0.3
MAX_RATE = 1e9  # spikes per time step: far above any data, far below what overflows


def _gibbs(params, u, rng):
    y = rng.random((len(u), params.n_y), dtype=u.dtype)
    for _ in range(N_SWEEPS):
        nu, log_upsilon, _ = recognise(params, u, y)
        y = emission(
            params, gaussian.reparameterise(nu, log_upsilon, rng.standard_normal(nu.shape, u.dtype))
        )
    return y


def _map(params, u, rng):
    return emission(
        params,
        inference._mode_x_given_u(params, u)[0] if params.config.learn_u else prior(params, u)[0],
    )


def _laplace(params, u, rng):
    return emission(params, inference._sampler_x_given_u(params, u)(rng))


def _importance(params, u, rng):
    x, S = inference._mode_x_given_u(params, u)
    root = np.linalg.cholesky(S)
    samples, log_weights = [], []
    for _ in range(N_DRAWS):
        eps = rng.standard_normal(x.shape, u.dtype)
        samples.append(x + np.einsum("nij,nj->ni", root, eps))
        log_weights.append(0.5 * np.sum(eps**2, -1) - energy(params, u, samples[-1]))  # G2
    # the largest of log weight + Gumbel noise is a sample with these weights
    chosen = np.argmax(np.array(log_weights) + rng.gumbel(size=(N_DRAWS, len(u))), axis=0)
    return emission(params, np.array(samples)[chosen, np.arange(len(u))])


def _langevin(params, u, rng):
    x, S = inference._mode_x_given_u(params, u)
    root = np.linalg.cholesky(S)
    for _ in range(N_LANGEVIN_STEPS):
        J = mlp.jacobian_residual(params.decode_u, params.mu_u_residual, x, params.activation)
        d_energy = x - np.einsum("nij,ni->nj", J, u - mu_u(params, x)) / params.config.sigma_u**2
        eps = rng.standard_normal(x.shape, u.dtype)
        x = (
            x
            + np.einsum("nij,nj->ni", S, -0.5 * STEP_SIZE * d_energy)
            + np.sqrt(STEP_SIZE) * np.einsum("nij,nj->ni", root, eps)
        )  # G3
    return emission(params, x)


def _rerank(params, u, rng):
    x, S = inference._mode_x_given_u(params, u)
    sample_x = gaussian.sampler(x, S)
    best = emission(params, x)
    least = joint_energy(params, u, best)
    for _ in range(N_CANDIDATES):
        y = emission(params, sample_x(rng))
        now = joint_energy(params, u, y)  # G4
        better = now < least
        best, least = np.where(better[:, None], y, best), np.where(better, now, least)
    return best


# (params, u (n, n_u), rng) -> y (n, n_y), means
SAMPLERS = {
    "rerank": _rerank,
    "map": _map,
    "laplace": _laplace,
    "importance": _importance,
    "langevin": _langevin,
    "gibbs": _gibbs,
}


def energy(params, u, x):
    """-log p(x) p(u | x), (n,), up to a constant: the E of G3. Does not check its arguments."""
    return 0.5 * np.sum(x**2, -1) - gaussian.log_density(u, mu_u(params, x), params.config.sigma_u)


def joint_energy(params, u, y):
    """-log p(u, x, y) at the recognised x = nu(u, y), (n,), up to a constant.
    Does not check its arguments."""
    nu, _, _ = recognise(params, u, y)
    out, _ = mlp.forward(params.decode_y, nu, params.activation)
    return energy(params, u, nu) - log_emission(params.config, y, out)


def predict_map(params, u):
    """mu_y at the MAP estimate of x_t given u_{t-1}: a deterministic prediction of y_t.

    Parameters
    ----------
    params : Params of a model that learns u
    u : (n, n_x) previous states

    Returns
    -------
    (n, n_y)
    """
    check_joint(params)
    u = check_states("u", u, params, axes=("n",))
    with no_overflow("u"):
        return finite("u", _map(params, u, None))


def generate(params, u0, T, rng, *, sampler=None, n_refine=0, sample_y=None):
    """Free run of T steps from the states u0, without observations.

    Parameters
    ----------
    params : Params
    u0 : (n_traj, n_x) states, the last of infer for instance
    T : time steps to generate
    rng : numpy.random.Generator
    sampler : how y_t follows from u_{t-1}, one of SAMPLERS. None for "rerank" if the model learns
        u and its family is normal, and otherwise "laplace". A model that does not learn u has
        "laplace" and "map" only
    n_refine : refinements of y_t, each y <- mu_y(nu(u, y))
    sample_y : True to sample y_t from p(y | x), False for its mean; None samples counts only.
        With sigmoid_mean, samples are clipped to [0, 1]

    Returns
    -------
    (n_traj, T, n_y)
    """
    check_params(params)
    config = params.config
    u = check_states("u0", u0, params, axes=("n_traj",))[:, : params.n_u]
    T, n_refine = checks.count("T", T), checks.count("n_refine", n_refine, at_least=0)
    checks.generator("rng", rng)
    if sampler is None:
        sampler = "rerank" if config.learn_u and config.family == "normal" else "laplace"
    sample = SAMPLERS[
        checks.one_of("sampler", sampler, SAMPLERS if config.learn_u else ("laplace", "map"))
    ]
    counts = config.family == "poisson"
    sample_y = counts if sample_y is None else checks.flag("sample_y", sample_y)
    y = np.empty((len(u), T, params.n_y), params.nu.b.dtype)
    with no_overflow("u0"):
        for t in range(T):
            mean = sample(params, u, rng)
            for _ in range(n_refine):
                mean = emission(params, recognise(params, u, mean)[0])
            y[:, t] = _sample_y(config, mean, rng) if sample_y else mean
            u = forward(params, u, y[:, t : t + 1])[:, 0, : params.n_u]
    return finite("u0", y)


def _sample_y(config, mean, rng):
    """A sample of p(y | x), (n, n_y), from its mean"""
    if config.family == "poisson":
        if not mean.max() <= MAX_RATE:  # NaN too
            raise ValueError(
                f"u0: expected states from which at most {MAX_RATE:g} spikes per "
                f"time step follow, got {mean.max():g}"
            )
        return rng.poisson(mean)
    y = mean + config.sigma_y * rng.standard_normal(mean.shape, dtype=mean.dtype)
    return np.clip(y, 0, 1) if config.sigmoid_mean else y


def generate_backward(params, x_T, T, rng, *, sample_u=0.0, n_refine=0):
    """Free run of T steps backward in time from the states x_T (G6).

    The generative model is p(x_t) p(u_{t-1} | x_t) p(y_t | x_t), and u_{t-1} is the x of t - 1.
    So the model runs backward by ancestral sampling, without inference:

        G6   y_t = mu_y(x_t),   x_{t-1} <- u_{t-1} = mu_u(x_t), or a sample N(mu_u(x_t), sigma_u^2)

    u_{t-1} is a mean, and with probability `sample_u` a sample; y_t is always a mean. E[u | x]
    varies less than u, so a long run of means loses speed; `calibrate_backward` counteracts it.

    Parameters
    ----------
    params : Params of a model that learns u
    x_T : (n_traj, n_x) states, the last of infer for instance
    T : time steps to generate
    rng : numpy.random.Generator
    sample_u : probability, per trajectory and time step, of sampling u
    n_refine : how often x_t <- nu(u_{t-1}, y_t) recognises x_t again from what it gave, before
        u_{t-1} and y_t are decoded for good: this draws x_t towards states that y has led to

    Returns
    -------
    (n_traj, T, n_y): index 0 holds y_T, index 1 y_{T-1}, and so on
    """
    check_joint(params)
    x = check_states("x_T", x_T, params, axes=("n_traj",))
    T, n_refine = checks.count("T", T), checks.count("n_refine", n_refine, at_least=0)
    checks.generator("rng", rng)
    sample_u = checks.number("sample_u", sample_u, 0, 1)
    y = np.empty((len(x), T, params.n_y), x.dtype)
    with no_overflow("x_T"):
        for t in range(T):
            for _ in range(n_refine):
                x = recognise(params, mu_u(params, x), emission(params, x))[0]
            y[:, t] = emission(params, x)
            x = mu_u(params, x)  # G6
            if sample_u:
                noise = params.config.sigma_u * rng.standard_normal(x.shape, x.dtype)
                x = np.where(rng.random((len(x), 1)) < sample_u, x + noise, x)
    return finite("x_T", y)


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
    check_joint(params)
    u = check_states("u", u, params)
    gain = checks.number("gain", gain, 0, 10, above_low=True)
    n_x = params.n_x
    if u.shape[1] < 2:
        raise ValueError(f"u: expected at least 2 time steps, got {u.shape[1]}")
    with no_overflow("u"):
        mean = finite("u", mu_u(params, u[:, 1:].reshape(-1, n_x))).astype(float)
        ones = np.ones((len(mean), 1))
        fit = np.linalg.lstsq(
            np.concatenate([mean, ones], axis=1),
            u[:, :-1].reshape(-1, n_x).astype(float),
            rcond=None,
        )[0]
    A, b = gain * fit[:-1].T, gain * fit[-1]

    def fitted(layer, W=0, b=0):
        return Layer((A @ layer.W + W).astype(u.dtype), (A @ layer.b + b).astype(u.dtype))

    residual = [*params.mu_u_residual[:-1], *map(fitted, params.mu_u_residual[-1:])]
    return replace(
        params,
        decode_u=fitted(params.decode_u, (1 - gain) * np.eye(n_x), b),
        mu_u_residual=residual,
    )


def check_joint(params):
    """The Params, if they are of a model of the joint p(u, y); or an error."""
    check_params(params)
    if not params.config.learn_u:
        kind = "without a state (a VAE)" if params.n_u == 0 else "that is conditional on u (a TVAE)"
        raise ValueError(
            "params: expected a model of the joint p(u, y), which learns u (an rVAE), "
            f"got one {kind}"
        )
    return params
