import numpy as np


def sample_visible(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    def sample(a):
        return (rng.random(a.shape) < 1 / (1 + np.exp(-a))).astype(float)

    return u if clamp_u else sample(x @ W_u + b_u), sample(x @ W_y + b_y)
