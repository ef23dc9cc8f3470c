"""Observation masking: the statistics of masks, and free runs without observations."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, rvae
from rvae_numpy.extensions import masking
from tests.test_rvae_inference import nonlinear


def test_masks_have_the_rate_and_the_mean_gap():
    """X1: a third of the frames in the long run, in gaps of MEAN_GAP frames; never the first"""
    rng = np.random.default_rng(0)
    observed = masking.sample_mask(3000, 200, 1 / 3, rng)
    assert observed.shape == (3000, 200) and observed.dtype == bool
    assert observed[:, : masking.N_ALWAYS_OBSERVED].all()
    assert observed[:, 100:].mean() == pytest.approx(2 / 3, abs=0.01)
    assert observed[:, :50].mean() == pytest.approx(3 / 4, abs=0.02)  # they begin observed
    masked = ~observed[:, 50:]
    n_gaps = (masked[:, :-1] & ~masked[:, 1:]).sum()
    assert masked[:, :-1].sum() / n_gaps == pytest.approx(masking.MEAN_GAP, rel=0.03)
    before = rng.bit_generator.state
    assert masking.sample_mask(3, 20, 0.0, rng).all() and rng.bit_generator.state == before


def test_masked_frames_are_zero_and_the_others_as_they_were():
    y = np.random.default_rng(0).random((40, 60, 5), dtype=np.float32)
    y_input = masking.observation_mask(0.5)(y, np.random.default_rng(1))
    observed = y_input.any(-1)
    assert y_input.dtype == np.float32 and 0.3 < observed[:, 20:].mean() < 0.7
    np.testing.assert_array_equal(y_input[observed], y[observed])
    np.testing.assert_array_equal(
        observed, masking.sample_mask(40, 60, 0.5, np.random.default_rng(1))
    )


def test_input_noise_has_the_standard_deviation():
    y = np.random.default_rng(0).random((40, 60, 50), dtype=np.float32)
    noise = masking.input_noise(0.6)(y, np.random.default_rng(1)) - y
    assert noise.dtype == np.float32 and abs(noise.mean()) < 0.01
    assert noise.std() == pytest.approx(0.6, rel=0.02)


def test_an_open_loop_run_is_a_run_without_observations():
    """X2: the states are those of a video in which every frame is masked"""
    params = nonlinear(n_x=3)
    u0 = np.random.default_rng(0).standard_normal((5, 3))
    y = masking.generate_open_loop(params, u0, 6)
    states = autoencoder.forward(params, u0, np.zeros((5, 6, 4)))
    np.testing.assert_allclose(y, rvae.emission_mean(params, states))
    np.testing.assert_array_equal(masking.forecast_open_loop(params, u0), y[:, 0])
