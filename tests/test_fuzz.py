"""Bad input of every public function and class, found by introspection.

A function needs an entry in tests/fuzz_entries*.py only if its declarations do not say enough.
"""

import importlib
import inspect
import pkgutil
import signal
import warnings

import numpy as np
import pytest

import datasets
import kalman
import refh_numpy
import rvae_numpy
import tests
from tests import fuzz_entries, fuzzing

NOT_WALKED = {"datasets.support.checks"}  # judges of the arguments of all others
PACKAGES = (datasets, kalman, refh_numpy, rvae_numpy)


def all_entries():
    """Those of every tests/fuzz_entries*.py"""
    found = {}
    for info in pkgutil.iter_modules(tests.__path__, "tests."):
        if info.name.startswith("tests.fuzz_entries"):
            found |= importlib.import_module(info.name).ENTRIES
    return found


def public_functions():
    """{"module.name": function, or class with declared fields} of the packages' public modules"""
    found = {}
    for package in PACKAGES:
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.rpartition(".")[2].startswith("_") or info.name in NOT_WALKED:
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                if name.startswith("_") or getattr(value, "__module__", None) != info.name:
                    continue
                if inspect.isfunction(value) or (
                    inspect.isclass(value) and hasattr(value, "kinds")
                ):
                    found[f"{info.name}.{name}"] = value
    return found


def says_that_it_does_not_check(function):
    """Itself, or its module once for all; not if it declares its arguments"""
    module = inspect.getmodule(inspect.unwrap(function))
    said = " ".join(f"{function.__doc__} {module.__doc__}".lower().split())
    return not hasattr(function, "kinds") and ("does not check" in said or "do not check" in said)


def cases():
    """{"module.name": (function, folder -> all of its arguments)}, and those without enough"""
    written, found, lacking = all_entries(), {}, {}
    functions = public_functions()
    for name in sorted(functions.keys() | written.keys()):
        function, make = written.get(name, (functions.get(name), lambda folder: {}))
        if name in fuzz_entries.NOT_WALKED:
            continue
        declares = hasattr(function, "kinds") and inspect.isfunction(function)
        if name not in written and not declares and not inspect.isclass(function):
            if ".check_" not in name and not says_that_it_does_not_check(function):
                lacking[name] = "an entry, @checked, or 'does not check'"
            continue
        if name not in written:
            missing = fuzzing.complete(function, {})[1]
            if missing:
                lacking[name] = f"right values of {', '.join(missing)}"
                continue
        found[name] = function, lambda folder, f=function, m=make: fuzzing.complete(f, m(folder))[0]
    return found, lacking


CASES, LACKING = cases()


def test_every_public_function_has_what_it_needs():
    assert not LACKING, f"in tests/fuzz_entries*.py or at the function: {LACKING}"


def bad_values(name, tmp_path):
    """[(argument, a wrong value of it)] of one function"""
    function, make = CASES[name]
    arguments = make(tmp_path)
    kinds = getattr(function, "kinds", {})
    return [
        (argument, value)
        for argument, good in arguments.items()
        for value in fuzzing.bad_values(
            kinds.get(argument),
            good,
            arguments,
            missing=(name, argument) in fuzz_entries.NAN_IS_MISSING,
        )
    ]


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_by_name(name, tmp_path):
    function, make = CASES[name]
    tried, problems = bad_values(name, tmp_path), []
    for argument, value in tried:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            said = fuzzing.verdict(function, make(tmp_path), argument, value)
        right = said == "accepted" and fuzz_entries.is_right_too(name, argument, value)
        if said != "clear" and not right:
            problems.append(f"{argument} = {str(value)[:60]!r}: {said[:160]}")
    assert tried
    assert not problems, f"{len(problems)} of {len(tried)}:\n" + "\n".join(problems)


