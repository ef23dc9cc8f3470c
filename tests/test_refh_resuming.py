"""Interrupted, resumed and diverging trainings of harmoniums: nothing learnt is lost."""

import inspect
import sys
from pathlib import Path

import numpy as np
import pytest

from datasets.support import loop
from refh_numpy import _boundary, refh, storage, training
from tests.tiny import assert_equal, small, stream


@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("chunk", [1, 7, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_resumes_bit_for_bit(chunk, dtype, momentum, tmp_path):
    def start():
        rng = np.random.default_rng(3)
        return refh.init(n_x=8, n_y=15, family="poisson", rng=rng, dtype=dtype), rng

    settings = dict(
        n_updates=40,
        learning_rate=1e-2 if momentum is None else 1e-4,
        chunk=chunk,
        n_sweeps=2,
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
    """run(), with a KeyboardInterrupt at the n-th line of the loop or of an update.

    Returns
    -------
    what run returns, and the file and function that were interrupted, or None
    """
    left, where = n_lines, None

    def trace(frame, event, argument):
        nonlocal left, where
        code = frame.f_code
        if "refh_numpy" not in code.co_filename and code.co_filename != loop.__file__:
            return None
        callers = frames_from(frame)
        loops = [caller for caller in callers if caller.f_code is loop.run.__code__]
        if not INTERRUPTED & {caller.f_code.co_name for caller in callers[:4]} or not loops:
            return None
        if event == "line" and loops[0].f_lineno in INSIDE:
            left -= 1
            if left == 0:
                where = Path(code.co_filename).name, code.co_name
                raise KeyboardInterrupt
        return trace

    sys.settrace(trace)
    try:
        return run(), where
    finally:
        sys.settrace(None)


def frames_from(frame):
    frames = []
    while frame:
        frames.append(frame)
        frame = frame.f_back
    return frames


def lines_of_the_loop():
    """The lines inside the try statement of loop.run, that is, between its first and its except

    A line `try:` is none of them: it holds no instruction at which Python looks for signals.
    """
    lines, first = inspect.getsourcelines(loop.run)
    begin = next(n for n, line in enumerate(lines) if line.strip() == "try:")
    end = next(n for n, line in enumerate(lines) if "except (KeyboardInterrupt" in line)
    return {first + n for n in range(begin + 1, end) if lines[n].strip() != "try:"}


INTERRUPTED = {"run", "update"}  # functions
INSIDE = lines_of_the_loop()
SETTINGS = dict(n_updates=6, chunk=2, learning_rate=1e-3, every=2)


def begun():
    rng = np.random.default_rng(0)
    params = small(rng)
    return params, stream(rng, 2, 4), rng


@pytest.mark.parametrize("momentum", [None, 0.9])
def test_ctrl_c_at_any_line_of_a_training_keeps_an_exact_state(momentum):
    """What an interrupted run returns goes on bit for bit, wherever it stopped."""
    settings = SETTINGS | dict(momentum=momentum)

    def learning():
        params, batches, rng = begun()
        return refh.train(params, batches, rng, **settings)

    (whole, _), where = interrupted_at(-1, learning)
    assert where is None
    n_resumed, places = 0, set()
    for n_lines in range(1, 4000, 17):
        (params, log), where = interrupted_at(n_lines, learning)
        if where is None:
            break
        places.add(where)
        assert log.interrupted and log.state.n_updates <= 6
        assert len(log.n_updates) == len(log.value)
        _boundary.state("state", log.state, {"params": params})
        if log.state.n_updates < 6:
            rng = np.random.default_rng(99)
            more = stream(rng, 2, 4)
            params, _ = refh.train(params, more, rng, state=log.state, **settings)
            n_resumed += 1
        assert_equal(params, whole)
    assert where is None and n_resumed >= 20
    assert {("training.py", "update"), ("training.py", "step"), ("loop.py", "run")} <= places
    assert ("harmonium.py", "forward") in places


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
        training.of(lambda *args, **kwargs: returned)(small(rng), stream(rng), rng, n_updates=1)


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
    with pytest.raises(ValueError, match=r"^state\.m: expected W_u .* shape \(9, 9\)"):
        refh.train(
            refh.init(n_x=9, n_y=15, family="poisson", rng=rng),
            stream(rng),
            rng,
            n_updates=9,
            state=log.state,
        )
    with pytest.raises(ValueError, match=r"^state\.m: expected W_u .* float64, got"):
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
        refh.train(
            refh.init(n_x=5, n_y=3, family=family, rng=rng),
            batches,
            rng,
            n_updates=500,
            learning_rate=1e30,
        )


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
        assert np.isfinite(log.value).all()

    params = refh.init(n_x=5, n_y=3, family="normal", rng=rng)
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
        refh.train(
            refh.init(n_x=5, n_y=3, family="normal", rng=rng),
            batches(),
            rng,
            n_updates=9,
            learning_rate=1e39,
        )
