"""Checks of arguments, for every public function of this project.

Each check returns the value that it accepted. Otherwise it raises TypeError or ValueError: the
message names the argument, says what was expected, and says what came.
"""

import math
import numbers
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

MAX_COUNT = 2**31 - 1  # no size or number of steps of ours comes near it
USUAL = {np.dtype(kind) for kind in ("f4", "f8", "i4", "i8", "u1")}  # numbers as they are
MAX_SHOWN = 60  # characters of a value in a message


def count(name, value, at_least=1, at_most=MAX_COUNT):
    """An integer from `at_least` to `at_most`. True and False are no integers here."""
    if type(value) is int and at_least <= value <= at_most:
        return value
    expected = f"{name}: expected an integer of at least {at_least}"
    if not _is_real(value, numbers.Integral):
        raise TypeError(f"{expected}, got {shown(value)}")
    if value < at_least:
        raise ValueError(f"{expected}, got {shown(value)}")
    if value > at_most:
        raise ValueError(f"{expected} and at most {at_most}, got {shown(value)}")
    return int(value)


def number(name, value, low=-np.inf, high=np.inf, *, above_low=False):
    """A finite real number in [low, high], or in (low, high] when `above_low`."""
    if low == -np.inf and high == np.inf:
        expected = f"{name}: expected a finite number"
    elif high == np.inf:
        bound = "above" if above_low else "of at least"
        expected = f"{name}: expected a finite number {bound} {low:g}"
    else:
        expected = f"{name}: expected a number in {'(' if above_low else '['}{low:g}, {high:g}]"
    if not _is_real(value, numbers.Real):
        raise TypeError(f"{expected}, got {shown(value)}")
    try:
        real = float(value)
    except OverflowError:  # an integer of more than 308 digits
        real = np.inf
    if not np.isfinite(real) or not low <= real <= high or (above_low and real == low):
        raise ValueError(f"{expected}, got {shown(value)}")
    return real


def numeric(name, value, expected="an array of real numbers"):
    """A plain array of real numbers, or NaN and infinity, of a dtype that BLAS and Numba take."""
    if type(value) is np.ndarray and value.dtype in USUAL:
        return value
    if _has_mask(value):
        raise TypeError(
            f"{name}: expected a plain array (mark missing values by NaN), got a masked array"
        )
    try:
        value = np.asarray(value)
        is_numeric = value.dtype.kind in "biuf"  # bool (a raster of spikes) too
    except Exception:  # rows of different lengths, a broken __array__
        is_numeric = False
    if not is_numeric:
        is_array = isinstance(value, np.ndarray)
        got = f"an array of dtype {value.dtype}" if is_array else shown(value)
        if len(shapes := _shapes(value)) > 1:
            some = " and ".join(map(shown, shapes[:2]))
            got = f"{len(value)} items of {len(shapes)} shapes, such as {some}"
        raise TypeError(f"{name}: expected {expected}, got {got}")
    if value.dtype == bool:
        return value.astype(np.uint8)
    if value.dtype == np.float16:
        return value.astype(np.float32)
    if value.dtype == np.longdouble and value.dtype != np.float64:
        return _cast(name, value, np.dtype(np.float64))
    return value.astype(value.dtype.newbyteorder("="), copy=False)


def array(name, value, shape, *, missing=False, dtype=None):
    """The value as a plain array of real numbers of this shape, without NaN or infinity.

    Parameters
    ----------
    value : an array, or what numpy.asarray makes one of
    shape : sizes; a string stands for any size of at least 1, and names it in the message;
        None for any shape
    missing : NaN marks a missing value and is accepted; infinity is not
    dtype : float32 or float64 to cast to; then the array is C-contiguous, aligned and writeable
        too, so that kernels are compiled for one type. None keeps the dtype, except that bool
        becomes uint8, float16 float32, longdouble float64, and the byte order native

    Raises TypeError for what is no array of real numbers and for masked arrays, ValueError for
    another shape, for NaN or infinity, and for numbers too large for the dtype.
    """
    if shape is None:
        value = numeric(name, value)
    else:
        sizes = "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"
        value = numeric(name, value, f"an array of real numbers of shape {sizes}")
        if not _fits(value.shape, shape):
            raise ValueError(
                f"{name}: expected shape {sizes}, got {value.shape}{_remedy(name, value, shape)}"
            )
    if not (missing or np.isfinite(value).all()) or (missing and np.isinf(value).any()):
        bad = np.isinf(value) if missing else ~np.isfinite(value)
        raise ValueError(
            f"{name}: expected {'numbers or NaN (missing)' if missing else 'finite numbers'}, got "
            f"{bad.sum()} of {value.size} that are {'infinite' if missing else 'NaN or infinite'}"
        )
    return value if dtype is None else _cast(name, value, np.dtype(dtype))


