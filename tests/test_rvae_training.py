"""The training of autoencoders: Adam, clipping, corrupted input; see also test_training.py."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, inference, parameters, rvae, rvae_bptt, training, tvae, vae
from rvae_numpy.parameters import PHI
from tests.tiny import assert_equal, half_masked, stream


def begin(family="poisson", seed=3):
    rng = np.random.default_rng(seed)
    return rvae.init(n_y=15, n_x=2, hidden=8, family=family, rng=rng), rng


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
    learn = lambda rng, bound: rvae.train(g, stream(rng), rng, n_updates=3, max_norm=bound)[0].nu.W
    learnt = [learn(np.random.default_rng(1), bound) for bound in (None, 1e9, 1e-9)]
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
    settings = dict(n_updates=6, learning_rate=1e-9, chunk=10, corrupt=corrupt)
    training.of(gradient)(params, [y], np.random.default_rng(1), **settings)
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

    runs = []
    for corrupt in (None, lambda y, rng: y):
        batches, rng = stream(np.random.default_rng(1)), np.random.default_rng(2)
        train = training.of(gradient)
        runs.append(train(begin()[0], batches, rng, n_updates=5, corrupt=corrupt)[0])
    assert given[:5] == [None] * 5 and all(y_input is not None for y_input in given[5:])
    assert_equal(*runs)


def test_corrupt_may_change_what_it_is_given():
    """In place: neither the batch nor the reconstruction target changes."""

    def in_place(y, rng):
        y += 1
        return y

    runs = []
    for corrupt in (in_place, lambda y, rng: y + 1):
        batches = [next(stream(np.random.default_rng(1)))]
        before = batches[0].copy()
        train, rng = rvae.train, np.random.default_rng(2)
        runs.append(train(begin()[0], batches, rng, n_updates=1, corrupt=corrupt)[0])
        np.testing.assert_array_equal(batches[0], before)
    assert_equal(*runs)


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


def test_a_norm_to_which_nothing_can_be_clipped_is_refused():
    params, rng = begin()
    for max_norm in (0, 1e-50, 1e-320):
        with pytest.raises(ValueError, match=r"^max_norm: expected .* got"):
            rvae.train(params, stream(rng), rng, n_updates=1, max_norm=max_norm)


def test_the_gradient_of_each_model_takes_an_input_other_than_the_target():
    rng = np.random.default_rng(0)
    y = rng.standard_normal((2, 4, 3))
    for model in (vae, tvae, rvae, rvae_bptt):
        params = model.init(n_y=3, n_x=2, hidden=5, family="normal", rng=rng, dtype=np.float64)
        u = np.zeros((2, 4, params.n_u))
        losses = [
            model.gradient(params, u, y, np.random.default_rng(1), y_input).value
            for y_input in (None, y, y + 1)
        ]
        assert losses[0] == losses[1] != losses[2]
