"""The checks of arguments: what they accept, what they refuse, and how they say it."""

import fractions
import pathlib

import numpy as np
import pytest
from numpy.random import MT19937

from datasets.support import checks
from datasets.support.storage import as_lists


def refused(call, match):
    with pytest.raises((TypeError, ValueError), match=match) as error:
        call()
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)
    return error.type


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.ones(1), [1], np.float64(1)])
def test_a_count_is_an_integer(value):
    kind = refused(lambda: checks.count("n", value), "^n: expected an integer .*, got ")
    assert kind is TypeError


@pytest.mark.parametrize("value", [0, -1, 2**31, 10**400])
def test_a_count_has_bounds(value):
    kind = refused(lambda: checks.count("n", value), "^n: expected an integer .*, got")
    assert kind is ValueError


def test_an_integer_that_cannot_even_be_printed():
    assert refused(lambda: checks.count("n", 10**5000), "^n: expected .*type int") is ValueError


def test_counts_are_accepted():
    assert checks.count("n", np.int64(3)) == 3 and type(checks.count("n", np.uint8(3))) is int
    assert checks.count("n", 0, at_least=0) == 0 and checks.count("n", 5, at_most=5) == 5
    refused(lambda: checks.count("n", 6, at_most=5), "at least 1 and at most 5, got 6")


@pytest.mark.parametrize("value", [True, np.True_, "1", None, 1j, np.ones(2), [1.0]])
def test_a_number_is_real(value):
    kind = refused(lambda: checks.number("r", value), "^r: expected a finite number in .*, got")
    assert kind is TypeError


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 10**400])
def test_a_number_is_finite(value):
    assert refused(lambda: checks.number("r", value), "^r: expected a finite number") is ValueError


def test_numbers_are_accepted_within_their_bounds():
    assert checks.number("r", fractions.Fraction(1, 2), 0, 1) == 0.5
    assert checks.number("r", np.float32(0), 0, 1) == 0.0
    refused(lambda: checks.number("r", 0, 0, 1, above_low=True), r"number in \(0, 1\], got 0")
    refused(lambda: checks.number("r", -1, 0), r"expected a finite number in \[0, inf\], got -1")
    refused(lambda: checks.number("r", 0, 0, above_low=True), r"finite number in \(0, inf\], got 0")


@pytest.mark.parametrize(
    "nested",
    [
        lambda masked: [masked],
        lambda masked: (np.zeros(2), masked),
        lambda masked: [1.0, np.ma.masked],
    ],
)
def test_masked_arrays_in_a_list_are_refused(nested):
    masked = np.ma.array([1.0, 1e6], mask=[False, True])
    assert np.isfinite(np.asarray([masked])).all()  # asarray drops the mask without a sign
    with pytest.raises(TypeError, match=r"^y: expected a plain array .* got a masked array"):
        checks.numeric("y", nested(masked))


def test_a_list_that_contains_itself_is_refused():
    endless = [1.0]
    endless.append(endless)
    with pytest.raises(TypeError, match=r"^y: expected an array of real numbers, got \[1.0"):
        checks.numeric("y", endless)


def test_masked_arrays_are_refused_with_advice():
    masked = np.ma.array([1.0, 1e6], mask=[False, True])
    kind = refused(
        lambda: checks.array("y", masked, (2,), missing=True),
        r"^y: expected a plain array \(mark missing values by NaN\), got a masked array",
    )
    assert kind is TypeError


@pytest.mark.parametrize(
    "value",
    [
        "spikes",
        None,
        [[1], [1, 2]],
        [1j],
        {},
        object(),
        [None, 1],
        [10**400],
        np.array(["a"]),
        np.array([None]),
    ],
)
def test_what_is_no_array_of_numbers(value):
    kind = refused(lambda: checks.array("y", value, ("n",)), "^y: expected an array of real .*got")
    assert kind is TypeError


@pytest.mark.parametrize(
    "value, match",
    [
        (np.ones((2, 2)), r"expected shape \(n,\), got \(2, 2\)"),
        (np.ones(0), r"got \(0,\)"),
        ([np.nan, 1], "expected finite numbers, got 1 of 2 that are NaN or infinite"),
        ([np.inf, 1], "expected finite numbers"),
    ],
)
def test_other_shapes_and_values(value, match):
    assert refused(lambda: checks.array("y", value, ("n",)), "^y: .*" + match) is ValueError


def test_missing_values_are_nan():
    assert np.isnan(checks.array("y", [np.nan, 1], (2,), missing=True)[0])
    refused(lambda: checks.array("y", [np.inf], (1,), missing=True), r"numbers or NaN \(missing\)")


