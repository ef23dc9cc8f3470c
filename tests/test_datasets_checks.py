"""The checks of arguments: what they accept, what they refuse, and how they say it."""

import collections
import fractions
import json
import pathlib

import numpy as np
import pytest

from datasets.support import checks

MASKED = np.ma.array([1.0, 1e6], mask=[False, True])


class Broken:
    def __repr__(self):
        raise RuntimeError

    def __array__(self, *args, **kwargs):
        raise RuntimeError


def refused(call, match, kind=(TypeError, ValueError)):
    with pytest.raises(kind, match=match) as error:
        call()
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)


WRONG_COUNTS = [True, 1.0, "1", None, np.ones(1), [1], np.float64(1), np.timedelta64(3, "s")]
WRONG_NUMBERS = [True, np.True_, "1", None, 1j, np.ones(2), [1.0], np.timedelta64(3, "s")]
WRONG_ARRAYS = ["spikes", None, [[1], [1, 2]], [1j], {}, object(), [None, 1], [10**400], Broken()]
WRONG_ARRAYS += [np.array(["a"]), np.array([None]), [[1, 2], "a"]]


REFUSED = [
    (checks.count, TypeError, "an integer .*got ", WRONG_COUNTS),
    (checks.count, ValueError, "an integer .*got ", [0, -1, 2**31, 10**400]),
    (checks.count, ValueError, ".*type int", [10**5000]),  # which cannot be printed
    (checks.number, TypeError, "a finite number, got", WRONG_NUMBERS),
    (checks.number, ValueError, "a finite number", [np.nan, np.inf, -np.inf, 10**400]),
    (checks.function, TypeError, "a function, got 3", [3]),
    (checks.flag, TypeError, "True or False, got ('no'|1)", ["no", 1]),
    (checks.iterable, TypeError, "an iterable, got (3|'abc')", [3, "abc"]),
    (checks.generator, TypeError, "Generator .*default_rng.*, got", [0, np.random.Generator]),
    (checks.path, TypeError, "a path .*, got (None|b'a')", [None, b"a"]),
    (checks.path, ValueError, "a path", ["", "a\0b", "\ud800"]),
    (checks.counts, ValueError, "counts .*, got (0.5|-1|inf)", [[0.5], [-1], [np.inf]]),
    (checks.counts, TypeError, "an array of counts, got", "a"),
]


@pytest.mark.parametrize(
    "check, kind, match, value",
    [(*row, value) for *row, values in REFUSED for value in values],
    ids=lambda part: type(part).__name__,
)
def test_one_value_that_is_refused(check, kind, match, value):
    value = np.array(value) if check is checks.counts and value != "a" else value
    refused(lambda: check("x", value), "^x: expected " + match, kind)


@pytest.mark.parametrize(
    "call, kind, match",
    [
        (lambda: checks.count("x", 6, at_most=5), ValueError, "at least 1 and at most 5, got 6"),
        (lambda: checks.number("x", 0, 0, 1, above_low=True), ValueError, r"in \(0, 1\], got 0"),
        (lambda: checks.number("x", -1, 0), ValueError, "a finite number of at least 0, got -1"),
        (
            lambda: checks.number("x", 0, 0, above_low=True),
            ValueError,
            "a finite number above 0, got 0",
        ),
        (
            lambda: checks.instance("x", None, dict, " (here)"),
            TypeError,
            r"dict \(here\), got None",
        ),
        (lambda: checks.one_of("x", ["a"], ("a", "b")), TypeError, "one of 'a', 'b', got"),
        (lambda: checks.one_of("x", None, ("a", "b")), TypeError, "one of 'a', 'b', got None"),
        (lambda: checks.one_of("x", "c", ("a", "b")), ValueError, "one of 'a', 'b', got 'c'"),
        (lambda: checks.in_range("x", np.array([0, 2]), 0, 1), ValueError, r"\[0, 1\], got 0 to 2"),
        (lambda: checks.in_range("x", np.array([np.nan]), 0, 1), ValueError, "expected values"),
    ],
)
def test_what_is_out_of_its_bounds_is_refused(call, kind, match):
    refused(call, f"^x: expected .*{match}|^x: {match}", kind)


