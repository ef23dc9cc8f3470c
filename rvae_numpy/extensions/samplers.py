"""Samplers of y_t given u_{t-1}, for video: the `sampler` of generation.generate.

The poster does not say how its videos were generated. These are the ways that we compare; each is a
function (params, u (n, n_u), rng) -> means of y (n, n_y), of a model that learns u:

    laplace     x from the Laplace approximation of p(x | u), N(x*, S) of G1; y = mu_y(x). It is
                what `generate` does by itself, and exact where mu_u is linear
    mode        x = x*, the MAP estimate: deterministic ("map" in tables and figures)
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

`refined` adds a refinement y <- mu_y(nu(u, y)) to any of them, which draws y towards what the model
has learnt. Functions without @checked do not check their arguments.
"""

import numpy as np

from datasets.support import boundary
from datasets.support.boundary import count
from rvae_numpy import gaussian, generation, mlp
from rvae_numpy._boundary import checked
from rvae_numpy.autoencoder import emission, log_emission, mu_u, recognise
from rvae_numpy.inference import mode_x_given_u

N_SWEEPS = 25
N_DRAWS = 20
N_CANDIDATES = 60
N_LANGEVIN_STEPS, STEP_SIZE = 20, 0.3

laplace = generation.sample


def mode(params, u, rng=None):
    """mu_y at the MAP estimate of x: a deterministic prediction of y_t from u_{t-1} alone."""
    return emission(params, mode_x_given_u(params, u)[0])


def importance(params, u, rng):
    """mu_y at one of N_DRAWS samples of x, by importance weights (G2)."""
    x, S = mode_x_given_u(params, u)
    root = np.linalg.cholesky(S)
    samples, log_weights = [], []
    for _ in range(N_DRAWS):
        eps = rng.standard_normal(x.shape, u.dtype)
        samples.append(x + np.einsum("nij,nj->ni", root, eps))
        log_weights.append(0.5 * np.sum(eps**2, -1) - energy(params, u, samples[-1]))  # G2
    # the largest of log weight + Gumbel noise is a sample with these weights
    chosen = np.argmax(np.array(log_weights) + rng.gumbel(size=(N_DRAWS, len(u))), axis=0)
    return emission(params, np.array(samples)[chosen, np.arange(len(u))])


def langevin(params, u, rng):
    """mu_y after N_LANGEVIN_STEPS steps of x from its MAP estimate (G3)."""
    x, S = mode_x_given_u(params, u)
    root = np.linalg.cholesky(S)
    for _ in range(N_LANGEVIN_STEPS):
        J = mlp.jacobian_residual(params.decode_u, params.mu_u_residual, x, params.activation)
        residual = (u - mu_u(params, x)) / params.sigma_u**2
        d_energy = x - np.einsum("nij,ni->nj", J, residual)
        eps = rng.standard_normal(x.shape, u.dtype)
        x = (
            x
            + np.einsum("nij,nj->ni", S, -0.5 * STEP_SIZE * d_energy)
            + np.sqrt(STEP_SIZE) * np.einsum("nij,nj->ni", root, eps)
        )  # G3
    return emission(params, x)


def rerank(params, u, rng):
    """The most probable of N_CANDIDATES frames and that of the MAP estimate (G4)."""
    x, S = mode_x_given_u(params, u)
    sample_x = gaussian.sampler(x, S)
    best = emission(params, x)
    least = joint_energy(params, u, best)
    for _ in range(N_CANDIDATES):
        y = emission(params, sample_x(rng))
        now = joint_energy(params, u, y)  # G4
        better = now < least
        best, least = np.where(better[:, None], y, best), np.where(better, now, least)
    return best


def gibbs(params, u, rng):
    """mu_y after N_SWEEPS sweeps of x ~ q(x | u, y) and y <- mu_y(x), from noise."""
    y = rng.random((len(u), params.n_y), dtype=u.dtype)
    for _ in range(N_SWEEPS):
        nu, log_upsilon, _ = recognise(params, u, y)
        eps = rng.standard_normal(nu.shape, u.dtype)
        y = emission(params, gaussian.reparameterise(nu, log_upsilon, eps))
    return y


SAMPLERS = dict(rerank=rerank, map=mode, laplace=laplace)
SAMPLERS |= dict(importance=importance, langevin=langevin, gibbs=gibbs)


@checked(sampler=boundary.function, n_refine=count(0))
def refined(sampler, n_refine=1):
    """The sampler, followed by n_refine refinements y <- mu_y(nu(u, y))."""

    def refined_sampler(params, u, rng):
        y = sampler(params, u, rng)
        for _ in range(n_refine):
            y = emission(params, recognise(params, u, y)[0])
        return y

    return refined_sampler


def energy(params, u, x):
    """-log p(x) p(u | x), (n,), up to a constant: the E of G3."""
    return 0.5 * np.sum(x**2, -1) - gaussian.log_density(u, mu_u(params, x), params.sigma_u)


def joint_energy(params, u, y):
    """-log p(u, x, y) at the recognised x = nu(u, y), (n,), up to a constant."""
    nu, _, _ = recognise(params, u, y)
    out, _ = mlp.forward(params.decode_y, nu, params.activation)
    return energy(params, u, nu) - log_emission(params.config, y, out)
