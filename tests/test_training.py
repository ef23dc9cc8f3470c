"""The training loop of both packages: resuming bit for bit, Ctrl+C, divergence, bad gradients."""

import inspect
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import refh_numpy
import rvae_numpy
from datasets.support import loop
from datasets.support.loop import Gradient
from refh_numpy import hybrid, refh
from refh_numpy import training as refh_training
from rvae_numpy import rvae
from rvae_numpy import training as rvae_training
from tests.tiny import assert_equal, half_masked, stream

TRAINING = {refh: refh_training, rvae: rvae_training}
STORAGES = {refh: refh_numpy.storage, rvae: rvae_numpy.storage}
BOTH = pytest.mark.parametrize("model", TRAINING, ids=["refh", "rvae"])
ERRORS = (ValueError, TypeError)


def small(model, family="poisson", dtype=np.float32, n_y=15):
    more = {} if model in (refh, hybrid) else {"hidden": 8}
    rng = np.random.default_rng(3)
    return model.init(n_x=4, n_y=n_y, family=family, rng=rng, dtype=dtype, **more)


def learn(model, params, seed=1, batches=None, gradient=None, **settings):
    """params and Log of a run of `model`, or of a model with another gradient"""
    rng = np.random.default_rng(seed)
    train = TRAINING[model].of(gradient) if gradient else model.train
    return train(params, stream(rng) if batches is None else batches, rng, **settings)


def is_finite(*trees):
    return all(np.isfinite(leaf).all() for tree in trees for leaf in tree.leaves().values())


# Resuming

SETTINGS = {
    "Adam": dict(learning_rate=1e-2),
    "momentum": dict(learning_rate=1e-4, momentum=0.9, n_sweeps=2),
    "corrupt": dict(learning_rate=1e-2, corrupt=half_masked),
}


@pytest.mark.parametrize("chunk", [1, 7, 30])
@pytest.mark.parametrize(
    "model, how", [(refh, "Adam"), (refh, "momentum"), (rvae, "Adam"), (rvae, "corrupt")]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_resumes_bit_for_bit(model, how, chunk, dtype, tmp_path):
    """From what a callback was given, without a copy, and from a checkpoint of it"""
    settings = dict(n_updates=40, chunk=chunk, **SETTINGS[how])
    params, kept = small(model, dtype=dtype), []
    whole, _ = learn(model, params, **settings)
    keep = lambda params, log: kept.append((params, log.state))
    learn(model, params, **settings, every=17, callback=keep)  # in the middle of a batch
    path = tmp_path / "checkpoint.npz"
    STORAGES[model].save_checkpoint(path, *kept[0], "m")
    for params, state in (kept[0], STORAGES[model].load_checkpoint(path, "m")[:2]):
        assert state.n_updates == 17
        resumed, log = learn(model, params, seed=99, **settings, state=state)
        assert log.n_updates == [40] and log.state.n_updates == 40
        assert_equal(resumed, whole)


@pytest.mark.parametrize("name", ["MT19937", "Philox", "SFC64", "PCG64DXSM"])
def test_a_run_with_any_generator_resumes_from_its_checkpoint(name, tmp_path):
    path, batches = tmp_path / "run.npz", [np.ones((4, 30, 15)), np.full((4, 30, 15), 2)]

    def keep(params, log):
        if log.n_updates[-1] == 20:  # in the middle of the first batch
            refh_numpy.storage.save_checkpoint(path, params, log.state, "refh")

    def run(params, seed, batches, **more):
        rng = np.random.Generator(vars(np.random)[name](seed))
        return refh.train(params, batches, rng, n_updates=50, every=20, **more)[0]

    whole = run(small(refh), 1, batches, callback=keep)
    params, state, _ = refh_numpy.storage.load_checkpoint(path, "refh")
    assert_equal(run(params, 2, batches[1:], state=state), whole)


@BOTH
def test_a_run_leaves_its_arguments_alone(model):
    """Also those that it resumes from, and whatever happens to the buffer of its batches"""
    params = small(model)
    copy = params.map(np.copy)

    def run(spoil):
        buffer = np.ones((4, 30, 15), np.float32)
        learnt, log = learn(model, params, batches=[buffer], n_updates=3)
        if spoil:
            buffer[:] = 99
        m = log.state.m.map(np.copy)
        learnt, _ = learn(model, learnt, batches=[], n_updates=4, state=log.state)
        assert_equal(log.state.m, m)
        return learnt

    assert_equal(run(spoil=True), run(spoil=False))
    assert_equal(params, copy)


@pytest.mark.parametrize("how", ["Adam", "momentum"])
@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda a: np.repeat(a, 2, axis=-1)[..., ::2]]
)
@BOTH
def test_weights_of_any_layout_are_trained_alike(model, layout, how):
    """Also when a run is resumed"""
    if model is rvae and how == "momentum":
        pytest.skip("the rVAE learns with Adam only")
    results = []
    for change in (np.copy, layout):
        params = small(model).map(change)
        learnt, log = learn(model, params, n_updates=3, **SETTINGS[how])
        first = lambda tree: next(iter(tree.leaves().values()))
        assert not np.may_share_memory(first(learnt), first(params))
        m, v = log.state.m.map(change), log.state.v.map(change)
        state = replace(log.state, m=m, v=v)
        learnt, log = learn(model, learnt.map(change), n_updates=9, state=state, **SETTINGS[how])
        trees = learnt, log.state.m, log.state.v
        assert all(leaf.flags.c_contiguous for tree in trees for leaf in tree.leaves().values())
        results.append(learnt)
    assert_equal(*results)


