"""The linear rVAE, solved without sampling: what the local rule does to covariances (appendix A).

Everything in the rVAE is linear and Gaussian, and the oscillator's decoded position is the only
observation. The state u_t = F u_{t-1} + G y_t and the oscillator z_t together are one linear
system, which has a stationary covariance S. S contains the covariance V of what the rVAE takes for
its data, v = (u_{t-1}, y_t). Given V, the local rule is factor analysis with known noises:

    L1   S = M S M' + N,   M = [[A, 0], [G C A, F]],   N: noise covariance of (z, u)
    L2   p(u | x) = N(W x, sigma_u^2 I),   p(y | x) = N(c'x, R)
         M-step   (W, c) = E[v x'] E[x x']^-1
         E-step   Upsilon = (I + W'W / sigma_u^2 + c c' / R)^-1
                  F = Upsilon W' / sigma_u^2,   G = Upsilon c / R

One iteration is an M-step, a fifth of the way to the E-step's map, and S for the new map. V changes
from one iteration to the next, and no step anticipates the change: this is what "U_{t-1} depends on
the parameters, and the gradient ignores it" means. Gradient descent on the same loss (V8) has the
same fixed points; the path to them is this algorithm's own.

Shapes: F (m, n, n), G (m, n), Upsilon (m, n, n), W (m, n, n), c (m, n) for m initialisations that
are followed at once, and n latent variables.
"""

import numpy as np
from scipy.linalg import solve_discrete_are

from datasets import ppc
from examples.ppc.coasting import STEPS

# The oscillator of P1 with a little less damping, so that its stationary standard deviation is that
# of the trajectories (0.41 rad); observed as its position plus noise of the decoder's variance
SYSTEM = ppc.System(damping=0.175)
A, C, Q = SYSTEM.A, SYSTEM.C[0], SYSTEM.Sigma_z
R = 11.8e-4  # rad^2, the decoder's mean squared error: ORDER 0 of Table 1
STRIDE = 0.2  # fraction of the way to the E-step's map
EDGE = 0.9999  # largest modulus of an eigenvalue of F: S is infinite from 1 on
N_EARLY = 10  # iterations after which the autocorrelation of the state is taken
OUTCOMES = ("second_order", "first_order", "autonomous")


def optimal_filter():
    """MSE of the position (rad^2) of the optimal filter: the stationary Kalman filter."""
    predicted = solve_discrete_are(A.T, C[:, None], Q, [[R]])
    return float(predicted[0, 0] * R / (predicted[0, 0] + R))


# %% One iteration


def stationary(F, G):
    """S (m, 2 + n, 2 + n), the covariance of (z_t, u_t) (L1)."""
    m, n = G.shape
    M, N = np.zeros((2, m, 2 + n, 2 + n))
    M[:, :2, :2] = A
    M[:, 2:, :2] = G[:, :, None] * (C @ A)
    M[:, 2:, 2:] = F
    # the noise of z reaches z itself, and u through y
    noise = np.concatenate([np.tile(np.eye(2), (m, 1, 1)), G[:, :, None] * C], axis=1)
    N[:] = noise @ Q @ noise.transpose(0, 2, 1)
    N[:, 2:, 2:] += R * G[:, :, None] * G[:, None, :]
    d = 2 + n  # vec(M S M') = (M kron M) vec(S)
    kron = np.einsum("mik,mjl->mijkl", M, M).reshape(m, d * d, d * d)
    return np.linalg.solve(np.eye(d * d) - kron, N.reshape(m, d * d, 1)).reshape(m, d, d)


def data_covariance(S):
    """V (m, n + 1, n + 1), the covariance of v = (u_{t-1}, y_t)."""
    n = S.shape[1] - 2
    to_v = np.zeros((n + 1, 2 + n))  # from (z_{t-1}, u_{t-1})
    to_v[:n, 2:] = np.eye(n)
    to_v[n, :2] = C @ A
    V = to_v @ S @ to_v.T
    V[:, n, n] += C @ Q @ C + R
    return V


