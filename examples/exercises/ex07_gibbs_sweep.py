"""Exercise 7: half a sweep of the Gibbs chain.                                (refh_numpy, poster P3 and P5; four lines)

    P3    p(u_{t-1} | x_t) = Bern(sigma(W_u' x_t + b_u))          P5    p(y_t | x_t) = Bern(sigma(W_y' x_t + b_y))

From hidden units x, draw u and y: 0 or 1 each. Where `clamp_u` is True, u stays what it is: that is all that makes a TRBM out of an
rEFH. Draw from `rng` and nothing else, so that the same seed gives the same numbers.
"""
import numpy as np

from examples.exercises._right import Wrong, parts, same
from examples.exercises.ex05_hidden_mean import small_harmonium
from refh_numpy import harmonium


def gibbs_sweep(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    """u (n, n_u) and y (n, n_y), redrawn given x (n, n_x); u as it came if clamp_u"""
    raise NotImplementedError


def check(answer):
    p = small_harmonium()
    n = 40_000
    x = np.tile([1.0, 0.0, 1.0, 1.0], (n, 1))
    before = np.full((n, 3), 0.25)

    def run(clamp_u, seed=2):
        return parts("gibbs_sweep", answer(x, before.copy(), p.W_u, p.W_y, p.b_u, p.b_y, clamp_u, np.random.default_rng(seed)),
                     ("u", "y"))

    u, y = run(False)
    for name, got, mean in (("u", u, harmonium.u_mean(p, x)[0]), ("y", y, harmonium.y_mean(p, x)[0])):
        if np.shape(got) != (n, len(mean)):
            same(name, got, np.zeros((n, len(mean))))
        if not np.isin(got, (0, 1)).all():
            raise Wrong(f"{name}: wanted samples, 0 or 1, got {np.ravel(got)[0]:.4g} (a mean?)")
        same(f"{name}, averaged over {n} draws", np.mean(got, 0), mean, 5 / np.sqrt(n) / np.abs(mean).max())
    same("the same seed: u once more", run(False)[0], u)
    clamped, y = run(True)
    same("u, clamped", clamped, before)
    same(f"y, with u clamped, averaged over {n} draws", np.mean(y, 0), harmonium.y_mean(p, x)[0],
         5 / np.sqrt(n) / harmonium.y_mean(p, x).max())
