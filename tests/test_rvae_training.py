"""The training loop: Adam, clipping, resuming bit for bit, interruption, divergence, corruption."""

import re
import signal
import warnings
from dataclasses import replace

import numpy as np
import pytest

from datasets.support.loop import Gradient
from rvae_numpy import autoencoder, inference, parameters, rvae, rvae_bptt, training, tvae, vae
from rvae_numpy.parameters import PHI
from tests.test_rvae_models import stream


def begin(family="poisson", seed=3):
    rng = np.random.default_rng(seed)
    return rvae.init(n_y=15, n_x=2, hidden=8, family=family, rng=rng), rng


def half_masked(y, rng):
    """A corrupt: half of the time steps become 0"""
    return y * (rng.random((*y.shape[:2], 1)) < 0.5)


def assert_same(params, others):
    for a, b in zip(params.leaves().values(), others.leaves().values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_adam_takes_the_papers_first_steps():
    """At step 1 the unbiased moments are g and g^2: the step is learning_rate * sign(g)."""
    theta, g = np.zeros(3), np.array([2.0, -0.5, 1e-3])
    new, m, v = training.adam(theta, g, np.zeros(3), np.zeros(3), 0.1, 1)
    np.testing.assert_allclose(new, -0.1 * np.sign(g), rtol=1e-4)
    assert not theta.any()
    np.testing.assert_allclose(m, 0.1 * g)
    np.testing.assert_allclose(v, 0.001 * g**2)
    newer, m, v = training.adam(new, -g, m, v, 0.1, 2)
    m_hat, v_hat = (0.9 * 0.1 - 0.1) * g / (1 - 0.9**2), 0.001999 * g**2 / (1 - 0.999**2)
    np.testing.assert_allclose(newer - new, -0.1 * m_hat / (np.sqrt(v_hat) + 1e-8), rtol=1e-6)


def test_with_phi_frozen_only_the_generative_model_learns():
    params, rng = begin()
    learnt, _ = rvae.train(params, stream(rng), rng, n_updates=5, freeze_phi=True)
    theta = [name for name in parameters.LAYERS if name not in (*PHI, "prior")]
    for name, leaf in params.leaves(PHI).items():
        np.testing.assert_array_equal(leaf, learnt.leaves()[name])
    assert all((leaf != learnt.leaves()[name]).any() for name, leaf in params.leaves(theta).items())


def test_a_long_gradient_is_clipped_and_keeps_its_direction():
    g, _ = begin()
    flat = np.concatenate([leaf.ravel() for leaf in g.leaves().values()])
    norm = np.linalg.norm(flat)
    clipped = training.clip_by_norm(g, 0.3 * norm)
    clipped = np.concatenate([leaf.ravel() for leaf in clipped.leaves().values()])
    np.testing.assert_allclose(clipped, 0.3 * flat, rtol=1e-5, atol=1e-8)
    assert clipped.dtype == np.float32 and training.clip_by_norm(g, 1.01 * norm) is g
    # a bound that is never reached changes nothing; one that always is changes what is learnt
    learnt = [
        rvae.train(
            g,
            stream(np.random.default_rng(1)),
            np.random.default_rng(1),
            n_updates=3,
            max_norm=bound,
        )[0].nu.W
        for bound in (None, 1e9, 1e-9)
    ]
    np.testing.assert_array_equal(learnt[0], learnt[1])
    assert np.abs(learnt[2] - learnt[0]).max() > 0


@pytest.mark.parametrize("size", [1e19, 1e20, 1e30])
def test_a_gradient_whose_square_overflows_is_clipped_too(size):
    g, _ = begin()
    huge = g.map(lambda leaf: (leaf * size).astype(leaf.dtype))
    clipped = training.clip_by_norm(huge, 0.5)
    a, b = (np.concatenate([leaf.ravel() for leaf in x.leaves().values()]) for x in (g, clipped))
    np.testing.assert_allclose(b, 0.5 * a / np.linalg.norm(a), rtol=1e-5, atol=1e-8)
    assert b.dtype == np.float32


@pytest.mark.parametrize("model", [rvae, rvae_bptt])
def test_corrupt_sets_the_input_and_not_the_target(model):
    """The states, u_0 included, are computed from y_input; corrupt is called once per batch."""
    seen, made = [], []

    def gradient(params, u, y, rng, y_input):
        seen.append((u, y, y_input))
        return model.gradient(params, u, y, rng, y_input)

    def corrupt(y, rng):
        made.append(half_masked(y, rng))
        return made[-1]

    rng = np.random.default_rng(0)
    params = model.init(n_y=15, n_x=2, hidden=8, family="normal", rng=rng)
    y = next(stream(rng, 20, 60))
    training.of(gradient)(
        params,
        [y],
        np.random.default_rng(1),
        n_updates=6,
        learning_rate=1e-9,
        chunk=10,
        corrupt=corrupt,
    )
    u, target, y_input = (np.concatenate(arrays, axis=1) for arrays in zip(*seen, strict=True))
    np.testing.assert_array_equal(target, y.astype(np.float32))
    assert len(made) == 1
    np.testing.assert_array_equal(y_input, made[0])
    states = autoencoder.forward(params, u[:, 0], y_input)
    np.testing.assert_allclose(u[:, 1:], states[:, :-1], atol=1e-4)
    np.testing.assert_array_equal(u[:, 0], inference.infer_u0(params, made[0][:, 0]))
    assert np.abs(u[:, 0] - inference.infer_u0(params, y[:, 0])).max() > 0.01


def test_without_corrupt_the_input_is_none_and_the_run_the_same_as_with_the_identity():
    given = []

    def gradient(params, u, y, rng, y_input):
        given.append(y_input)
        return rvae.gradient(params, u, y, rng, y_input)

    runs = [
        training.of(gradient)(
            begin()[0],
            stream(np.random.default_rng(1)),
            np.random.default_rng(2),
            n_updates=5,
            corrupt=corrupt,
        )[0]
        for corrupt in (None, lambda y, rng: y)
    ]
    assert given[:5] == [None] * 5 and all(y_input is not None for y_input in given[5:])
    assert_same(*runs)


@pytest.mark.parametrize(
    "y_input, error",
    [
        (lambda y: y[:, :1], "corrupt: expected shape"),
        (lambda y: y * np.nan, "corrupt: expected finite numbers"),
        (lambda y: None, "corrupt: expected an array"),
        (lambda y: y - 100, r"corrupt: expected values in \[0, inf\]"),
    ],
)
def test_bad_input_from_corrupt(y_input, error):
    params, rng = begin()
    with pytest.raises((ValueError, TypeError), match=error):
        rvae.train(params, stream(rng), rng, n_updates=1, corrupt=lambda y, rng: y_input(y))


@pytest.mark.parametrize("chunk, corrupt", [(1, None), (7, None), (30, None), (7, half_masked)])
def test_a_run_resumes_bit_for_bit(chunk, corrupt):
    """From a state that a callback was given, without a copy: updates replace it as a whole"""
    settings = dict(n_updates=40, learning_rate=1e-2, chunk=chunk, corrupt=corrupt)
    params, rng = begin("normal")
    whole, _ = rvae.train(params, stream(rng), rng, **settings)
    kept = []
    params, rng = begin("normal")
    rvae.train(
        params,
        stream(rng),
        rng,
        **settings,
        every=17,
        callback=lambda params, log: kept.append((params, log.state)),
    )
    rng = np.random.default_rng()
    resumed, log = rvae.train(kept[0][0], stream(rng), rng, **settings, state=kept[0][1])
    assert kept[0][1].n_updates == 17 and log.state.n_updates == 40
    assert_same(whole, resumed)


def test_ctrl_c_at_any_moment_keeps_what_resumes_bit_for_bit():
    """Interrupted by a timer: between updates, inside one, or while a batch is made"""
    settings = dict(n_updates=12, learning_rate=1e-2, chunk=7)
    params, rng = begin()
    whole, _ = rvae.train(params, stream(rng), rng, **settings)
    n_interrupted = 0
    waiting = []  # a signal after the training does nothing

    def interrupt(*_):
        if waiting:
            raise KeyboardInterrupt

    for moment in (0.5, 2, 3, 5, 7, 10, 13, 16):
        params, rng = begin()
        previous = signal.signal(signal.SIGALRM, interrupt)
        try:
            waiting.append(moment)
            signal.setitimer(signal.ITIMER_REAL, moment * 1e-3)
            params, log = rvae.train(params, stream(rng), rng, **settings)
            waiting.clear()
        except KeyboardInterrupt:
            continue  # before the first update, or at the end
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, previous)
        if log.interrupted and log.state.n_updates < 12:
            n_interrupted += 1
            rng = np.random.default_rng()
            params, _ = rvae.train(params, stream(rng), rng, **settings, state=log.state)
        assert_same(whole, params)
    assert n_interrupted > 0


