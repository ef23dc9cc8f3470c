"""Several objects in one frame: responsibilities, partitions, and what one state cannot explain."""

from types import SimpleNamespace

import numpy as np
import pytest

from rvae_numpy import autoencoder, generation, inference, rvae, vae
from rvae_numpy.extensions import masking, objects, samplers
from rvae_numpy.extensions.attention import AttentionWindow
from tests.tiny import autoencoder_of


def of_brightness(**more):
    settings = dict(n_x=3, hidden=(5,), sigma_u=0.3, sigma_y=0.2, sigmoid_mean=True, n_residual=4)
    return autoencoder_of(**(settings | more))


def some_model(dtype=np.float64):
    rng = np.random.default_rng(0)
    params = of_brightness(n_y=7, rng=rng, dtype=dtype)
    for layers in (params.nu_residual, params.mu_u_residual):
        layers[-1].W += 0.3 * rng.standard_normal(layers[-1].W.shape).astype(dtype)
    return params


def left_or_right():
    """Frames of six pixels, of which the first three are bright (x = 1) or the last three (-1)"""
    relus = dict(hidden=(6,), activation="relu", dtype=np.float64, n_residual=0)
    params = of_brightness(n_y=6, n_x=1, sigma_u=0.1, sigma_y=0.1, **relus)
    left = np.array([1, 1, 1, -1, -1, -1])
    hidden, pixels = params.decode_y
    params.encode[0].W[:] = np.eye(6)
    params.nu.W[:] = np.append(left / 3, 0)
    params.decode_u.W[:] = 1
    hidden.W[:], pixels.W[:] = 0, 0
    hidden.W[:2, 0] = 1, -1  # hidden units that are active for x > 0, and for x < 0
    pixels.W[:, 0], pixels.W[:, 1] = 8 * left, -8 * left
    return params


PLACES = np.arange(-6, 7)


def spots():
    """A bright spot that moves along a line of pixels at PLACES: x = (place, velocity), and all
    maps are linear but the decoder's"""
    n = len(PLACES)
    relus = dict(hidden=(2 * n,), activation="relu", dtype=np.float64, n_residual=0)
    params = of_brightness(n_y=n, n_x=2, sigma_u=0.02, sigma_y=0.1, **relus)
    hidden, pixels = params.decode_y
    hidden.W[:] = 0
    hidden.W[:n, 0], hidden.b[:n] = 1, -PLACES  # place - p where that is positive; then p - place
    hidden.W[n:, 0], hidden.b[n:] = -1, PLACES
    pixels.W[:], pixels.b[:] = -3 * np.tile(np.eye(n), 2), 4  # bright near the place
    one = rvae.emission_mean(params, np.zeros((1, 1, 2)))[0, 0].sum()
    params.encode[0].W[:] = np.eye(2 * n, n)
    params.nu.W[:] = 0
    params.nu.W[:, :n] = PLACES / one  # the place is the centre of the brightness,
    params.nu.W[1, 2 * n] = -1  # the velocity its distance from the place before
    params.decode_u.W[:] = [[1, -1], [0, 1]]
    return params


def partitions_of(y, n_partitions, K=2):
    """Random partitions of the first frames into K parts"""
    shape = (n_partitions, *y[:, 0].shape)
    part = np.random.default_rng(2).dirichlet(np.ones(K), shape)
    return np.moveaxis(part, -1, 1) * y[:, 0]


def test_shares_add_up_to_the_frame_where_nothing_is_occluded():
    rng = np.random.default_rng(0)
    y, expected = rng.random((5, 7)), rng.random((3, 5, 7)) / 3
    shares = objects.responsibilities(y, expected)
    np.testing.assert_allclose(shares.sum(0), y)
    np.testing.assert_allclose(objects.responsibilities(y, expected[::-1]), shares[::-1])
    # as the counts of Poisson neurons have when only their sum is known (except for SLACK)
    np.testing.assert_allclose(shares[0] / y, expected[0] / expected.sum(0), atol=0.1)
    equal = objects.responsibilities(y, np.zeros((2, 5, 7)))
    np.testing.assert_allclose(equal, [y / 2, y / 2])


def test_occluded_objects_receive_as_much_as_they_expect():
    shares = objects.responsibilities(np.ones((50, 7)), np.random.default_rng(0).random((3, 50, 7)))
    assert shares.max() <= 1 + 1e-12
    expected = np.array([[[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.5]]])
    np.testing.assert_allclose(
        objects.responsibilities(np.ones((1, 3)), expected),
        [[[1, 1, 0.04]], [[1, 0.02, 0.96]]],
        atol=0.02,
    )
    np.testing.assert_array_equal(objects.compose(expected), [[1, 1, 0.5]])


