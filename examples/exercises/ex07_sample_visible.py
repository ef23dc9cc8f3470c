"""Exercise 7: half a sweep of the Gibbs chain (refh_numpy, poster P3 and P5; four lines).

    P3    p(u_{t-1} | x_t) = Bern(sigma(W_u' x_t + b_u))
    P5    p(y_t | x_t)     = Bern(sigma(W_y' x_t + b_y))

Sample u and y, 0 or 1 each, given the hidden units x. Where `clamp_u` is True, u stays as it is:
in this half of the sweep, nothing else distinguishes a TRBM from an rEFH. Use `rng` for all random
numbers, so that the same seed gives the same samples.
"""

import numpy as np

from examples.exercises._answers import Incorrect, parts, same, small_harmonium
from refh_numpy import harmonium


def sample_visible(x, u, W_u, W_y, b_u, b_y, clamp_u, rng):
    """Samples of the visible units given the hidden ones.

    Parameters
    ----------
    x : (n, n_x) binary
    u : (n, n_u) previous values, returned as they are if clamp_u
    W_u, W_y, b_u, b_y : (n_x, n_u), (n_x, n_y), (n_u,) and (n_y,)
    clamp_u : bool
    rng : numpy.random.Generator

    Returns
    -------
    u, y : (n, n_u) and (n, n_y)
    """
    raise NotImplementedError


def check(answer):
    """Means, independence, clamping, and the use of rng."""
    p = small_harmonium()
    n = 20_000  # samples for each of three x
    different = np.array([[1.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 1.0]])
    x = np.tile(different, (n, 1))
    before = np.full((len(x), 3), 0.25)
    means = np.concatenate([harmonium.u_mean(p, different), harmonium.y_mean(p, different)], axis=1)

    def run(clamp_u, seed=2):
        rng = np.random.default_rng(seed)
        result = answer(x, before.copy(), p.W_u, p.W_y, p.b_u, p.b_y, clamp_u, rng)
        return parts("sample_visible", result, ("u", "y"))

    u, y = run(False)
    for name, got, units in (("u", u, 3), ("y", y, 2)):
        if np.shape(got) != (len(x), units):
            same(name, got, np.zeros((len(x), units)))
        if not np.isin(got, (0, 1)).all():
            raise Incorrect(
                f"{name}: expected samples, 0 or 1, got {np.ravel(got)[0]:.4g} (a mean?)"
            )
    samples = np.concatenate([u, y], axis=1).reshape(n, len(different), 5)
    for which in range(len(different)):
        about = f"for x number {which} of the check, averaged over {n} samples"
        same(
            f"u, then y, {about}",
            samples[:, which].mean(0),
            means[which],
            5 * 0.5 / np.sqrt(n) / means[which].max(),
        )
        covariance = np.cov(samples[:, which].T)
        if np.abs(covariance - np.diag(np.diag(covariance))).max() > 5 * 0.25 / np.sqrt(n):
            raise Incorrect(
                f"u and y, {about}: expected independent units given x, got correlated "
                "ones (one random number for several?)"
            )
    same("the same seed: u once more", run(False)[0], u)
    if np.array_equal(run(False, seed=3)[0], u):
        raise Incorrect(
            "u: expected other samples from another rng, got the same numbers "
            "(does every random number come from rng?)"
        )
    clamped, y = run(True)
    same("u, clamped", clamped, before)
    same(
        f"y, with u clamped, averaged over {n} samples",
        y.reshape(n, -1, 2).mean(0),
        means[:, 3:],
        5 * 0.5 / np.sqrt(n) / means[:, 3:].max(),
    )
