"""One update of the rVAE, beside torch, eager and compiled, whose gradient comes from autograd.

The update of Table 1: 40 trajectories of 8 steps, 15 Poisson units, two latents, 64 units in each
layer of encoder and decoder, float32: the states through time, the loss of 320 time steps, its
gradient, Adam. First both packages are given the same weights and the same noise, and must find
the same gradient.

Takes a minute of CPU time, most of it compilation by torch.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import numpy as np

from datasets import ppc
from examples.benchmarks import _timing
from examples.tools import run
from rvae_numpy import autoencoder, rvae

N_TRAJ, CHUNK, N_UPDATES = 40, 8, 50
SIZES = {"n_y": 15, "n_x": 2, "hidden": 64}
SIGMA_U = 0.07
OURS = "rvae_numpy"
TOLERANCE = 1e-4  # of a leaf's gradient, relative to its largest entry


def new_params(seed):
    return rvae.init(**SIZES, family="poisson", rng=np.random.default_rng(seed), sigma_u=SIGMA_U)


def ours(y, seed):
    params, rng = new_params(seed), np.random.default_rng(seed)
    return lambda: rvae.train(
        params, [y], rng, n_updates=N_UPDATES, learning_rate=1e-3, chunk=CHUNK
    )


class Torch:
    """The same model, forward only, in plain tensors and functions; torch finds the gradient."""

    def __init__(self, torch, params, compiled=False):
        torch.set_num_threads(1)
        self.torch = torch
        self.leaves = {
            name: torch.from_numpy(leaf.copy()).requires_grad_()
            for name, leaf in params.leaves().items()
        }
        self.adam = torch.optim.Adam(self.leaves.values(), lr=1e-3)
        if compiled:
            self.loss, self.forward = torch.compile(self.loss), torch.compile(self.forward)

    def linear(self, name, x):
        return self.torch.nn.functional.linear(x, *self.layer(name))

    def layer(self, name):
        return self.leaves[f"{name}.W"], self.leaves[f"{name}.b"]

    def encode(self, y):
        return self.linear("encode.1", self.torch.tanh(self.linear("encode.0", y.sqrt())))

    def forward(self, u, y):
        linear = self.torch.nn.functional.linear
        W, b = self.layer("nu")
        n_h = SIZES["hidden"]
        with self.torch.no_grad():
            from_y = linear(self.encode(y), W[:, :n_h], b)
            states = []
            for t in range(CHUNK):
                u = linear(u, W[:, n_h:]) + from_y[:, t]
                states.append(u)
            return self.torch.stack(states, 1)

    def loss(self, u, y, noise):
        torch = self.torch
        joined = torch.cat([self.encode(y), u], 1)
        nu, log_upsilon = self.linear("nu", joined), self.linear("log_upsilon", joined)
        x = nu + torch.exp(0.5 * log_upsilon) * noise
        eta = self.linear("decode_y.1", torch.tanh(self.linear("decode_y.0", x)))
        kl = 0.5 * (log_upsilon.exp() + nu**2 - 1 - log_upsilon).sum(1)
        log_u = -((u - self.linear("decode_u", x)) ** 2).sum(1) / (2 * SIGMA_U**2)
        log_y = (y * eta - eta.exp() - torch.lgamma(y + 1)).sum(1)
        return (kl - log_u - log_y).mean()

    def train(self, y, seed):
        """A function that makes N_UPDATES updates."""
        torch, generator = self.torch, self.torch.Generator().manual_seed(seed)
        y, n = torch.from_numpy(y), N_TRAJ * CHUNK

        def run():
            u = torch.zeros(N_TRAJ, SIZES["n_x"])
            for start in range(0, N_UPDATES * CHUNK, CHUNK):
                y_now = y[:, start : start + CHUNK]
                states = self.forward(u, y_now)
                u_prev = torch.cat([u[:, None], states[:, :-1]], 1).reshape(n, -1)
                noise = torch.randn(n, SIZES["n_x"], generator=generator)
                self.adam.zero_grad()
                self.loss(u_prev, y_now.reshape(n, -1), noise).backward()
                self.adam.step()
                u = states[:, -1]

        return run


def compare(torch, y, seed):
    """Stop if the two gradients differ; the leaves of the prior belong to the TVAE alone."""
    params, rng = new_params(seed), np.random.default_rng(seed)
    y = y[:, 0]
    u, noise = rng.standard_normal((2, N_TRAJ, SIZES["n_x"]), dtype=np.float32)
    gradient = autoencoder.loss_and_gradient(params, u, y, noise)[1]
    other = Torch(torch, params)
    other.loss(*map(torch.from_numpy, (u, y, noise))).backward()
    found = {
        name: leaf.grad.numpy() for name, leaf in other.leaves.items() if leaf.grad is not None
    }
    differences = [
        np.abs(gradient.leaves()[name] - leaf).max() / np.abs(leaf).max()
        for name, leaf in found.items()
    ]
    print(
        f"largest relative difference of the gradients, {len(differences)} leaves: "
        f"{max(differences):.1e}"
    )
    if not max(differences) < TOLERANCE:
        raise SystemExit("the gradients disagree")


def candidates(y, seed):
    """{name: function that makes N_UPDATES updates}"""
    result = {OURS: ours(y, seed)}
    try:
        import torch
    except ImportError:
        _timing.missing("torch")
        return result
    compare(torch, y, seed)
    result["torch, eager"] = Torch(torch, new_params(seed)).train(y, seed)
    compiled = Torch(torch, new_params(seed), compiled=True).train(y, seed)
    try:
        compiled()
    except Exception as error:  # torch.compile needs a C++ compiler
        print(f"torch.compile: skipped ({type(error).__name__})")
    else:
        result["torch.compile"] = compiled
    return result


def main(argv=None):
    arguments = run.parse(run.parser("benchmarks.rvae_step", __doc__, sizes=(), jobs=False), argv)
    run.prepare_folder(arguments.out)
    rng = np.random.default_rng(arguments.seed)
    y = ppc.sample(N_TRAJ, N_UPDATES * CHUNK, rng, random_phase=True).y
    functions = candidates(y, arguments.seed)
    table = _timing.rows(_timing.rounds(functions, N_UPDATES), OURS)
    _timing.report(f"rVAE, {N_TRAJ * CHUNK} time steps per update", table, "update", OURS)
    _timing.write(arguments.out, "rvae_step", table, arguments.seed)


if __name__ == "__main__":
    run.start(main)