def test_one_object_alone_is_an_rvae():
    params, y = some_model(), np.random.default_rng(1).random((4, 6, 7))
    states = objects.infer(params, y, y[None, None, :, 0])
    np.testing.assert_allclose(states[0], rvae.infer(params, y), atol=1e-12)
    u0 = rvae.infer(params, y)[:, -1]
    np.testing.assert_array_equal(
        objects.generate(params, u0[None], 5, np.random.default_rng(3))[0],
        generation.generate(params, u0, 5, np.random.default_rng(3)),
    )


def test_two_states_separate_what_one_cannot():
    params, y = left_or_right(), np.ones((1, 4, 6))
    np.testing.assert_allclose(rvae.infer(params, y), 0, atol=1e-12)  # left and right cancel
    mostly_left = np.array([0.7, 0.6, 0.6, 0.3, 0.3, 0.4])
    partition = np.stack([mostly_left, 1 - mostly_left])[None, :, None]
    states = objects.infer(params, y, partition)
    np.testing.assert_allclose(states[:, 0, :, 0], [[1] * 4, [-1] * 4], atol=0.05)
    video = objects.generate(params, states[:, :, -1], 3, np.random.default_rng(0))
    np.testing.assert_allclose(video[0, 0], [[1, 1, 1, 0, 0, 0]] * 3, atol=0.05)
    np.testing.assert_allclose(objects.compose(video), 1, atol=0.05)


@pytest.mark.parametrize("by_forecast", [True, False])
def test_forecasts_keep_the_identities_of_objects_that_cross(by_forecast, monkeypatch):
    """Two spots cross. Responsibilities by forecast (G1) let them pass, by last places they do
    not. (The initial states are given.)"""
    params = spots()
    place = np.stack([-4.3 + 0.7 * np.arange(13), 4.3 - 0.7 * np.arange(13)])
    given = SimpleNamespace(unchecked=lambda params, y_1: np.array([[-5.0, 0.7], [5.0, -0.7]]))
    monkeypatch.setattr(inference, "infer_u0", given)
    alone = rvae.emission_mean(params, np.stack([place, np.zeros((2, 13))], axis=-1))
    y = objects.compose(alone[:, None])
    forecast = samplers.mode if by_forecast else autoencoder.emission
    states = objects.infer(params, y, alone[None, :, None, 0], forecast=forecast)
    passed = np.abs(states[:, 0, :, 0] - place).max() < 0.5
    assert passed == by_forecast
    if by_forecast:
        np.testing.assert_allclose(states[:, 0, -1, 1], [0.7, -0.7], atol=0.1)


@pytest.mark.parametrize("K, dtype", [(2, np.float64), (3, np.float64), (2, np.float32)])
def test_the_partition_that_explains_the_video_best_is_kept(K, dtype):
    params = some_model(dtype)
    y = np.random.default_rng(1).random((20, 5, 7), dtype=dtype)
    partitions = partitions_of(y, 3, K).astype(dtype)
    each = [
        objects._filter_from_partition(params, y, partition, None, samplers.mode)
        for partition in partitions
    ]
    winner = np.argmin([energy for _, energy in each], axis=0)
    assert len(set(winner)) > 1
    states = objects.infer(params, y, partitions)
    assert states.shape == (K, 20, 5, 3) and states.dtype == dtype
    for n, first in enumerate(winner):
        np.testing.assert_array_equal(states[:, n], each[first][0][:, n])
    reverse = objects.infer(params, y, partitions[:, ::-1])  # objects have no order
    np.testing.assert_allclose(reverse, states[::-1], atol=1e-10 if dtype == np.float64 else 1e-3)


def test_the_energy_is_that_of_the_joint():
    """X5, summed frame by frame; initial states by V9 from the shares, iteration by iteration"""
    params, y = some_model(), np.random.default_rng(1).random((3, 4, 7))
    (partition,) = partitions_of(y, 1)
    states, energy = objects._filter_from_partition(params, y, partition, None, samplers.mode)
    expected = partition
    for _ in range(objects.N_FIRST_ITERATIONS):
        shares = objects.responsibilities(y[:, 0], expected)
        u_0 = [inference.infer_u0(params, share) for share in shares]
        x = [
            autoencoder.recognise(params, u, share)[0] for u, share in zip(u_0, shares, strict=True)
        ]
        expected = np.array([autoencoder.emission(params, one) for one in x])
    explained = objects.compose(np.array([rvae.emission_mean(params, u) for u in states]))
    by_hand = np.sum((y - explained) ** 2, (1, 2)) / (2 * 0.2**2)
    for first, u in zip(u_0, states, strict=True):
        for t in range(4):
            before = first if t == 0 else u[:, t - 1]
            by_hand = by_hand + samplers.energy(params, before, u[:, t])
    np.testing.assert_allclose(np.ptp(energy - by_hand), 0, atol=1e-9)


