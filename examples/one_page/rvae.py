"""The rVAE on one page: an autoencoder that filters spikes, without backpropagation through time.

The poster's box "rVAE" in NumPy alone. A latent x_t explains the spikes y_t *and* the model's own
previous state u_{t-1}, and q infers it from both; nu becomes the next u (P7 to P10):

    p(x_t) = N(0, I),   p(u_{t-1} | x_t) = N(mu_u(x_t), sigma_u^2 I),   p(y_t | x_t) = Pois(e^eta)
    q(x_t | u_{t-1}, y_t) = N(nu, Upsilon)

The loss (P11) takes u as data: no gradient goes back in time (P12). **Delete the line marked P7**,
and nothing rewards x_t for keeping the previous state.

    python -m examples.one_page.rvae            (80 seconds)
"""

import numpy as np

from datasets import ppc

N_X, N_Y, N_H = 2, 15, 64  # latents, neurons, hidden units
N_TRAJ, T, CHUNK = 40, 1000, 8  # trajectories, their time steps, time steps of an update
N_UPDATES, RATE, SIGMA_U = 30_000, 2e-3, 0.07
KF_1 = 5.5e-4  # rad², the error of KF-1, the Kalman filter without velocity (Table 1)

rng = np.random.default_rng(0)
shapes = [(N_H, N_Y), (N_H, N_H), (N_H, N_X), (N_Y, N_H), *2 * [(N_X, N_H + N_X)], (N_X, N_X)]
weights = [rng.standard_normal(shape) / np.sqrt(shape[1]) for shape in shapes]
biases = [np.zeros(len(W)) for W in weights]
E_1, E_2, D_1, D_2, N, L, M = weights  # of encoder, decoder, nu, log Upsilon and mu_u
e_1, e_2, d_1, d_2, b_nu, b_log, b_mu = biases
theta = weights + biases
N[:, N_H:], M[:] = 0.9 * np.eye(N_X), 0.95 * np.eye(N_X)  # at first, a state that keeps itself
L[:], b_log[:] = 0.1 * L, 2 * np.log(SIGMA_U)  # Upsilon as small as the variance of u
m, v = ([np.zeros_like(a) for a in theta] for _ in range(2))


def filtered(u, y):
    """u_t = nu(u_{t-1}, y_t) in all time steps (P10)."""
    states = (np.tanh(np.sqrt(y) @ E_1.T + e_1) @ E_2.T + e_2) @ N[:, :N_H].T + b_nu
    for t in range(y.shape[1]):
        states[:, t] = u = states[:, t] + u @ N[:, N_H:].T
    return states


def first_state(y):
    """u_0 before y_1: x <- nu(u, y_1), u <- mu_u(x), until they agree (V9)."""
    u = np.zeros((len(y), N_X))
    for _ in range(25):
        u = filtered(u, y[:, None])[:, 0] @ M.T + b_mu
    return u


def gradient(u, y):
    """dL/dtheta (P11, P12), averaged over the rows of u and y."""
    eps, h = rng.standard_normal(u.shape), np.tanh(np.sqrt(y) @ E_1.T + e_1)
    joined = np.concatenate([h @ E_2.T + e_2, u], axis=1)
    nu, log_upsilon = joined @ N.T + b_nu, joined @ L.T + b_log
    x = nu + np.exp(log_upsilon / 2) * eps  # V6: one sample of q
    g = np.tanh(x @ D_1.T + d_1)
    d_eta, d_u = np.exp(g @ D_2.T + d_2) - y, np.zeros(u.shape)  # P9: of -log p(y | x)
    d_u = (x @ M.T + b_mu - u) / SIGMA_U**2  # P7: of -log p(u | x). Delete this line
    d_g = d_eta @ D_2 * (1 - g**2)
    d_nu = (d_x := d_g @ D_1 + d_u @ M) + nu  # V5: KL(q || N(0, I)) adds nu, (Upsilon - 1) / 2
    d_log = d_x * eps * np.exp(log_upsilon / 2) / 2 + (np.exp(log_upsilon) - 1) / 2
    d_code = (d_nu @ N + d_log @ L)[:, :N_H]  # what would go on to u is left out: P12
    d_out = (d_code @ E_2 * (1 - h**2), d_code, d_g, d_eta, d_nu, d_log, d_u)
    pairs = zip(d_out, (np.sqrt(y), h, x, g, joined, joined, x), strict=True)
    return [d.T @ into / len(u) for d, into in pairs] + [d.mean(0) for d in d_out]


for i in range(N_UPDATES):
    t, done = i * CHUNK % T, i / N_UPDATES
    if t == 0:
        batch = ppc.sample(N_TRAJ, T, rng, random_phase=True).y.astype(float)
        u = first_state(batch[:, 0])
    states = filtered(u, y := batch[:, t : t + CHUNK])
    before = np.concatenate([u[:, None], states[:, :-1]], axis=1).reshape(-1, N_X)
    slopes = gradient(before, y.reshape(-1, N_Y))
    for leaf, slope, m_leaf, v_leaf in zip(theta, slopes, m, v, strict=True):  # V12: Adam
        m_leaf += 0.1 * (slope - m_leaf)
        v_leaf += 0.001 * (slope**2 - v_leaf)
        m_hat, v_hat = m_leaf / (1 - 0.9 ** (i + 1)), v_leaf / (1 - 0.999 ** (i + 1))
        leaf -= RATE * (1 - done) * m_hat / (np.sqrt(v_hat) + 1e-8)
    u = states[:, -1]  # the state is data for the next step: nothing is propagated back

test = ppc.sample(40, 1000, rng)
x = filtered(first_state(test.y[:, 0]), test.y)
y_mean = np.exp(np.tanh(x @ D_1.T + d_1) @ D_2.T + d_2)  # P9: the spikes that x_t expects
for name, y in (("the spikes of one time step", test.y), ("rVAE", y_mean)):
    error = np.mean(ppc.squared_error(ppc.decode(y)[0], test.z[..., 0]))
    print(f"{name}: {1e4 * error:.2f}e-4 rad² (KF-1, without velocity: {1e4 * KF_1:.1f}e-4)")
