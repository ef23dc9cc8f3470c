"""Free runs forward and backward: against quadrature, linear theory, and each other."""

import numpy as np
import pytest

from rvae_numpy import autoencoder, generation, inference, rvae, tvae, vae
from tests.test_rvae_inference import nonlinear


@pytest.mark.parametrize("sampler, tolerance", [("importance", 0.02), ("langevin", 0.05)])
def test_samples_have_the_mean_and_the_variance_of_x_given_u(sampler, tolerance, monkeypatch):
    """One latent, mu_u nonlinear: by quadrature. The decoder is replaced by the identity."""
    params = nonlinear()
    monkeypatch.setattr(generation, "emission", lambda params, x: x)
    monkeypatch.setattr(generation, "N_DRAWS", 200)
    monkeypatch.setattr(generation, "N_LANGEVIN_STEPS", 200)
    monkeypatch.setattr(generation, "STEP_SIZE", 0.05)
    grid = np.linspace(-6, 6, 4001)[:, None]
    n = 4000
    for u in (-0.8, 0.3, 1.1):
        log_p = -generation.energy(params, np.full((len(grid), 1), u), grid)
        p = np.exp(log_p - log_p.max())
        p /= p.sum()
        mean = p @ grid[:, 0]
        sd = np.sqrt(p @ (grid[:, 0] - mean) ** 2)
        sample = generation.SAMPLERS[sampler]
        x = sample(params, np.full((n, 1), u), np.random.default_rng(0))[:, 0]
        assert abs(x.mean() - mean) < (tolerance + 3 / np.sqrt(n)) * max(sd, 0.1)
        assert abs(x.std() / sd - 1) < 0.1


@pytest.mark.parametrize("sampler", generation.SAMPLERS)
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
            sampler=sampler,
            n_refine=n_refine,
            sample_y=False,
        )

    y = generate(u0, 7, 4)
    assert y.shape == (2, 7, 4) and y.dtype == np.float32 and y.min() >= 0
    assert family == "poisson" or y.max() <= 1
    assert np.array_equal(y, generate(u0, 7, 4))
    if sampler == "map":  # the state has observed y: a run continues from there
        u_3 = autoencoder.forward(params, u0.astype(np.float32), y[:, :3])[:, -1]
        np.testing.assert_allclose(generate(u_3, 4, 0), y[:, 3:], atol=1e-4)


def test_the_defaults():
    """Joint models of means: rerank; counts and conditional models: samples of x, and counts"""
    u0 = np.random.default_rng(0).standard_normal((2, 3))
    conditional = tvae.init(n_y=4, n_x=3, hidden=5, family="normal", rng=np.random.default_rng(0))
    for params, chosen in (
        (nonlinear(n_x=3), dict(sampler="rerank", sample_y=False)),
        (nonlinear(n_x=3, family="poisson"), dict(sampler="laplace", sample_y=True)),
        (conditional, dict(sampler="laplace", sample_y=False)),
    ):
        default, same = (
            rvae.generate(params, u0, 5, np.random.default_rng(1), **settings)
            for settings in ({}, chosen)
        )
        np.testing.assert_array_equal(default, same)


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
    y = rvae.generate(params, np.zeros((5, 3)), 6, np.random.default_rng(0), sample_y=True)
    assert y.min() == 0 and y.max() == 1
    rvae.infer(params, y)


def test_the_reranked_frame_is_the_most_probable_candidate(monkeypatch):
    params = nonlinear(n_x=3)
    u = np.random.default_rng(0).standard_normal((20, 3))

    def frame(sampler):
        return generation.SAMPLERS[sampler](params, u, np.random.default_rng(1))

    energies = {
        sampler: generation.joint_energy(params, u, frame(sampler))
        for sampler in ("rerank", "map", "laplace")
    }
    assert (energies["rerank"] <= energies["map"] + 1e-9).all()
    assert (energies["rerank"] <= energies["laplace"] + 1e-9).all()
    monkeypatch.setattr(generation, "N_CANDIDATES", 0)
    y = frame("map")
    np.testing.assert_array_equal(frame("rerank"), y)
    np.testing.assert_array_equal(generation.predict_map(params, u), y)
    # the energy is P7 + P8 + P9 at the recognised x
    x = autoencoder.recognise(params, u, y)[0]
    by_hand = (
        np.sum(x**2, 1) / 2
        + np.sum((u - autoencoder.mu_u(params, x)) ** 2, 1) / (2 * 0.3**2)
        + np.sum((y - autoencoder.emission(params, x)) ** 2, 1) / (2 * 0.2**2)
    )
    difference = generation.joint_energy(params, u, y) - by_hand
    np.testing.assert_allclose(np.ptp(difference), 0, atol=1e-9)


# Backward in time


def linear():
    """An rVAE with linear mu_u and (in effect) linear mu_y, and their matrices"""
    rng = np.random.default_rng(3)
    params = rvae.init(
        n_y=3,
        n_x=2,
        hidden=(6,),
        family="normal",
        rng=rng,
        dtype=np.float64,
        activation="relu",
        sigma_u=0.3,
    )
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


def test_refinement_recognises_x_from_what_it_gave():
    params = nonlinear(n_x=3)
    x = np.random.default_rng(0).standard_normal((4, 3))
    y = rvae.generate_backward(params, x, 3, np.random.default_rng(0), n_refine=2)
    for t in range(3):
        for _ in range(2):
            u, decoded = autoencoder.mu_u(params, x), autoencoder.emission(params, x)
            x = autoencoder.recognise(params, u, decoded)[0]
        np.testing.assert_allclose(y[:, t], autoencoder.emission(params, x))
        x = autoencoder.mu_u(params, x)


