"""Exercise 7: half a sweep of the Gibbs chain.                                (refh_numpy, poster P3 and P5; four lines)

    P3    p(u_{t-1} | x_t) = Bern(sigma(W_u' x_t + b_u))          P5    p(y_t | x_t) = Bern(sigma(W_y' x_t + b_y))

From hidden units x, draw u and y: 0 or 1 each. Where `clamp_u` is True, u stays what it is: that is all that makes a TRBM out of an
rEFH. Draw from `rng` and nothing else, so that the same seed gives the same numbers.
"""
import numpy as np

from examples.exercises._right import Wrong, parts, same, small_harmonium
from refh_numpy import harmonium


def draw_visible(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    """u (n, n_u) and y (n, n_y), redrawn given x (n, n_x); u as it came if clamp_u"""
    raise NotImplementedError


def check(answer):
    p = small_harmonium()
    n = 20_000                                              # draws for each of three x
    different = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
    x = np.tile(different, (n, 1))
    before = np.full((len(x), 3), 0.25)
    means = np.concatenate([harmonium.u_mean(p, different), harmonium.y_mean(p, different)], axis=1)

    def run(clamp_u, seed=2):
        return parts("draw_visible", answer(x, before.copy(), p.W_u, p.W_y, p.b_u, p.b_y, clamp_u, np.random.default_rng(seed)),
                     ("u", "y"))

    u, y = run(False)
    for name, got, units in (("u", u, 3), ("y", y, 2)):
        if np.shape(got) != (len(x), units):
            same(name, got, np.zeros((len(x), units)))
        if not np.isin(got, (0, 1)).all():
            raise Wrong(f"{name}: wanted samples, 0 or 1, got {np.ravel(got)[0]:.4g} (a mean?)")
    drawn = np.concatenate([u, y], axis=1).reshape(n, len(different), 5)
    for which in range(len(different)):
        about = f"for x number {which} of the check, averaged over {n} draws"
        same(f"u, then y, {about}", drawn[:, which].mean(0), means[which], 5 * 0.5 / np.sqrt(n) / means[which].max())
        together = np.cov(drawn[:, which].T)
        if np.abs(together - np.diag(np.diag(together))).max() > 5 * 0.25 / np.sqrt(n):
            raise Wrong(f"u and y, {about}: given x, units are independent, but these go together (one random number for several?)")
    same("the same seed: u once more", run(False)[0], u)
    if np.array_equal(run(False, seed=3)[0], u):
        raise Wrong("u: another rng gave the same numbers (are all draws from rng?)")
    clamped, y = run(True)
    same("u, clamped", clamped, before)
    same(f"y, with u clamped, averaged over {n} draws", y.reshape(n, -1, 2).mean(0), means[:, 3:], 5 * 0.5 / np.sqrt(n) / means[:, 3:].max())
