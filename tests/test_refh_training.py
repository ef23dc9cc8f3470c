"""The training of harmoniums: optimisers, learning, settings; see also test_training.py."""

import inspect
import re
from functools import partial

import numpy as np
import pytest

from datasets import ppc
from datasets.support.loop import Gradient
from refh_numpy import (
    _kernels,
    efh,
    exact,
    harmonium,
    hybrid,
    initial,
    refh,
    refh_bptt,
    rtrbm,
    training,
    trbm,
)
from tests.tiny import assert_equal, harmonium_of, small, stream

# Steps of the optimisers


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-12), (np.float32, 2e-4)])
@pytest.mark.parametrize("step_function", [training.adam, _kernels.adam])
def test_adam_is_kingma_and_bas_algorithm(step_function, dtype, rtol):
    """Their algorithm 1, written out with the moments unbiased one by one; no argument changes."""
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((6, 3, 4)).astype(dtype)
    start = rng.standard_normal((3, 4)).astype(dtype)
    theta, m, v = start, np.zeros_like(start), np.zeros_like(start)
    for n, g in enumerate(gradients, start=1):
        before = theta.copy(), g.copy(), m.copy(), v.copy()
        new = step_function(theta, g, m, v, 0.01, n, 0.9, 0.999, 1e-8)
        for array, copy in zip((theta, g, m, v), before, strict=True):
            np.testing.assert_array_equal(array, copy)
        theta, m, v = new
    expected = start.astype(float)
    for n in range(1, 7):
        past = gradients[:n].astype(float)
        m_hat = sum(0.1 * 0.9 ** (n - 1 - i) * g for i, g in enumerate(past)) / (1 - 0.9**n)
        v_hat = sum(0.001 * 0.999 ** (n - 1 - i) * g**2 for i, g in enumerate(past)) / (
            1 - 0.999**n
        )
        expected = expected - 0.01 * m_hat / (np.sqrt(v_hat) + 1e-8)
    np.testing.assert_allclose(theta, expected, rtol=rtol)


def test_momentum_accumulates_gradients():
    """H6 with a constant gradient: theta moves by rate * sum_i (1 + mu + ... + mu^i)."""
    theta, m = np.zeros(2), np.zeros(2)
    for _ in range(4):
        theta, m = training.momentum_step(theta, np.array([1.0, -2.0]), m, 0.1, 0.5)
    expected = -0.1 * (1 + 1.5 + 1.75 + 1.875) * np.array([1, -2])
    np.testing.assert_allclose(theta, expected)


def test_without_momentum_an_update_is_learning_rate_times_gradient():
    rng = np.random.default_rng(0)
    params = small(rng)

    def ones(params, u, y, x_mean, n_sweeps, rng, noise_fraction):
        return Gradient(params.map(np.ones_like), 0.0)

    learnt, _ = training.of(ones)(
        params, stream(rng), rng, n_updates=1, learning_rate=0.25, momentum=0.0
    )
    for name, leaf in params.leaves().items():
        np.testing.assert_allclose(getattr(learnt, name), leaf - 0.25)


# Learning


def test_learning_raises_the_exact_likelihood():
    """A static harmonium, two visible patterns to learn, every probability enumerated."""
    rng = np.random.default_rng(0)
    params = efh.init(n_x=4, n_y=4, family="bernoulli", rng=rng, dtype=np.float64)
    patterns = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], float)
    batches = (patterns[rng.integers(2, size=(20, 10))] for _ in iter(int, 1))
    learnt, _ = efh.train(params, batches, rng, n_updates=1500, learning_rate=0.02, n_sweeps=5)
    nothing = np.zeros((2, 0))
    before = exact.log_likelihood(params, nothing, patterns)
    after = exact.log_likelihood(learnt, nothing, patterns)
    assert before < -2.7 and after > -1.0  # chance: -4 log 2 = -2.77; best: -log 2 = -0.69


