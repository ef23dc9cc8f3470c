"""Free runs forward and backward: against linear theory, and step by step."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, generation, inference, rvae, tvae, vae
from rvae_numpy.extensions import backward, masking
from tests.test_rvae_inference import nonlinear
from tests.tiny import autoencoder_of

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("model, family", [(rvae, "normal"), (rvae, "poisson"), (tvae, "normal")])
def test_each_step_is_emitted_from_x_given_u_and_then_observed(model, family):
    """And counts are sampled, means are not, unless this is asked for"""
    rng = np.random.default_rng(0)
    params = model.init(n_y=4, n_x=3, hidden=5, family=family, rng=rng, dtype=np.float64)
    u = u0 = rng.standard_normal((2, 3))
    y = model.generate(params, u0, 5, np.random.default_rng(1), sample_y=family == "poisson")
    rng = np.random.default_rng(1)
    for t in range(5):
        mean = autoencoder.emission(params, inference.sampler_x_given_u(params, u)(rng))
        expected = rng.poisson(mean) if family == "poisson" else mean
        np.testing.assert_allclose(y[:, t], expected, atol=1e-12)
        u = autoencoder.recognise(params, u, y[:, t])[0]
    np.testing.assert_array_equal(model.generate(params, u0, 5, np.random.default_rng(1)), y)


@pytest.mark.parametrize("family", ["normal", "poisson"])
def test_samples_of_y_have_the_familys_mean_and_variance(family):
    """And the model can observe them"""
    rng = np.random.default_rng(0)
    params = vae.init(n_y=3, n_x=2, hidden=5, family=family, rng=rng, dtype=np.float64, sigma_y=0.5)
    for layer in params.decode_y:
        layer.W[:] = 0
    params.decode_y[-1].b[:] = [0.3, 0.5, 1.0]
    y = vae.generate(params, np.zeros((20_000, 2)), 1, rng, sample_y=True)
    vae.infer(params, y)
    mean = np.exp([0.3, 0.5, 1.0]) if family == "poisson" else np.array([0.3, 0.5, 1.0])
    np.testing.assert_allclose(y.mean((0, 1)), mean, atol=0.05)
    np.testing.assert_allclose(y.var((0, 1)), mean if family == "poisson" else 0.25, rtol=0.05)


def test_samples_of_brightness_stay_in_its_range():
    params = nonlinear(n_x=3)
    y = rvae.generate(params, np.zeros((50, 3)), 6, np.random.default_rng(0), sample_y=True)
    assert y.min() == 0 and y.max() == 1
    rvae.infer(params, y)


# Backward in time


def linear():
    """An rVAE with linear mu_u and (in effect) linear mu_y, and their matrices"""
    rng = np.random.default_rng(3)
    params = autoencoder_of(hidden=(6,), rng=rng, dtype=np.float64, activation="relu", sigma_u=0.3)
    A, b = 0.6 * rng.standard_normal((2, 2)), np.array([0.2, -0.1])
    C, d = rng.standard_normal((3, 2)), np.array([0.1, 0.2, 0.3])
    params.decode_u.W[:], params.decode_u.b[:] = A, b
    hidden, out = params.decode_y
    hidden.W[:], hidden.b[:] = 0, 100  # the relus never cut anything off
    hidden.W[:2], out.W[:] = np.eye(2), 0
    out.W[:, :2], out.b[:] = C, d - 100 * C.sum(1)
    return params, A, b, C, d


def test_one_backward_step_has_the_mean_and_covariance_of_the_generative_model():
    """y_t = C x_t + d;  y_{t-1} = C u_{t-1} + d with u_{t-1} ~ N(A x_t + b, sigma_u^2 I)"""
    params, A, b, C, d = linear()
    x, n = np.array([0.7, -1.2]), 100_000
    y = rvae.generate_backward(params, np.tile(x, (n, 1)), 2, np.random.default_rng(0), sample_u=1)
    np.testing.assert_allclose(y[:, 0], np.tile(C @ x + d, (n, 1)))
    np.testing.assert_allclose(y[:, 1].mean(0), C @ (A @ x + b) + d, atol=0.01)
    np.testing.assert_allclose(np.cov(y[:, 1].T), 0.3**2 * C @ C.T, atol=0.01)


def test_backward_means_are_the_decoded_means_step_after_step():
    params, A, b, C, d = linear()
    x = np.random.default_rng(1).standard_normal((4, 2))
    y = rvae.generate_backward(params, x, 6, np.random.default_rng(0))
    for t in range(6):
        np.testing.assert_allclose(y[:, t], x @ C.T + d)
        x = x @ A.T + b


def test_u_is_sampled_with_the_given_probability():
    params, _, _, _, _ = linear()
    x = np.zeros((5000, 2))
    mean, half = (
        rvae.generate_backward(params, x, 2, np.random.default_rng(0), sample_u=p)
        for p in (0.0, 0.3)
    )
    assert abs((half[:, 1] != mean[:, 1]).any(-1).mean() - 0.3) < 0.03


def test_a_sampler_or_refinement_of_another_shape_is_named():
    params, u = nonlinear(n_x=3, dtype=np.float32), np.zeros((2, 3))
    with pytest.raises((ValueError, TypeError), match=r"^sampler: expected .* got"):
        generation.generate(params, u, 3, RNG, sampler=lambda params, u, rng: u[:, :2])
    with pytest.raises((ValueError, TypeError), match=r"^u0: expected .* got"):
        generation.generate(params, np.full((2, 3), 1e300), 3, RNG)
    with pytest.raises(ValueError, match=r"^refine: expected a function that returns shape"):
        generation.generate_backward(params, u, 3, RNG, refine=lambda params, x: x[:, :1])


def test_a_sampler_may_return_a_list():
    params, u = nonlinear(n_x=3, dtype=np.float32), np.zeros((2, 3), np.float32)
    one = lambda params, u, rng: np.zeros((2, params.n_y), np.float32)
    runs = [
        generation.generate(params, u, 3, np.random.default_rng(0), sampler=sampler, sample_y=True)
        for sampler in (one, lambda *given: one(*given).astype(int).tolist())
    ]
    np.testing.assert_array_equal(*runs)


@pytest.mark.parametrize("model, kind", [(vae, "without a state"), (tvae, "conditional on u")])
def test_what_needs_the_joint_says_so(model, kind):
    params, u = autoencoder_of(model, n_y=4, n_x=3), np.zeros((2, 3))
    for call in (
        lambda: generation.generate_backward(params, u, 3, RNG),
        lambda: masking.forecast_open_loop(params, u),
        lambda: masking.generate_open_loop(params, u, 3),
        lambda: backward.calibrate_backward(params, u[:, None]),
    ):
        with pytest.raises(ValueError, match=rf"^params: expected a model of the joint .*{kind}"):
            call()


def test_too_many_spikes_are_refused():
    params = autoencoder_of(n_y=4, n_x=3, hidden=(5,), family="poisson", n_residual=2)
    params.decode_y[-1].b[:] = 30
    with pytest.raises(FloatingPointError, match="params: expected weights"):
        rvae.generate(params, np.zeros((1, 3)), 2, np.random.default_rng(0))
    assert inference.infer_u0(params, np.ones((1, 4))).shape == (1, 3)
