"""The loop: it climbs, it resumes to the bit, it keeps what was learnt, it says when it diverges."""
from functools import partial

import numpy as np
import pytest

from datasets import ppc
from refh_numpy import _kernels, efh, exact, harmonium, hybrid, refh, refh_bptt, rtrbm, training, trbm
from tests.tiny import harmonium_of

SYSTEM = ppc.System()


def stream(rng, n_traj=4, T=30):
    while True:
        yield ppc.sample(SYSTEM, n_traj, T, rng, staggered=True).y


def assert_equal(a, b):
    for name, leaf in a.leaves().items():
        np.testing.assert_array_equal(leaf, getattr(b, name), err_msg=name)


@pytest.mark.parametrize("dtype, rtol", [(np.float64, 1e-12), (np.float32, 2e-4)])
def test_adam_is_the_papers_and_its_twin_is_equal(dtype, rtol):
    """Kingma and Ba's algorithm 1, written out with the moments unbiased one by one."""
    rng = np.random.default_rng(0)
    gradients = rng.standard_normal((6, 3, 4)).astype(dtype)
    start = rng.standard_normal((3, 4)).astype(dtype)
    results = []
    for step_function in (training.adam, _kernels.adam):
        theta, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
        for n, g in enumerate(gradients, start=1):
            step_function(theta, g, m, v, 0.01, n, 0.9, 0.999, 1e-8)
        results.append(theta)
    wanted = start.astype(float)
    for n in range(1, 7):
        past = gradients[:n].astype(float)
        m_hat = sum(0.1 * 0.9**(n - 1 - i) * g for i, g in enumerate(past)) / (1 - 0.9**n)
        v_hat = sum(0.001 * 0.999**(n - 1 - i) * g**2 for i, g in enumerate(past)) / (1 - 0.999**n)
        wanted = wanted + 0.01 * m_hat / (np.sqrt(v_hat) + 1e-8)
    np.testing.assert_allclose(results[0], wanted, rtol=rtol)
    np.testing.assert_allclose(results[1], wanted, rtol=rtol)


def test_learning_raises_the_exact_likelihood():
    """A static harmonium with two visible patterns to learn, every probability enumerated."""
    rng = np.random.default_rng(0)
    params = efh.init(4, 4, "bernoulli", rng, dtype=np.float64)
    patterns = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], float)
    batches = (patterns[rng.integers(2, size=(20, 10))] for _ in iter(int, 1))
    learnt, _ = efh.train(params, batches, rng, n_updates=1500, rate=0.02, k=5)
    nothing = np.zeros((2, 0))
    before = exact.log_likelihood(params, nothing, patterns)
    after = exact.log_likelihood(learnt, nothing, patterns)
    assert before < -2.7 and after > -1.0           # chance: -4 log 2 = -2.77; the best possible: -log 2 = -0.69


def test_a_short_rEFH_run_filters_better_than_the_present_observation():
    rng = np.random.default_rng(0)
    params, log = refh.train(refh.init(100, 15, "poisson", rng), stream(rng, 40, 100), rng, n_updates=6000, rate=2e-3,
                             every=1000)
    test = ppc.sample(SYSTEM, 20, 300, np.random.default_rng(1))
    z_hat, _ = ppc.decode(SYSTEM, refh.emission_mean(params, refh.infer(params, test.y)))
    assert ppc.squared_error(SYSTEM, z_hat, test.z[..., 0]).mean() < 8e-4       # ORDER 0: 11.9e-4
    assert log.n_updates == list(range(1000, 6001, 1000))
    assert log.reconstruction_error[-1] < log.reconstruction_error[0]


def test_momentum_adds_up_the_past():
    """D33 with a constant gradient: after n steps theta has moved by rate * sum_i (1 + mu + ... + mu^i)."""
    theta, m = np.zeros(2), np.zeros(2)
    for _ in range(4):
        training.momentum_step(theta, np.array([1.0, -2.0]), m, 0.1, 0.5)
    np.testing.assert_allclose(theta, 0.1 * (1 + 1.5 + 1.75 + 1.875) * np.array([1, -2]))


