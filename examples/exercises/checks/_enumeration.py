"""Expectations over the chains of a small harmonium, by enumeration of all its states."""

from itertools import product

import numpy as np
from scipy.stats import poisson

from examples.exercises._answers import sigmoid


def binary(n):
    """All states of n binary units, (2^n, n)."""
    return np.array(list(product((0.0, 1.0), repeat=n))).reshape(-1, n)


def bernoulli(states, mean):
    """p(state | mean), (len(mean), len(states))."""
    return np.prod(np.where(states == 1, mean[:, None], 1 - mean[:, None]), axis=-1)


class Chain:
    """Gibbs transitions between the hidden states and the visible ones.

    u is binary, or clamped to one value (any); y is binary, or counts up to y_max.
    """

    def __init__(self, W_u, W_y, b_x, b_u, b_y, clamped_u=None, y_max=None):
        self.W_u, self.W_y, self.b_x = W_u, W_y, b_x
        self.x = binary(len(b_x))
        us = binary(len(b_u)) if clamped_u is None else np.asarray(clamped_u)[None]
        a = self.x @ W_y + b_y
        if y_max is None:
            self.y_mean, ys = sigmoid(a), binary(len(b_y))
            p_y = bernoulli(ys, self.y_mean)
        else:
            self.y_mean = np.exp(a)
            ys = np.array(list(product(range(y_max + 1), repeat=len(b_y))), float)
            p_y = np.prod(poisson.pmf(ys, self.y_mean[:, None]), axis=-1)
        p_u = bernoulli(us, sigmoid(self.x @ W_u + b_u)) if clamped_u is None else np.ones((1, 1))
        self.u, self.y = np.repeat(us, len(ys), 0), np.tile(ys, (len(us), 1))
        self.to_visible = np.broadcast_to(
            p_u[:, :, None] * p_y[:, None, :], (len(self.x), len(us), len(ys))
        ).reshape(len(self.x), -1)  # (x, v)
        self.x_mean = self.hidden_mean(self.u, self.y)
        self.to_hidden = bernoulli(self.x, self.x_mean)  # (v, x)

    def hidden_mean(self, u, y):
        """E[x | u, y]."""
        return sigmoid(u @ self.W_u.T + y @ self.W_y.T + self.b_x)

    def visible(self, u, y, n_sweeps):
        """p(u, y after n_sweeps | u, y at the start), over self.u and self.y."""
        p = bernoulli(self.x, self.hidden_mean(u[None], y[None]))[0] @ self.to_visible
        for _ in range(n_sweeps - 1):
            p = p @ self.to_hidden @ self.to_visible
        return p


def cd_expectation(u, y, weights, n_sweeps, clamped, y_max=None):
    """The expectation of CD-k's gradient of the loss (P6), averaged over the rows of u and y."""
    total = [np.zeros_like(w) for w in weights]
    free = Chain(*weights, y_max=y_max)
    for u_t, y_t in zip(u, y, strict=True):
        chain = Chain(*weights, clamped_u=u_t, y_max=y_max) if clamped else free
        p = chain.visible(u_t, y_t, n_sweeps)
        x = chain.hidden_mean(u_t, y_t)
        weighted = p[:, None] * chain.x_mean
        for into, positive, negative in zip(
            total,
            (np.outer(x, u_t), np.outer(x, y_t), x, u_t, y_t),
            (weighted.T @ chain.u, weighted.T @ chain.y, weighted.sum(0), p @ chain.u, p @ chain.y),
            strict=True,
        ):
            into += (negative - positive) / len(u)
    return total
