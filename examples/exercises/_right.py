"""What the exercises' checks are made of: is this answer the right one, and if not, in what way is it wrong?"""
import numpy as np

from refh_numpy import harmonium


class Wrong(Exception):
    """An answer that is not right; the message says where"""


def same(what, got, wanted, tolerance=1e-6):
    """The answer `got` must be `wanted`, to a relative `tolerance`. Wrong, with a hint, if it is not."""
    if got is None:
        raise Wrong(f"{what} is None: is there a `return`?")
    wanted = np.asarray(wanted, float)
    try:
        got = np.asarray(got, float)
    except (TypeError, ValueError):
        raise Wrong(f"{what}: wanted an array of numbers of shape {wanted.shape}, got {type(got).__name__}") from None
    if got.shape != wanted.shape:
        hint = " (transposed?)" if got.shape == wanted.shape[::-1] else ""
        raise Wrong(f"{what}: wanted shape {wanted.shape}, got {got.shape}{hint}")
    if not np.isfinite(got).all():
        raise Wrong(f"{what}: {np.sum(~np.isfinite(got))} of {got.size} entries are NaN or infinite")
    scale = np.abs(wanted).max() if wanted.size else 0
    off = np.abs(got - wanted)
    scale = scale if scale > 1e-9 else 1.0                      # of what is wanted to be 0, nothing can be a fraction
    if off.size == 0 or off.max() <= tolerance * scale:
        return
    where = np.unravel_index(off.argmax(), off.shape)
    place = "" if off.ndim == 0 else f" at {', '.join(str(int(i)) for i in where)}"
    raise Wrong(f"{what}: wanted {wanted[where]:.6g}{place}, got {got[where]:.6g}{hint_on(got, wanted, tolerance * scale)}")


def hint_on(got, wanted, tolerance):
    """A usual reason why numbers are wrong, if it is one of those"""
    if np.allclose(got, -wanted, rtol=0, atol=tolerance):
        return " (the sign is the wrong way round)"
    if got.ndim == 2 and got.shape[0] == got.shape[1] and np.allclose(got, wanted.T, rtol=0, atol=tolerance):
        return " (transposed)"
    factor = np.sum(got * wanted) / np.sum(wanted**2) if wanted.any() else 0
    if factor and np.allclose(got, factor * wanted, rtol=0, atol=abs(factor) * tolerance):
        return f" (everywhere {factor:.4g} times what it should be)"
    if wanted.size > 1 and np.ptp(got - wanted) <= tolerance:
        return f" (everywhere {np.mean(got - wanted):+.4g})"
    return ""


def slopes(function, value, h=1e-6):
    """Central differences of function(value), a number, along the entries of the array `value`"""
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
    """The answer must be a tuple of as many parts as there are names; they are returned"""
    if not isinstance(got, tuple) or len(got) != len(names):
        found = f"{len(got)} of them" if isinstance(got, tuple) else type(got).__name__
        raise Wrong(f"{what}: wanted {len(names)} things returned, {', '.join(names)}; got {found}")
    return got


def small_harmonium(n_x=4, n_u=3, n_y=2):
    """A harmonium of a few units, with weights that matter; float64"""
    rng = np.random.default_rng(0)
    params = harmonium.init(n_x, n_y, "bernoulli", rng, np.float64, n_u=n_u)
    return params.map(lambda leaf: rng.standard_normal(leaf.shape))