@BOTH
def test_a_state_that_does_not_fit_is_refused(model):
    params = small(model)
    learnt, log = learn(model, params, n_updates=3)
    other = small(model, n_y=14)
    for call, match in (
        (lambda: learn(model, other, n_updates=9, state=log.state), r"state\.m: expected .* shape"),
        (
            lambda: learn(model, small(model, dtype=np.float64), n_updates=9, state=log.state),
            r"state\.m: expected .* float64, got",
        ),
        (
            lambda: learn(model, learnt, n_updates=3, state=log.state),
            "n_updates: expected more than",
        ),
        (lambda: learn(model, learnt, n_updates=9, state=log), "state: expected State"),
        (
            lambda: model.train(
                learnt, [], np.random.Generator(np.random.Philox(0)), n_updates=9, state=log.state
            ),
            "state: expected the state of a Philox",
        ),
    ):
        with pytest.raises(ERRORS, match=f"^{match}"):
            call()


# Ctrl+C


@BOTH
def test_ctrl_c_inside_an_update_and_in_the_callback(model):
    """What is kept is the last complete update, although the update has used random numbers"""
    settings = dict(n_updates=30, learning_rate=1e-3, chunk=7)
    whole, _ = learn(model, small(model), **settings)
    calls = []

    def interrupted(*args):
        calls.append(1)
        result = model.gradient(*args)
        if len(calls) == 14:
            raise KeyboardInterrupt
        return result

    def stop(params, log):
        raise KeyboardInterrupt

    for gradient, callback, n_made in ((interrupted, None, 13), (model.gradient, stop, 10)):
        params, log = learn(
            model, small(model), gradient=gradient, **settings, every=10, callback=callback
        )
        assert log.interrupted and log.state.n_updates == n_made
        assert log.n_updates == [10][: len(log.value)]
        params, log = learn(model, params, seed=99, **settings, state=log.state)
        assert not log.interrupted
        assert_equal(whole, params)


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
        ours = ("refh_numpy", "rvae_numpy", loop.__file__)
        if not any(one in code.co_filename for one in ours):
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


@pytest.mark.parametrize("model, more", [(refh, {}), (refh, {"momentum": 0.9}), (rvae, {})])
def test_ctrl_c_at_any_line_of_a_training_keeps_an_exact_state(model, more):
    """What an interrupted run returns goes on bit for bit, wherever it stopped."""
    settings = dict(n_updates=6, chunk=2, learning_rate=1e-3, every=2) | more

    def learning(params=None, seed=0, state=None):
        rng = np.random.default_rng(seed)
        start = small(model) if params is None else params
        return model.train(start, stream(rng, 2, 4), rng, state=state, **settings)

    (whole, _), where = interrupted_at(-1, learning)
    assert where is None
    n_resumed, places = 0, set()
    for n_lines in range(1, 20_000, 16 if model is refh else 43):
        (params, log), where = interrupted_at(n_lines, learning)
        if where is None:
            break
        places.add(where)
        assert log.interrupted and log.state.n_updates <= 6
        assert len(log.n_updates) == len(log.value)
        if log.state.n_updates < 6:
            params, _ = learning(params, 99, log.state)
            n_resumed += 1
        assert_equal(params, whole)
    assert where is None and n_resumed >= 20
    assert {("training.py", "update"), ("training.py", "step"), ("loop.py", "run")} <= places
    assert ("harmonium.py" if model is refh else "autoencoder.py", "forward") in places