def m_step(F, G, Upsilon, V):
    """W and c of the generative model, given the recognition model (L2)."""
    n = F.shape[1]
    K = np.concatenate([F, G[:, :, None]], axis=2)  # x = K v + noise of covariance Upsilon
    v_x = V @ K.transpose(0, 2, 1)
    both = v_x @ np.linalg.inv(K @ v_x + Upsilon)
    return both[:, :n], both[:, n]


def e_step(W, c, sigma_u):
    """F, G and Upsilon of the exact posterior of x, given the generative model (L2)."""
    precision = W.transpose(0, 2, 1) @ W / sigma_u**2 + c[:, :, None] * c[:, None] / R
    Upsilon = np.linalg.inv(np.eye(W.shape[1]) + precision)
    F = Upsilon @ W.transpose(0, 2, 1) / sigma_u**2
    return F, (Upsilon @ c[:, :, None])[:, :, 0] / R, Upsilon


def iterate(F, G, sigma_u, n_iterations):
    """Follow the local rule from these initialisations: F, G, W, c at the end."""
    Upsilon = np.tile(sigma_u**2 * np.eye(F.shape[1]), (len(F), 1, 1))
    for _ in range(n_iterations):
        W, c = m_step(F, G, Upsilon, data_covariance(stationary(F, G)))
        target = e_step(W, c, sigma_u)
        F, G, Upsilon = (
            old + STRIDE * (new - old) for old, new in zip((F, G, Upsilon), target, strict=True)
        )
        modulus = np.abs(np.linalg.eigvals(F)).max(1)
        F = F * np.minimum(1, EDGE / modulus)[:, None, None]
    return F, G, W, c


# %% What was learnt


def loss(W, c, sigma_u, V):
    """The loss V8 per time step (nats, without a constant), for the exact posterior: (m,)

    It is then -log p(u, y).
    """
    L = np.concatenate([W, c[:, None]], axis=1)
    noise = np.diag(np.append(np.full(W.shape[1], sigma_u**2), R))
    model = L @ L.transpose(0, 2, 1) + noise
    trace = np.trace(np.linalg.solve(model, V), axis1=1, axis2=2)
    return 0.5 * (np.linalg.slogdet(model)[1] + trace)


def coasting(F, G, W, c, sigma_u):
    """Slope of the displacement of a free run on the true one after k steps, {k: (m,)}.

    The definition is that of examples/ppc/coasting.py, in closed form. Without observations, the
    model takes the mean of its own prediction for y_t:

        u_t = (F + G c'B) u_{t-1},   B = (I + W'W / sigma_u^2)^-1 W' / sigma_u^2,   E[x | u] = B u
        d = c'(M^k - I) u,   D = C (A^k - I) z + noise,   slope = E[d D] / E[D^2]

    M is the map of the first line. The noise after the last observation is independent of u.
    """
    S, n = stationary(F, G), F.shape[1]
    precision = np.eye(n) + W.transpose(0, 2, 1) @ W / sigma_u**2
    B = np.linalg.solve(precision, W.transpose(0, 2, 1)) / sigma_u**2
    M = F + G[:, :, None] * (c[:, None] @ B)
    noise = np.zeros_like(A)
    found, power = {}, np.eye(2)
    for k in range(1, max(STEPS) + 1):
        noise, power = A @ noise @ A.T + Q, A @ power
        if k in STEPS:
            d = np.einsum("mi,mij->mj", c, np.linalg.matrix_power(M, k) - np.eye(n))
            D = C @ (power - np.eye(2))
            d_D = np.einsum("mi,mij,j->m", d, S[:, 2:, :2], D)
            found[f"{k}"] = d_D / (np.einsum("i,mij,j->m", D, S[:, :2, :2], D) + C @ noise @ C)
    return found