def test_what_is_accepted_comes_back():
    assert checks.count("n", np.int64(3)) == 3 and type(checks.count("n", np.uint8(3))) is int
    assert checks.count("n", 0, at_least=0) == 0 and checks.count("n", 5, at_most=5) == 5
    assert checks.number("r", fractions.Fraction(1, 2), 0, 1) == 0.5
    assert checks.number("r", np.float32(0), 0, 1) == 0.0
    checks.counts("y", np.array([0.0, 3.0]))
    checks.in_range("y", np.array([0, 1]), 0, 1)
    rng, batches = np.random.default_rng(0), iter([1])
    assert checks.generator("rng", rng) is rng and checks.iterable("batches", batches) is batches
    assert list(batches) == [1]  # nothing was taken from it
    assert checks.flag("learn", np.False_) is False and checks.one_of("how", "a", ("a",)) == "a"
    assert checks.path("path", pathlib.Path("x")) == checks.path("path", "x") == pathlib.Path("x")
    assert checks.function("callback", len) is len


def test_values_are_shown_short_and_on_one_line():
    assert checks.shown(Broken()) == "an object of type Broken"
    assert checks.shown("a\nb") == "'a\\nb'" and "\n" not in checks.shown(np.zeros((50, 50)))
    assert len(checks.shown("x" * 10_000)) < 80


# Arrays


ENDLESS = [1.0]
ENDLESS.append(ENDLESS)


@pytest.mark.parametrize(
    "value, kind, match",
    [
        *[(value, TypeError, "expected an array of real .*got") for value in WRONG_ARRAYS[:-1]],
        (WRONG_ARRAYS[-1], ValueError, "expected .* got"),
        (ENDLESS, TypeError, r"expected an array of real numbers .*got \[1.0"),
        (np.ones((2, 2)), ValueError, r".*expected shape \(n,\), got \(2, 2\)"),
        (np.ones(0), ValueError, r".*got \(0,\)"),
        ([np.nan, 1], ValueError, ".*expected finite numbers, got 1 of 2 that are NaN or infinite"),
        ([np.inf, 1], ValueError, ".*expected finite numbers"),
    ],
)
def test_arrays_that_are_refused(value, kind, match):
    refused(lambda: checks.array("y", value, ("n",)), "^y: " + match, (kind, TypeError))


@pytest.mark.parametrize(
    "value",
    [
        [MASKED],
        [1.0, np.ma.masked],
        ((MASKED,),),
        [[np.zeros(2)], [MASKED]],
        collections.deque([MASKED]),
    ],
)
def test_masked_arrays_are_refused_at_any_depth(value):
    assert np.isfinite(np.asarray([MASKED])).all()  # asarray drops the mask without a sign
    match = r"^y: expected a plain array \(mark missing values by NaN\), got a masked array"
    refused(lambda: checks.numeric("y", value), match, TypeError)
    refused(lambda: checks.array("y", MASKED, (2,), missing=True), match, TypeError)


def test_missing_values_are_nan():
    assert np.isnan(checks.array("y", [np.nan, 1], (2,), missing=True)[0])
    assert np.isnan(checks.array("y", [np.nan], (1,), missing=True, dtype=np.float32)[0])
    refused(lambda: checks.array("y", [np.inf], (1,), missing=True), r"numbers or NaN \(missing\)")


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int64, np.float16, np.float32, np.longdouble, ">f4", ">f8", ">i2"]
)
def test_arrays_in_other_clothes_are_the_same_numbers(dtype):
    got = checks.array("y", np.array([1, 0, 1], dtype), (3,))
    assert got.dtype in (np.uint8, np.int16, np.int64, np.float32, np.float64)
    assert got.dtype.isnative and got.tolist() == [1, 0, 1]