@BOTH
def test_ctrl_c_inside_a_kernel_is_an_interruption(model):
    """Numba raises SystemError from the KeyboardInterrupt; a SystemError of its own stays one."""
    params = small(model)

    def batches(cause):
        yield from (
            y for y, _ in zip(stream(np.random.default_rng(0), T=2), range(2), strict=False)
        )
        raise SystemError from cause

    learnt, log = learn(model, params, batches=batches(KeyboardInterrupt()), n_updates=9, chunk=1)
    assert log.interrupted and log.state.n_updates == 4 and learnt != params
    with pytest.raises(SystemError):
        learn(model, params, batches=batches(None), n_updates=9)


@BOTH
def test_ctrl_c_before_the_first_batch_leaves_the_start(model):
    def batches():
        raise KeyboardInterrupt
        yield

    params = small(model)
    same, log = learn(model, params, batches=batches(), n_updates=3)
    assert log.interrupted and log.state.n_updates == 0
    assert_equal(same, params)
    assert_equal(*(learn(model, params, n_updates=3, state=log.state)[0] for _ in range(2)))


# Divergence


@BOTH
@pytest.mark.parametrize("n_updates", [1, 2, 3, 7])
@pytest.mark.parametrize("rate, momentum", [(1e20, None), (1e39, None), (1e38, 0.9), (1e3, 0.9)])
@pytest.mark.parametrize("family", ["poisson", "normal"])
def test_no_value_that_is_not_finite_is_returned_or_shown(model, family, rate, momentum, n_updates):
    """In the last update too, and after Ctrl+C: no callback is given them"""
    shown = []

    def callback(params, log):
        shown.append(params)
        assert np.isfinite(log.value).all()

    def batches():
        rng = np.random.default_rng(0)
        yield from [rng.poisson(5.0, (4, 1, 15))] * (n_updates - 1)
        raise KeyboardInterrupt

    settings = dict(learning_rate=rate, n_updates=n_updates, callback=callback)
    settings |= {"momentum": momentum} if model is refh and momentum else {}
    for given, every in ((None, 1), (batches(), 1000)):
        try:
            params = small(model, family)
            learnt, log = learn(model, params, batches=given, every=every, **settings)
            shown += [learnt, log.state.m, log.state.v]
        except FloatingPointError as error:
            assert "training diverged at update" in str(error)
    assert is_finite(*shown)


def waves(noise=0.0):
    wave = np.sin(0.2 * np.arange(60)[:, None] + 0.5 * np.arange(8))
    return wave + noise * np.random.default_rng(1).standard_normal((20, 60, 8))


def of_waves(model):
    more = {"hidden": [30]} if model is rvae else {}
    return model.init(n_x=4, n_y=8, family="normal", rng=np.random.default_rng(0), **more)


@pytest.mark.parametrize(
    "model, scale, learning_rate",
    [(refh, 100, 1e37), (refh, 1e36, 1e-3)]
    + [(rvae, scale, rate) for scale in (255, 1e4, 1e15) for rate in (1e-9, 1e-3)],
)
def test_data_far_from_unit_scale_are_blamed_and_not_the_learning_rate(model, scale, learning_rate):
    """Waves of this amplitude, as frames in 0 .. 255 have: with their mean and spread as seen"""
    y = scale * waves(noise=0.1)
    with pytest.raises(FloatingPointError, match=r"update [1-9] of 20.*batches: expected") as found:
        learn(model, of_waves(model), 2, [y] * 20, n_updates=20, learning_rate=learning_rate)
    said = f"got mean {y.mean():.3g} and standard deviation {y.std():.3g}"
    assert said in str(found.value) and "learning_rate" not in str(found.value)


