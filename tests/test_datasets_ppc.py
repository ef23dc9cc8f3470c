"""The oscillator and the population of Poisson neurons that reports it."""
import numpy as np
import pytest

from datasets import ppc

SYSTEM = ppc.System()


def test_constants_are_the_authors():
    np.testing.assert_allclose(SYSTEM.A, [[1, 0.05], [-0.03, 0.9975]])
    np.testing.assert_allclose(SYSTEM.tuning_std, 0.1482, atol=5e-5)
    np.testing.assert_allclose(SYSTEM.circumference, (2 * np.pi / 3) * 15 / 14)
    assert SYSTEM.longest_wait == 162


def test_transition_noise_has_the_stated_covariance():
    z = ppc.trajectories(SYSTEM, 200, 500, np.random.default_rng(0))
    noise = (z[:, 1:] - z[:, :-1] @ SYSTEM.A.T).reshape(-1, 2)
    n = len(noise)
    np.testing.assert_allclose(noise.mean(0), 0, atol=5 * np.sqrt(np.diag(SYSTEM.Sigma_z) / n).max())
    covariance = np.cov(noise.T)
    np.testing.assert_allclose(np.diag(covariance), np.diag(SYSTEM.Sigma_z), rtol=5 * np.sqrt(2 / n))
    assert abs(covariance[0, 1]) < 5 * np.sqrt(np.prod(np.diag(SYSTEM.Sigma_z)) / n)


def test_starts_at_rest_unless_staggered():
    rng = np.random.default_rng(0)
    at_rest = ppc.trajectories(SYSTEM, 4000, 1, rng)[:, 0]
    assert np.abs(at_rest[:, 1]).max() < 6 * np.sqrt(SYSTEM.start_velocity_variance)
    np.testing.assert_allclose(at_rest[:, 0].var(), SYSTEM.Sigma_0[0, 0], rtol=0.1)
    assert np.abs(at_rest[:, 0]).max() <= np.pi / 3 - 0.05

    # staggered: position and (scaled) velocity have the same spread, and are not correlated: any phase is as likely
    staggered = ppc.trajectories(SYSTEM, 4000, 1, rng, staggered=True)[:, 0]
    frequency = np.sqrt(SYSTEM.stiffness / SYSTEM.mass)
    position, velocity = staggered[:, 0], staggered[:, 1] / frequency
    np.testing.assert_allclose(velocity.std(), position.std(), rtol=0.08)
    assert abs(np.corrcoef(position, velocity)[0, 1]) < 0.08


def test_counts_are_poisson_with_the_tuning_curve_for_mean():
    system = ppc.System(gain_low=8, gain_high=8)
    batch = ppc.sample(system, 200, 100, np.random.default_rng(3))
    rate = 8 * ppc.tuning(system, batch.z[..., 0])
    residual = batch.y - rate
    assert (batch.y == np.rint(batch.y)).all() and batch.y.min() == 0
    np.testing.assert_allclose(residual.mean((0, 1)), 0, atol=5 * np.sqrt(rate.mean((0, 1)).max() / 20000))
    np.testing.assert_allclose(residual.var((0, 1)), rate.mean((0, 1)), rtol=0.1)       # a Poisson's variance is its mean


def test_gain_is_uniform_and_new_at_each_step():
    gain = ppc.sample(SYSTEM, 100, 200, np.random.default_rng(0)).gain
    assert gain.min() >= 6.4 and gain.max() <= 9.6
    np.testing.assert_allclose(gain.mean(), 8, atol=5 * 3.2 / np.sqrt(12 * gain.size))
    assert abs(np.corrcoef(gain[:, 1:].ravel(), gain[:, :-1].ravel())[0, 1]) < 0.05


def test_tuning_goes_round_the_circle():
    position = np.linspace(-2, 2, 41)
    np.testing.assert_allclose(ppc.tuning(SYSTEM, position), ppc.tuning(SYSTEM, position + SYSTEM.circumference))
    np.testing.assert_array_equal(np.argmax(ppc.tuning(SYSTEM, SYSTEM.preferred), -1), np.arange(15))
    np.testing.assert_allclose(ppc.tuning(SYSTEM, SYSTEM.preferred).max(-1), 1)


def test_decoder_has_no_bias_anywhere_on_the_circle_and_the_stated_variance():
    rng = np.random.default_rng(0)
    position = np.linspace(-SYSTEM.circumference / 2, SYSTEM.circumference / 2, 31)     # its ends are the seam
    y = rng.poisson(8 * ppc.tuning(SYSTEM, position)[:, None], (31, 20000, 15))
    z_hat, total = ppc.decode(SYSTEM, y)
    error = ppc.short_way(SYSTEM, z_hat - position[:, None])
    np.testing.assert_allclose(error.mean(1), 0, atol=5 * error.std() / np.sqrt(20000))
    np.testing.assert_allclose(error.var(1), ppc.decoder_variance(SYSTEM, total).mean(1), rtol=0.05)
    np.testing.assert_array_equal(total, y.sum(-1))


