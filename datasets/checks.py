"""What every public function of this project asks of its arguments.

Each check returns the value it accepted. Otherwise it raises an error that names the argument, says what was
wanted, and says what came: the three things one needs in order to mend the call.
"""
import numbers

import numpy as np


def count(name, value, at_least=1):
    """An integer of at least `at_least`; True and False are not integers here."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name}: wanted an integer of at least {at_least}, got {value!r}")
    if value < at_least:
        raise ValueError(f"{name}: wanted an integer of at least {at_least}, got {value}")
    return int(value)


def number(name, value, low=-np.inf, high=np.inf, *, above_low=False):
    """A finite real number in [low, high], or in (low, high] when `above_low`."""
    wanted = f"a number in {'(' if above_low else '['}{low:g}, {high:g}]"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: wanted {wanted}, got {value!r}")
    if not np.isfinite(value) or not low <= value <= high or (above_low and value == low):
        raise ValueError(f"{name}: wanted {wanted}, got {value!r}")
    return float(value)


def array(name, value, shape, *, missing=False):
    """A real array of the given shape, without NaN or infinity.

    shape : a tuple of sizes; a string in it stands for any size of at least 1 and names it in the error
    missing : NaN marks a missing value and is let through; infinity still is not
    """
    try:
        value = np.asarray(value)
        numeric = value.dtype.kind in "biuf"                    # bool (a raster of spikes), integers, floats
    except ValueError:                                          # rows of different lengths
        numeric = False
    wanted = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
    if not numeric:
        raise TypeError(f"{name}: wanted an array of real numbers of shape {wanted}, got {type(value).__name__}"
                        f"{f' of dtype {value.dtype}' if isinstance(value, np.ndarray) else ''}")
    fits = value.ndim == len(shape) and all(
        have >= 1 if isinstance(want, str) else have == want for have, want in zip(value.shape, shape))
    if not fits:
        raise ValueError(f"{name}: wanted shape {wanted}, got {value.shape}")
    if value.dtype == bool:
        value = value.astype(np.uint8)
    bad = np.isinf(value) if missing else ~np.isfinite(value)
    if bad.any():
        raise ValueError(f"{name}: wanted {'numbers or NaN (missing)' if missing else 'finite numbers'}, "
                         f"got {bad.sum()} of {value.size} that are {'infinite' if missing else 'NaN or infinite'}")
    return value


def in_range(name, value, low, high):
    """An array whose entries all lie in [low, high]."""
    if value.size and (value.min() < low or value.max() > high):
        raise ValueError(f"{name}: wanted values in [{low:g}, {high:g}], got {value.min():g} to {value.max():g}")
    return value


def counts(name, value):
    """An array of non-negative whole numbers, of any numeric dtype."""
    if value.size and value.min() < 0:
        raise ValueError(f"{name}: wanted counts (non-negative whole numbers), got {value.min():g}")
    if not np.issubdtype(value.dtype, np.integer) and (value != np.rint(value)).any():
        odd = value[value != np.rint(value)].flat[0]
        raise ValueError(f"{name}: wanted counts (non-negative whole numbers), got {odd:g}")
    return value


def covariance(name, value, *, positive=True):
    """Covariance matrices in the last two axes: symmetric, and positive (semi-)definite."""
    if not np.allclose(value, np.swapaxes(value, -1, -2), rtol=1e-8, atol=1e-12 * np.abs(value).max()):
        gap = np.abs(value - np.swapaxes(value, -1, -2)).max()
        raise ValueError(f"{name}: wanted symmetric covariances, got one that differs from its transpose by {gap:.2g}")
    smallest = np.linalg.eigvalsh(value)[..., 0].min()
    tolerance = -1e-12 * np.abs(value).max()
    if smallest <= 0 if positive else smallest < tolerance:
        raise ValueError(f"{name}: wanted positive {'' if positive else 'semi-'}definite covariances, "
                         f"got a smallest eigenvalue of {smallest:.2g}")
    return value


def generator(name, rng):
    """A numpy.random.Generator: every draw of this project is made from one that is passed in."""
    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"{name}: wanted a numpy.random.Generator (numpy.random.default_rng(seed)), got {rng!r}")
    return rng
