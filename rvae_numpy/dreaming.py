"""Dreaming: what a model of the joint says about y_t, given u_{t-1} alone, step after step.

The poster shows films that the rVAE generates, but not how. A model of p(u_{t-1}, x_t, y_t) must be asked for p(y_t | u_{t-1}),
and there are several ways (a chapter compares them: examples/README.md):

    alternate   clamped alternation, as the harmonium's clamped Gibbs sampling: from noise, x <- a draw of q(x | u, y),
                y <- mu_y(x), ROUNDS times. It asks the recognition model about pairs (u, y) that it has never seen.
    draw        x from Laplace's approximation of p(x | u), N(x*, S) of D31; y = mu_y(x)
    weigh       N_DRAWS such x, of which one is taken, with importance weights (a sample of p(x | u), but for their number):

        D43   w_i = p(x_i) p(u | x_i) / N(x_i; x*, S)

    mode        x* itself, the most probable x given u: no chance at all
    langevin    p(x | u) by LANGEVIN_STEPS steps of Langevin's diffusion from x*, its steps measured by S:

        D44   x <- x - h/2 S dE/dx + sqrt(h) S^{1/2} eps,      E(x) = |x|^2 / 2 + |u - mu_u(x)|^2 / 2 sigma_u^2

    choose      of mu_y(x*) and of N_CANDIDATES draws' mu_y(x_i), the y that the model of the joint finds most probable next to u

        D45   y_t = argmin_i -log p(u_{t-1}, x_i^, y_i),     y_i = mu_y(x_i),   x_i^ = nu(u_{t-1}, y_i)

                What the model has never seen, two balls in one place for instance, it recognises badly: so it is not chosen.

    blind       what the recognition model makes of u alone, as it has learnt to in blinks (D53 in training.py)

        D54   x_t = nu(u_{t-1}, 0),   y_t = mu_y(x_t),   u_t = x_t

                The default for a model that blinks, and for that alone: the others do not know what 0 stands for.

A clean-up may follow: y <- mu_y(nu(u, y)), which draws y towards what the model has seen. Then (but for blind) the state sees y as if
it had been observed: u_t = nu(u_{t-1}, y_t).
"""
import numpy as np

from datasets import checks
from rvae_numpy import autoencoder, gaussian, mlp

ROUNDS = 25
N_DRAWS = 20
N_CANDIDATES = 60
LANGEVIN_STEPS, H = 20, 0.3

# Each scheme: params, u (n, n_u), rng -> y (n, n_y), means


def alternate(params, u, rng):
    y = rng.random((len(u), params.n_y), dtype=u.dtype)
    for _ in range(ROUNDS):
        nu, log_upsilon, _ = autoencoder.recognise(params, u, y)
        y = autoencoder.emission(params, gaussian.reparameterise(nu, log_upsilon, rng.standard_normal(nu.shape, u.dtype)))
    return y


def mode(params, u, rng):
    return autoencoder.emission(params, autoencoder.mode_of_x(params, u)[0])


def draw(params, u, rng):
    return autoencoder.emission(params, autoencoder.draw_x(params, u, rng))


def energy(params, u, x):
    """-log p(x) p(u | x), (n,), but for a constant"""
    return 0.5 * np.sum(x**2, -1) - gaussian.log_density(u, autoencoder.mu_u(params, x), params.model.sigma_u)


def weigh(params, u, rng):
    x, S = autoencoder.mode_of_x(params, u)
    root = np.linalg.cholesky(S)
    draws, log_weights = [], []
    for _ in range(N_DRAWS):
        eps = rng.standard_normal(x.shape, u.dtype)
        draws.append(x + np.einsum("nij,nj->ni", root, eps))
        log_weights.append(0.5 * np.sum(eps**2, -1) - energy(params, u, draws[-1]))                            # D43
    # the largest of log weight + Gumbel noise is a draw with these weights
    chosen = np.argmax(np.array(log_weights) + rng.gumbel(size=(N_DRAWS, len(u))), axis=0)
    return autoencoder.emission(params, np.array(draws)[chosen, np.arange(len(u))])