def test_ctrl_c_inside_an_update_and_in_the_callback():
    """What is kept is the last complete update, although the update has used random numbers"""
    settings = dict(n_updates=30, learning_rate=1e-2, chunk=7)
    params, rng = begin()
    whole, _ = rvae.train(params, stream(rng), rng, **settings)
    calls = []

    def interrupted(params, u, y, rng, y_input):
        calls.append(1)
        result = rvae.gradient(params, u, y, rng, y_input)
        if len(calls) == 14:
            raise KeyboardInterrupt
        return result

    def stop(params, log):
        raise KeyboardInterrupt

    for gradient, callback, n_made in ((interrupted, None, 13), (rvae.gradient, stop, 10)):
        params, rng = begin()
        params, log = training.of(gradient)(
            params, stream(rng), rng, **settings, every=10, callback=callback
        )
        assert log.interrupted and log.state.n_updates == n_made
        rng = np.random.default_rng()
        params, log = rvae.train(params, stream(rng), rng, **settings, state=log.state)
        assert not log.interrupted
        assert_same(whole, params)


@pytest.mark.parametrize(
    "spoil, error",
    [
        (lambda layer: replace(layer, W=layer.W.T), r"nu\.W .* \(2, 10\) .* got shape \(10, 2\)"),
        (lambda layer: replace(layer, W=np.ma.masked_array(layer.W)), r"nu\.W to be a plain"),
    ],
)
def test_a_gradient_of_a_wrong_shape_is_refused_by_name(spoil, error):
    def gradient(params, u, y, rng, y_input):
        g, value = rvae.gradient(params, u, y, rng, y_input)
        return Gradient(replace(g, nu=spoil(g.nu)), value)

    params, rng = begin()
    with pytest.raises((TypeError, ValueError), match=f"gradient: expected {error}"):
        training.of(gradient)(params, stream(rng), rng, n_updates=1)


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
    def gradient(params, u, y, rng, y_input):
        g, value = rvae.gradient(params, u, y, rng, y_input)
        return Gradient(spoil(g), value)

    params, rng = begin()
    with pytest.raises((TypeError, ValueError), match=r"^gradient: .*expected .* got"):
        training.of(gradient)(params, stream(rng), rng, n_updates=1)