@pytest.mark.parametrize(
    "dtype", [bool, np.uint8, np.int64, np.float16, np.float32, np.longdouble, ">f4", ">f8", ">i2"]
)
def test_arrays_in_other_clothes_are_the_same_numbers(dtype):
    got = checks.array("y", np.array([1, 0, 1], dtype), (3,))
    assert got.dtype in (np.uint8, np.int16, np.int64, np.float32, np.float64)
    assert got.dtype.isnative and got.tolist() == [1, 0, 1]


def test_a_cast_is_contiguous_and_does_not_overflow():
    got = checks.array("y", np.ones((3, 2)).T, (2, 3), dtype=np.float32)
    assert got.dtype == np.float32 and got.flags.c_contiguous
    assert checks.array("y", 2.0, (), dtype=np.float32).shape == ()
    same = np.ones((2, 3))
    assert checks.array("y", same, (2, 3), dtype=float) is same
    kind = refused(
        lambda: checks.array("y", [1e300, 0], (2,), dtype=np.float32),
        r"^y: expected numbers below 3.4e\+38 \(float32\), got 1e\+300",
    )
    assert kind is ValueError
    assert np.isnan(checks.array("y", [np.nan], (1,), missing=True, dtype=np.float32)[0])
    if np.finfo(np.longdouble).max > 1e400:
        big = np.array([10.0], np.longdouble) ** 400
        refused(lambda: checks.array("y", big, (1,)), "^y: expected numbers below")


def test_any_shape():
    assert checks.array("y", 3, None).shape == () and checks.array("y", [[]], None).shape == (1, 0)


def test_counts_and_ranges_of_arrays():
    checks.counts("y", np.array([0.0, 3.0]))
    checks.in_range("y", np.array([0, 1]), 0, 1)
    refused(lambda: checks.counts("y", np.array([0.5])), "^y: expected counts .*, got 0.5")
    refused(lambda: checks.counts("y", np.array([-1])), "^y: expected counts .*, got -1")
    refused(lambda: checks.in_range("y", np.array([0, 2]), 0, 1), r"in \[0, 1\], got 0 to 2")
    refused(lambda: checks.in_range("y", np.array([np.nan]), 0, 1), "^y: expected values")
    refused(lambda: checks.counts("y", "a"), "^y: expected an array of counts, got")


def test_each_covariance_is_judged_by_its_own_scale():
    skewed, large = np.array([[1e-3, 9e-4], [-9e-4, 1e-3]]), 1e12 * np.eye(2)
    for one in (skewed, np.array([[1.0, 2.0], [2.0, 1.0]]) * 1e-6, -1e-6 * np.eye(2)):
        for positive in (False, True):
            refused(
                lambda one=one, positive=positive: checks.covariance(
                    "R", np.array([one, large]), positive=positive
                ),
                "^R: expected .*, got",
            )
    checks.covariance("R", np.array([1e-6 * np.eye(2), large]))
    checks.covariance("R", np.diag([1.0, 0.0]), positive=False)
    refused(lambda: checks.covariance("R", np.diag([1.0, 0.0])), "positive definite .*eigenvalue")
    refused(lambda: checks.covariance("R", np.ones(3)), "^R: expected .*square")
    refused(lambda: checks.covariance("R", np.full((2, 2), np.nan)), "^R: expected .*NaN")


@pytest.mark.parametrize(
    "call, match",
    [
        (lambda: checks.generator("rng", 0), "^rng: expected Generator .*default_rng.*, got 0"),
        (
            lambda: checks.generator("rng", np.random.Generator),
            "^rng: expected Generator .*, got <cl",
        ),
        (
            lambda: checks.instance("box", None, dict, " (from here)"),
            r"dict \(from here\), got None",
        ),
        (lambda: checks.function("callback", 3), "^callback: expected a function, got 3"),
        (lambda: checks.flag("learn", "no"), "^learn: expected True or False, got 'no'"),
        (lambda: checks.flag("learn", 1), "^learn: expected True or False, got 1"),
        (lambda: checks.one_of("how", ["a"], ("a", "b")), "^how: expected one of 'a', 'b', got"),
        (
            lambda: checks.one_of("how", None, ("a", "b")),
            "^how: expected one of 'a', 'b', got None",
        ),
        (lambda: checks.iterable("batches", 3), "^batches: expected an iterable, got 3"),
        (lambda: checks.iterable("batches", "abc"), "^batches: expected an iterable, got 'abc'"),
        (lambda: checks.path("path", None), "^path: expected a path .*, got None"),
        (lambda: checks.path("path", b"a"), "^path: expected a path .*, got b'a'"),
    ],
)
def test_wrong_objects(call, match):
    assert refused(call, match) is TypeError


