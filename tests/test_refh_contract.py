"""What may be done with parameters, states and gradients, beyond training with them."""

import copy
import inspect
import subprocess
import sys
import timeit
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler  # what carries jobs to workers
from pathlib import Path

import numpy as np
import pytest

from refh_numpy import efh, families, harmonium, hybrid, refh, refh_bptt, rtrbm, trbm
from tests.tiny import given, harmonium_of, small, stream

MODELS = [efh, refh, trbm, rtrbm, refh_bptt, hybrid]
GENERATORS = [vars(np.random)[name] for name in ("MT19937", "Philox", "SFC64", "PCG64DXSM")]


@pytest.mark.parametrize("family", families.FAMILIES)
def test_params_can_be_pickled_and_copied(family):
    rng = np.random.default_rng(0)
    params = refh.init(n_x=5, n_y=3, family=family, rng=rng)
    for again in (
        ForkingPickler.loads(ForkingPickler.dumps(params)),
        copy.deepcopy(params),
        copy.copy(params),
    ):
        assert again == params and again.family == params.family
        u = again.map(np.copy).W_u
        assert refh.train(again, [np.ones((2, 3, 3))], rng, n_updates=1)[0] != params
        np.testing.assert_array_equal(u, params.W_u)


def test_a_family_of_ones_own_can_be_copied_too():
    own = replace(families.POISSON, name="my own")
    assert copy.deepcopy(own) == own and copy.deepcopy(own) != families.POISSON


def test_params_are_equal_if_all_their_arrays_are():
    params = small(np.random.default_rng(0))
    assert params == small(np.random.default_rng(0))
    assert (params == params.map(lambda leaf: leaf + 1)) is False
    assert params != replace(params, b_x=params.b_x[:-1])
    assert params != replace(params, family=families.NORMAL)
    assert params != 3 and params != params.W_u.tolist()


def test_states_of_runs_compare_without_an_error():
    rng = np.random.default_rng(0)
    _, log = refh.train(small(rng), stream(rng), rng, n_updates=3)
    assert log.state == log.state and log.state != copy.deepcopy(log.state)


@pytest.mark.parametrize("model", MODELS)
def test_no_sweeps_are_refused_by_name(model):
    rng = np.random.default_rng(0)
    params = model.init(n_x=4, n_y=3, family="bernoulli", rng=rng)
    y = np.ones((2, 3, 3), np.float32)
    u0 = np.zeros((2, len(params.b_u)), np.float32)
    x_mean = harmonium.forward(params, u0, y)
    u = harmonium.previous_states(params, u0, x_mean)
    more = {"w": 0.5} if model is hybrid else {}
    for n_sweeps in (0, -1, 1.5, None):
        with pytest.raises((ValueError, TypeError), match=r"^n_sweeps: expected .* got"):
            model.gradient(params, u, y, x_mean, n_sweeps, rng, **more)


def test_a_package_alone_has_its_models_and_functions():
    """import refh_numpy; refh_numpy.refh works in a process that imports nothing else"""
    code = "import kalman, refh_numpy, rvae_numpy; refh_numpy.refh.train; refh_numpy.storage.load; "
    code += "rvae_numpy.rvae.train; rvae_numpy.storage.load; kalman.kalman_filter; kalman.em.fit"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["b_x", "b_u", "b_y", "W_u", "W_y"])
def test_the_array_that_does_not_fit_is_named(name, tmp_path):
    params = small(np.random.default_rng(0))
    leaf = getattr(params, name)
    wrong = replace(params, **{name: np.concatenate([leaf, leaf])})
    with pytest.raises(ValueError, match=rf"^params: expected {name} to be a plain"):
        refh.infer(wrong, np.ones((1, 1, 15)))
    with pytest.raises(ValueError, match=rf"^params: expected {name} to be a plain"):
        refh.save(tmp_path / "weights.npz", wrong)


NUMBERS = dict(learning_rate=1e-3, final_learning_rate=1e-4, momentum=0.5, noise_fraction=0.25)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("model", MODELS)
def test_numbers_of_any_kind_train_alike_and_keep_the_dtype(model, dtype):
    results = []
    for real, whole in ((float, int), (np.float64, np.int64), (np.longdouble, np.uint8)):
        rng = np.random.default_rng(0)
        params = model.init(n_x=whole(5), n_y=whole(15), family="poisson", rng=rng, dtype=dtype)
        settings = {name: real(value) for name, value in NUMBERS.items()}
        settings |= dict(n_updates=whole(6), chunk=whole(5), every=whole(2))
        settings |= dict(n_sweeps=(whole(1), whole(2)))
        more = {"w": real(0.25)} if model is hybrid else {}
        learnt, log = model.train(params, stream(rng), rng, **settings, **more)
        for tree in (learnt, log.state.m, log.state.v):
            assert {leaf.dtype for leaf in tree.leaves().values()} == {np.dtype(dtype)}
        results.append(learnt)
    assert results[0] == results[1] == results[2]


# Passes of means at the end of a prediction


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
@pytest.mark.parametrize("n_mean_passes", [1, 2, 3])
def test_mean_passes_have_the_enumerated_expectation(family, n_mean_passes):
    """The sample of y at the end of the chain is from p(y | u); then x and y enter by means."""
    rng, n = np.random.default_rng(1), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3).map(lambda leaf: 1.5 * leaf)
    u = rng.random(3)
    y, p = given(params, u)
    for _ in range(n_mean_passes):
        x_mean = harmonium.hidden_mean(params, np.tile(u, (len(y), 1)), y)
        y = harmonium.y_mean(params, x_mean)
    u_all = np.tile(u, (1, n, 1))
    found = refh.predict_next(params, u_all, rng, n_mean_passes=n_mean_passes)[0]
    error = found.std(0) / np.sqrt(n)
    assert (np.abs(found.mean(0) - p @ y) < 5 * error + 1e-9).all()
    if n_mean_passes > 1:  # each takes noise away
        one = refh.predict_next(params, u_all, rng)[0]
        assert (found.std(0) < 0.7 * one.std(0)).all()


# Pages and speed


@pytest.mark.parametrize("model", MODELS)
def test_a_model_is_one_page(model):
    """A docstring, the gradient, and at most ten lines of assembly."""
    lines = Path(model.__file__).read_text().splitlines()
    end = lines.index("init = initial.init_static" if model is efh else "init = initial.init")
    assert len([line for line in lines[end:] if line]) <= 10
    assert len(lines) <= 100


def test_trbm_and_refh_differ_in_one_number():
    pages = [inspect.getsource(model.gradient).splitlines() for model in (trbm, refh)]
    bodies = [page[-2:] for page in pages]
    assert all("negative = negative_phase(" in body[0] for body in bodies)
    (a, b), *more = [pair for pair in zip(*bodies, strict=True) if pair[0] != pair[1]]
    assert not more and a.replace("clamped=1", "clamped=0") == b


def test_inference_of_one_step_costs_little_more_than_its_sums():
    """240 units, one step: at most five times the products alone (no other process disturbs all)"""
    rng = np.random.default_rng(0)
    params = refh.init(n_x=240, n_y=15, family="poisson", rng=rng)
    y = rng.poisson(1.0, (1, 1, 15)).astype(np.float32)
    u = refh.infer(params, y)[:, -1]

    def least(function):
        return min(timeit.repeat(lambda: function(params, y, u), number=10, repeat=300))

    assert least(refh.infer) < 6 * least(refh.infer.unchecked)