def test_a_cast_suits_one_compiled_kernel_and_does_not_overflow():
    same, read_only = np.ones((2, 3)), np.zeros((2, 3))
    assert checks.array("y", same, (2, 3), dtype=float) is same
    read_only.flags.writeable = False
    unaligned = np.frombuffer(bytes(49), np.uint8)[1:].view(float).reshape(2, 3)
    for value in (read_only, unaligned, np.zeros((3, 2)).T):
        for dtype in (np.float32, np.float64):
            got = checks.array("x", value, (2, 3), dtype=dtype)
            flags = got.flags
            assert flags.c_contiguous and flags.aligned and flags.writeable and got.dtype == dtype
    assert checks.array("y", 2.0, (), dtype=np.float32).shape == ()
    assert checks.array("y", 3, None).shape == () and checks.array("y", [[]], None).shape == (1, 0)
    match = r"^y: expected numbers below 3.4e\+38 \(float32\), got 1e\+300"
    refused(lambda: checks.array("y", [1e300, 0], (2,), dtype=np.float32), match, ValueError)
    if np.finfo(np.longdouble).max > 1e400:
        big = np.array([10.0], np.longdouble) ** 400
        refused(lambda: checks.array("y", big, (1,)), "^y: expected numbers below")


def test_each_covariance_is_judged_by_its_own_scale():
    skewed, large = np.array([[1e-3, 9e-4], [-9e-4, 1e-3]]), 1e12 * np.eye(2)

    def covariance(value, positive=True):
        return checks.covariance("R", value, ("n", 2, 2)[-value.ndim :], positive=positive)

    for one in (skewed, np.array([[1.0, 2.0], [2.0, 1.0]]) * 1e-6, -1e-6 * np.eye(2)):
        for positive in (False, True):
            both = np.array([one, large])
            refused(lambda both=both, p=positive: covariance(both, p), "^R: expected .*, got")
    covariance(np.array([1e-6 * np.eye(2), large]))
    covariance(np.diag([1.0, 0.0]), positive=False)
    refused(lambda: covariance(np.diag([1.0, 0.0])), "positive definite .*eigenvalue")
    refused(lambda: covariance(np.ones((3, 3))), "^R: expected shape")
    refused(lambda: covariance(np.full((2, 2), np.nan)), "^R: expected .*NaN")


def test_states_of_generators():
    """Also those that have been JSON"""
    for name in ("PCG64", "MT19937", "Philox", "SFC64"):
        state = vars(np.random)[name](1).state
        for given in (state, json.loads(json.dumps(state, default=np.ndarray.tolist))):
            assert repr(checks.generator_state("rng", given)) == repr(state)
    state = np.random.PCG64(1).state
    wrong = [{"bit_generator": name} for name in ("Generator", "seed", [])]
    wrong += [{"uinteger": -1}, {"state": {"state": "1", "inc": 1}}]
    for bad in ({}, 3, *(state | change for change in wrong)):
        refused(lambda bad=bad: checks.generator_state("rng", bad), r"^rng: expected .* got")


def test_trials_of_unequal_length_are_named():
    trials = [np.ones((n, 30)) for n in (100, 120, 120)]
    uneven = np.empty(3, object)
    uneven[:] = trials
    match = r"^y: expected .* got 3 items of 2 shapes, such as \(100, 30\) and \(120, 30\)$"
    for value in (trials, [y.tolist() for y in trials], uneven):
        refused(lambda value=value: checks.array("y", value, ("n_traj", "T", 30)), match)


@pytest.mark.parametrize(
    "have, expected, advice",
    [
        ((100, 30), ("n", "T", 30), (1, 100, 30)),
        ((6, 20, 5, 6), ("n", "T", 30), (6, 20, 30)),
        ((6, 20, 5, 6, 1), ("n", "T", 30), (6, 20, 30)),
        ((20, 5, 6, 1), ("n", "T", 30), (1, 20, 30)),
        ((6, 20), ("n", "T", 1), (6, 20, 1)),
        ((100, 31), ("n", "T", 30), None),
        ((6, 20, 5, 6, 3), ("n", "T", 30), None),
        ((30,), ("n", "T", 30), None),
        ((), ("n", "T", 30), None),
        ((2, 3, 4), ("n", "T"), None),
    ],
)
def test_a_shape_that_only_needs_reshape_is_named(have, expected, advice):
    y = np.ones(have)
    match = r"got \(.*\)$"
    if advice:
        match = rf"^y: expected shape .*, got .*; y.reshape\({str(advice)[1:-1]}\) has"
        assert checks.array("y", y.reshape(advice), expected).shape == advice
    refused(lambda: checks.array("y", y, expected), match)