def test_a_norm_to_which_nothing_can_be_clipped_is_refused():
    params, rng = begin()
    for max_norm in (0, 1e-50, 1e-320):
        with pytest.raises(ValueError, match=r"^max_norm: expected .* got"):
            rvae.train(params, stream(rng), rng, n_updates=1, max_norm=max_norm)


def test_a_run_that_diverges_says_so():
    params, rng = begin()
    with pytest.raises(FloatingPointError, match=r"training diverged at update .* learning_rate"):
        rvae.train(params, stream(rng), rng, n_updates=100, learning_rate=1e9)


@pytest.mark.parametrize("learning_rate", [1e-3, 1e-9])
@pytest.mark.parametrize("scale", [255, 1e4, 1e15])
def test_data_far_from_unit_scale_are_blamed_and_not_the_learning_rate(scale, learning_rate):
    """Waves of this amplitude, as frames in 0 .. 255 have: with their mean and spread as seen"""
    wave = np.sin(0.2 * np.arange(60)[:, None] + 0.5 * np.arange(8))
    y = scale * (wave + 0.1 * np.random.default_rng(1).standard_normal((20, 60, 8)))
    params = rvae.init(n_x=4, n_y=8, hidden=[30], family="normal", rng=np.random.default_rng(0))
    with pytest.raises(FloatingPointError, match=r"batches: expected .*near 1") as found:
        rvae.train(
            params, [y] * 20, np.random.default_rng(2), n_updates=20, learning_rate=learning_rate
        )
    said = str(found.value)
    assert f"got mean {y.mean():.3g} and standard deviation {y.std():.3g}" in said
    assert "learning_rate" not in said and re.search("at update [123] of 20", said)


def test_data_of_unit_scale_train_and_a_large_learning_rate_is_blamed():
    """The same waves, amplitude 1"""
    wave = np.sin(0.2 * np.arange(60)[:, None] + 0.5 * np.arange(8))
    params = rvae.init(n_x=4, n_y=8, hidden=[30], family="normal", rng=np.random.default_rng(0))
    batches = [np.tile(wave, (20, 1, 1))] * 20
    _, log = rvae.train(params, batches, np.random.default_rng(2), n_updates=20)
    assert np.isfinite(log.value).all()
    with pytest.raises(FloatingPointError, match=r"use a smaller learning_rate$"):
        rvae.train(params, batches, np.random.default_rng(2), n_updates=20, learning_rate=1e12)


