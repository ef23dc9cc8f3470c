"""One update of the rEFH beside an eager torch twin, and beside the bare matrix products that it cannot do without.

    python -m examples.benchmarks.refh_step

The update: 40 frames, 15 Poisson and 240 recurrent units, 240 hidden units, CD-1, AdaM, float32. The twin makes the same
draws from the same distributions with torch's own functions, without autograd (CD needs none).
"""
import numpy as np

from datasets import ppc
from examples.benchmarks import _timing
from refh_numpy import _kernels, refh, training

N_TRAJ, N_X, N_Y, N_UPDATES = 40, 240, 15, 300


def ours(y):
    rng = np.random.default_rng(0)
    params = refh.init(N_X, N_Y, "poisson", rng)
    return lambda: refh.train(params, [y], rng, n_updates=N_UPDATES, rate=1e-3)


def ours_without_kernel(y):
    """The same with AdaM's NumPy version in place of its numba twin: what the twin earns"""
    step = ours(y)

    def run():
        twin, _kernels.adam = _kernels.adam, training.adam
        try:
            step()
        finally:
            _kernels.adam = twin
    return run


def torch_twin(torch, y):
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    y = torch.from_numpy(y)
    W_u, W_y = 0.01 * torch.randn(N_X, N_X, generator=generator), 0.01 * torch.randn(N_X, N_Y, generator=generator)
    leaves = [W_u, W_y, torch.zeros(N_X), torch.zeros(N_X), torch.zeros(N_Y)]
    for leaf in leaves:
        leaf.grad = torch.zeros_like(leaf)
    W_u, W_y, b_x, b_u, b_y = leaves
    adam = torch.optim.Adam(leaves, lr=1e-3, maximize=True)

    @torch.no_grad()
    def run():
        u = torch.zeros(N_TRAJ, N_X)
        for t in range(N_UPDATES):
            y_t = y[:, t]
            x_mean = torch.sigmoid(u @ W_u.T + y_t @ W_y.T + b_x)
            x = torch.bernoulli(x_mean, generator=generator)
            u_hat = torch.bernoulli(torch.sigmoid(x @ W_u + b_u), generator=generator)
            y_hat = torch.poisson(torch.exp(x @ W_y + b_y), generator=generator)
            x_hat = torch.sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
            W_u.grad = (x_mean.T @ u - x_hat.T @ u_hat) / N_TRAJ
            W_y.grad = (x_mean.T @ y_t - x_hat.T @ y_hat) / N_TRAJ
            b_x.grad = (x_mean - x_hat).mean(0)
            b_u.grad = (u - u_hat).mean(0)
            b_y.grad = (y_t - y_hat).mean(0)
            adam.step()
            u = x_mean
    return run


def matrix_products(y):
    """P4 for the data, P3 and P5, P4 for the reconstruction, the gradient's two outer products: nothing else"""
    rng = np.random.default_rng(0)
    u, x = rng.random((2, N_TRAJ, N_X), dtype=np.float32)
    W_u, W_y = rng.random((N_X, N_X), dtype=np.float32), rng.random((N_X, N_Y), dtype=np.float32)
    both_x, both_u = np.concatenate([x, x]), np.concatenate([u, u])
    both_y = np.concatenate([y[:, 0], y[:, 0]])

    def run():
        for t in range(N_UPDATES):
            u @ W_u.T, y[:, t] @ W_y.T
            x @ W_u, x @ W_y
            u @ W_u.T, y[:, t] @ W_y.T
            both_x.T @ both_u, both_x.T @ both_y
    return run


def main():
    y = ppc.sample(ppc.System(), N_TRAJ, N_UPDATES, np.random.default_rng(0), staggered=True).y
    name = "ours"
    candidates = {name: ours(y), "ours, AdaM in NumPy": ours_without_kernel(y),
                  "matrix products alone": matrix_products(y)}
    try:
        import torch
        candidates["torch, eager"] = torch_twin(torch, y)
    except ImportError:
        print("torch: not installed, skipped (pip install -e \".[benchmarks]\")")
    _timing.report(f"rEFH, {N_UPDATES} updates of CD-1 and AdaM", _timing.medians(candidates), N_UPDATES, "update", name)


if __name__ == "__main__":
    main()
