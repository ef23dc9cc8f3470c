"""Bad input of every public function, found by introspection: a function without an entry fails."""

import importlib
import inspect
import pkgutil
import warnings

import numpy as np
import pytest

import datasets
import kalman
import refh_numpy
import rvae_numpy
import tests
from tests import fuzz_entries, fuzzing

PACKAGES = (datasets, kalman, refh_numpy, rvae_numpy)


def all_entries():
    """Those of every tests/fuzz_entries*.py"""
    found = {}
    for info in pkgutil.iter_modules(tests.__path__, "tests."):
        if info.name.startswith("tests.fuzz_entries"):
            found |= importlib.import_module(info.name).ENTRIES
    return found


ENTRIES = all_entries()


def public_functions():
    """{"module.name": function or class} that is defined in a public module of the packages"""
    found = {}
    for package in PACKAGES:
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if info.name.rpartition(".")[2].startswith("_"):
                continue
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                defined_here = getattr(value, "__module__", None) == info.name
                if not name.startswith("_") and defined_here and inspect.isfunction(value):
                    found[f"{info.name}.{name}"] = value
    return found


def says_that_it_does_not_check(function):
    """Itself, or its module once for all"""
    module = inspect.getmodule(inspect.unwrap(function))
    said = " ".join(f"{function.__doc__} {module.__doc__}".lower().split())
    return "does not check" in said or "do not check" in said


def test_every_public_function_has_an_entry():
    missing = [
        name
        for name, function in public_functions().items()
        if name not in ENTRIES | fuzz_entries.NOT_WALKED
        and not says_that_it_does_not_check(function)
        and not name.startswith("datasets.support.checks.")
        and ".check_" not in name
    ]
    assert not missing, f"no entry in tests/fuzz_entries*.py, and no 'does not check': {missing}"


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_bad_input_is_refused_by_name(name, tmp_path):
    function, make = ENTRIES[name]
    problems, n_tried = [], 0
    for argument in make(tmp_path):
        for value in fuzzing.bad_values(
            make(tmp_path)[argument], missing=(name, argument) in fuzz_entries.NAN_IS_MISSING
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                said = fuzzing.verdict(function, make(tmp_path), argument, value)
            n_tried += 1
            right = said == "accepted" and fuzz_entries.is_right_too(name, argument, value)
            if said != "clear" and not right:
                problems.append(f"{argument} = {str(value)[:60]!r}: {said[:160]}")
    assert n_tried > 0
    assert not problems, f"{len(problems)} of {n_tried}:\n" + "\n".join(problems)


def test_enough_is_tried(tmp_path):
    total = sum(
        len(fuzzing.bad_values(value))
        for _, make in ENTRIES.values()
        for value in make(tmp_path).values()
    )
    assert total >= 1000


def test_valid_arguments_are_accepted(tmp_path):
    for name, (function, make) in ENTRIES.items():
        result = function(**make(tmp_path))
        assert name in fuzz_entries.NAN_IS_FINE or not fuzzing.has_nan(result), name
        assert isinstance(np.random.default_rng(0), np.random.Generator)


READERS = (
    "refh_numpy.refh.load",
    "rvae_numpy.rvae.load",
    "refh_numpy.storage.load_checkpoint",
    "rvae_numpy.storage.load_checkpoint",
    "datasets.support.idx.read_idx",
)


@pytest.mark.parametrize("name", READERS)
def test_a_mutated_file_is_refused_by_its_path_or_usable(name, tmp_path):
    function, make = ENTRIES[name]
    arguments = make(tmp_path)
    path, rng = arguments["path"], np.random.default_rng(0)
    whole = path.read_bytes()
    for _ in range(300):
        spoilt = bytearray(whole)
        for place in rng.integers(len(whole), size=rng.integers(1, 9)):
            spoilt[place] = rng.integers(256)
        if rng.random() < 0.3:
            spoilt = spoilt[: rng.integers(len(spoilt))]
        path.write_bytes(spoilt)
        try:
            result = function(**arguments)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            assert not fuzzing.has_nan(result)
