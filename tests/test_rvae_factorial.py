"""Several things in one frame: who gets which share of it, and what becomes of a frame that one state alone cannot explain."""
import numpy as np
import pytest

from datasets.eye import Eye
from rvae_numpy import autoencoder, dreaming, factorial, rvae, vae


def some_model(dtype=np.float64):
    rng = np.random.default_rng(0)
    params = rvae.init(7, 3, (5,), "normal", rng, dtype, sigma_u=0.3, sigma_y=0.2, pixels=True, bend=4)
    for layers in (params.bend_nu, params.bend_u):
        layers[-1].W += 0.3 * rng.standard_normal(layers[-1].W.shape).astype(dtype)
    return params


def left_or_right():
    """A model of frames of six pixels of which the first three are bright (x = 1) or the last three (x = -1)"""
    params = rvae.init(6, 1, (6,), "normal", np.random.default_rng(0), np.float64, activation="relu", sigma_u=0.1, sigma_y=0.1,
                       pixels=True)
    left = np.array([1, 1, 1, -1, -1, -1])
    params.encode[0].W[:] = np.eye(6)
    params.nu.W[:] = np.append(left / 3, 0)
    params.decode_u.W[:] = 1
    params.decode_y[0].W[:] = 0
    params.decode_y[0].W[:2, 0] = 1, -1                     # hidden units that are active for x > 0, and for x < 0
    params.decode_y[1].W[:] = 0
    params.decode_y[1].W[:, 0], params.decode_y[1].W[:, 1] = 8 * left, -8 * left
    return params


PLACES = np.arange(-6, 7)


def spots():
    """A model of a bright spot that moves along a line of pixels at PLACES: x = (place, velocity), all maps linear but the decoder's"""
    n = len(PLACES)
    params = rvae.init(n, 2, (2 * n,), "normal", np.random.default_rng(0), np.float64, activation="relu", sigma_u=0.02, sigma_y=0.1,
                       pixels=True)
    hidden, pixels = params.decode_y
    hidden.W[:] = 0
    hidden.W[:n, 0], hidden.b[:n] = 1, -PLACES              # place - p where that is positive; then p - place
    hidden.W[n:, 0], hidden.b[n:] = -1, PLACES
    pixels.W[:], pixels.b[:] = -3 * np.tile(np.eye(n), 2), 4             # so a pixel is bright by its distance from the place
    one = rvae.emission_mean(params, np.zeros((1, 1, 2)))[0, 0].sum()
    params.encode[0].W[:] = np.eye(2 * n, n)
    params.nu.W[:] = 0
    params.nu.W[:, :n] = PLACES / one                       # the place is the middle of the brightness,
    params.nu.W[1, 2 * n] = -1                              # the velocity how far that is from the place before
    params.decode_u.W[:] = [[1, -1], [0, 1]]
    return params


def cuts_of(y, n_cuts, K=2):
    """Random ways of cutting the first frames into K parts"""
    part = np.random.default_rng(2).dirichlet(np.ones(K), (n_cuts, *y[:, 0].shape))
    return np.moveaxis(part, -1, 1) * y[:, 0]


def test_shares_add_up_to_the_frame_where_nothing_is_covered():
    rng = np.random.default_rng(0)
    y, expected = rng.random((5, 7)), rng.random((3, 5, 7)) / 3
    shares = factorial.share(y, expected)
    np.testing.assert_allclose(shares.sum(0), y)
    np.testing.assert_allclose(factorial.share(y, expected[::-1]), shares[::-1])
    # as counts of Poisson neurons are shared out, of which only the sum is known (but for the slack)
    np.testing.assert_allclose(shares[0] / y, expected[0] / expected.sum(0), atol=0.1)
    np.testing.assert_allclose(factorial.share(y, np.zeros((2, 5, 7))), [y / 2, y / 2])
    with pytest.raises(ValueError, match=r"expected: wanted shape \(K, 5, 7\), got \(5, 7\)"):
        factorial.share(y, y)


def test_who_is_covered_gets_as_much_as_it_expects():
    assert factorial.share(np.ones((50, 7)), np.random.default_rng(0).random((3, 50, 7))).max() <= 1 + 1e-12
    expected = np.array([[[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.5]]])
    np.testing.assert_allclose(factorial.share(np.ones((1, 3)), expected), [[[1, 1, 0.04]], [[1, 0.02, 0.96]]], atol=0.02)
    np.testing.assert_array_equal(factorial.together(expected), [[1, 1, 0.5]])


def test_one_thing_alone_is_an_rvae():
    params, y = some_model(), np.random.default_rng(1).random((4, 6, 7))
    np.testing.assert_allclose(factorial.infer(params, y, y[None, None, :, 0])[0], rvae.infer(params, y), atol=1e-12)
    u0 = rvae.infer(params, y)[:, -1]
    np.testing.assert_array_equal(factorial.dream(params, u0[None], 5, np.random.default_rng(3))[0],
                                  dreaming.dream(params, u0, 5, np.random.default_rng(3)))


