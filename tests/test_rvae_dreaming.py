"""x given u where mu_u bends, and the ways of dreaming: against quadrature, a linear model's exact answer, and each other."""
import numpy as np
import pytest

from rvae_numpy import autoencoder, dreaming, mlp, rvae, vae


def bent(n_x=1, n_y=4, sigma_u=0.3, seed=0, dtype=np.float64, blinks=0.0):
    rng = np.random.default_rng(seed)
    params = rvae.init(n_y, n_x, (5,), "normal", rng, dtype, sigma_u=sigma_u, sigma_y=0.2, pixels=True, bend=6, blinks=blinks)
    params.bend_u[0].W += rng.standard_normal(params.bend_u[0].W.shape).astype(dtype)
    params.bend_u[-1].W += (0.4 * rng.standard_normal(params.bend_u[-1].W.shape)).astype(dtype)
    return params


@pytest.mark.parametrize("activation", ["tanh", "softplus"])
def test_jacobian_against_central_differences(activation):
    rng = np.random.default_rng(0)
    linear, layers = mlp.init((3, 2), rng, np.float64)[0], mlp.init((3, 5, 4, 2), rng, np.float64)
    f, x, h = mlp.ACTIVATIONS[activation], rng.standard_normal((6, 3)), 1e-6
    J = mlp.jacobian_skip(linear, layers, x, f)
    for i, way in enumerate(h * np.eye(3)):
        slope = (mlp.forward_skip(linear, layers, x + way, f)[0] - mlp.forward_skip(linear, layers, x - way, f)[0]) / (2 * h)
        np.testing.assert_allclose(J[:, :, i], slope, atol=1e-8)
    np.testing.assert_array_equal(mlp.jacobian_skip(linear, [], x, f)[2], linear.W)


def test_the_mode_of_x_is_a_minimum_of_the_energy():
    params = bent(n_x=3)
    u = np.random.default_rng(1).standard_normal((50, 3))
    x, S = autoencoder.mode_of_x(params, u)
    at_mode = dreaming.energy(params, u, x)
    for way in np.concatenate([np.eye(3), -np.eye(3)]):
        assert (dreaming.energy(params, u, x + 1e-3 * way) > at_mode - 1e-9).all()
    assert np.linalg.eigvalsh(S).min() > 0


def test_where_mu_u_is_linear_the_mode_is_the_mean_and_one_step_finds_it():
    params = rvae.init(4, 2, 5, "normal", np.random.default_rng(0), np.float64, sigma_u=0.4)
    params.decode_u.W += 0.3 * np.random.default_rng(1).standard_normal((2, 2))
    u = np.random.default_rng(2).standard_normal((5, 2))
    x, S = autoencoder.mode_of_x(params, u)
    W = params.decode_u.W
    np.testing.assert_allclose(S[0], np.linalg.inv(np.eye(2) + W.T @ W / 0.4**2))
    np.testing.assert_allclose(x, (u - params.decode_u.b) @ W @ S[0] / 0.4**2)


@pytest.mark.parametrize("scheme, tolerance", [("weigh", 0.02), ("langevin", 0.05)])
def test_samples_of_x_have_the_mean_and_the_variance_of_p_x_given_u(scheme, tolerance, monkeypatch):
    """One latent, mu_u bent: by quadrature. The decoder is replaced by the identity, so that x itself comes out."""
    params = bent()
    monkeypatch.setattr(autoencoder, "emission", lambda params, x: x)
    monkeypatch.setattr(dreaming, "N_DRAWS", 200)
    monkeypatch.setattr(dreaming, "LANGEVIN_STEPS", 200)
    monkeypatch.setattr(dreaming, "H", 0.05)
    grid = np.linspace(-6, 6, 4001)[:, None]
    n = 4000
    for u in (-0.8, 0.3, 1.1):
        log_p = -dreaming.energy(params, np.full((len(grid), 1), u), grid)
        p = np.exp(log_p - log_p.max())
        p /= p.sum()
        mean = p @ grid[:, 0]
        deviation = np.sqrt(p @ (grid[:, 0] - mean) ** 2)
        x = dreaming.SCHEMES[scheme](params, np.full((n, 1), u), np.random.default_rng(0))[:, 0]
        assert abs(x.mean() - mean) < (tolerance + 3 / np.sqrt(n)) * max(deviation, 0.1)
        assert abs(x.std() / deviation - 1) < 0.1