def test_without_momentum_an_update_is_rate_times_gradient():
    rng = np.random.default_rng(0)
    params = refh.init(5, 15, "poisson", rng)
    ones = lambda params, u, y, x_mean, k, rng, noise_fraction: (params.map(np.ones_like), y)
    learnt, _ = training.train(ones, params, stream(rng), rng, n_updates=1, rate=0.25, momentum=0.0)
    for name, leaf in params.leaves().items():
        np.testing.assert_allclose(getattr(learnt, name), leaf + 0.25)


@pytest.mark.parametrize("momentum", [None, 0.9])
@pytest.mark.parametrize("chunk", [1, 7, 30])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_run_resumes_to_the_bit(chunk, dtype, momentum, tmp_path):
    def start():
        rng = np.random.default_rng(3)
        return refh.init(8, 15, "poisson", rng, dtype), rng

    settings = dict(n_updates=40, rate=1e-2 if momentum is None else 1e-4, chunk=chunk, k=2, momentum=momentum)
    params, rng = start()
    whole, _ = refh.train(params, stream(rng), rng, **settings)

    from refh_numpy import storage
    path = tmp_path / "checkpoint.npz"
    params, rng = start()

    def keep(params, log):
        if log.n_updates[-1] == 17:                 # in the middle of a batch
            storage.save_checkpoint(path, params, log.state, "refh")

    refh.train(params, stream(rng), rng, **settings, every=17, callback=keep)
    rng = np.random.default_rng()                   # its state comes from the checkpoint
    params, state = storage.load_checkpoint(path, "refh")
    resumed, log = refh.train(params, stream(rng), rng, **settings, state=state)
    assert log.n_updates == [40]
    assert_equal(resumed, whole)


def test_chunks_carry_the_state_and_batches_start_afresh():
    """What the gradient is given as u_{t-1}: zeros at each batch's first step, the states carried over in between."""
    seen = []

    def spy(params, u, y, x_mean, k, rng, noise_fraction):
        seen.append((u, x_mean))
        return params.map(np.zeros_like), y

    rng = np.random.default_rng(0)
    params = refh.init(6, 15, "poisson", rng)
    training.train(spy, params, stream(rng, 2, 5), rng, n_updates=6, chunk=2)           # chunks of 2, 2 and 1 steps
    assert [u.shape[1] for u, _ in seen] == [2, 2, 1, 2, 2, 1]
    for i, (u, _) in enumerate(seen):
        np.testing.assert_array_equal(u[:, 0], 0 if i % 3 == 0 else seen[i - 1][1][:, -1])


def test_train_leaves_its_arguments_alone():
    rng = np.random.default_rng(0)
    params = refh.init(5, 15, "poisson", rng)
    copy = params.map(np.copy)
    refh.train(params, stream(rng), rng, n_updates=3)
    assert_equal(params, copy)


def test_ctrl_c_keeps_what_was_learnt():
    rng = np.random.default_rng(0)

    def interrupt(params, log):
        if log.n_updates[-1] == 20:
            raise KeyboardInterrupt

    params = refh.init(5, 15, "poisson", rng)
    learnt, log = refh.train(params, stream(rng), rng, n_updates=1000, every=10, callback=interrupt)
    assert log.interrupted and log.state.n_updates == 20 and log.n_updates == [10, 20]
    assert np.abs(learnt.W_u - params.W_u).max() > 0
    more, log = refh.train(learnt, stream(rng), rng, n_updates=30, state=log.state)     # and can be gone on with
    assert not log.interrupted and log.state.n_updates == 30