def float_dtype(leaf):
    """The dtype that weights have, of which this is one: float64 or float32."""
    return np.dtype(np.float64 if getattr(leaf, "dtype", None) == np.float64 else np.float32)


def leaves(name, given, shapes, dtype, *, finite=True):
    """{part: array} like weights: plain arrays of these shapes and this dtype, finite or not."""
    if given.keys() != shapes.keys():
        raise ValueError(
            f"{name}: expected the arrays {', '.join(shapes)}, "
            f"got {', '.join(map(str, given)) or 'none'}"
        )
    for part, shape in shapes.items():
        leaf = given[part]
        if type(leaf) is not np.ndarray or leaf.shape != shape or leaf.dtype != dtype:
            plain = type(leaf) is np.ndarray
            got = f"shape {leaf.shape} and {leaf.dtype}" if plain else shown(leaf)
            raise (ValueError if plain else TypeError)(
                f"{name}: expected {part} to be a plain array of shape {shape} and {dtype}, "
                f"got {got}"
            )
        if not finite or math.isfinite(np.vdot(leaf, leaf)):  # its square: one pass of BLAS
            continue
        if not np.isfinite(leaf).all():
            raise ValueError(f"{name}: expected finite numbers in {part}, got NaN or infinity")
    return given


def in_range(name, value, low, high):
    """An array whose entries all lie in [low, high]."""
    value = numeric(name, value, "an array of real numbers")
    if value.size and not (value.min() >= low and value.max() <= high):
        raise ValueError(
            f"{name}: expected values in [{low:g}, {high:g}], "
            f"got {value.min():g} to {value.max():g}"
        )
    return value


def counts(name, value):
    """An array of non-negative whole numbers, of any numeric dtype."""
    value = numeric(name, value, "an array of counts")
    odd = value < 0
    if value.dtype.kind == "f":
        odd |= (value != np.rint(value)) | np.isinf(value)
    if odd.any():
        raise ValueError(
            f"{name}: expected counts (non-negative whole numbers), got {value[odd].flat[0]:g}"
        )
    return value


def covariance(name, value, shape, *, positive=True):
    """Covariance matrices (float64) of this shape: symmetric, and positive (semi-)definite."""
    value = array(name, value, shape, dtype=float)
    size = np.abs(value)
    largest = size.max((-1, -2), keepdims=True)  # of each matrix: its own scale
    gap = np.abs(value - np.swapaxes(value, -1, -2))
    if (gap > 1e-8 * size + 1e-12 * largest).any():
        raise ValueError(
            f"{name}: expected symmetric covariances, got one that differs from its "
            f"transpose by {gap.max():.2g}"
        )
    smallest = np.linalg.eigvalsh(value)[..., :1]
    low = smallest <= 0 if positive else ~(smallest >= -1e-12 * largest[..., 0])
    if low.any():
        raise ValueError(
            f"{name}: expected positive {'' if positive else 'semi-'}definite covariances, "
            f"got a smallest eigenvalue of {smallest[low].min():.2g}"
        )
    return value


def generator(name, rng):
    """A numpy.random.Generator: all random numbers come from one that is passed in."""
    return instance(name, rng, np.random.Generator, " (numpy.random.default_rng(seed))")


def generator_state(name, state):
    """bit_generator.state of one of NumPy's generators; its arrays may have become lists."""
    kind = instance(name, state, dict, " (bit_generator.state)").get("bit_generator")
    try:
        known = {kind.__name__: kind for kind in np.random.BitGenerator.__subclasses__()}
        generator = known[kind](0)
        generator.state = state
    except Exception as error:  # the generators raise half a dozen kinds
        raise ValueError(
            f"{name}: expected bit_generator.state of a generator of NumPy, "
            f"got another dictionary ({error!r:.80})"
        ) from None
    return generator.state


