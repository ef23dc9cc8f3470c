"""Given x, all units are independent: one uniform number each, 1 if it is below the mean.
Where u is clamped, the chain samples p(x, y | u); where not, the joint p(u, x, y).

Students get wrong: means in the place of samples; one random number for several units; a generator
of their own, which makes a run impossible to repeat.
"""

import numpy as np


def sample_visible(x, u, W_u, W_y, b_u, b_y, clamped, rng):
    def sample(a):
        return (rng.random(a.shape) < 1 / (1 + np.exp(-a))).astype(float)

    return u if clamped else sample(x @ W_u + b_u), sample(x @ W_y + b_y)
