"""The Kalman filter against conditioning the dense joint Gaussian; missing values; the circle."""

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
        # one component, a whole first step, another component
        y[0, 2, 1] = y[1, 0] = y[1, 5, 0] = np.nan
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
        normal = multivariate_normal(y_mean[there], y_cov[np.ix_(there, there)])
        dense = normal.logpdf(y[i].ravel()[there])
        np.testing.assert_allclose(filtered.log_likelihood[i], dense, atol=1e-10)


def test_the_counterparts_are_equal(case):
    model, y, R = case
    y[0, 3] = np.nan
    period = [1.5, np.inf]
    plain = filtering.kalman_filter(model, y, R, period=period, compiled=False)
    compiled = filtering.kalman_filter(model, y, R, period=period)
    for a, b in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13)


def test_covariances_are_symmetric_and_positive_when_badly_scaled():
    model = lds.LDS(
        A=[[1, 1e-3], [0, 1]],
        C=[[1, 0]],
        Sigma_z=np.diag([1e-14, 1e-10]),
        mu_0=[0, 0],
        Sigma_0=np.diag([1e8, 1e6]),
    )
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


def test_the_innovation_is_wrapped():
    e = filtering._innovation(np.array([0.9, 5.0]), np.array([-0.9, -5.0]), np.array([2.0, np.inf]))
    np.testing.assert_allclose(e, [-0.2, 10.0])


@pytest.mark.parametrize("compiled", [False, True])
def test_circle_and_line_agree_up_to_whole_turns(compiled):
    """A walk around the circle: the same estimates from wrapped and from unrolled observations."""
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
    """The covariances are right: the squared Mahalanobis distance of the state has mean n_z."""
    rng = np.random.default_rng(0)
    model = random_model(N_Z, N_Y, rng)
    R = np.diag([0.3, 0.8])
    z, y = lds.simulate(model, 400, 50, R, rng)
    filtered = filtering.kalman_filter(model, y, R)
    off = z - filtered.mean
    distance = np.einsum("nti,ntij,ntj->nt", off, np.linalg.inv(filtered.cov), off)[:, -1]
    np.testing.assert_allclose(distance.mean(), N_Z, atol=5 * np.sqrt(2 * N_Z / 400))


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("A, y", [(1.0, 1e200), (1e200, 1.0)])
def test_an_overflow_is_an_error(A, y, compiled):
    model = lds.LDS([[A]], [[1.0]], [[1.0]], [0.0], [[1.0]])
    with pytest.raises(ValueError, match=r"^model.*: expected .* got .*overflow"):
        filtering.kalman_filter(model, np.full((1, 5, 1), y), [[1.0]], compiled=compiled)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, ">f8", int])
def test_other_dtypes_are_the_same_numbers(dtype):
    model = lds.LDS(*(np.array(a, dtype) for a in ([[1]], [[1]], [[2]], [0], [[3]])))
    z, y = lds.simulate(model, 2, 3, np.array([[4]], dtype), np.random.default_rng(0))
    again = lds.simulate(
        lds.LDS([[1.0]], [[1.0]], [[2.0]], [0.0], [[3.0]]), 2, 3, [[4.0]], np.random.default_rng(0)
    )
    np.testing.assert_array_equal(z, again[0])
    np.testing.assert_array_equal(y, again[1])


UNSTABLE = lds.LDS([[2.0]], [[1.0]], [[1.0]], [0.0], [[1.0]])
GOOD = {
    filtering.kalman_filter: dict(model=random_model(2, 2, np.random.default_rng(0)), R=np.eye(2)),
    lds.LDS: dict(
        A=np.eye(2), C=np.ones((1, 2)), Sigma_z=np.eye(2), mu_0=[0, 0], Sigma_0=np.eye(2)
    ),
    lds.simulate: dict(model=UNSTABLE, n_traj=2, T=3, R=[[1.0]], rng=np.random.default_rng(0)),
}
GOOD[filtering.kalman_filter] |= dict(y=np.zeros((2, 6, 2)))


@pytest.mark.parametrize(
    "function, argument, value, name",
    [
        (filtering.kalman_filter, "y", np.zeros((0, 6, 2)), "y"),
        (filtering.kalman_filter, "y", np.zeros((2, 0, 2)), "y"),
        (filtering.kalman_filter, "R", 1.0, "R"),
        (filtering.kalman_filter, "R", [[1.0, 0.5], [0.2, 1.0]], "R"),
        (filtering.kalman_filter, "R", -np.eye(2), "R"),
        (filtering.kalman_filter, "R", np.zeros((2, 2)), "R"),
        (filtering.kalman_filter, "period", [1.0], "period"),
        (filtering.kalman_filter, "period", [0.0, 1.0], "period"),
        (lds.LDS, "A", np.eye(3), "C"),
        (lds.LDS, "A", np.zeros((2, 3)), "A"),
        (lds.LDS, "Sigma_z", -np.eye(2), "Sigma_z"),
        (lds.LDS, "Sigma_z", [[1, 0.5], [0, 1]], "Sigma_z"),
        (lds.LDS, "Sigma_0", np.eye(3), "Sigma_0"),
        (lds.simulate, "R", [[-1.0]], "R"),
        (lds.simulate, "R", np.eye(2), "R"),
        (lds.simulate, "T", 2000, "model"),
    ],
)
def test_bad_input_is_named(function, argument, value, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        function(**(GOOD[function] | {argument: value}))
