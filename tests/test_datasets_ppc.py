"""The oscillator and the population of Poisson neurons that reports it."""

import numpy as np
import pytest

from datasets import ppc

SYSTEM = ppc.System()
rng_of = np.random.default_rng


def test_constants_are_the_authors():
    np.testing.assert_allclose(SYSTEM.A, [[1, 0.05], [-0.03, 0.9975]])
    np.testing.assert_allclose(SYSTEM.tuning_std, 0.1482, atol=5e-5)
    np.testing.assert_allclose(SYSTEM.circumference, (2 * np.pi / 3) * 15 / 14)
    assert SYSTEM.max_phase_steps == 162


def test_transition_noise_has_the_stated_covariance():
    z = ppc.trajectories(200, 500, rng_of(0))
    noise = (z[:, 1:] - z[:, :-1] @ SYSTEM.A.T).reshape(-1, 2)
    n = len(noise)
    variance = np.diag(SYSTEM.Sigma_z)
    np.testing.assert_allclose(noise.mean(0), 0, atol=5 * np.sqrt(variance / n).max())
    covariance = np.cov(noise.T)
    np.testing.assert_allclose(np.diag(covariance), variance, rtol=5 * np.sqrt(2 / n))
    assert abs(covariance[0, 1]) < 5 * np.sqrt(np.prod(np.diag(SYSTEM.Sigma_z)) / n)


def test_starts_at_rest_unless_the_phase_is_random():
    rng = rng_of(0)
    at_rest = ppc.trajectories(4000, 1, rng)[:, 0]
    assert np.abs(at_rest[:, 1]).max() < 6 * np.sqrt(SYSTEM.start_velocity_variance)
    np.testing.assert_allclose(at_rest[:, 0].var(), SYSTEM.Sigma_0[0, 0], rtol=0.1)
    assert np.abs(at_rest[:, 0]).max() <= np.pi / 3 - 0.05

    # random phase: position and (scaled) velocity have the same spread and are not correlated
    any_phase = ppc.trajectories(4000, 1, rng, random_phase=True)[:, 0]
    frequency = np.sqrt(SYSTEM.stiffness / SYSTEM.mass)
    position, velocity = any_phase[:, 0], any_phase[:, 1] / frequency
    np.testing.assert_allclose(velocity.std(), position.std(), rtol=0.08)
    assert abs(np.corrcoef(position, velocity)[0, 1]) < 0.08


def test_counts_are_poisson_with_the_tuning_curve_for_mean():
    system = ppc.System(gain_low=8, gain_high=8)
    batch = ppc.sample(200, 100, rng_of(3), system)
    rate = 8 * ppc.tuning(batch.z[..., 0], system)
    residual = batch.y - rate
    assert (batch.y == np.rint(batch.y)).all() and batch.y.min() == 0
    bound = 5 * np.sqrt(rate.mean((0, 1)).max() / 20000)
    np.testing.assert_allclose(residual.mean((0, 1)), 0, atol=bound)
    # a Poisson distribution's variance is its mean
    np.testing.assert_allclose(residual.var((0, 1)), rate.mean((0, 1)), rtol=0.1)


def test_gain_is_uniform_and_new_at_each_step():
    gain = ppc.sample(100, 200, rng_of(0)).gain
    assert gain.min() >= 6.4 and gain.max() <= 9.6
    np.testing.assert_allclose(gain.mean(), 8, atol=5 * 3.2 / np.sqrt(12 * gain.size))
    assert abs(np.corrcoef(gain[:, 1:].ravel(), gain[:, :-1].ravel())[0, 1]) < 0.05


def test_tuning_goes_round_the_circle():
    position = np.linspace(-2, 2, 41)
    once_round = ppc.tuning(position + SYSTEM.circumference)
    np.testing.assert_allclose(ppc.tuning(position), once_round)
    at_peaks = ppc.tuning(SYSTEM.preferred)
    np.testing.assert_array_equal(np.argmax(at_peaks, -1), np.arange(15))
    np.testing.assert_allclose(at_peaks.max(-1), 1)


def test_decoder_has_no_bias_anywhere_on_the_circle_and_the_stated_variance():
    rng = rng_of(0)
    # the ends are the seam
    position = np.linspace(-SYSTEM.circumference / 2, SYSTEM.circumference / 2, 31)
    y = rng.poisson(8 * ppc.tuning(position)[:, None], (31, 20000, 15))
    z_hat, total = ppc.decode(y)
    error = ppc.wrap(z_hat - position[:, None])
    np.testing.assert_allclose(error.mean(1), 0, atol=5 * error.std() / np.sqrt(20000))
    np.testing.assert_allclose(error.var(1), ppc.decoder_variance(total).mean(1), rtol=0.05)
    np.testing.assert_array_equal(total, y.sum(-1))