@pytest.mark.parametrize("scheme", dreaming.SCHEMES)
@pytest.mark.parametrize("clean_up", [0, 1])
def test_dreams_are_films(scheme, clean_up):
    params = bent(n_x=3, dtype=np.float32, blinks=0.3)
    u0 = np.random.default_rng(0).standard_normal((2, 3))
    film, again = (dreaming.dream(params, u0, 7, np.random.default_rng(4), scheme, clean_up) for _ in range(2))
    assert film.shape == (2, 7, 4) and film.dtype == np.float32 and film.min() >= 0 and film.max() <= 1
    assert np.array_equal(film, again)
    # what was dreamt is what the state has seen: going on from there is going on
    u_3 = autoencoder.forward(params, u0.astype(np.float32), film[:, :3])[:, -1]
    if scheme == "mode":
        np.testing.assert_allclose(dreaming.dream(params, u_3, 4, np.random.default_rng(0), scheme, clean_up), film[:, 3:],
                                   atol=1e-4)


def test_with_its_eyes_shut_it_goes_by_what_it_expects():
    """D54: the states are those of a film of which nothing is shown; others see what they have dreamt"""
    params = bent(n_x=3, blinks=0.3)
    u0 = np.random.default_rng(0).standard_normal((5, 3))
    film = dreaming.dream(params, u0, 6, np.random.default_rng(0))
    states = autoencoder.forward(params, u0, np.zeros((5, 6, 4)))
    np.testing.assert_allclose(film, rvae.emission_mean(params, states))
    np.testing.assert_array_equal(dreaming.forecast(params, u0), film[:, 0])
    waking = bent(n_x=3)
    np.testing.assert_array_equal(dreaming.forecast(waking, u0), dreaming.mode(waking, u0, None))
    np.testing.assert_array_equal(dreaming.dream(waking, u0, 6, np.random.default_rng(0)),
                                  dreaming.dream(params, u0, 6, np.random.default_rng(0), "choose"))


def test_the_chosen_frame_is_the_most_probable_of_the_candidates(monkeypatch):
    params = bent(n_x=3)
    u = np.random.default_rng(0).standard_normal((20, 3))
    energies = [dreaming.joint_energy(params, u, dreaming.SCHEMES[scheme](params, u, np.random.default_rng(1)))
                for scheme in ("choose", "mode", "draw")]
    assert (energies[0] <= energies[1] + 1e-9).all() and (energies[0] <= energies[2] + 1e-9).all()
    monkeypatch.setattr(dreaming, "N_CANDIDATES", 0)
    np.testing.assert_array_equal(dreaming.choose(params, u, None), dreaming.mode(params, u, None))
    # the energy is P7 + P8 + P9 at the recognised x
    y = dreaming.mode(params, u, None)
    x = autoencoder.recognise(params, u, y)[0]
    by_hand = (0.5 * np.sum(x**2, 1) + np.sum((u - autoencoder.mu_u(params, x)) ** 2, 1) / (2 * 0.3**2)
               + np.sum((y - autoencoder.emission(params, x)) ** 2, 1) / (2 * 0.2**2))
    np.testing.assert_allclose(np.ptp(dreaming.joint_energy(params, u, y) - by_hand), 0, atol=1e-9)


@pytest.mark.parametrize("change, name", [
    (dict(scheme="gibbs"), "scheme"), (dict(scheme="blind"), "scheme"), (dict(clean_up=-1), "clean_up"), (dict(T=0), "T"), (dict(rng=0), "rng"),
    (dict(u0=np.zeros((2, 2))), "u0"), (dict(u0=np.full((2, 3), np.nan)), "u0"),
    (dict(params=vae.init(4, 3, 5, "normal", np.random.default_rng(0))), "params"),
    (dict(params=rvae.init(4, 3, 5, "poisson", np.random.default_rng(0))), "params")])
def test_bad_input_is_named(change, name):
    good = dict(params=bent(n_x=3), u0=np.zeros((2, 3)), T=3, rng=np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        dreaming.dream(**(good | change))
