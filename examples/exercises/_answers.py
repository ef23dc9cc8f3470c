"""Parts of the exercises' checks: is an answer correct, and if not, in what way is it incorrect?"""

import numpy as np

from refh_numpy import initial


class Incorrect(Exception):
    """An incorrect answer; the message says where"""


def same(what, got, expected, tolerance=1e-6):
    """Compare an answer with the expected numbers, to a relative `tolerance`.

    Raises Incorrect, with a hint, if they differ.
    """
    if got is None:
        raise Incorrect(f"{what} is None: is there a `return`?")
    expected = np.asarray(expected, float)
    try:
        got = np.asarray(got, float)
    except (TypeError, ValueError):
        raise Incorrect(
            f"{what}: expected an array of numbers of shape {expected.shape}, "
            f"got {type(got).__name__}"
        ) from None
    if got.shape != expected.shape:
        hint = " (transposed?)" if got.shape == expected.shape[::-1] else ""
        raise Incorrect(f"{what}: expected shape {expected.shape}, got {got.shape}{hint}")
    if not np.isfinite(got).all():
        raise Incorrect(
            f"{what}: expected finite numbers, got {np.sum(~np.isfinite(got))} of "
            f"{got.size} entries that are NaN or infinite"
        )
    scale = np.abs(expected).max() if expected.size else 0
    off = np.abs(got - expected)
    scale = scale if scale > 1e-9 else 1.0  # a relative error of 0 has no meaning
    if off.size == 0 or off.max() <= tolerance * scale:
        return
    where = np.unravel_index(off.argmax(), off.shape)
    place = "" if off.ndim == 0 else f" at {', '.join(str(int(i)) for i in where)}"
    raise Incorrect(
        f"{what}: expected {expected[where]:.6g}{place}, got {got[where]:.6g}"
        f"{hint_on(got, expected, tolerance * scale)}"
    )


def hint_on(got, expected, tolerance):
    """A usual reason for incorrect numbers, if it explains these."""
    if np.allclose(got, -expected, rtol=0, atol=tolerance):
        return " (the opposite sign)"
    if (
        got.ndim == 2
        and got.shape[0] == got.shape[1]
        and np.allclose(got, expected.T, rtol=0, atol=tolerance)
    ):
        return " (transposed)"
    factor = np.sum(got * expected) / np.sum(expected**2) if expected.any() else 0
    if factor and np.allclose(got, factor * expected, rtol=0, atol=abs(factor) * tolerance):
        return f" (everywhere {factor:.4g} times the expected value)"
    if expected.size > 1 and np.ptp(got - expected) <= tolerance:
        return f" (everywhere {np.mean(got - expected):+.4g})"
    return ""


def numerical_gradient(function, value, h=1e-6):
    """Central differences of function(value), a number, along the entries of the array `value`."""
    result = np.empty_like(value)
    for index in np.ndindex(value.shape):
        ends = []
        for sign in (1, -1):
            moved = value.copy()
            moved[index] += sign * h
            ends.append(function(moved))
        result[index] = (ends[0] - ends[1]) / (2 * h)
    return result


def parts(what, got, names):
    """The parts of an answer that must be a tuple, one per name."""
    if not isinstance(got, tuple) or len(got) != len(names):
        found = f"{len(got)} of them" if isinstance(got, tuple) else type(got).__name__
        raise Incorrect(f"{what}: expected {len(names)} results, {', '.join(names)}; got {found}")
    return got


def small_harmonium(n_x=4, n_u=3, n_y=2):
    """A harmonium of a few units with weights of order 1; float64."""
    rng = np.random.default_rng(0)
    params = initial.harmonium(
        n_x=n_x, n_u=n_u, n_y=n_y, family="bernoulli", rng=rng, dtype=np.float64
    )
    return params.map(lambda leaf: rng.standard_normal(leaf.shape))