def test_decoder_turns_with_the_neurons():
    y = ppc.sample(5, 20, rng_of(0)).y
    z_hat, _ = ppc.decode(y)
    turned, _ = ppc.decode(np.roll(y, 4, axis=-1))
    np.testing.assert_allclose(ppc.wrap(turned - z_hat - 4 * SYSTEM.spacing), 0, atol=1e-12)


def test_decoding_no_spikes_says_nothing():
    y = np.zeros((1, 2, 15))
    y[0, 1, 3] = 1
    z_hat, total = ppc.decode(y)
    assert np.isnan(z_hat[0, 0]) and np.isinf(ppc.decoder_variance(total)[0, 0])
    np.testing.assert_allclose(z_hat[0, 1], SYSTEM.preferred[3])


def test_squared_error_is_wrapped():
    edge = SYSTEM.circumference / 2
    error = ppc.squared_error(np.array([edge - 0.01]), np.array([-edge + 0.01]))
    np.testing.assert_allclose(error, 0.02**2)


def test_order_0_is_the_posters():
    """The centre of mass of each step's spikes, alone: the poster's ORDER 0 is 12e-4 rad^2."""
    batch = ppc.sample(40, 1000, rng_of(0))
    error = ppc.squared_error(ppc.decode(batch.y)[0], batch.z[..., 0]).mean()
    assert 11.5e-4 < error < 12.3e-4


def test_same_seed_same_numbers():
    a, b = (ppc.sample(3, 10, rng_of(5), random_phase=True) for _ in range(2))
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def test_system_must_be_stable():
    with pytest.raises(ValueError, match=r"dt.*stable"):
        ppc.System(dt=2.0)


def test_a_period_of_billions_of_steps_is_refused_and_not_simulated():
    slow = ppc.System(dt=1e-9)
    assert ppc.trajectories(2, 3, rng_of(0), slow).shape == (2, 3, 2)
    with pytest.raises(ValueError, match=r"^system: expected an oscillation of at most .* got"):
        ppc.sample(2, 3, rng_of(0), random_phase=True, system=slow)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda rng: ppc.sample(SYSTEM, 2, 10, rng), "n_traj"),
        (lambda rng: ppc.sample(2, 10, rng, ppc.System), "system"),
        (lambda rng: ppc.decode(SYSTEM, np.ones((1, 1, 15))), "system"),
        (lambda rng: ppc.decode(np.zeros((0, 3, 15))), "y"),
        (lambda rng: ppc.squared_error(np.zeros(3), np.zeros(4)), "position"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        call(rng_of(0))


@pytest.mark.parametrize("n_neurons", [15, 16])
def test_the_decoder_has_no_bias_with_wide_tuning_curves_either(n_neurons):
    """Ties and an even number of neurons prefer no direction; a shift of 0.002 rad would show."""
    system = ppc.System(n_neurons=n_neurons, tuning_width=np.pi / 3)
    for position in (-0.3, 0.0, 0.5):
        y = rng_of(0).poisson(8 * ppc.tuning(position, system), (1, 100_000, n_neurons))
        error = ppc.wrap(ppc.decode(y, system)[0] - position, system)
        assert abs(error.mean()) < 5 * error.std() / np.sqrt(error.size) < 0.003


@pytest.mark.parametrize("n_neurons", [15, 16])
def test_the_mirror_image_of_the_spikes_is_decoded_as_the_mirror_image(n_neurons):
    system = ppc.System(n_neurons=n_neurons, tuning_width=np.pi / 3)
    y = ppc.sample(20, 500, rng_of(1), system).y
    z_hat, mirrored = (ppc.decode(a, system)[0] for a in (y, y[..., ::-1]))
    np.testing.assert_allclose(ppc.wrap(z_hat + mirrored, system), 0, atol=1e-9)


def test_the_systems_matrices_cannot_be_changed_behind_its_back():
    with pytest.raises(ValueError, match="read-only"):
        ppc.System().A[0, 0] = 5


@pytest.mark.parametrize("damping", [7.7, 7.745, 7.75, 20.0])
def test_trajectories_that_hardly_oscillate_can_have_a_random_phase_too(damping):
    """From nearly critical damping on there is no period, or an infinite one."""
    system = ppc.System(damping=damping)
    assert 1 <= system.max_phase_steps < 2000
    z = ppc.trajectories(2000, 5, rng_of(0), random_phase=True, system=system)[:, 0, 0]
    at_rest = ppc.trajectories(2000, 5, rng_of(0), system)[:, 0, 0]
    assert np.std(z) < 0.9 * np.std(at_rest)  # some have settled already