@pytest.mark.parametrize(
    "call, match",
    [
        (lambda: checks.one_of("how", "c", ("a", "b")), "^how: expected one of 'a', 'b', got 'c'"),
        (lambda: checks.path("path", ""), "^path: expected a path"),
        (lambda: checks.path("path", "a\0b"), "^path: expected a path"),
    ],
)
def test_wrong_values(call, match):
    assert refused(call, match) is ValueError


def test_what_is_accepted_comes_back():
    rng, batches = np.random.default_rng(0), iter([1])
    assert checks.generator("rng", rng) is rng and checks.iterable("batches", batches) is batches
    assert list(batches) == [1]  # nothing was taken from it
    assert checks.flag("learn", np.False_) is False and checks.one_of("how", "a", ("a",)) == "a"
    assert checks.path("path", pathlib.Path("x")) == checks.path("path", "x") == pathlib.Path("x")
    assert checks.function("callback", len) is len


def test_values_are_shown_short_and_on_one_line():
    class Broken:
        def __repr__(self):
            raise RuntimeError

    assert checks.shown(Broken()) == "an object of type Broken"
    assert checks.shown("a\nb") == "'a\\nb'" and "\n" not in checks.shown(np.zeros((50, 50)))
    assert len(checks.shown("x" * 10_000)) < 80


def test_values_that_only_look_like_numbers_arrays_and_paths():
    class Broken:
        def __array__(self, *args, **kwargs):
            raise RuntimeError

    for call in (
        lambda: checks.count("x", np.timedelta64(3, "s")),
        lambda: checks.number("x", np.timedelta64(3, "s")),
        lambda: checks.array("x", Broken(), ("n",)),
        lambda: checks.path("x", "\ud800"),
        lambda: checks.counts("x", np.array([np.inf])),
    ):
        with pytest.raises((ValueError, TypeError), match=r"^x: expected .* got"):
            call()


def test_an_array_that_was_cast_suits_one_compiled_kernel():
    read_only = np.zeros((2, 3))
    read_only.flags.writeable = False
    unaligned = np.frombuffer(bytes(49), np.uint8)[1:].view(float).reshape(2, 3)
    for value in (read_only, unaligned, np.zeros((3, 2)).T):
        flags = checks.array("x", value, (2, 3), dtype=float).flags
        assert flags.c_contiguous and flags.aligned and flags.writeable


def test_states_of_generators():
    for kind in (np.random.PCG64, MT19937, np.random.Philox, np.random.SFC64):
        state = kind(1).state
        for given in (state, as_lists(state)):
            assert repr(checks.generator_state("rng", given)) == repr(state)
    state = np.random.PCG64(1).state
    for bad in (
        {},
        3,
        state | {"bit_generator": "Generator"},
        state | {"bit_generator": "seed"},
        state | {"bit_generator": []},
        state | {"uinteger": -1},
        state | {"state": {"state": "1", "inc": 1}},
    ):
        with pytest.raises((ValueError, TypeError), match=r"^rng: expected .* got"):
            checks.generator_state("rng", bad)


def test_trials_of_unequal_length_are_named():
    trials = [np.ones((n, 30)) for n in (100, 120, 120)]
    uneven = np.empty(3, object)
    uneven[:] = trials
    for value in (trials, [y.tolist() for y in trials], uneven):
        refused(
            lambda value=value: checks.array("y", value, ("n_traj", "T", 30)),
            r"^y: expected .* got 3 items of 2 shapes, such as \(100, 30\) and \(120, 30\)$",
        )
    refused(lambda: checks.array("y", [[1, 2], "a"], (2,)), "^y: expected .* got ")


@pytest.mark.parametrize(
    "have, want",
    [
        ((100, 30), (1, 100, 30)),
        ((6, 20, 5, 6), (6, 20, 30)),
        ((6, 20, 5, 6, 1), (6, 20, 30)),
        ((20, 5, 6, 1), (1, 20, 30)),
    ],
)
def test_a_shape_that_only_needs_reshape_is_named(have, want):
    y = np.ones(have)
    message = rf"^y: expected shape \(n_traj, T, 30\), got .*; y.reshape\({str(want)[1:-1]}\) has"
    refused(lambda: checks.array("y", y, ("n_traj", "T", 30)), message)
    assert checks.array("y", y.reshape(want), ("n_traj", "T", 30)).shape == want
    refused(
        lambda: checks.array("y", np.ones((6, 20)), ("n", "T", 1)), r"y.reshape\(6, 20, 1\) has"
    )


def test_no_reshape_is_advised_where_sizes_differ():
    for have in ((100, 31), (6, 20, 5, 6, 3), (30,), ()):
        refused(lambda have=have: checks.array("y", np.ones(have), ("n", "T", 30)), r"got \(.*\)$")
    refused(lambda: checks.array("y", np.ones((2, 3, 4)), ("n", "T")), r"got \(2, 3, 4\)$")