def test_objects_are_generated_independently():
    params, u0 = some_model(), np.random.default_rng(1).standard_normal((2, 3, 3))
    video = objects.generate(params, u0, 4, np.random.default_rng(2))
    assert video.shape == (2, 3, 4, 7)
    at_once = generation.generate(
        params, np.concatenate([u0[0], u0[1]]), 4, np.random.default_rng(2)
    )
    np.testing.assert_array_equal(np.concatenate([video[0], video[1]]), at_once)


def test_a_window_stands_between_frames_and_the_model():
    window = AttentionWindow(side=9, window=3, tuning_width=2.0)
    rng = np.random.default_rng(4)
    params = of_brightness(n_y=window.n_y, rng=rng)
    y = rng.random((4, 6, 81), dtype=np.float32)
    states = objects.infer(params, y, y[None, None, :, 0], window=window)
    np.testing.assert_allclose(states[0], rvae.infer(params, window.encode(y)), atol=1e-4)
    np.testing.assert_array_equal(
        objects.emission_mean(params, states, window=window)[0],
        window.decode(rvae.emission_mean(params, states[0])),
    )
    video = objects.generate(params, states[:, :, -1], 5, np.random.default_rng(3), window=window)
    alone = generation.generate(params, states[0, :, -1], 5, np.random.default_rng(3))
    np.testing.assert_array_equal(video[0], window.decode(alone))


def test_a_model_trained_with_masks_forecasts_from_the_state_alone():
    """X2 in the place of G1, frame by frame, for two states with a window each"""
    window = AttentionWindow(side=9, window=3, tuning_width=1.0, spacing=1.0)
    rng = np.random.default_rng(4)
    params = of_brightness(n_y=window.n_y, rng=rng, dtype=np.float64)
    y = rng.random((4, 3, 81))
    states = objects.infer(
        params, y, partitions_of(y, 1), window=window, forecast=masking.forecast_open_loop
    )
    nothing = np.zeros((4, window.n_y))
    u = states[:, :, 0]
    for t in (1, 2):
        x = [autoencoder.recognise(params, one, nothing)[0] for one in u]
        for _ in range(objects.N_ITERATIONS):
            m = np.array([window.decode(autoencoder.emission(params, one)) for one in x])
            shares = objects.responsibilities(y[:, t], m)
            x = [
                autoencoder.recognise(params, one, window.encode(share))[0]
                for one, share in zip(u, shares, strict=True)
            ]
        np.testing.assert_allclose(states[:, :, t], x, atol=1e-6)
        u = np.array(x)
    video = objects.generate(params, u, 5, rng, window=window, rollout=masking.generate_open_loop)
    np.testing.assert_array_equal(
        video[1], window.decode(masking.generate_open_loop(params, u[1], 5))
    )


def test_each_window_encodes_its_own_share():
    """Two spots, of which each state expects one: each is encoded as if it were alone"""
    window = AttentionWindow(side=12, window=4, tuning_width=2.0)
    alone = np.zeros((2, 1, 12, 12), np.float32)
    alone[0, 0, 2:4, 2:4], alone[1, 0, 8:10, 7:9] = 0.9, 0.7
    alone = alone.reshape(2, 1, 144)
    view = window.encode(objects.responsibilities(objects.compose(alone), alone))
    np.testing.assert_allclose(view, window.encode(alone), atol=0.04)


RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "change, error",
    [
        ({"partitions": -np.ones((1, 2, 2, 7))}, "partitions: expected values in"),
        ({"partitions": np.ones((0, 2, 2, 7))}, "partitions: expected shape"),
        ({"partitions": np.full((1, 2, 2, 7), 0.4)}, "partitions: expected parts that add up"),
        ({"window": AttentionWindow(side=9, window=4)}, "window: expected .* an encoding of 7"),
        (
            {"params": vae.init(n_y=7, n_x=3, hidden=5, family="normal", rng=RNG)},
            "params: expected a model of the joint",
        ),
        (
            {"params": rvae.init(n_y=7, n_x=3, hidden=5, family="normal", rng=RNG)},
            "params: expected a model of brightness",
        ),
    ],
)
def test_bad_input(change, error):
    good = dict(params=some_model(), y=np.ones((2, 3, 7)), partitions=np.full((1, 2, 2, 7), 0.5))
    with pytest.raises((ValueError, TypeError), match=error):
        objects.infer(**(good | change))


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda p, u: objects.generate(p, u, 4, RNG, rollout=lambda *_: 3), "rollout: expected"),
        (lambda p, u: objects.responsibilities(u[0], u[0]), "y: expected values in"),
    ],
)
def test_bad_input_elsewhere(call, error):
    with pytest.raises((ValueError, TypeError), match=error):
        call(some_model(), np.full((2, 3, 3), 2.0))