def test_decoder_turns_with_the_neurons():
    y = ppc.sample(SYSTEM, 5, 20, np.random.default_rng(0)).y
    z_hat, _ = ppc.decode(SYSTEM, y)
    turned, _ = ppc.decode(SYSTEM, np.roll(y, 4, axis=-1))
    np.testing.assert_allclose(ppc.short_way(SYSTEM, turned - z_hat - 4 * SYSTEM.spacing), 0, atol=1e-12)


def test_decoding_no_spikes_says_nothing():
    y = np.zeros((1, 2, 15))
    y[0, 1, 3] = 1
    z_hat, total = ppc.decode(SYSTEM, y)
    assert np.isnan(z_hat[0, 0]) and np.isinf(ppc.decoder_variance(SYSTEM, total)[0, 0])
    np.testing.assert_allclose(z_hat[0, 1], SYSTEM.preferred[3])


def test_squared_error_goes_the_short_way():
    edge = SYSTEM.circumference / 2
    error = ppc.squared_error(SYSTEM, np.array([edge - 0.01]), np.array([-edge + 0.01]))
    np.testing.assert_allclose(error, 0.02**2)


def test_order_0_is_the_posters():
    """The centre of mass of each step's spikes, alone: the poster's ORDER 0 is 12e-4 rad^2."""
    batch = ppc.sample(SYSTEM, 40, 1000, np.random.default_rng(0))
    error = ppc.squared_error(SYSTEM, ppc.decode(SYSTEM, batch.y)[0], batch.z[..., 0]).mean()
    assert 11.5e-4 < error < 12.3e-4


def test_same_seed_same_numbers():
    a, b = (ppc.sample(SYSTEM, 3, 10, np.random.default_rng(5), staggered=True) for _ in range(2))
    for one, other in zip(a, b):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("field, value", [
    ("dt", 0), ("dt", np.nan), ("mass", -1), ("stiffness", 0), ("damping", -0.1), ("n_neurons", 2), ("n_neurons", 1.5),
    ("position_noise", -1e-9), ("gain_low", 10), ("gain_high", np.inf), ("tuning_width", 0), ("start_margin", 2)])
def test_system_names_the_bad_constant(field, value):
    with pytest.raises((ValueError, TypeError), match=field):
        ppc.System(**{field: value})


def test_system_must_be_stable():
    with pytest.raises(ValueError, match="dt.*stable"):
        ppc.System(dt=2.0)


@pytest.mark.parametrize("n_traj, T, rng, name", [
    (0, 10, np.random.default_rng(0), "n_traj"), (2, 0, np.random.default_rng(0), "T"),
    (2.5, 10, np.random.default_rng(0), "n_traj"), (True, 10, np.random.default_rng(0), "n_traj"),
    (2, 10, 0, "rng"), (2, 10, None, "rng")])
def test_sample_names_the_bad_argument(n_traj, T, rng, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        ppc.sample(SYSTEM, n_traj, T, rng)


@pytest.mark.parametrize("y", [
    np.zeros((3, 15)), np.zeros((2, 3, 14)), np.zeros((0, 3, 15)), np.full((1, 1, 15), np.nan),
    np.full((1, 1, 15), -1.0), np.full((1, 1, 15), np.inf), "spikes", np.full((1, 1, 15), 1j)])
def test_decode_names_the_bad_argument(y):
    with pytest.raises((ValueError, TypeError), match="^y: wanted .* got"):
        ppc.decode(SYSTEM, y)


def test_the_systems_matrices_cannot_be_changed_behind_its_back():
    with pytest.raises(ValueError, match="read-only"):
        ppc.System().A[0, 0] = 5


def test_error_and_variance_name_the_bad_argument():
    with pytest.raises(ValueError, match="z_hat"):
        ppc.squared_error(SYSTEM, np.zeros(3), np.zeros(4))
    with pytest.raises(ValueError, match="total"):
        ppc.decoder_variance(SYSTEM, -1.0)


@pytest.mark.parametrize("damping", [7.7, 7.745, 7.75, 20.0])
def test_trajectories_that_hardly_oscillate_can_be_staggered_too(damping):
    """From nearly critical damping on there is no period to wait for, or one that never ends."""
    system = ppc.System(damping=damping)
    assert 1 <= system.longest_wait < 2000
    z = ppc.trajectories(system, 2000, 5, np.random.default_rng(0), staggered=True)[:, 0, 0]
    at_rest = ppc.trajectories(system, 2000, 5, np.random.default_rng(0))[:, 0, 0]
    assert np.std(z) < 0.9 * np.std(at_rest)                        # some have settled already