def test_a_learning_rate_that_changes_nothing_is_refused():
    params, rng = begin()
    with pytest.raises(ValueError, match="learning_rate: expected a finite number of at least"):
        rvae.train(params, stream(rng), rng, n_updates=1, learning_rate=1e-50)


@pytest.mark.parametrize("family", ["normal", "poisson"])
@pytest.mark.parametrize("model", [vae, tvae, rvae, rvae_bptt])
def test_training_raises_nothing_where_the_caller_lets_numpy_raise(model, family):
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        rng = np.random.default_rng(0)
        params = model.init(n_x=2, n_y=15, hidden=8, family=family, rng=rng)
        batches = stream(np.random.default_rng(1))
        params, _ = model.train(params, batches, rng, n_updates=20, learning_rate=1e-2)
        u = model.infer(params, next(batches))
        model.predict_next(params, u, rng, n_samples=2)
        model.generate(params, u[:, -1], 3, rng)
    assert params.nu.b.dtype == np.float32


@pytest.mark.parametrize(
    "family, learning_rate, n_updates",
    [("normal", 1e39, 1), ("poisson", 1e39, 1), ("normal", 1e30, 3)],
)
def test_weights_that_are_not_finite_leave_training_nowhere(family, learning_rate, n_updates):
    """In the last update too: no callback is given them, and none are returned"""
    params, rng = begin(family)
    shown = []
    with pytest.raises(FloatingPointError, match="training diverged"):
        rvae.train(
            params,
            stream(rng),
            rng,
            n_updates=n_updates,
            learning_rate=learning_rate,
            every=1,
            callback=lambda params, log: shown.append(params),
        )
    for params in shown:
        assert all(np.isfinite(leaf).all() for leaf in params.leaves().values())

    def gradient(params, u, y, rng, y_input):
        if len(calls) == 1:
            raise KeyboardInterrupt
        calls.append(1)
        g, loss = rvae.gradient(params, u, y, rng, y_input)
        return Gradient(g.map(lambda leaf: leaf * np.inf), loss)

    calls = []
    params, rng = begin(family)
    with pytest.raises(FloatingPointError, match="training diverged"):
        training.of(gradient)(params, stream(rng), rng, n_updates=3)


def test_weights_in_any_memory_order_are_trained_alike():
    params, _ = begin()
    fortran = params.map(np.asfortranarray)
    strided = params.map(lambda leaf: np.repeat(leaf, 2, axis=-1)[..., ::2])
    runs = [
        rvae.train(one, stream(np.random.default_rng(1)), np.random.default_rng(2), n_updates=3)[0]
        for one in (params, fortran, strided)
    ]
    assert_same(runs[0], runs[1])
    assert_same(runs[0], runs[2])
    assert np.abs(runs[1].nu.W - fortran.nu.W).max() > 0
    assert all(leaf.flags.c_contiguous for leaf in runs[1].leaves().values())
    assert not np.may_share_memory(runs[0].nu.W, params.nu.W)


def state_of_a_run():
    params, rng = begin()
    params, log = rvae.train(params, stream(rng), rng, n_updates=3)
    return params, log.state


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda s: replace(s, m=replace(s.m, nu=3)), "state.m: expected Params"),
        (lambda s: replace(s, u=s.u.tolist()), "state: expected u .* float32, got"),
        (
            lambda s: replace(s, m=s.m.map(np.ma.masked_array)),
            "state.m: expected encode.0.W .* plain",
        ),
        (lambda s: replace(s, y=s.y + 0.5), "state.y: expected counts"),
        (lambda s: replace(s, y_input=s.y[:, :1]), "state: expected y_input .* shape"),
    ],
)
def test_a_state_is_checked_whole(change, error):
    params, state = state_of_a_run()
    with pytest.raises((ValueError, TypeError), match=error):
        rvae.train(
            params,
            stream(np.random.default_rng(0)),
            np.random.default_rng(0),
            n_updates=40,
            state=change(state),
        )


def test_the_state_of_other_params_is_refused():
    _, state = state_of_a_run()
    other = rvae.init(n_y=15, n_x=2, hidden=9, family="poisson", rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"state\.m: expected encode\.0\.W .* shape"):
        rvae.train(other, [], np.random.default_rng(0), n_updates=40, state=state)
