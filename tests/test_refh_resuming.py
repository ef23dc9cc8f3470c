"""Interrupted, resumed and diverging trainings of harmoniums: nothing learnt is lost."""

import sys

import numpy as np
import pytest

from refh_numpy import refh, storage, training
from tests.tiny import assert_equal, small, stream


@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("chunk", [1, 7, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_resumes_bit_for_bit(chunk, dtype, momentum, tmp_path):
    def start():
        rng = np.random.default_rng(3)
        return refh.init(8, 15, "poisson", rng, dtype), rng

    settings = dict(
        n_updates=40,
        learning_rate=1e-2 if momentum is None else 1e-4,
        chunk=chunk,
        k=2,
        momentum=momentum,
    )
    params, rng = start()
    whole, _ = refh.train(params, stream(rng), rng, **settings)
    path = tmp_path / "checkpoint.npz"
    params, rng = start()

    def keep(params, log):
        if log.n_updates[-1] == 17:  # in the middle of a batch
            storage.save_checkpoint(path, params, log.state, "refh")

    refh.train(params, stream(rng), rng, **settings, every=17, callback=keep)
    rng = np.random.default_rng()  # its state comes from the checkpoint
    params, state, _ = storage.load_checkpoint(path, "refh")
    resumed, log = refh.train(params, stream(rng), rng, **settings, state=state)
    assert log.n_updates == [40]
    assert_equal(resumed, whole)


def test_ctrl_c_in_a_callback_keeps_what_is_learnt():
    rng = np.random.default_rng(0)

    def interrupt(params, log):
        if log.n_updates[-1] == 20:
            raise KeyboardInterrupt

    params = small(rng)
    learnt, log = refh.train(params, stream(rng), rng, n_updates=1000, every=10, callback=interrupt)
    assert log.interrupted and log.state.n_updates == 20 and log.n_updates == [10, 20]
    assert np.abs(learnt.W_u - params.W_u).max() > 0
    _, log = refh.train(learnt, stream(rng), rng, n_updates=30, state=log.state)
    assert not log.interrupted and log.state.n_updates == 30


def interrupted_at(n_lines, run):
    """run(), with a KeyboardInterrupt at the n-th line of an update; was there one?"""
    left = n_lines

    def trace(frame, event, argument):
        nonlocal left
        if "refh_numpy" not in frame.f_code.co_filename:
            return None
        if event == "line" and "_update" in {
            frame.f_code.co_name,
            frame.f_back.f_code.co_name,
            frame.f_back.f_back.f_code.co_name,
        }:
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        return run(), left <= 0
    finally:
        sys.settrace(None)


@pytest.mark.parametrize("momentum", [None, 0.9])
def test_ctrl_c_at_any_line_of_an_update_keeps_an_exact_state(momentum):
    """What an interrupted run returns goes on bit for bit, wherever in an update it stopped."""
    settings = dict(n_updates=4, chunk=2, learning_rate=1e-3, momentum=momentum)

    def start():
        rng = np.random.default_rng(0)
        params = small(rng)
        return params, stream(rng, 2, 4), rng

    def run():
        params, batches, rng = start()
        return refh.train(params, batches, rng, **settings)

    (whole, _), _ = interrupted_at(-1, run)
    for n_lines in range(1, 2000, 13):
        (params, log), happened = interrupted_at(n_lines, run)
        if not happened:
            break
        assert log.interrupted and log.state.n_updates < 4
        training.check_state(log.state, params)
        rng = np.random.default_rng(99)
        resumed, _ = refh.train(params, stream(rng, 2, 4), rng, state=log.state, **settings)
        assert_equal(resumed, whole)
    assert 13 * 20 < n_lines < 1999


def test_ctrl_c_inside_a_kernel_is_an_interruption():
    """Numba raises SystemError from the KeyboardInterrupt; a SystemError of its own stays one."""
    rng = np.random.default_rng(0)
    params = small(rng)

    def batches(cause):
        yield from (y for y, _ in zip(stream(rng, T=2), range(2), strict=False))
        raise SystemError from cause

    learnt, log = refh.train(params, batches(KeyboardInterrupt()), rng, n_updates=9)
    assert log.interrupted and log.state.n_updates == 4 and np.any(learnt.W_u != params.W_u)
    with pytest.raises(SystemError):
        refh.train(params, batches(None), rng, n_updates=9)


@pytest.mark.parametrize("returned", [None, "ab", (None, None), (1.0, 1.0)])
def test_a_gradient_that_returns_something_else_is_refused(returned):
    rng = np.random.default_rng(0)
    with pytest.raises(TypeError, match=r"^gradient: expected a function that returns .* got"):
        training.train(lambda *args, **kwargs: returned, small(rng), stream(rng), rng, n_updates=1)


def test_ctrl_c_before_the_first_batch_leaves_the_start():
    def batches():
        raise KeyboardInterrupt
        yield

    rng = np.random.default_rng(0)
    params = small(rng)
    same, log = refh.train(params, batches(), rng, n_updates=3)
    assert log.interrupted and log.state.n_updates == 0
    assert_equal(same, params)
    results = [
        refh.train(params, stream(rng), rng, n_updates=3, state=log.state)[0] for _ in range(2)
    ]
    assert_equal(*results)


def test_a_state_that_does_not_fit_is_refused():
    rng = np.random.default_rng(0)
    params = small(rng)
    learnt, log = refh.train(params, stream(rng), rng, n_updates=3)
    with pytest.raises(ValueError, match=r"^state\.m\.W_u: expected shape \(9, 9\), got"):
        refh.train(refh.init(9, 15, "poisson", rng), stream(rng), rng, n_updates=9, state=log.state)
    with pytest.raises(ValueError, match=r"^state\.m\.W_u: expected float64"):
        refh.train(small(rng, np.float64), stream(rng), rng, n_updates=9, state=log.state)
    with pytest.raises(ValueError, match=r"^n_updates: expected more than the 3"):
        refh.train(learnt, stream(rng), rng, n_updates=3, state=log.state)
    with pytest.raises(TypeError, match=r"^state: expected State"):
        refh.train(learnt, stream(rng), rng, n_updates=9, state=log)
    other = np.random.Generator(np.random.Philox(0))
    with pytest.raises(ValueError, match=r"^state: expected the state of a Philox"):
        refh.train(learnt, stream(rng), other, n_updates=9, state=log.state)


# Divergence


@pytest.mark.parametrize("family", ["poisson", "normal"])
def test_a_diverging_run_stops_with_an_error(family):
    rng = np.random.default_rng(0)
    batches = (rng.poisson(1.0, (4, 10, 3)) for _ in iter(int, 1))
    message = r"training diverged at update \d+ of 500 \(learning_rate 1e\+30\).*smaller learning"
    with pytest.raises(FloatingPointError, match=message):
        refh.train(refh.init(5, 3, family, rng), batches, rng, n_updates=500, learning_rate=1e30)


@pytest.mark.parametrize("n_updates", [1, 2, 3, 7])
@pytest.mark.parametrize(
    "settings",
    [
        dict(learning_rate=1e20),
        dict(learning_rate=1e39),
        dict(learning_rate=1e38, momentum=0.9),
        dict(learning_rate=1e3, momentum=0.9),
        dict(learning_rate=1e200, momentum=0.0),
    ],
)
def test_no_value_that_is_not_finite_is_returned_or_reported(settings, n_updates):
    rng = np.random.default_rng(0)
    batches = [10 * rng.standard_normal((4, 10, 3))]
    seen = []

    def callback(params, log):
        seen.append(params)
        assert np.isfinite(log.reconstruction_error).all()

    params = refh.init(5, 3, "normal", rng)
    try:
        learnt, log = refh.train(
            params, batches, rng, n_updates=n_updates, every=1, callback=callback, **settings
        )
        seen += [learnt, log.state.m, log.state.v]
    except FloatingPointError as error:
        assert "training diverged at update" in str(error)
    assert all(np.isfinite(leaf).all() for tree in seen for leaf in tree.leaves().values())


def test_an_interrupted_run_returns_nothing_that_is_not_finite():
    rng = np.random.default_rng(0)

    def batches():
        yield 10 * rng.standard_normal((4, 1, 3))
        raise KeyboardInterrupt

    with pytest.raises(FloatingPointError, match="training diverged at update 1"):
        refh.train(refh.init(5, 3, "normal", rng), batches(), rng, n_updates=9, learning_rate=1e39)