def joint_energy(params, u, y):
    """-log p(u, x, y) at the recognised x = nu(u, y), (n,), but for a constant"""
    nu, _, _ = autoencoder.recognise(params, u, y)
    return energy(params, u, nu) - gaussian.log_density(y, autoencoder.emission(params, nu), params.model.sigma_y)


def choose(params, u, rng):
    x, S = autoencoder.mode_of_x(params, u)
    draw_x = gaussian.sampler(x, S)
    best = autoencoder.emission(params, x)
    least = joint_energy(params, u, best)
    for _ in range(N_CANDIDATES):
        y = autoencoder.emission(params, draw_x(rng))
        now = joint_energy(params, u, y)                                                                        # D45
        better = now < least
        best, least = np.where(better[:, None], y, best), np.where(better, now, least)
    return best


def langevin(params, u, rng):
    x, S = autoencoder.mode_of_x(params, u)
    root = np.linalg.cholesky(S)
    activation = mlp.get_activation(params.model.activation)
    for _ in range(LANGEVIN_STEPS):
        J = mlp.jacobian_skip(params.decode_u, params.bend_u, x, activation)
        d_energy = x - np.einsum("nij,ni->nj", J, u - autoencoder.mu_u(params, x)) / params.model.sigma_u**2
        eps = rng.standard_normal(x.shape, u.dtype)
        x = x + np.einsum("nij,nj->ni", S, -0.5 * H * d_energy) + np.sqrt(H) * np.einsum("nij,nj->ni", root, eps)   # D44
    return autoencoder.emission(params, x)


def blind(params, u, rng):
    return autoencoder.emission(params, eyes_shut(params, u))


def eyes_shut(params, u):
    """nu(u, 0), (n, n_x)                                                                                       [D54]"""
    return autoencoder.recognise(params, u, np.zeros((len(u), params.n_y), u.dtype))[0]


def forecast(params, u):
    """mu_y at D54's x_t for a model that blinks, and otherwise at D31's: (n, n_y) from u (n, n_u), no random numbers"""
    return (blind if params.model.blinks else mode)(params, u, None)


SCHEMES = {"choose": choose, "mode": mode, "draw": draw, "weigh": weigh, "langevin": langevin, "alternate": alternate,
           "blind": blind}


def dream(params, u0, T, rng, scheme=None, clean_up=0):
    """T steps on from the states u0, without observations: y (n_traj, T, n_y), the means of what is generated

    u0 : (n_traj, n_x), the last states of infer for instance
    scheme : how y_t is got from u_{t-1}, one of SCHEMES; None for blind where the model blinks, and otherwise choose
    clean_up : how often y_t is then encoded and decoded again
    """
    u = autoencoder.check_states("u0", u0, params, axes=("n_traj",))
    checks.generator("rng", rng)
    check_model(params)
    blinks = params.model.blinks > 0
    scheme = scheme or ("blind" if blinks else "choose")
    if scheme not in SCHEMES:
        raise ValueError(f"scheme: wanted one of {', '.join(SCHEMES)}, got {scheme!r}")
    if scheme == "blind" and not blinks:
        raise ValueError("scheme: wanted another than blind for a model that does not blink (blinks), got 'blind'")
    clean_up = checks.count("clean_up", clean_up, at_least=0)
    y = np.empty((len(u), checks.count("T", T), params.n_y), u.dtype)
    for t in range(T):
        now = SCHEMES[scheme](params, u, rng)
        for _ in range(clean_up):
            now = autoencoder.emission(params, autoencoder.recognise(params, u, now)[0])
        y[:, t] = now
        u = eyes_shut(params, u) if scheme == "blind" else autoencoder.forward(params, u, y[:, t:t + 1])[:, 0]
    return y


def check_model(params):
    """It must be one that can be asked for y given u, and answers by a mean"""
    if not params.model.learn_u or params.model.family != "normal":
        raise ValueError("params: wanted a model of the joint (an rVAE) of the family normal, got one "
                         + (f"of the family {params.model.family}" if params.model.learn_u else "that does not model u"))