def test_data_of_unit_scale_train_and_a_large_learning_rate_is_blamed():
    params, batches = of_waves(rvae), [waves()] * 20
    _, log = learn(rvae, params, batches=batches, n_updates=20)
    assert np.isfinite(log.value).all()
    with pytest.raises(FloatingPointError, match=r"use a smaller learning_rate$"):
        learn(rvae, params, batches=batches, n_updates=20, learning_rate=1e12)


# Gradients that are none


BAD_LEAVES = {
    "transposed": lambda leaf: leaf.T,
    "not summed": lambda leaf: np.tile(leaf, (4, *leaf.ndim * [1])),
    "empty": lambda leaf: leaf[:0],
    "masked": np.ma.masked_array,
    "another dtype": lambda leaf: leaf.astype(float),
    "a list": np.ndarray.tolist,
    "none": lambda leaf: None,
}


@BOTH
@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("what", BAD_LEAVES)
def test_a_gradient_of_wrong_arrays_is_refused_by_name(model, what, momentum):
    spoil, more = BAD_LEAVES[what], {"momentum": momentum} if model is refh else {}

    def gradient(*args):
        g, value = model.gradient(*args)
        if model is refh:
            return Gradient(replace(g, W_y=spoil(g.W_y)), value)
        return Gradient(replace(g, nu=replace(g.nu, W=spoil(g.nu.W))), value)

    name = "W_y" if model is refh else r"nu\.W"
    with pytest.raises(ERRORS, match=rf"^gradient: expected {name} .*got"):
        learn(model, small(model), gradient=gradient, n_updates=2, **more)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: replace(g, nu=None),
        lambda g: replace(g, nu=(g.nu.W, g.nu.b)),
        lambda g: replace(g, encode=None),
        lambda g: replace(g, encode=g.encode[:-1]),
        lambda g: replace(g, encode=[*g.encode, g.nu]),
    ],
)
def test_a_gradient_with_other_layers_is_refused(spoil):
    gradient = lambda *args: Gradient(spoil(rvae.gradient(*args).params), 1.0)
    with pytest.raises(ERRORS, match=r"^gradient: .*expected .* got"):
        learn(rvae, small(rvae), gradient=gradient, n_updates=1)


@BOTH
@pytest.mark.parametrize("returned", [None, "ab", (None, None), (1.0, 1.0)])
def test_a_gradient_that_returns_something_else_is_refused(model, returned):
    with pytest.raises(TypeError, match=r"^gradient: expected a function that returns .* got"):
        learn(model, small(model), gradient=lambda *args, **more: returned, n_updates=1)
    with pytest.raises(TypeError, match=r"^gradient: expected a function"):
        TRAINING[model].of(None)


# Bad input


@BOTH
@pytest.mark.parametrize(
    "batches",
    [
        [],
        [None],
        [[[0]]],
        [np.zeros((2, 3, 14))],
        [np.zeros((2, 0, 15))],
        [np.zeros((0, 3, 15))],
        [np.full((2, 3, 15), np.nan)],
        [np.full((2, 3, 15), -1)],
        [np.full((2, 3, 15), 0.5)],
        [np.full((2, 3, 15), 1e300)],
        [np.ma.zeros((2, 3, 15))],
        [np.zeros((2, 3, 15))],  # too few
    ],
)
def test_bad_batches_are_named(model, batches):
    with pytest.raises(ERRORS, match=r"^batches: expected .*got"):
        learn(model, small(model), batches=batches, n_updates=9, chunk=1)


@BOTH
@pytest.mark.parametrize("rate", [1e-50, 1e-300, np.float64(1e-40)])
def test_a_learning_rate_that_changes_nothing_is_refused(model, rate):
    with pytest.raises(ValueError, match=r"^learning_rate: expected a finite number of at least"):
        learn(model, small(model), n_updates=1, learning_rate=rate)


def test_unknown_settings_are_named():
    for model, more in ((hybrid, {"w": 0.5, "schedules": {}}), (refh, {"k": 2}), (refh, {"w": 1})):
        with pytest.raises(TypeError, match=r"unexpected keyword argument '(schedules|k|w)'"):
            model.train(small(model), [], np.random.default_rng(0), n_updates=1, **more)
    with pytest.raises(TypeError, match="'w'"):
        hybrid.train(small(hybrid), [], np.random.default_rng(0), n_updates=1)
