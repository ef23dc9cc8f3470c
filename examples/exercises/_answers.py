"""Parts of the exercises' checks: is an answer correct, and if not, in what way is it incorrect?"""

import copy

import numpy as np

TOLERANCE = 1e-5  # relative to the largest expected number: an answer in float32 is correct
SIGMAS = 6  # standard errors that an average over samples may be off


class Incorrect(Exception):
    """An incorrect answer; the message says where"""


def fresh(arguments):
    """Copies, so that an answer may change its arguments; a copy of a generator starts alike."""
    return [copy.deepcopy(a) for a in arguments]


def expect(what, answer, arguments, expected, mistakes=(), names=None, tolerance=TOLERANCE):
    """Compare answer(*arguments) with the expected result.

    Parameters
    ----------
    what : name of the result, for the message
    answer, arguments : a function, and what it is called with
    expected : array; or a sequence of arrays, one per name
    mistakes : [(hint, function)] of typical incorrect answers, called in the same way
    names : of the results, if there are several
    tolerance : relative to the largest entry of `expected`
    """
    got = answer(*fresh(arguments))
    if names is None:
        names, got, expected = [what], [got], [expected]
    else:
        got = parts(what, got, names)
    for place, name in enumerate(names):
        hints = lambda place=place: explanations(mistakes, arguments, place, got)
        same(name, got[place], expected[place], tolerance, hints)


def explanations(mistakes, arguments, place, got):
    """Results of the mistakes that can be made with these arguments.

    Parameters
    ----------
    mistakes, arguments : as for `expect`
    place, got : which part is asked for, and all parts of the answer

    Returns
    -------
    [(hint, that part)], first those that agree with the answer in most parts
    """
    found = []
    for hint, wrong in mistakes:
        try:
            with np.errstate(all="ignore"):
                result = wrong(*fresh(arguments))
            result = [result] if len(got) == 1 else result
            found.append((hint, [np.asarray(part, float) for part in result]))
        except (ValueError, IndexError, np.linalg.LinAlgError):  # not with these shapes
            continue

    def agreement(pair):
        return sum(
            np.shape(a) == b.shape and np.allclose(np.asarray(a, float), b, rtol=1e-4, atol=1e-6)
            for a, b in zip(got, pair[1], strict=True)
        )

    return [(hint, result[place]) for hint, result in sorted(found, key=agreement, reverse=True)]


def numbers(what, got, shape):
    """`got` as an array of finite real numbers of this shape; a list will do, of integers too."""
    if got is None:
        raise Incorrect(f"{what} is None: is there a `return`?")
    try:
        got = np.array(got)
        if got.dtype.kind not in "biufO":  # text and complex numbers would become real ones
            raise TypeError
        got = got.astype(float)
    except (TypeError, ValueError):
        raise Incorrect(
            f"{what}: expected an array of numbers of shape {shape}, got {kind_of(got)}"
        ) from None
    if got.shape != shape:
        raise Incorrect(f"{what}: expected shape {shape}, got {got.shape}{shape_hint(got, shape)}")
    if not np.isfinite(got).all():
        raise Incorrect(
            f"{what}: expected finite numbers, got {np.sum(~np.isfinite(got))} of "
            f"{got.size} entries that are NaN or infinite"
        )
    return got


def kind_of(got):
    """What the message calls something that is no array of real numbers."""
    return f"an array of {got.dtype.name}" if isinstance(got, np.ndarray) else type(got).__name__


def shape_hint(got, shape):
    """A usual reason for an incorrect shape."""
    if got.ndim > 1 and got.shape == shape[::-1]:
        return " (transposed?)"
    if got.shape == (1, *shape):
        return " (a comma after the result makes a tuple of it)"
    if got.shape == (*shape, 1):
        return " (one axis too many)"
    if got.ndim == 0 and len(shape) == 1:
        return " (a sum over everything: expected one number per row)"
    return ""


def same(what, got, expected, tolerance=TOLERANCE, hints=()):
    """Compare numbers, to a relative `tolerance`; raises Incorrect, with a hint, if they differ.

    Parameters
    ----------
    hints : [(hint, numbers)], or a function that returns them: what typical mistakes give
    """
    expected = np.asarray(expected, float)
    got = numbers(what, got, expected.shape)
    scale = np.abs(expected).max() if expected.size else 0
    scale = scale if scale > 1e-9 else 1.0  # a relative error of 0 has no meaning
    off = np.abs(got - expected)
    if off.size and off.max() > tolerance * scale:
        raise Incorrect(difference(what, got, expected, tolerance * scale, hints))


def near(what, got, expected, standard_error, hints=()):
    """Compare an average over samples with its expectation; hints as in `same`."""
    expected, error = np.asarray(expected, float), np.asarray(standard_error, float)
    got = numbers(what, got, expected.shape)
    bound = SIGMAS * error + TOLERANCE * np.abs(expected) + 1e-9
    if (np.abs(got - expected) > bound).any():
        raise Incorrect(difference(what, got, expected, bound, hints))