def test_each_package_is_tried(tmp_path):
    for package in PACKAGES:
        ours = [name for name in CASES if name.startswith(f"{package.__name__}.")]
        assert sum(len(bad_values(name, tmp_path)) for name in ours) > 200, package.__name__


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_valid_arguments_are_accepted(name, tmp_path):
    function, make = CASES[name]
    result = function(**make(tmp_path))
    assert name in fuzz_entries.NAN_IS_FINE or not fuzzing.has_nan(result)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_numpy_scalars_change_nothing(name, tmp_path):
    """np.int64(3) is 3, np.float64(.1) is .1: the same results, of the same dtypes."""
    function, make = CASES[name]
    expected = fuzzing.arrays_of(function(**make(tmp_path)))
    for argument, good in make(tmp_path).items():
        for value in fuzzing.in_numpy_clothes(good):
            got = fuzzing.arrays_of(function(**(make(tmp_path) | {argument: value})))
            assert len(got) == len(expected), f"{argument} = {value!r}"
            for a, b in zip(got, expected, strict=True):
                assert a.dtype == b.dtype, f"{argument} = {value!r}"
                np.testing.assert_array_equal(a, b, err_msg=f"{argument} = {value!r}")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", CASES)
def test_other_clothes_are_refused_or_change_nothing(name, tmp_path):
    """Fractions, decimals, lists, small integers, other orders of memory, objects, masks."""
    function, make = CASES[name]
    tried = [(n, v) for n, good in make(tmp_path).items() for v in fuzzing.in_other_clothes(good)]
    expected = fuzzing.arrays_of(function(**make(tmp_path))) if tried else []
    for argument, value in tried:
        given, what = make(tmp_path) | {argument: value}, f"{argument} = {value!r:.60}"
        try:
            got = fuzzing.arrays_of(function(**given))
        except fuzzing.CLEAR:
            assert fuzzing.verdict(function, given, argument, value) == "clear"
            continue
        assert "masked" not in what and len(got) == len(expected), what
        for a, b in zip(got, expected, strict=True):
            if b.dtype.kind in "USO":
                np.testing.assert_array_equal(a, b, err_msg=what)
            else:  # the mean of a list is that of float64
                np.testing.assert_allclose(a, b, rtol=1e-6, err_msg=what)


def readers(tmp_path):
    """Names of the functions that read a file, and the argument that names it"""
    for name, (_, make) in CASES.items():
        (tmp_path / name).mkdir(parents=True)  # where no other function has written
        for argument, value in make(tmp_path / name).items():
            if hasattr(value, "__fspath__") and value.is_file():
                yield name, argument


def test_files_that_are_not_regular_are_refused_at_once(tmp_path):
    def hangs(*_):
        raise AssertionError("still reading after two seconds")

    found = list(readers(tmp_path / "readers"))
    (tmp_path / "right").mkdir()
    assert {"datasets.support.idx.read_idx", "refh_numpy.storage.load"} <= {n for n, _ in found}
    paths = fuzzing.irregular_files(tmp_path)
    previous = signal.signal(signal.SIGALRM, hangs)
    try:
        for name, argument in found:
            function, make = CASES[name]
            for path in paths:
                arguments = make(tmp_path / "right") | {argument: path}
                signal.setitimer(signal.ITIMER_REAL, 2)
                with pytest.raises((ValueError, OSError), match=str(path)):
                    function(**arguments)
                signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


def test_a_mutated_file_is_refused_by_its_path_or_usable(tmp_path):
    for name, argument in readers(tmp_path):
        function, make = CASES[name]
        arguments = make(tmp_path)
        path, rng = arguments[argument], np.random.default_rng(0)
        whole = path.read_bytes()
        for _ in range(60):
            spoilt = bytearray(whole)
            for place in rng.integers(len(whole), size=rng.integers(1, 9)):
                spoilt[place] = rng.integers(256)
            if rng.random() < 0.3:
                spoilt = spoilt[: rng.integers(len(spoilt))]
            path.write_bytes(spoilt)
            try:
                result = function(**arguments)
            except ValueError as error:
                assert str(path) in str(error), name
            else:
                assert not fuzzing.has_nan(result), name