def instance(name, value, kind, hint=""):
    """An object of this class; `hint` says in the message where to get one."""
    if not isinstance(value, kind):
        raise TypeError(f"{name}: expected {kind.__name__}{hint}, got {shown(value)}")
    return value


def function(name, value):
    """Something that can be called."""
    if not callable(value):
        raise TypeError(f"{name}: expected a function, got {shown(value)}")
    return value


def flag(name, value):
    """True or False, and nothing that merely counts as one of them."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name}: expected True or False, got {shown(value)}")
    return bool(value)


def one_of(name, value, options):
    """One of these strings."""
    expected = f"{name}: expected one of {', '.join(map(repr, options))}"
    if not isinstance(value, str):
        raise TypeError(f"{expected}, got {shown(value)}")
    if value not in options:
        raise ValueError(f"{expected}, got {shown(value)}")
    return value


def iterable(name, value):
    """Something to iterate over, other than a string."""
    if isinstance(value, (str, bytes)) or not np.iterable(value):
        raise TypeError(f"{name}: expected an iterable, got {shown(value)}")
    return value


def path(name, value):
    """A path, as a pathlib.Path."""
    expected = f"{name}: expected a path (str or os.PathLike), got {shown(value)}"
    if not isinstance(value, (str, os.PathLike)):
        raise TypeError(expected)
    text = os.fspath(value)
    try:
        encoded = os.fsencode(text)
    except UnicodeEncodeError:
        encoded = b""
    if encoded is text or not encoded or b"\0" in encoded:
        raise ValueError(expected)
    return Path(text)


def shown(value):
    """A short form of any value, on one line, for a message."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # an integer of 5000 digits, a broken __repr__
        text = f"an object of type {type(value).__name__}"
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}... ({type(value).__name__})"


def _shapes(value):
    """The shapes of the items of a list, or of an array of objects; [] for anything else"""
    try:
        is_list = isinstance(value, (list, tuple, np.ndarray))
        return sorted({np.shape(item) for item in value}) if is_list else []
    except Exception:  # items that are uneven themselves
        return []


def _fits(have, shape):
    """Whether an array has this shape, in which a string stands for any size of at least 1"""
    return len(have) == len(shape) and all(
        n >= 1 if isinstance(size, str) else n == size for n, size in zip(have, shape, strict=True)
    )


def _remedy(name, value, shape):
    """How to give a lone trajectory, images, or numbers without an axis the shape; or nothing"""
    if shape and not isinstance(shape[-1], str):
        for k in range(1, value.ndim):
            flat = (*value.shape[:k], math.prod(value.shape[k:]))
            for one in (flat, (1, *flat), (*flat, 1)):
                if _fits(one, shape):
                    return f"; {name}.reshape{one} has that shape"
    return ""


def _has_mask(value):
    """Whether it is a masked array, or a sequence with one at any depth: asarray drops the mask"""
    if isinstance(value, np.ma.MaskedArray):
        return True
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        return False
    if all(issubclass(kind, numbers.Number) for kind in set(map(type, value))):
        return False  # soon decided for long lists of numbers
    try:
        return any(map(_has_mask, value))
    except RecursionError:  # a list that contains itself; asarray says so
        return False


def _is_real(value, kind):
    """Whether it is a number of this kind; True, False and spans of time are none here"""
    return isinstance(value, kind) and not isinstance(value, (bool, np.bool_, np.timedelta64))


def _cast(name, value, dtype):
    """The array in this dtype, C-contiguous, aligned and writeable; ValueError if a finite number
    overflows in it"""
    if value.dtype == dtype and value.flags.carray:
        return value
    with np.errstate(over="ignore"):
        cast = np.require(value, dtype, "CAW")
    if not np.can_cast(value.dtype, dtype) and (np.isinf(cast) & np.isfinite(value)).any():
        raise ValueError(
            f"{name}: expected numbers below {np.finfo(dtype).max:.2g} ({dtype}), "
            f"got {np.nanmax(np.abs(value)):.2g}"
        )
    return cast