@pytest.mark.parametrize("family", ["poisson", "normal"])
def test_a_diverging_run_stops_and_says_so(family):
    rng = np.random.default_rng(0)
    batches = (rng.poisson(1.0, (4, 10, 3)) for _ in iter(int, 1))
    with pytest.raises(FloatingPointError, match=r"training diverged at update \d+ of 500 \(rate 1e\+30\).*smaller rate"):
        refh.train(refh.init(5, 3, family, rng), batches, rng, n_updates=500, rate=1e30)


@pytest.mark.parametrize("change, name", [
    (dict(n_updates=0), "n_updates"), (dict(n_updates=2.5), "n_updates"), (dict(k=0), "k"), (dict(chunk=0), "chunk"),
    (dict(rate=0), "rate"), (dict(rate=np.nan), "rate"), (dict(final_rate=-1), "final_rate"), (dict(every=0), "every"),
    (dict(momentum=1.5), "momentum"), (dict(momentum="a"), "momentum"),
    (dict(rng=0), "rng"), (dict(batches=[]), "batches"), (dict(batches=[np.zeros((2, 3, 14))]), "batches"),
    (dict(batches=[np.zeros((2, 0, 15))]), "batches"), (dict(batches=[np.zeros((0, 3, 15))]), "batches"),
    (dict(batches=[np.full((2, 3, 15), np.nan)]), "batches"), (dict(batches=[np.full((2, 3, 15), -1)]), "batches"),
    (dict(batches=[np.full((2, 3, 15), 0.5)]), "batches"), (dict(batches=[np.zeros((2, 3, 15))]), "batches")])
def test_bad_input_is_named(change, name):
    rng = np.random.default_rng(0)
    arguments = dict(batches=stream(rng), rng=rng, n_updates=9) | change
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .*(got|ended after)"):
        refh.train(refh.init(5, 15, "poisson", rng), **arguments)


def test_probabilities_outside_0_to_1_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"^batches: wanted values in \[0, 1\]"):
        refh.train(harmonium_of("bernoulli", rng, n_x=3, n_u=3), [np.full((1, 1, 2), 1.2)], rng, n_updates=1)


MODELS = {"efh": efh.gradient, "refh": refh.gradient, "trbm": trbm.gradient, "rtrbm": rtrbm.gradient,
          "refh_bptt": refh_bptt.gradient, "hybrid": partial(hybrid.gradient, w=0.3)}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_parameters_shapes_and_dtype(model, dtype):
    rng = np.random.default_rng(0)
    params = harmonium.init(5, 3, "normal", rng, dtype, n_u=0 if model == "efh" else 5)
    y = rng.standard_normal((4, 6, 3)).astype(dtype)
    u0 = np.zeros((4, len(params.b_u)), dtype)
    x_mean = harmonium.forward(params, u0, y)
    gradient, y_hat = MODELS[model](params, harmonium.previous_states(params, u0, x_mean), y, x_mean, 1, rng)
    assert y_hat.shape == y.shape
    for name, leaf in params.leaves().items():
        assert getattr(gradient, name).shape == leaf.shape and getattr(gradient, name).dtype == dtype


def test_conditional_models_leave_the_bias_of_u_alone():
    rng = np.random.default_rng(0)
    for model in (trbm, rtrbm):
        params, _ = model.train(model.init(5, 15, "poisson", rng), stream(rng), rng, n_updates=5, chunk=10)
        np.testing.assert_array_equal(params.b_u, 0)
        assert params.W_u.any()


def test_the_dial_ends_at_trbm_and_refh():
    for w, end in ((0, trbm), (1, refh)):
        learnt = []
        for train, more in ((hybrid.train, {"w": w}), (end.train, {})):
            rng = np.random.default_rng(0)
            learnt.append(train(refh.init(5, 15, "poisson", rng), stream(rng), rng, n_updates=20, **more)[0])
        assert_equal(*learnt)
    with pytest.raises(ValueError, match="^w: wanted"):
        hybrid.train(learnt[0], [], np.random.default_rng(0), w=1.5, n_updates=1)


