"""Samplers of the next frame: against quadrature, and each other."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, rvae
from rvae_numpy.extensions import samplers
from tests.test_rvae_inference import nonlinear


@pytest.mark.parametrize("sampler, tolerance", [("importance", 0.02), ("langevin", 0.05)])
def test_samples_have_the_mean_and_the_variance_of_x_given_u(sampler, tolerance, monkeypatch):
    """One latent, mu_u nonlinear: by quadrature. The decoder is replaced by the identity."""
    params = nonlinear()
    monkeypatch.setattr(samplers, "emission", lambda params, x: x)
    monkeypatch.setattr(samplers, "N_DRAWS", 200)
    monkeypatch.setattr(samplers, "N_LANGEVIN_STEPS", 200)
    monkeypatch.setattr(samplers, "STEP_SIZE", 0.05)
    grid = np.linspace(-6, 6, 4001)[:, None]
    n = 4000
    for u in (-0.8, 0.3, 1.1):
        log_p = -samplers.energy(params, np.full((len(grid), 1), u), grid)
        p = np.exp(log_p - log_p.max())
        p /= p.sum()
        mean = p @ grid[:, 0]
        sd = np.sqrt(p @ (grid[:, 0] - mean) ** 2)
        sample = samplers.SAMPLERS[sampler]
        x = sample(params, np.full((n, 1), u), np.random.default_rng(0))[:, 0]
        assert abs(x.mean() - mean) < (tolerance + 3 / np.sqrt(n)) * max(sd, 0.1)
        assert abs(x.std() / sd - 1) < 0.1


@pytest.mark.parametrize("sampler", samplers.SAMPLERS)
@pytest.mark.parametrize("n_refine", [0, 1])
@pytest.mark.parametrize("family", ["normal", "poisson"])
def test_every_sampler_generates_means_of_the_family(sampler, n_refine, family):
    params = nonlinear(n_x=3, dtype=np.float32, family=family)
    u0 = np.random.default_rng(0).standard_normal((2, 3))

    def generate(u0, T, seed):
        return rvae.generate(
            params,
            u0,
            T,
            np.random.default_rng(seed),
            sampler=samplers.refined(samplers.SAMPLERS[sampler], n_refine),
            sample_y=False,
        )

    y = generate(u0, 7, 4)
    assert y.shape == (2, 7, 4) and y.dtype == np.float32 and y.min() >= 0
    assert family == "poisson" or y.max() <= 1
    assert np.array_equal(y, generate(u0, 7, 4))
    if sampler == "map":  # the state has observed y: a run continues from there
        u_3 = autoencoder.forward(params, u0.astype(np.float32), y[:, :3])[:, -1]
        np.testing.assert_allclose(generate(u_3, 4, 0), y[:, 3:], atol=1e-4)


def test_a_refined_frame_is_recognised_and_emitted_again():
    params, u = nonlinear(n_x=3), np.random.default_rng(0).standard_normal((5, 3))
    y = samplers.mode(params, u)
    for n_refine in range(3):
        refined = samplers.refined(samplers.mode, n_refine)(params, u, None)
        np.testing.assert_array_equal(refined, y)
        y = autoencoder.emission(params, autoencoder.recognise(params, u, y)[0])


def test_laplace_is_what_generate_does_by_itself():
    params, u0 = nonlinear(n_x=3), np.random.default_rng(0).standard_normal((2, 3))
    runs = [
        rvae.generate(params, u0, 4, np.random.default_rng(1), **settings)
        for settings in ({}, {"sampler": samplers.laplace})
    ]
    np.testing.assert_array_equal(*runs)


def test_the_reranked_frame_is_the_most_probable_candidate(monkeypatch):
    params = nonlinear(n_x=3)
    u = np.random.default_rng(0).standard_normal((20, 3))

    def frame(sampler):
        return samplers.SAMPLERS[sampler](params, u, np.random.default_rng(1))

    energies = {
        sampler: samplers.joint_energy(params, u, frame(sampler))
        for sampler in ("rerank", "map", "laplace")
    }
    assert (energies["rerank"] <= energies["map"] + 1e-9).all()
    assert (energies["rerank"] <= energies["laplace"] + 1e-9).all()
    monkeypatch.setattr(samplers, "N_CANDIDATES", 0)
    y = frame("map")
    np.testing.assert_array_equal(frame("rerank"), y)
    # the energy is P7 + P8 + P9 at the recognised x
    x = autoencoder.recognise(params, u, y)[0]
    by_hand = (
        np.sum(x**2, 1) / 2
        + np.sum((u - autoencoder.mu_u(params, x)) ** 2, 1) / (2 * 0.3**2)
        + np.sum((y - autoencoder.emission(params, x)) ** 2, 1) / (2 * 0.2**2)
    )
    difference = samplers.joint_energy(params, u, y) - by_hand
    np.testing.assert_allclose(np.ptp(difference), 0, atol=1e-9)
