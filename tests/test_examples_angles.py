"""The angle between expected gradients: from noisy gradients, without bias, with its error."""

import numpy as np

from examples.ppc import angles


def noisy(vector, n_batches, noise, rng):
    return vector + noise * rng.standard_normal((n_batches, len(vector)))


def two_vectors(degrees, n, rng):
    """Two unit vectors (n,) at this angle"""
    basis, _ = np.linalg.qr(rng.standard_normal((n, 2)))
    t = np.radians(degrees)
    return basis[:, 0], np.cos(t) * basis[:, 0] + np.sin(t) * basis[:, 1]


def test_without_noise_the_angle_is_exact():
    rng = np.random.default_rng(0)
    for degrees in (0.0, 40.0, 90.0, 150.0):
        first, second = (np.tile(vector, (4, 1)) for vector in two_vectors(degrees, 30, rng))
        value, error = angles.angle(3 * first, 0.5 * second)
        np.testing.assert_allclose([value, error], [degrees, 0], atol=1e-5)


def test_shared_noise_does_not_bias_the_angle():
    """The noise of a batch is in both gradients, four times as long as the signal: an angle of the
    batches' means would be far too small."""
    rng = np.random.default_rng(1)
    n, n_batches = 1000, 64
    first, second = two_vectors(70, n, rng)
    values, naive = [], []
    for _ in range(50):
        noise = 4 / np.sqrt(n) * rng.standard_normal((n_batches, n))
        g, h = first + noise, second + noise
        values.append(angles.angle(g, h)[0])
        mean_g, mean_h = g.mean(0), h.mean(0)
        cosine = mean_g @ mean_h / np.sqrt(mean_g @ mean_g * (mean_h @ mean_h))
        naive.append(np.degrees(np.arccos(cosine)))
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values) - 70) < 4 * error < 2
    assert np.mean(naive) < 65


def test_the_squared_norms_are_unbiased_too():
    """Independent noise turns naive gradients towards 90 degrees, but not the estimate."""
    rng = np.random.default_rng(2)
    first, second = two_vectors(30, 1000, rng)
    values = [
        angles.angle(noisy(first, 64, 0.1, rng), noisy(second, 64, 0.1, rng))[0] for _ in range(50)
    ]
    assert abs(np.mean(values) - 30) < 4 * np.std(values) / np.sqrt(50) < 2


def test_the_jackknife_error_is_the_spread_of_repetitions():
    rng = np.random.default_rng(3)
    first, second = two_vectors(60, 300, rng)
    found = np.array(
        [angles.angle(noisy(first, 40, 0.2, rng), noisy(second, 40, 0.2, rng)) for _ in range(200)]
    )
    np.testing.assert_allclose(np.sqrt(np.mean(found[:, 1] ** 2)), found[:, 0].std(), rtol=0.2)


def test_no_signal_no_angle():
    """A squared norm whose estimate is negative: None, not a number."""
    alternating = np.array([[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert angles.angle(alternating, np.ones((4, 2))) == (None, None)