def measure(F, G, W, c, sigma_u):
    """What the stationary covariance says about each of the m maps.

    Returns
    -------
    [{"mse": of the position, rad^2; "velocity_r2": of a linear read-out of velocity from the state;
    "coasting": {k: slope}; "slope": length by which the mean state moves per rad of position;
    "loss": nats; "eigenvalues": of F, [[real, imaginary]]}], one per map
    """
    S = stationary(F, G)
    zu, uu = S[:, :2, 2:], S[:, 2:, 2:]
    c_uu_c = np.einsum("mi,mij,mj->m", c, uu, c)
    mse = S[:, 0, 0] - 2 * np.einsum("mi,mi->m", c, zu[:, 0]) + c_uu_c
    inverse = np.linalg.pinv(uu, rcond=1e-9, hermitian=True)
    explained = np.einsum("mi,mij,mj->m", zu[:, 1], inverse, zu[:, 1])
    values = loss(W, c, sigma_u, data_covariance(S))
    slopes = coasting(F, G, W, c, sigma_u)
    length = np.linalg.norm(zu[:, 0], axis=1) / S[:, 0, 0]
    return [
        {
            "mse": float(mse[i]),
            "velocity_r2": float(explained[i] / S[i, 1, 1]),
            "coasting": {k: float(slope[i]) for k, slope in slopes.items()},
            "slope": float(length[i]),
            "loss": float(values[i]),
            "eigenvalues": [[float(e.real), float(e.imag)] for e in np.linalg.eigvals(F[i])],
        }
        for i in range(len(F))
    ]


def simulate(F, G, c, rng, n_traj=400, T=1000):
    """The same for one map, F (n, n), G (n,), c (n,), by simulation: {"mse", "velocity_r2"}"""
    S = stationary(F[None], G[None])[0]
    first = rng.multivariate_normal(np.zeros(len(S)), S, size=n_traj, check_valid="ignore")
    z, u = first[:, :2], first[:, 2:]
    noise = rng.standard_normal((T, n_traj, 3)) * np.sqrt(np.append(np.diag(Q), R))
    states, truth = np.empty((T, n_traj, len(G))), np.empty((T, n_traj, 2))
    for t in range(T):
        truth[t] = z = z @ A.T + noise[t, :, :2]
        y = z @ C + noise[t, :, 2]
        states[t] = u = u @ F.T + y[:, None] * G
    states, truth = states.reshape(T * n_traj, -1), truth.reshape(T * n_traj, 2)
    velocity = states @ np.linalg.lstsq(states, truth[:, 1], rcond=None)[0]
    residual = np.mean((truth[:, 1] - velocity) ** 2)
    return {
        "mse": float(np.mean((truth[:, 0] - states @ c) ** 2)),
        "velocity_r2": float(1 - residual / np.mean(truth[:, 1] ** 2)),
    }


def outcome(result):
    """Second order, first order, or an autonomous mode: one of OUTCOMES.

    Second order is what moves on without observations. In the theory, the slope after 5 steps is
    below 0.2 or above 0.7 with few exceptions; later, the return to the middle adds to it.

    An **autonomous mode** is a direction of the state (or a plane) that follows its own past and
    ignores y: an eigenvalue near the unit circle, and not near +1.
    """
    if result["coasting"]["5"] > 0.5:
        return "second_order"
    autonomous = any(np.hypot(*e) > 0.98 and e[0] < 0.9 for e in result["eigenvalues"])
    return "autonomous" if autonomous else "first_order"


# %% Initialisations


def random_inits(m, n, rng):
    """F and G at random, the largest eigenvalue of each F scaled to a modulus of 0.9."""
    F = rng.standard_normal((m, n, n))
    F *= (0.9 / np.abs(np.linalg.eigvals(F)).max(1))[:, None, None]
    return F, 0.5 * rng.standard_normal((m, n))


def init_near_identity(n, rng):
    """One F and G like those of initial.init: F near 0.9 times the identity."""
    F = (0.9 * np.eye(n) + 0.02 * rng.standard_normal((n, n)))[None]
    return F, 0.5 * rng.standard_normal((1, n))


