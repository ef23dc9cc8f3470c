"""One update of the rEFH, beside the matrix products and random numbers that it cannot do without.

Two settings, both float32:

  oscillator  40 trajectories, 15 Poisson and 240 recurrent units, 240 hidden units, CD-1, Adam
  balls       100 frames of 900 pixels, 400 hidden units, CD-25, momentum (the authors' settings)

Rows: the update; the same with the NumPy version of a Numba counterpart, sample_logistic or Adam;
the bare matrix products; the products and one uniform number per sampled unit, without which no
implementation can do; and, if torch is installed, the same update in eager torch, without
autograd, because contrastive divergence needs none.

Takes a minute of CPU time.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

from unittest import mock

import numpy as np

from datasets import bouncing_balls, ppc
from examples.benchmarks import _timing
from examples.tools import run
from refh_numpy import _kernels, families, harmonium, refh, training

N_UPDATES = {"oscillator": 100, "balls": 2}  # in one call
OSCILLATOR = {"n_traj": 40, "n_x": 240, "n_y": 15, "n_sweeps": 1}
BALLS = {"n_traj": 1, "n_x": 400, "n_y": 900, "n_sweeps": 25}
CHUNK = {"oscillator": 1, "balls": 100}
FAMILY = {"oscillator": "poisson", "balls": "bernoulli"}
SETTINGS = {
    "oscillator": {"n_sweeps": 1, "chunk": 1, "learning_rate": 1e-3},
    "balls": {"n_sweeps": 25, "chunk": 100, "learning_rate": 0.01, "momentum": 0.9},
}
PRODUCTS = "matrix products"
LIMIT = "products, uniform numbers"


def ours(name, sizes, y, seed):
    rng = np.random.default_rng(seed)
    params = refh.init(n_x=sizes["n_x"], n_y=sizes["n_y"], family=FAMILY[name], rng=rng)
    T = N_UPDATES[name] * CHUNK[name]
    batch = y[:, :T] if name == "oscillator" else np.tile(y, (1, N_UPDATES[name], 1))
    return lambda: refh.train(params, [batch], rng, n_updates=N_UPDATES[name], **SETTINGS[name])


def sample_logistic(eta, bias, rng):
    """families.sample_logistic as NumPy calls, in float32 too"""
    return (rng.random(eta.shape, dtype=eta.dtype) < families.sigmoid(eta + bias)).astype(eta.dtype)


def with_numpy(step, module, name, function):
    """The same with a NumPy function in place of a Numba counterpart, module.name"""

    def run():
        with mock.patch.object(module, name, function):
            step()

    return run


def products(name, sizes, y, per_sweep=lambda: None):
    """The products of one update: forward, k sweeps, and the outer products of the gradient.

    Parameters
    ----------
    per_sweep : function of no argument, called once per sweep
    """
    rng = np.random.default_rng(0)
    n_x, n = sizes["n_x"], sizes["n_traj"]
    y = y[:, : CHUNK[name]].reshape(-1, sizes["n_y"])
    u, x = rng.random((2, len(y), n_x), dtype=np.float32)
    W_u, W_y = (rng.random((n_x, n_v), dtype=np.float32) for n_v in (n_x, sizes["n_y"]))
    both_u, both_x, both_y = (np.concatenate([a, a]) for a in (u, x, y))

    def run():
        for _ in range(N_UPDATES[name]):
            y @ W_y.T  # P4, for all steps at once
            for t in range(CHUNK[name]):  # P4, step after step
                u[t * n : (t + 1) * n] @ W_u.T
            for _ in range(sizes["n_sweeps"]):
                x @ W_u, x @ W_y  # P3, P5
                u @ W_u.T, y @ W_y.T  # P4
                per_sweep()
            both_x.T @ both_u, both_x.T @ both_y  # P6

    return run


def limit(name, sizes, y, seed):
    """The products, and the uniform numbers of x and u, and of y where its units are Bernoulli"""
    rng = np.random.default_rng(seed)
    n_units = 2 * sizes["n_x"] + (sizes["n_y"] if FAMILY[name] == "bernoulli" else 0)
    shape = sizes["n_traj"] * CHUNK[name], n_units
    return products(name, sizes, y, lambda: rng.random(shape, dtype=np.float32))


class Eager:
    """The oscillator's update in torch: the same distributions, another generator."""

    def __init__(self, torch, y, seed):
        torch.set_num_threads(1)
        self.torch, self.y = torch, torch.from_numpy(y)
        self.generator = torch.Generator().manual_seed(seed)
        n_x, n_y = OSCILLATOR["n_x"], OSCILLATOR["n_y"]
        self.leaves = [
            0.01 * torch.randn(n_x, n_x, generator=self.generator),
            0.01 * torch.randn(n_x, n_y, generator=self.generator),
            torch.zeros(n_x),
            torch.zeros(n_x),
            torch.zeros(n_y),
        ]
        self.adam = torch.optim.Adam(self.leaves, lr=1e-3, maximize=True)

    def update(self, u, y):
        torch, generator = self.torch, self.generator
        W_u, W_y, b_x, b_u, b_y = self.leaves
        x_mean = torch.sigmoid(u @ W_u.T + y @ W_y.T + b_x)
        x = torch.bernoulli(x_mean, generator=generator)
        u_hat = torch.bernoulli(torch.sigmoid(x @ W_u + b_u), generator=generator)
        y_hat = torch.poisson(torch.exp(x @ W_y + b_y), generator=generator)
        x_hat = torch.sigmoid(u_hat @ W_u.T + y_hat @ W_y.T + b_x)
        W_u.grad = (x_mean.T @ u - x_hat.T @ u_hat) / len(u)
        W_y.grad = (x_mean.T @ y - x_hat.T @ y_hat) / len(u)
        b_x.grad = (x_mean - x_hat).mean(0)
        b_u.grad = (u - u_hat).mean(0)
        b_y.grad = (y - y_hat).mean(0)
        self.adam.step()
        return x_mean

    def __call__(self):
        with self.torch.no_grad():
            u = self.torch.zeros(OSCILLATOR["n_traj"], OSCILLATOR["n_x"])
            for t in range(N_UPDATES["oscillator"]):
                u = self.update(u, self.y[:, t])


