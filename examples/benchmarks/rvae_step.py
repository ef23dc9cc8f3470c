"""One update of the rVAE beside an eager torch twin, whose gradient comes from autograd.

    python -m examples.benchmarks.rvae_step

The update of table 1: 40 trajectories of 8 steps, 15 Poisson units, two latents, 64 units in each layer of encoder and decoder: the
states through time, the loss of 320 frames, its gradient, AdaM, float32. First both are given the same weights and the same
noise, and their gradients compared.
"""
import numpy as np

from datasets import ppc
from examples.benchmarks import _timing
from rvae_numpy import autoencoder, rvae

N_TRAJ, CHUNK, N_UPDATES = 40, 8, 100
SIZES = dict(n_y=15, n_x=2, hidden=64)
SIGMA = 0.07


def ours(y):
    rng = np.random.default_rng(0)
    params = rvae.init(**SIZES, family="poisson", rng=rng, sigma_u=SIGMA)
    return lambda: rvae.train(params, [y], rng, n_updates=N_UPDATES, rate=1e-3, chunk=CHUNK)


class Twin:
    """The same model, forward only; torch finds the gradient. Plain tensors and functions: the least that eager mode costs."""

    def __init__(self, torch, params):
        torch.set_num_threads(1)
        self.torch = torch
        self.leaves = [torch.from_numpy(leaf.copy()).requires_grad_() for leaf in params.leaves()]
        self.adam = torch.optim.Adam(self.leaves, lr=1e-3)

    def layers(self):
        """The leaves, as autoencoder.Params has them: encode, nu, log_upsilon, decode_u, decode_y"""
        e0, e0b, e1, e1b, *rest = self.leaves
        return (e0, e0b, e1, e1b), rest[:2], rest[2:4], rest[4:6], rest[6:10]

    def encode(self, y):
        linear = self.torch.nn.functional.linear
        (W1, b1, W2, b2), *_ = self.layers()
        return linear(self.torch.tanh(linear(y.sqrt(), W1, b1)), W2, b2)

    def forward(self, u, y):
        linear = self.torch.nn.functional.linear
        _, (W, b), *_ = self.layers()
        n_h = SIZES["hidden"]
        with self.torch.no_grad():
            from_y = linear(self.encode(y), W[:, :n_h], b)
            states = []
            for t in range(y.shape[1]):
                u = linear(u, W[:, n_h:]) + from_y[:, t]
                states.append(u)
        return self.torch.stack(states, 1)

    def loss(self, u, y, eps):
        torch, linear = self.torch, self.torch.nn.functional.linear
        _, nu_layer, upsilon_layer, u_layer, (W1, b1, W2, b2) = self.layers()
        joined = torch.cat([self.encode(y), u], 1)
        nu, log_upsilon = linear(joined, *nu_layer), linear(joined, *upsilon_layer)
        x = nu + torch.exp(0.5 * log_upsilon) * eps
        eta = linear(torch.tanh(linear(x, W1, b1)), W2, b2)
        kl = 0.5 * (log_upsilon.exp() + nu**2 - 1 - log_upsilon).sum(1)
        log_u = -((u - linear(x, *u_layer))**2).sum(1) / (2 * SIGMA**2)
        log_y = (y * eta - eta.exp() - torch.lgamma(y + 1)).sum(1)
        return (kl - log_u - log_y).mean()

    def train(self, y):
        torch, generator = self.torch, self.torch.Generator().manual_seed(0)
        y = torch.from_numpy(y)

        def run():
            u = torch.zeros(N_TRAJ, SIZES["n_x"])
            for start in range(0, N_UPDATES * CHUNK, CHUNK):
                y_now = y[:, start:start + CHUNK]
                states = self.forward(u, y_now)
                u_prev = torch.cat([u[:, None], states[:, :-1]], 1).reshape(N_TRAJ * CHUNK, -1)
                eps = torch.randn(N_TRAJ * CHUNK, SIZES["n_x"], generator=generator)
                self.adam.zero_grad()
                self.loss(u_prev, y_now.reshape(N_TRAJ * CHUNK, -1), eps).backward()
                self.adam.step()
                u = states[:, -1]
        return run


def largest_difference(torch, y):
    """Between the two gradients, relative to the largest entry of each leaf; the prior's leaves are the TVAE's"""
    rng = np.random.default_rng(1)
    params = rvae.init(**SIZES, family="poisson", rng=rng, sigma_u=SIGMA)
    u, frames = rng.standard_normal((N_TRAJ, SIZES["n_x"]), dtype=np.float32), y[:, 0]
    eps = rng.standard_normal(u.shape, dtype=np.float32)
    _, gradient, _ = autoencoder.loss_and_gradient(params, u, frames, eps)
    twin = Twin(torch, params)
    twin.loss(*map(torch.from_numpy, (u, frames, eps))).backward()
    pairs = [(a, b.grad.numpy()) for a, b in zip(gradient.leaves(), twin.leaves) if b.grad is not None]
    return max(np.abs(a - b).max() / np.abs(b).max() for a, b in pairs), len(pairs)


def main():
    y = ppc.sample(ppc.System(), N_TRAJ, N_UPDATES * CHUNK, np.random.default_rng(0), staggered=True).y
    candidates = {"ours": ours(y)}
    try:
        import torch
    except ImportError:
        print("torch: not installed, skipped (pip install -e \".[benchmarks]\")")
    else:
        params = rvae.init(**SIZES, family="poisson", rng=np.random.default_rng(0), sigma_u=SIGMA)
        candidates["torch, eager"] = Twin(torch, params).train(y)
        difference, n_leaves = largest_difference(torch, y)
        print(f"largest relative difference of the gradients, {n_leaves} leaves: {difference:.1e}")
    _timing.report(f"rVAE, {N_UPDATES} updates of {N_TRAJ * CHUNK} frames", _timing.medians(candidates), N_UPDATES, "update",
                   "ours")


if __name__ == "__main__":
    main()
