"""Exercise 11: the backward pass of the rVAE.                                 (rvae_numpy, D28 and D30; a page)

For one frame at a time, and everything linear:

    x = nu + exp(l / 2) eps                                                     D28, eps is given
    L = KL(N(nu, exp(l)) || N(0, I)) + |u - W x - b|^2 / 2 sigma_u^2 + |y - V x - c|^2 / 2 sigma_y^2         D30, but for constants

summed over frames. Give its derivatives with respect to W, b, V, c (the generative model), nu and l (what the recognition model says).
Go backwards: dL/dx from the two squares; through D28 to nu and l; and there the KL adds its own share (exercise 10).

u is data. In which line would backprop through time begin, if it were not?
"""
import numpy as np

from examples.exercises._right import parts, same, slopes

NAMES = ("dW", "db", "dV", "dc", "dnu", "dl")


def rvae_gradient(W, b, V, c, nu, l, u, y, eps, sigma_u, sigma_y):
    """dW (n_u, n_x), db (n_u,), dV (n_y, n_x), dc (n_y,), dnu and dl (n, n_x), from u (n, n_u), y (n, n_y), eps (n, n_x)"""
    raise NotImplementedError


def check(answer):
    rng = np.random.default_rng(0)
    n, n_x, n_u, n_y = 4, 2, 2, 3
    given = {"W": (n_u, n_x), "b": (n_u,), "V": (n_y, n_x), "c": (n_y,), "nu": (n, n_x), "l": (n, n_x)}
    given = {name: rng.standard_normal(shape) for name, shape in given.items()}
    u, y, eps = (rng.standard_normal((n, size)) for size in (n_u, n_y, n_x))
    sigma_u, sigma_y = 0.5, 0.8

    def loss(W, b, V, c, nu, l):
        x = nu + np.exp(l / 2) * eps
        return (0.5 * np.sum(np.exp(l) + nu**2 - 1 - l) + np.sum((u - x @ W.T - b) ** 2) / (2 * sigma_u**2)
                + np.sum((y - x @ V.T - c) ** 2) / (2 * sigma_y**2))

    got = parts("rvae_gradient", answer(*(a.copy() for a in given.values()), u, y, eps, sigma_u, sigma_y), NAMES)
    for name, mine, about in zip(NAMES, got, given):
        same(name, mine, slopes(lambda value, about=about: loss(**(given | {about: value})), given[about]), 1e-6)