def test_two_states_tell_apart_what_one_cannot():
    params, y = left_or_right(), np.ones((1, 4, 6))
    np.testing.assert_allclose(rvae.infer(params, y), 0, atol=1e-12)            # left or right? both: neither
    mostly_left = np.array([0.7, 0.6, 0.6, 0.3, 0.3, 0.4])
    states = factorial.infer(params, y, np.stack([mostly_left, 1 - mostly_left])[None, :, None])
    np.testing.assert_allclose(states[:, 0, :, 0], [[1] * 4, [-1] * 4], atol=0.05)
    film = factorial.dream(params, states[:, :, -1], 3, np.random.default_rng(0))
    np.testing.assert_allclose(film[0, 0], [[1, 1, 1, 0, 0, 0]] * 3, atol=0.05)
    np.testing.assert_allclose(factorial.together(film), 1, atol=0.05)


@pytest.mark.parametrize("by_forecast", [True, False])
def test_what_is_foretold_keeps_things_apart_while_they_cross(by_forecast, monkeypatch):
    """Two spots run through one another. Shared out by what each foretells (D31), the frames let them pass; by where they were
    before, they do not. (How they start is given.)"""
    params = spots()
    place = np.stack([-4.3 + 0.7 * np.arange(13), 4.3 - 0.7 * np.arange(13)])
    monkeypatch.setattr(autoencoder, "first_state", lambda params, y_1: np.array([[-5.0, 0.7], [5.0, -0.7]]))
    alone = rvae.emission_mean(params, np.stack([place, np.zeros((2, 13))], axis=-1))
    y = factorial.together(alone[:, None])
    if not by_forecast:
        monkeypatch.setattr(dreaming, "mode", lambda params, u, rng: rvae.emission_mean(params, u[None])[0])
    states = factorial.infer(params, y, alone[None, :, None, 0])
    passed = np.abs(states[:, 0, :, 0] - place).max() < 0.5
    assert passed == by_forecast
    if by_forecast:
        np.testing.assert_allclose(states[:, 0, -1, 1], [0.7, -0.7], atol=0.1)


@pytest.mark.parametrize("K, dtype", [(2, np.float64), (3, np.float64), (2, np.float32)])
def test_the_cut_that_explains_the_film_best_is_kept(K, dtype):
    params, y = some_model(dtype), np.random.default_rng(1).random((20, 5, 7), dtype=dtype)
    cuts = cuts_of(y, 3, K).astype(dtype)
    each = [factorial.states_from(params, y, parts, None) for parts in cuts]
    winner = np.argmin([energy for _, energy in each], axis=0)
    assert len(set(winner)) > 1
    states = factorial.infer(params, y, cuts)
    assert states.shape == (K, 20, 5, 3) and states.dtype == dtype
    for n, first in enumerate(winner):
        np.testing.assert_array_equal(states[:, n], each[first][0][:, n])
    np.testing.assert_allclose(factorial.infer(params, y, cuts[:, ::-1]), states[::-1],     # things have no order
                               atol=1e-10 if dtype == np.float64 else 1e-3)


def test_the_energy_is_that_of_the_joint():
    """D50, added up frame by frame; the first states by D34 from the shares, round by round"""
    params, y = some_model(), np.random.default_rng(1).random((3, 4, 7))
    (parts,) = cuts_of(y, 1)
    states, energy = factorial.states_from(params, y, parts, None)
    expected = parts
    for _ in range(factorial.FIRST_ROUNDS):
        parts = factorial.share(y[:, 0], expected)
        u_0 = [autoencoder.first_state(params, part) for part in parts]
        expected = np.array([autoencoder.emission(params, autoencoder.recognise(params, u, part)[0]) for u, part in zip(u_0, parts)])
    given_back = factorial.together(np.array([rvae.emission_mean(params, u) for u in states]))
    by_hand = np.sum((y - given_back) ** 2, (1, 2)) / (2 * 0.2**2)
    for u, first in zip(states, u_0):
        for before, after in zip([first, u[:, 0], u[:, 1], u[:, 2]], [u[:, 0], u[:, 1], u[:, 2], u[:, 3]]):
            by_hand = by_hand + dreaming.energy(params, before, after)
    np.testing.assert_allclose(np.ptp(energy - by_hand), 0, atol=1e-9)