def test_calibration_undoes_a_linear_distortion_of_mu_u():
    """States that turn by a fixed angle, and a mu_u that shrinks and shifts them"""
    angle = 0.3
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    u = [np.random.default_rng(0).standard_normal((50, 2))]
    for _ in range(5):
        u.append(u[-1] @ turn.T)
    u = np.stack(u, axis=1)
    params, *_ = linear()
    params.decode_u.W[:], params.decode_u.b[:] = 0.7 * np.linalg.inv(turn), 0.4
    x = u[:, 3]
    for gain in (1.0, 1.2):
        calibrated = generation.calibrate_backward(params, u, gain)
        np.testing.assert_allclose(autoencoder.mu_u(calibrated, x), x + gain * (u[:, 2] - x))
    np.testing.assert_allclose(autoencoder.mu_u(params, x), 0.7 * u[:, 2] + 0.4)  # unchanged


def test_calibration_is_the_least_squares_fit_where_mu_u_is_nonlinear():
    params = nonlinear(n_x=3)
    u = np.random.default_rng(1).standard_normal((30, 4, 3))
    before, after = u[:, :-1].reshape(-1, 3), u[:, 1:].reshape(-1, 3)
    mean = np.column_stack([autoencoder.mu_u(params, after), np.ones(len(after))])
    fit = mean @ np.linalg.lstsq(mean, before, rcond=None)[0]
    calibrated = generation.calibrate_backward(params, u, gain=1.3)
    np.testing.assert_allclose(autoencoder.mu_u(calibrated, after), after + 1.3 * (fit - after))


@pytest.mark.parametrize(
    "change, name",
    [
        (dict(sampler="open_loop"), "sampler"),
        (dict(sampler=3), "sampler"),
        (dict(n_refine=-1), "n_refine"),
        (dict(T=0), "T"),
        (dict(rng=0), "rng"),
        (dict(sample_y="no"), "sample_y"),
        (dict(u0=np.zeros((2, 2))), "u0"),
        (dict(u0=np.full((2, 3), np.nan)), "u0"),
        (dict(u0=np.full((2, 3), 1e300)), "u0"),
        (
            dict(
                params=vae.init(
                    n_y=4, n_x=3, hidden=5, family="normal", rng=np.random.default_rng(0)
                ),
                sampler="rerank",
            ),
            "sampler",
        ),
        (dict(params=None), "params"),
    ],
)
def test_bad_input_is_named(change, name):
    good = dict(
        params=nonlinear(n_x=3, dtype=np.float32),
        u0=np.zeros((2, 3)),
        T=3,
        rng=np.random.default_rng(0),
    )
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: expected .* got"):
        generation.generate(**(good | change))


@pytest.mark.parametrize(
    "change, error",
    [
        (dict(T=0), "T: expected an integer of at least 1"),
        (dict(x_T=np.zeros((2, 2))), r"x_T: expected shape \(n_traj, 3\), got \(2, 2\)"),
        (dict(x_T=np.zeros((2, 1, 3))), "x_T: expected shape"),
        (dict(rng=0), "rng: expected"),
        (dict(sample_u=1.1), "sample_u: expected a number"),
        (dict(n_refine=-1), "n_refine: expected"),
        (
            dict(
                params=vae.init(
                    n_y=4, n_x=3, hidden=5, family="normal", rng=np.random.default_rng(0)
                )
            ),
            r"params: expected a model of the joint p\(u, y\).* got one without a state",
        ),
        (
            dict(
                params=tvae.init(
                    n_y=4, n_x=3, hidden=5, family="normal", rng=np.random.default_rng(0)
                )
            ),
            r"params: expected a model of the joint p\(u, y\).* got one that is conditional on u",
        ),
    ],
)
def test_bad_input_backward(change, error):
    good = dict(params=nonlinear(n_x=3), x_T=np.zeros((2, 3)), T=3, rng=np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=error):
        generation.generate_backward(**(good | change))


@pytest.mark.parametrize(
    "change, error",
    [
        (dict(u=np.zeros((2, 1, 3))), "u: expected at least 2 time steps, got 1"),
        (dict(u=np.zeros((2, 3))), "u: expected shape"),
        (dict(gain=0), "gain: expected a number"),
        (
            dict(
                params=tvae.init(
                    n_y=4, n_x=3, hidden=5, family="normal", rng=np.random.default_rng(0)
                )
            ),
            "params: expected",
        ),
    ],
)
def test_bad_input_of_the_calibration(change, error):
    good = dict(params=nonlinear(n_x=3), u=np.zeros((2, 4, 3)))
    with pytest.raises((ValueError, TypeError), match=error):
        generation.calibrate_backward(**(good | change))


def test_too_many_spikes_are_refused():
    params = rvae.init(
        n_y=4, n_x=3, hidden=(5,), family="poisson", rng=np.random.default_rng(0), n_residual=2
    )
    params.decode_y[-1].b[:] = 30
    with pytest.raises(ValueError, match=r"u0: expected states from which at most 1e.09 spikes"):
        rvae.generate(params, np.zeros((1, 3)), 2, np.random.default_rng(0))
    assert inference.infer_u0(params, np.ones((1, 4))).shape == (1, 3)