def difference(what, got, expected, bound, hints):
    """The message about numbers that differ: the worst entry, and a typical mistake if one fits."""
    where = np.unravel_index((np.abs(got - expected) / bound).argmax(), got.shape)
    place = "" if got.ndim == 0 else f" at {', '.join(str(int(i)) for i in where)}"
    digits = next(
        (n for n in range(4, 17) if f"{got[where]:.{n}g}" != f"{expected[where]:.{n}g}"), 17
    )
    digits = max(digits, 4)
    return (
        f"{what}: expected {expected[where]:.{digits}g}{place}, got {got[where]:.{digits}g}"
        f"{hint_on(got, expected, bound, hints)}"
    )


def hint_on(got, expected, bound, hints=()):
    """A usual reason for incorrect numbers, if it explains these."""

    loose = np.max(bound)  # an average over samples of another distribution has another error

    def explains(candidate):
        return (
            candidate.shape == got.shape
            and (np.abs(got - candidate) <= loose).all()
            and (np.abs(candidate - expected) > bound).any()
        )

    fitting = []
    for hint, candidate in hints() if callable(hints) else hints:
        candidate = np.asarray(candidate, float)
        if explains(candidate):
            fitting.append((round(np.abs(got - candidate).max() / loose, 1), hint))
    if fitting:
        return f" ({min(fitting, key=lambda pair: pair[0])[1]})"
    if expected.size < 2:  # one number is always a multiple of another
        return " (the opposite sign)" if explains(-expected) else ""
    square = got.ndim == 2 and got.shape[0] == got.shape[1]
    general = [("the opposite sign", -expected)]
    general += [("transposed", expected.T)] if square else []
    general += [("in the opposite order", expected[::-1])]
    for hint, candidate in general:
        if explains(candidate):
            return f" ({hint})"
    for steps, hint in ((1, "one row too late"), (-1, "one row too early")):
        a, b = (got[1:], expected[:-1]) if steps > 0 else (got[:-1], expected[1:])
        limit = np.broadcast_to(bound, expected.shape)[1:]
        if len(expected) > 3 and b.any() and (np.abs(a - b) <= limit).all():
            return f" ({hint})"
    factor = np.sum(got * expected) / np.sum(expected**2) if expected.any() else 0
    if factor and (np.abs(got - factor * expected) <= np.maximum(abs(factor), 1) * bound).all():
        return f" (everywhere {factor:.6g} times the expected value)"
    if (np.abs(got - expected - np.mean(got - expected)) <= bound).all():
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
    """The parts of an answer, one per name: of a tuple, of a list, or of a stacked array."""
    if got is None:
        raise Incorrect(f"{what} is None: is there a `return`?")
    several = isinstance(got, (tuple, list)) or (isinstance(got, np.ndarray) and got.ndim > 0)
    if not several or len(got) != len(names):
        found = f"{len(got)} of them" if several else type(got).__name__
        raise Incorrect(f"{what}: expected {len(names)} results, {', '.join(names)}; got {found}")
    return list(got)


def sigmoid(a):
    """1 / (1 + exp(-a)), without overflow."""
    return 0.5 * (1 + np.tanh(0.5 * a))


def small_harmonium(n_x=4, n_u=4, n_y=3, seed=0):
    """W_u, W_y, b_x, b_u, b_y of a few units, of order 1; n_u = n_x, as in a recurrent one."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in ((n_x, n_u), (n_x, n_y), n_x, n_u, n_y)]


def averaged(call, n_runs=400):
    """Average the results of call(rng) over as many generators.

    Parameters
    ----------
    call : function of a generator that returns a list of arrays

    Returns
    -------
    means, standard errors : lists of arrays
    """
    results = [call(np.random.default_rng([3, run])) for run in range(n_runs)]
    columns = [np.array(column) for column in zip(*results, strict=True)]
    return (
        [column.mean(0) for column in columns],
        [column.std(0, ddof=1) / np.sqrt(n_runs) for column in columns],
    )


def uses_the_generator(call, names):
    """Whether every random number comes from rng: the same seed gives the same results.

    Parameters
    ----------
    call : function of a generator that returns a list of arrays, all of them random
    names : of the arrays
    """
    first, again, *others = (call(np.random.default_rng(seed)) for seed in (1, 1, *range(2, 10)))
    for place, (name, a, b) in enumerate(zip(names, first, again, strict=True)):
        if not np.allclose(a, b, rtol=1e-9, atol=1e-9):
            raise Incorrect(
                f"{name}: expected the same numbers from the same seed, got others "
                "(does every random number come from rng?)"
            )
        if all(np.array_equal(a, other[place]) for other in others):
            raise Incorrect(
                f"{name}: expected other samples from another rng, got the same numbers "
                "(does every random number come from rng?)"
            )


def rows_are_independent(call, n_rows, n_runs=600):
    """Whether the examples of a batch have random numbers of their own.

    The variance of an average over n_rows equal examples must be that of one, divided by n_rows.

    Parameters
    ----------
    call : function of (number of equal examples, generator) that returns an array, an average
    """
    variances = []
    for n in (1, n_rows):
        results = [call(n, np.random.default_rng([4, n, run])) for run in range(n_runs)]
        variances.append(np.var(results, axis=0).sum())
    ratio = variances[1] * n_rows / variances[0]
    if not 0.7 < ratio < 1.4:
        raise Incorrect(
            f"expected random numbers of their own for every row, got averages over {n_rows} "
            f"rows whose variance is {ratio:.2g} times as large (are random numbers shared?)"
        )
