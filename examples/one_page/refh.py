"""The rEFH on one page: it learns to filter spikes, without backpropagation through time.

The poster's box "rEFH" in NumPy alone. The network has three groups of units: its own previous
state u_{t-1} and the observed spikes y_t are visible, x_t is hidden. One energy joins them:

    E(u, x, y) = -x' W_u u - x' W_y y - b_x' x - b_u' u - b_y' y + constant(y)          (H2)

The network learns p(u_{t-1}, y_t), its own past together with the present. Then E[x_t | u_{t-1},
y_t] becomes the next u: that is the only way from one time step to the next, and no gradient goes
back along it. **Delete the line marked P3**, which samples u_hat, and the network learns
p(y_t | u_{t-1}) alone: a TRBM. It filters about as well as KF-1, which has no velocity.

    python -m examples.one_page.refh            (20 seconds)
"""

import numpy as np

from datasets import ppc

N_X, N_Y = 120, 15  # hidden units, neurons
N_TRAJ, T = 40, 200  # trajectories of a batch, their time steps
N_UPDATES, RATE = 10_000, 5e-3
KF_1 = 5.5e-4  # rad², the error of KF-1, the Kalman filter without velocity (Table 1)

rng = np.random.default_rng(0)
W_u, W_y = 0.01 * rng.standard_normal((N_X, N_X)), 0.01 * rng.standard_normal((N_X, N_Y))
theta = [W_u, W_y, np.zeros(N_X), np.zeros(N_X), np.zeros(N_Y)]  # W_u, W_y, b_x, b_u, b_y
m, v = [np.zeros_like(leaf) for leaf in theta], [np.zeros_like(leaf) for leaf in theta]


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def bernoulli(mean):
    return (rng.random(mean.shape) < mean).astype(float)


def hidden_mean(u, y):
    W_u, W_y, b_x, _, _ = theta
    return sigmoid(u @ W_u.T + y @ W_y.T + b_x)  # P4: E[x_t | u_{t-1}, y_t]


def energy_gradient(u, x, y):
    """dE/dtheta (H2), averaged over the trajectories."""
    return [-x.T @ u / len(x), -x.T @ y / len(x), -x.mean(0), -u.mean(0), -y.mean(0)]


def gradient(u, x, y):
    """dL/dtheta, by one sweep of Gibbs sampling (P6)."""
    W_u, W_y, _, b_u, b_y = theta
    u_hat, x_hat = u, bernoulli(x)
    u_hat = bernoulli(sigmoid(x_hat @ W_u + b_u))  # P3. Delete this line: the TRBM
    y_hat = rng.poisson(np.exp(x_hat @ W_y + b_y))  # P5
    x_hat = hidden_mean(u_hat, y_hat)  # P4
    data, model = energy_gradient(u, x, y), energy_gradient(u_hat, x_hat, y_hat)
    return [of_data - of_model for of_data, of_model in zip(data, model, strict=True)]


for i in range(N_UPDATES):
    if i % T == 0:  # a new batch, from u_0 = 0
        batch, u = ppc.sample(N_TRAJ, T, rng, random_phase=True), np.zeros((N_TRAJ, N_X))
    y = batch.y[:, i % T]
    x = hidden_mean(u, y)
    rate = RATE * (1 - i / N_UPDATES)
    for leaf, g, m_leaf, v_leaf in zip(theta, gradient(u, x, y), m, v, strict=True):  # H5: Adam
        m_leaf += 0.1 * (g - m_leaf)
        v_leaf += 0.001 * (g**2 - v_leaf)
        m_hat, v_hat = m_leaf / (1 - 0.9 ** (i + 1)), v_leaf / (1 - 0.999 ** (i + 1))
        leaf -= rate * m_hat / (np.sqrt(v_hat) + 1e-8)
    u = x  # the state is data for the next step: nothing is propagated back

test = ppc.sample(40, 1000, rng)
u, y_mean = np.zeros((40, N_X)), np.empty(test.y.shape)
for t in range(1000):
    u = hidden_mean(u, test.y[:, t])
    y_mean[:, t] = np.exp(u @ theta[1] + theta[4])  # P5: the spikes that the state expects


def error(y):
    """Mean squared error of the position that these spikes encode, in rad²."""
    return np.mean(ppc.squared_error(ppc.decode(y)[0], test.z[..., 0]))


print(f"the spikes of one time step: {1e4 * error(test.y):.2f}e-4 rad²")
print(f"rEFH: {1e4 * error(y_mean):.2f}e-4 rad² (KF-1, without velocity: {1e4 * KF_1:.1f}e-4)")
