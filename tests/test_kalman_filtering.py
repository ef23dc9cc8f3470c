"""The Kalman filter against conditioning the dense joint Gaussian; its numba twin; missing values; the circle."""
import numpy as np
import pytest
from scipy.stats import multivariate_normal

from kalman import filtering, lds
from tests.dense_gaussian import condition, joint, random_model, random_noise

N_Z, N_Y, N_TRAJ, T = 3, 2, 2, 6


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    model = random_model(N_Z, N_Y, rng)
    R = random_noise((N_TRAJ, T), N_Y, rng)
    return model, rng.standard_normal((N_TRAJ, T, N_Y)), R


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("missing", [False, True])
def test_filter_is_the_conditional_of_the_dense_gaussian(case, compiled, missing):
    model, y, R = case
    if missing:
        y[0, 2, 1] = y[1, 0] = y[1, 5, 0] = np.nan              # one component, a whole first step, another component
    filtered = filtering.kalman_filter(model, y, R, compiled=compiled)
    for i in range(N_TRAJ):
        for t in range(T):
            mean, cov = condition(model, y[i], R[i], t, until=t + 1)
            np.testing.assert_allclose(filtered.mean[i, t], mean, atol=1e-10)
            np.testing.assert_allclose(filtered.cov[i, t], cov, atol=1e-10)
            mean, cov = condition(model, y[i], R[i], t, until=t)
            np.testing.assert_allclose(filtered.predicted_mean[i, t], mean, atol=1e-10)
            np.testing.assert_allclose(filtered.predicted_cov[i, t], cov, atol=1e-10)
        _, _, y_mean, y_cov = joint(model, R[i])
        there = ~np.isnan(y[i].ravel())
        dense = multivariate_normal(y_mean[there], y_cov[np.ix_(there, there)]).logpdf(y[i].ravel()[there])
        np.testing.assert_allclose(filtered.log_likelihood[i], dense, atol=1e-10)


def test_twins_are_equal(case):
    model, y, R = case
    y[0, 3] = np.nan
    period = [1.5, np.inf]
    numpy_twin = filtering.kalman_filter(model, y, R, period=period, compiled=False)
    for a, b in zip(numpy_twin, filtering.kalman_filter(model, y, R, period=period)):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_covariances_are_symmetric_and_positive_when_badly_scaled():
    model = lds.LDS(A=[[1, 1e-3], [0, 1]], C=[[1, 0]], Sigma_z=np.diag([1e-14, 1e-10]), mu_0=[0, 0],
                    Sigma_0=np.diag([1e8, 1e6]))
    filtered = filtering.kalman_filter(model, np.zeros((1, 2000, 1)), [[1e-8]])
    np.testing.assert_array_equal(filtered.cov, np.swapaxes(filtered.cov, -1, -2))
    assert (np.linalg.eigvalsh(filtered.cov) > 0).all()


def test_one_noise_for_all_steps_or_one_each(case):
    model, y, _ = case
    one = np.diag([0.5, 2.0])
    a = filtering.kalman_filter(model, y, one)
    b = filtering.kalman_filter(model, y, np.broadcast_to(one, (N_TRAJ, T, N_Y, N_Y)))
    np.testing.assert_array_equal(a.mean, b.mean)


def test_nothing_observed_leaves_the_prediction(case):
    model, y, R = case
    filtered = filtering.kalman_filter(model, np.full_like(y, np.nan), np.full_like(R, np.nan))
    np.testing.assert_array_equal(filtered.mean, filtered.predicted_mean)
    np.testing.assert_array_equal(filtered.log_likelihood, 0)


def test_innovation_takes_the_short_way():
    e = filtering.innovation(np.array([0.9, 5.0]), np.array([-0.9, -5.0]), np.array([2.0, np.inf]))
    np.testing.assert_allclose(e, [-0.2, 10.0])


@pytest.mark.parametrize("compiled", [False, True])
def test_circle_and_line_agree_but_for_whole_turns(compiled):
    """A walk that goes round the circle: the filter that sees it wrapped follows the one that sees it unrolled."""
    rng = np.random.default_rng(0)
    model = lds.LDS(A=[[1.0]], C=[[1.0]], Sigma_z=[[0.01]], mu_0=[0.0], Sigma_0=[[0.01]])
    y = (np.linspace(0, 7, 200) + 0.05 * rng.standard_normal(200)).reshape(1, 200, 1)
    wrapped = (y + 1) % 2 - 1
    line = filtering.kalman_filter(model, y, [[0.0025]], compiled=compiled)
    circle = filtering.kalman_filter(model, wrapped, [[0.0025]], period=[2.0], compiled=compiled)
    assert np.abs(y - wrapped).max() > 5
    np.testing.assert_allclose(circle.mean, line.mean, atol=1e-12)
    np.testing.assert_allclose(circle.log_likelihood, line.log_likelihood, atol=1e-9)


def test_calibration():
    """The true state's Mahalanobis distance from the estimate has mean n_z: the covariances mean what they say."""
    rng = np.random.default_rng(0)
    model = random_model(N_Z, N_Y, rng)
    R = np.diag([0.3, 0.8])
    z, y = lds.simulate(model, 400, 50, R, rng)
    filtered = filtering.kalman_filter(model, y, R)
    off = z - filtered.mean
    distance = np.einsum("nti,ntij,ntj->nt", off, np.linalg.inv(filtered.cov), off)[:, -1]
    np.testing.assert_allclose(distance.mean(), N_Z, atol=5 * np.sqrt(2 * N_Z / 400))


@pytest.mark.parametrize("change, name", [
    (dict(y=np.zeros((T, N_Y))), "y"), (dict(y=np.zeros((N_TRAJ, T, N_Y + 1))), "y"),
    (dict(y=np.zeros((0, T, N_Y))), "y"), (dict(y=np.zeros((N_TRAJ, 0, N_Y))), "y"),
    (dict(y=np.full((N_TRAJ, T, N_Y), np.inf)), "y"), (dict(R=np.eye(3)), "R"), (dict(R=1.0), "R"),
    (dict(R=[[1.0, 0.5], [0.2, 1.0]]), "R"), (dict(R=-np.eye(2)), "R"), (dict(R=np.zeros((2, 2))), "R"),
    (dict(R=np.full((2, 2), np.nan)), "R"), (dict(period=[1.0]), "period"), (dict(period=[0.0, 1.0]), "period"),
    (dict(period=[np.nan, 1.0]), "period")])
def test_bad_input_is_named(case, change, name):
    model, y, R = case
    arguments = {"y": y, "R": R, "period": None} | change
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        filtering.kalman_filter(model, arguments["y"], arguments["R"], period=arguments["period"])


@pytest.mark.parametrize("field, value", [
    ("A", np.eye(3)), ("A", np.zeros((2, 3))), ("A", [[1, np.nan], [0, 1]]), ("C", np.zeros((1, 3))), ("C", np.zeros(2)),
    ("Sigma_z", [[1, 0.5], [0, 1]]), ("Sigma_z", -np.eye(2)), ("mu_0", np.zeros(3)), ("Sigma_0", -np.eye(2)),
    ("Sigma_0", np.eye(3))])
def test_bad_models_are_named(field, value):
    good = dict(A=np.eye(2), C=np.ones((1, 2)), Sigma_z=np.eye(2), mu_0=np.zeros(2), Sigma_0=np.eye(2))
    with pytest.raises((ValueError, TypeError), match="wanted .* got") as error:
        lds.LDS(**(good | {field: value}))
    assert field in str(error.value) or field == "A"        # a wrong A shows first in what no longer fits it