def test_a_state_that_does_not_fit_is_refused():
    """Once it was the kernel that found out, by reading past the end of an array."""
    rng = np.random.default_rng(0)
    params = refh.init(5, 15, "poisson", rng)
    learnt, log = refh.train(params, stream(rng), rng, n_updates=3)
    with pytest.raises(ValueError, match="^state: wanted moments of W_u"):
        refh.train(refh.init(9, 15, "poisson", rng), stream(rng), rng, n_updates=9, state=log.state)
    with pytest.raises(ValueError, match="^state: wanted moments of W_u .* float64"):
        refh.train(refh.init(5, 15, "poisson", rng, np.float64), stream(rng), rng, n_updates=9, state=log.state)
    with pytest.raises(ValueError, match="^n_updates: wanted more than the 3"):
        refh.train(learnt, stream(rng), rng, n_updates=3, state=log.state)
    with pytest.raises(TypeError, match="^state: wanted the State"):
        refh.train(learnt, stream(rng), rng, n_updates=9, state=log)


def test_an_interruption_before_the_first_batch_leaves_no_state():
    def batches():
        raise KeyboardInterrupt
        yield

    rng = np.random.default_rng(0)
    _, log = refh.train(refh.init(5, 15, "poisson", rng), batches(), rng, n_updates=3)
    assert log.interrupted and log.state is None


def test_sweeps_rise_from_the_first_number_to_the_last():
    asked = []

    def spy(params, u, y, x_mean, k, rng, noise_fraction):
        asked.append(k)
        return refh.gradient(params, u, y, x_mean, 1, rng)

    rng = np.random.default_rng(0)
    params, batches = refh.init(3, 2, "pixels", rng), [rng.random((2, 12, 2))]
    training.train(spy, params, batches, rng, n_updates=12, k=(2, 5))
    assert asked == [2] * 3 + [3] * 3 + [4] * 3 + [5] * 3
    for bad in ((3, 2), (0, 2), (1, 2, 3), 0):
        with pytest.raises((ValueError, TypeError), match="^k: wanted"):
            training.train(spy, params, batches, rng, n_updates=12, k=bad)


def test_w_falls_geometrically_and_a_resumed_run_goes_on_with_it():
    np.testing.assert_allclose([hybrid.schedule((0.3, 0.003))(s) for s in (0, 0.5, 1)], [0.3, 0.03, 0.003])
    assert hybrid.schedule(0.03)(0.7) == 0.03
    whole, half = [], []
    for learnt, callback in ((whole, None), (half, lambda params, log: half.append((params.map(np.copy), log.state)))):
        rng = np.random.default_rng(0)
        learnt.insert(0, hybrid.train(refh.init(5, 15, "poisson", rng), stream(rng), rng, n_updates=10, w=(0.5, 0.01),
                                      noise_fraction=0.2, callback=callback, every=5)[0])
    fixed = hybrid.train(refh.init(5, 15, "poisson", np.random.default_rng(0)), stream(np.random.default_rng(0)),
                         np.random.default_rng(0), n_updates=10, w=0.5)[0]
    assert_equal(whole[0], half[0])
    assert not np.array_equal(fixed.W_u, whole[0].W_u)
    for bad in ((0.3, 0), (0.3,), (0.1, 0.2, 0.3), -1, (2, 0.1)):
        with pytest.raises(ValueError, match="^w: "):
            hybrid.train(whole[0], [], np.random.default_rng(0), w=bad, n_updates=1)


def test_noise_fraction_is_checked_and_changes_the_gradient():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="^noise_fraction: "):
        trbm.train(trbm.init(5, 15, "poisson", rng), [], rng, n_updates=1, noise_fraction=1.5)
    learnt = []
    for fraction in (0.0, 0.5):
        rng = np.random.default_rng(0)
        learnt.append(trbm.train(trbm.init(5, 15, "poisson", rng), stream(rng), rng, n_updates=5, noise_fraction=fraction)[0])
    assert not np.array_equal(learnt[0].W_y, learnt[1].W_y)