def filtering_error(n_updates, rng):
    """MSE of an rEFH of 100 units (rad²), and its Log"""
    params = refh.init(n_x=100, n_y=15, family="poisson", rng=rng)
    settings = dict(n_updates=n_updates, learning_rate=2e-3, every=n_updates // 6)
    params, log = refh.train(params, stream(rng, 40, 100), rng, **settings)
    test = ppc.sample(20, 300, np.random.default_rng(1))
    z_hat, _ = ppc.decode(refh.emission_mean(params, refh.infer(params, test.y)))
    return ppc.squared_error(z_hat, test.z[..., 0]).mean(), log


def test_a_short_refh_run_reduces_the_error():
    error, log = filtering_error(1200, np.random.default_rng(0))
    assert error < 30e-4  # untrained: above 1000e-4
    assert log.n_updates == [200, 400, 600, 800, 1000, 1200]
    assert log.value[-1] < log.value[0]


@pytest.mark.slow
def test_an_refh_run_filters_better_than_the_present_observation():
    assert filtering_error(6000, np.random.default_rng(0))[0] < 8e-4  # ORDER 0: 11.9e-4


def test_conditional_models_leave_the_bias_of_u_alone():
    rng = np.random.default_rng(0)
    for model in (trbm, rtrbm):
        params, _ = model.train(small(rng), stream(rng), rng, n_updates=5, chunk=10)
        np.testing.assert_array_equal(params.b_u, 0)
        assert params.W_u.any()


MODELS = {
    "efh": efh.gradient,
    "refh": refh.gradient,
    "trbm": trbm.gradient,
    "rtrbm": rtrbm.gradient,
    "refh_bptt": refh_bptt.gradient,
    "hybrid": partial(hybrid.gradient, w=0.3),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_parameters_shapes_and_dtype(model, dtype):
    rng = np.random.default_rng(0)
    params = initial.harmonium(
        n_x=5, n_u=0 if model == "efh" else 5, n_y=3, family="normal", rng=rng, dtype=dtype
    )
    y = rng.standard_normal((4, 6, 3)).astype(dtype)
    u0 = np.zeros((4, len(params.b_u)), dtype)
    x_mean = harmonium.forward(params, u0, y)
    u = harmonium.previous_states(params, u0, x_mean)
    gradient, value = MODELS[model](params, u, y, x_mean, 1, rng)
    assert np.isfinite(value) and value > 0
    for name, leaf in params.leaves().items():
        assert getattr(gradient, name).shape == leaf.shape
        assert getattr(gradient, name).dtype == dtype


# Settings of the loop


def test_chunks_carry_the_state_and_batches_restart_it():
    """u_{t-1} of the gradient: zeros at the first step of a batch, carried over in between."""
    seen = []

    def spy(params, u, y, x_mean, n_sweeps, rng, noise_fraction):
        seen.append((u, x_mean))
        return Gradient(params.map(np.zeros_like), 0.0)

    rng = np.random.default_rng(0)
    params = refh.init(n_x=6, n_y=15, family="poisson", rng=rng)
    training.of(spy)(params, stream(rng, 2, 5), rng, n_updates=6, chunk=2)
    assert [u.shape[1] for u, _ in seen] == [2, 2, 1, 2, 2, 1]
    for i, (u, _) in enumerate(seen):
        np.testing.assert_array_equal(u[:, 0], 0 if i % 3 == 0 else seen[i - 1][1][:, -1])


def test_sweeps_rise_from_the_first_number_to_the_last():
    asked = []

    def spy(params, u, y, x_mean, n_sweeps, rng, noise_fraction):
        asked.append(n_sweeps)
        return refh.gradient(params, u, y, x_mean, 1, rng)

    rng = np.random.default_rng(0)
    params = refh.init(n_x=3, n_y=2, family="mean-field bernoulli", rng=rng)
    batches = [rng.random((2, 12, 2))]
    training.of(spy)(params, batches, rng, n_updates=12, n_sweeps=(2, 5))
    assert asked == [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3
    for bad in ((3, 2), (0, 2), (1, 2, 3), 0):
        with pytest.raises((ValueError, TypeError), match=r"^n_sweeps: expected"):
            training.of(spy)(params, batches, rng, n_updates=12, n_sweeps=bad)


def test_the_hybrid_ends_at_trbm_and_refh():
    for w, end in ((0, trbm), (1, refh)):
        learnt = []
        for train, more in ((hybrid.train, {"w": w}), (end.train, {})):
            rng = np.random.default_rng(0)
            learnt.append(train(small(rng), stream(rng), rng, n_updates=20, **more)[0])
        assert_equal(*learnt)
    with pytest.raises(ValueError, match=r"^w: expected"):
        hybrid.train(learnt[0], [], np.random.default_rng(0), w=1.5, n_updates=1)


def test_w_falls_geometrically_also_in_a_resumed_run():
    w = hybrid.weight("w", (0.3, 0.003))
    np.testing.assert_allclose([w(s) for s in (0, 0.5, 1)], [0.3, 0.03, 0.003])
    assert hybrid.weight("w", 0.03)(0.7) == 0.03

    def run(w, params=None, **more):
        rng = np.random.default_rng(0)
        start, batches = small(rng), stream(rng)
        settings = dict(n_updates=10, w=w, noise_fraction=0.2, every=5) | more
        return hybrid.train(start if params is None else params, batches, rng, **settings)[0]

    seen = []
    whole = run((0.5, 0.01), callback=lambda params, log: seen.append((params, log.state)))
    assert_equal(run((0.5, 0.01), params=seen[0][0], state=seen[0][1]), whole)
    assert not np.array_equal(run(0.5).W_u, whole.W_u)
    for bad in ((0.3, 0), (0.3,), (0.1, 0.2, 0.3), -1, (2, 0.1), "w"):
        with pytest.raises((ValueError, TypeError), match=r"^w: expected"):
            run(bad)


def test_noise_fraction_is_checked_and_changes_the_gradient():
    def learn(fraction):
        rng = np.random.default_rng(0)
        return trbm.train(small(rng), stream(rng), rng, n_updates=5, noise_fraction=fraction)[0]

    learnt = learn(0.0), learn(0.5)
    with pytest.raises(ValueError, match=r"^noise_fraction: expected"):
        learn(1.5)
    assert not np.array_equal(learnt[0].W_y, learnt[1].W_y)


# Bad input


def test_help_lists_what_a_train_takes():
    for train, more in ((refh.train, []), (hybrid.train, ["w"])):
        said = train.__doc__.partition("Parameters")[2].partition("Returns")[0]
        names = re.findall(r"^(\w[\w, ]*) :", said, re.MULTILINE)
        assert ", ".join(names).split(", ") == list(inspect.signature(train).parameters)
        assert list(inspect.signature(train).parameters)[-1:] == (more or ["noise_fraction"])


def test_probabilities_outside_0_to_1_are_refused():
    rng = np.random.default_rng(0)
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    with pytest.raises(ValueError, match=r"^batches: expected values in \[0, 1\]"):
        refh.train(params, [np.full((1, 1, 2), 1.2)], rng, n_updates=1)