def test_everyone_dreams_alone():
    params, u0 = some_model(), np.random.default_rng(1).standard_normal((2, 3, 3))
    film = factorial.dream(params, u0, 4, np.random.default_rng(2))
    assert film.shape == (2, 3, 4, 7)
    at_once = dreaming.dream(params, np.concatenate([u0[0], u0[1]]), 4, np.random.default_rng(2))
    np.testing.assert_array_equal(np.concatenate([film[0], film[1]]), at_once)
    with pytest.raises(ValueError, match="u0: wanted shape"):
        factorial.dream(params, u0[0], 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="params: wanted a model of brightness"):
        factorial.dream(rvae.init(7, 3, 5, "normal", np.random.default_rng(0)), u0, 4, np.random.default_rng(0))


def test_an_eye_stands_between_frames_and_the_model():
    eye = Eye(side=9, window=3, width=2.0)
    rng = np.random.default_rng(4)
    params = rvae.init(eye.n_y, 3, (5,), "normal", rng, sigma_u=0.3, sigma_y=0.2, pixels=True, bend=4)
    y = rng.random((4, 6, 81), dtype=np.float32)
    states = factorial.infer(params, y, y[None, None, :, 0], eye)
    np.testing.assert_allclose(states[0], rvae.infer(params, eye.look(y)), atol=1e-4)
    np.testing.assert_array_equal(factorial.frames(params, states, eye)[0], eye.draw(rvae.emission_mean(params, states[0])))
    np.testing.assert_array_equal(factorial.dream(params, states[:, :, -1], 5, np.random.default_rng(3), eye)[0],
                                  eye.draw(dreaming.dream(params, states[0, :, -1], 5, np.random.default_rng(3))))
    with pytest.raises(ValueError, match="eye: wanted one that says 161 numbers"):
        factorial.infer(params, y, y[None, None, :, 0], Eye(side=9, window=4, width=2.0))


def test_what_a_model_that_blinks_expects_is_what_it_makes_of_u_alone():
    """D54 in the place of D31, frame by frame, for two states with an eye each"""
    eye = Eye(side=9, window=3, width=1.0, spacing=1.0)
    rng = np.random.default_rng(4)
    params = rvae.init(eye.n_y, 3, (5,), "normal", rng, np.float64, sigma_u=0.3, sigma_y=0.2, pixels=True, bend=4, blinks=0.3)
    y = rng.random((4, 3, 81))
    (parts,) = cuts_of(y, 1)
    states, _ = factorial.states_from(params, y, parts, eye)
    u = states[:, :, 0]
    for t in (1, 2):
        m = np.array([eye.draw(autoencoder.emission(params, autoencoder.recognise(params, one, np.zeros((4, eye.n_y)))[0])) for one in u])
        for _ in range(factorial.ROUNDS):
            x = np.array([autoencoder.recognise(params, one, eye.look(share))[0] for one, share in zip(u, factorial.share(y[:, t], m))])
            m = np.array([eye.draw(autoencoder.emission(params, one)) for one in x])
        np.testing.assert_allclose(states[:, :, t], x, atol=1e-6)
        u = x


def test_each_eye_looks_at_its_own_share():
    """Two spots, of which each state expects one: each is told of its own, as if it were alone"""
    eye = Eye(side=12, window=4, width=2.0)
    alone = np.zeros((2, 1, 12, 12), np.float32)
    alone[0, 0, 2:4, 2:4], alone[1, 0, 8:10, 7:9] = 0.9, 0.7
    alone = alone.reshape(2, 1, 144)
    told = factorial.told(factorial.share(factorial.together(alone), alone), eye)
    np.testing.assert_allclose(told, eye.look(alone), atol=0.04)


@pytest.mark.parametrize("change, error", [
    ({"y": np.full((2, 3, 7), 1.5)}, "y: wanted values in"),
    ({"y": np.ones((2, 3, 6))}, r"y: wanted shape \(n_traj, T, 7\)"),
    ({"cuts": np.ones((2, 7))}, r"cuts: wanted shape \(n_cuts, K, 2, 7\)"),
    ({"cuts": -np.ones((1, 2, 2, 7))}, "cuts: wanted values in"),
    ({"cuts": np.ones((0, 2, 2, 7))}, "cuts: wanted shape"),
    ({"cuts": np.full((1, 2, 2, 7), 0.4)}, "cuts: wanted parts that add up to the first frame, got some that miss it by 0.2"),
    ({"params": vae.init(7, 3, 5, "normal", np.random.default_rng(0))}, "params: wanted a model of the joint"),
    ({"params": rvae.init(7, 3, 5, "normal", np.random.default_rng(0))}, "params: wanted a model of brightness"),
])
def test_bad_input(change, error):
    good = {"params": some_model(), "y": np.ones((2, 3, 7)), "cuts": np.full((1, 2, 2, 7), 0.5)}
    with pytest.raises(ValueError, match=error):
        factorial.infer(**(good | change))
