import numpy as np


def draw_visible(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    def draw(a):
        return (rng.random(a.shape) < 1 / (1 + np.exp(-a))).astype(float)
    return u if clamp_u else draw(x @ W_u + b_u), draw(x @ W_y + b_y)
