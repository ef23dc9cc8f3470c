"""Several things in one frame: who gets which share of it, and what becomes of a frame that one state alone cannot explain."""
import numpy as np
import pytest

from rvae_numpy import dreaming, factorial, rvae, vae


def some_model(n_x=3, n_y=7, seed=0, dtype=np.float64):
    return rvae.init(n_y, n_x, (5,), "normal", np.random.default_rng(seed), dtype, sigma_u=0.3, sigma_y=0.2, pixels=True, bend=4)


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


def cuts_of(y, n_cuts, seed=2):
    """Random ways of cutting the first frames in two"""
    part = np.random.default_rng(seed).random((n_cuts, *y[:, 0].shape))
    return np.stack([y[:, 0] * part, y[:, 0] * (1 - part)], axis=1)


def test_shares_add_up_to_the_frame_where_nothing_is_covered():
    rng = np.random.default_rng(0)
    y, expected = rng.random((5, 7)), rng.random((3, 5, 7)) / 3
    shares = factorial.share(y, expected)
    np.testing.assert_allclose(shares.sum(0), y)
    np.testing.assert_allclose(factorial.share(y, expected[::-1]), shares[::-1])
    # as counts of Poisson neurons are shared out, of which only the sum is known (but for the slack)
    np.testing.assert_allclose(shares[0] / y, expected[0] / expected.sum(0), atol=0.1)
    np.testing.assert_allclose(factorial.share(y, np.zeros((2, 5, 7))), [y / 2, y / 2])


def test_who_is_covered_gets_as_much_as_it_expects():
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


def test_the_cut_that_explains_the_film_best_is_kept():
    params, y = some_model(), np.random.default_rng(1).random((20, 5, 7))
    cuts = cuts_of(y, 3)
    each = [factorial.states_from(params, y, parts) for parts in cuts]
    winner = np.argmin([energy for _, energy in each], axis=0)
    assert set(winner) == {0, 1, 2}
    states = factorial.infer(params, y, cuts)
    for n, first in enumerate(winner):
        np.testing.assert_array_equal(states[:, n], each[first][0][:, n])
    np.testing.assert_allclose(factorial.infer(params, y, cuts[:, ::-1]), states[::-1], atol=1e-10)     # things have no order


def test_the_energy_is_that_of_the_joint():
    """D50, added up frame by frame"""
    params, y = some_model(), np.random.default_rng(1).random((3, 2, 7))
    (parts,) = cuts_of(y, 1)
    states, energy = factorial.states_from(params, y, parts)
    seen = factorial.together(np.array([rvae.emission_mean(params, u) for u in states]))
    frames = np.sum((y - seen) ** 2, (1, 2)) / (2 * 0.2**2)
    first = [factorial.states_from(params, y[:, :1], parts)[1], np.sum((y[:, 0] - seen[:, 0]) ** 2, 1) / (2 * 0.2**2)]
    second = sum(dreaming.energy(params, u[:, 0], u[:, 1]) for u in states)
    by_hand = frames + second + (first[0] - first[1])
    np.testing.assert_allclose(np.ptp(energy - by_hand), 0, atol=1e-9)


@pytest.mark.parametrize("change, error", [
    ({"y": np.full((2, 3, 7), 1.5)}, "y: wanted values in"),
    ({"y": np.ones((2, 3, 6))}, r"y: wanted shape \(n_traj, T, 7\)"),
    ({"cuts": np.ones((2, 7))}, r"cuts: wanted shape \(n_cuts, K, 2, 7\)"),
    ({"cuts": -np.ones((1, 2, 2, 7))}, "cuts: wanted values in"),
    ({"cuts": np.ones((0, 2, 2, 7))}, "cuts: wanted shape"),
    ({"params": vae.init(7, 3, 5, "normal", np.random.default_rng(0))}, "params: wanted a model of the joint"),
    ({"params": rvae.init(7, 3, 5, "normal", np.random.default_rng(0))}, "params: wanted a model of brightness"),
])
def test_bad_input(change, error):
    good = {"params": some_model(), "y": np.ones((2, 3, 7)), "cuts": np.ones((1, 2, 2, 7))}
    with pytest.raises(ValueError, match=error):
        factorial.infer(**(good | change))
    with pytest.raises(ValueError, match="u0: wanted shape"):
        factorial.dream(some_model(), np.zeros((2, 3)), 4, np.random.default_rng(0))