def fixed_points(latents, sigmas, rng, n_inits, n_iterations):
    """One row per number of latent variables and sigma_u: where the initialisations end.

    The row is about the initialisation near the identity; "random_inits" counts the outcomes of
    the n_inits random ones, and "all" has their measures.
    """
    rows = []
    for n in latents:
        for sigma_u in sigmas:
            (F, G), (F_ours, G_ours) = random_inits(n_inits, n, rng), init_near_identity(n, rng)
            F, G, W, c = iterate(
                np.concatenate([F_ours, F]), np.concatenate([G_ours, G]), sigma_u, n_iterations
            )
            ours, *others = measure(F, G, W, c, sigma_u)
            outcomes = [outcome(other) for other in others]
            rows.append(
                {
                    "model": "linear rVAE",
                    "n_x": n,
                    "sigma_u": sigma_u,
                    **ours,
                    "outcome": outcome(ours),
                    "simulated": simulate(F[0], G[0], c[0], rng),
                    "random_inits": {name: outcomes.count(name) for name in OUTCOMES},
                    "all": others,
                }
            )
    return rows


def rescaled(sigma_u, slope, n_iterations):
    """One latent variable, with sigma_u relative to the slope of a longer, curved code.

    Parameters
    ----------
    sigma_u : of a trained network
    slope : of its state, per rad; a linear code's is smaller, because its variance is the prior's

    Returns
    -------
    {"sigma_u": relative to the linear code, "mse", "velocity_r2", ...} as `measure` has them
    """

    def fixed_point(sigma):
        init = np.full((1, 1, 1), 0.9), np.full((1, 1), 0.3)
        return measure(*iterate(*init, sigma, n_iterations), sigma)[0]

    relative = sigma_u * fixed_point(sigma_u)["slope"] / slope
    return {"sigma_u": relative, **fixed_point(relative)}


# %% What decides the basin
# y is slow: it hardly changes from one time step to the next. A mode of the state with a positive
# eigenvalue accumulates y; one with a negative or complex eigenvalue cancels it, and can only
# become good at predicting itself. The sign of the state's autocorrelation tells which it is:
#
#     tr E[u_t u_{t-1}'] E[u u']^-1,    E[u_t u_{t-1}'] = F E[u u'] + G C A E[z u']


def autocorrelation(F, G):
    """Trace of the state's correlation with its previous value, (m,), between -n and n."""
    S = stationary(F, G)
    lagged = F @ S[:, 2:, 2:] + G[:, :, None] * (C @ A @ S[:, :2, 2:])[:, None]
    return np.trace(lagged @ np.linalg.inv(S[:, 2:, 2:]), axis1=1, axis2=2)


def basins(rng, n_points, n_iterations, sigma_u):
    """Two latents: the outcome for eigenvalues (a, b) of F at the start, over a grid of a and b.

    The eigenvectors are random.
    """
    grid = np.linspace(-0.9, 0.9, n_points)
    a, b = (values.ravel() for values in np.meshgrid(grid, grid))
    basis = rng.standard_normal((len(a), 2, 2))
    F = basis @ (np.stack([a, b], 1)[:, :, None] * np.linalg.inv(basis))
    # two equal eigenvalues would leave the state one direction only
    F += 0.02 * rng.standard_normal(F.shape)
    G = 0.5 * rng.standard_normal((len(a), 2))
    early = autocorrelation(*iterate(F, G, sigma_u, N_EARLY)[:2])
    results = measure(*iterate(F, G, sigma_u, n_iterations), sigma_u)
    return [
        {
            "initial_eigenvalues": [float(x), float(y)],
            "early_autocorrelation": float(e),
            "outcome": outcome(result),
            "mse": result["mse"],
            "loss": result["loss"],
        }
        for x, y, e, result in zip(a, b, early, results, strict=True)
    ]


def rotation(degrees):
    """The rotation of the plane by this angle, (2, 2)."""
    t = np.radians(degrees)
    return np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])


def rotated_inits(rng, n_inits, n_iterations, sigma_u):
    """[{"degrees", "second_order"}]: fraction at second order, by how far F rotates per step."""
    rows = []
    for degrees in range(0, 181, 15):
        F = 0.9 * rotation(degrees) + 0.02 * rng.standard_normal((n_inits, 2, 2))
        G = 0.5 * rng.standard_normal((n_inits, 2))
        results = measure(*iterate(F, G, sigma_u, n_iterations), sigma_u)
        share = np.mean([outcome(result) == "second_order" for result in results])
        rows.append({"degrees": degrees, "second_order": float(share)})
    return rows