def candidates(name, sizes, y, seed):
    """{name of the row: function}"""
    step = ours(name, sizes, y, seed)
    result = {
        "refh_numpy": step,
        PRODUCTS: products(name, sizes, y),
        LIMIT: limit(name, sizes, y, seed),
        "refh_numpy, sample_logistic in NumPy": with_numpy(
            step, harmonium, "sample_logistic", sample_logistic
        ),
    }
    if name == "balls":
        return result
    result["refh_numpy, Adam in NumPy"] = with_numpy(step, _kernels, "adam", training.adam)
    try:
        import torch
    except ImportError:
        _timing.missing("torch")
    else:
        result["torch, eager"] = Eager(torch, y, seed)
    return result


def main(argv=None):
    arguments = run.parse(run.parser("benchmarks.refh_step", __doc__, sizes=(), jobs=False), argv)
    run.prepare_folder(arguments.out)
    rng = np.random.default_rng(arguments.seed)
    spikes = ppc.sample(OSCILLATOR["n_traj"], N_UPDATES["oscillator"], rng, random_phase=True).y
    frames = bouncing_balls.sample(BALLS["n_traj"], CHUNK["balls"], rng).frames
    content = []
    for name, sizes, y in (("oscillator", OSCILLATOR, spikes), ("balls", BALLS, frames)):
        functions = candidates(name, sizes, y, arguments.seed)
        table = _timing.rows(_timing.rounds(functions, N_UPDATES[name]), PRODUCTS)
        _timing.report(f"rEFH, {name}", table, "update", PRODUCTS)
        content += [{"setting": name, **row} for row in table]
    _timing.write(arguments.out, "refh_step", content, arguments.seed)


if __name__ == "__main__":
    run.start(main)
