"""Harmoniums of data that are not near those of zero biases: counts of any size, silent neurons."""

import warnings

import numpy as np
import pytest

from refh_numpy import _saturation, efh, initial, refh, trbm
from tests.tiny import assert_equal


def tuned_counts(n_traj, T, n, mean, rng, silent=slice(0)):
    """Counts (n_traj, T, n) of neurons tuned to an angle that turns; some are silent"""
    angle = rng.uniform(0, 2 * np.pi, (n_traj, 1, 1)) + 0.1 * np.arange(T)[:, None]
    preferred = np.linspace(0, 2 * np.pi, n, endpoint=False)
    y = rng.poisson(mean / 0.3085 * np.exp(2 * np.cos(angle - preferred) - 2))
    y[..., silent] = 0
    return y


@pytest.mark.parametrize("model", [refh, efh])
@pytest.mark.parametrize("family", ["bernoulli", "mean-field bernoulli", "poisson", "normal"])
def test_hidden_units_at_one_half_have_the_mean_of_the_sample(family, model):
    """x = 1/2 for the mean of y, and y has that mean for x = 1/2."""
    rng = np.random.default_rng(0)
    y = rng.poisson(20.0, (6, 50, 4)) / {"poisson": 1, "normal": 5}.get(family, 60)
    settings = dict(n_x=7, n_y=4, family=family, dtype=np.float64)
    params = model.init(**settings, rng=np.random.default_rng(1), y=y)
    half = np.full((1, 1, 7), 0.5)
    if family in ("poisson", "normal"):
        np.testing.assert_allclose(params.W_y @ y.mean((0, 1)) + params.b_x, 0, atol=1e-12)
        np.testing.assert_allclose(model.emission_mean(params, half)[0, 0], y.mean((0, 1)))
    else:
        np.testing.assert_allclose(params.family.mean(params.b_y), y.mean((0, 1)))
    plain = model.init(**settings, rng=np.random.default_rng(1))
    np.testing.assert_array_equal(params.W_u, plain.W_u)
    if family != "poisson":
        np.testing.assert_array_equal(params.W_y, plain.W_y)


@pytest.mark.parametrize("mean", [0.5, 1, 3])
def test_the_input_of_each_hidden_unit_has_one_spread_whatever_the_counts(mean):
    rng = np.random.default_rng(0)
    y = rng.poisson(mean, (50, 40, 30))
    params = refh.init(n_x=200, n_y=30, family="poisson", rng=rng, y=y)
    spread = np.std(y @ params.W_y.T + params.b_x, axis=(0, 1))
    np.testing.assert_allclose(spread, initial.SPREAD, rtol=0.1)


def test_weights_of_large_counts_keep_a_size():
    y = np.random.default_rng(0).poisson(200, (50, 40, 30))
    params = refh.init(n_x=500, n_y=30, family="poisson", rng=np.random.default_rng(0), y=y)
    assert np.std(params.W_y) == pytest.approx(initial.LEAST, rel=0.1)


def test_units_start_with_the_changes_of_the_total_rate_that_the_data_have():
    """A unit that raises the total by D has b_x = -D, and all of them span the data's range."""
    rng = np.random.default_rng(0)
    rates = np.exp(rng.normal(3, 0.3, (50, 40, 1))) * np.ones(30)
    settings = dict(n_x=40, n_y=30, family="poisson", rng=rng, dtype=np.float64)
    params = refh.init(**settings, y=rng.poisson(rates))
    half = np.full(40, 0.5)
    eta = half @ params.W_y + params.b_y
    changes = [np.sum(np.exp(eta + w / 2) - np.exp(eta - w / 2)) for w in params.W_y]
    np.testing.assert_allclose(changes, -params.b_x, rtol=0.02, atol=0.1)
    raised = (params.b_x < 0).astype(float)
    ratio = np.exp(raised @ params.W_y + params.b_y).sum() / np.exp(eta).sum()
    assert np.log(ratio) == pytest.approx(2 * 0.3, rel=0.2)


def test_silent_neurons_and_constant_pixels_have_finite_biases():
    counts = np.ones((5, 10, 3), int)
    counts[..., 0] = 0
    params = refh.init(n_x=4, n_y=3, family="poisson", rng=np.random.default_rng(0), y=counts)
    mean = refh.emission_mean(params, np.full((1, 1, 4), 0.5))[0, 0]
    np.testing.assert_allclose(mean, [0.5 / 50, 1, 1], rtol=1e-5)
    pixels = np.zeros((5, 10, 2), bool)
    pixels[..., 1] = True
    params = efh.init(n_x=4, n_y=2, family="bernoulli", rng=np.random.default_rng(0), y=pixels)
    np.testing.assert_allclose(params.family.mean(params.b_y), [0.002, 0.998], rtol=1e-4)


@pytest.mark.parametrize("mean", [0, 0.02])
@pytest.mark.parametrize("n", [1, 30])
def test_rare_spikes_do_not_explode(n, mean):
    y = np.random.default_rng(0).poisson(mean, (20, 50, n))
    params = efh.init(n_x=240, n_y=n, family="poisson", rng=np.random.default_rng(0), y=y)
    params, log = efh.train(params, [y] * 10, np.random.default_rng(1), n_updates=500)
    assert log.value[-1] < 2.5 * mean + 1e-2


def test_a_sample_that_does_not_fit_is_refused():
    good = dict(n_x=4, n_y=3, rng=np.random.default_rng(0))
    for family, y in (
        ("poisson", np.zeros((5, 3))),
        ("poisson", np.zeros((5, 2, 4))),
        ("poisson", np.full((5, 2, 3), -1)),
        ("poisson", np.full((5, 2, 3), 0.5)),
        ("bernoulli", np.full((5, 2, 3), 1.5)),
        ("normal", np.full((5, 2, 3), np.nan)),
        ("normal", "y"),
    ):
        with pytest.raises((ValueError, TypeError), match=r"^y: expected .* got"):
            refh.init(**good, family=family, y=y)


@pytest.mark.parametrize("scale", [0.01, 300])
def test_normal_data_of_another_scale_are_refused_with_advice(scale):
    rng = np.random.default_rng(0)
    y = scale * rng.standard_normal((5, 20, 3))
    with pytest.raises(ValueError, match=r"^y: expected a standard deviation near 1.*divide"):
        refh.init(n_x=4, n_y=3, family="normal", rng=rng, y=y)
    params = refh.init(n_x=4, n_y=3, family="normal", rng=rng, y=5 + y / scale)
    np.testing.assert_allclose(params.b_y, 5, atol=0.5)


NONE = slice(0)
CASES = [(5, 0.5, NONE), (30, 0.5, NONE), (5, 5, NONE), (5, 50, slice(1)), (30, 20, NONE)]
CASES += [
    (30, 50, slice(3)),
    (30, 50, slice(6)),
    (100, 20, slice(20)),
    (100, 50, slice(0, None, 5)),
]


def error_and_units(model, n, mean, silent, rng, **start):
    """Error of the reconstruction relative to that of the true rates; share of units that vary"""
    batches = (tuned_counts(20, 100, n, mean, rng, silent) for _ in iter(int, 1))
    if start:  # y=True: from a batch
        start = {"y": next(batches)}
    params = model.init(n_x=50, n_y=n, family="poisson", rng=np.random.default_rng(0), **start)
    params, _ = model.train(params, batches, np.random.default_rng(1), n_updates=4000)
    y = tuned_counts(20, 300, n, mean, rng, silent)
    u = model.infer(params, y)
    error = np.mean((model.emission_mean(params, u) - y) ** 2) / y.mean()
    return error, np.mean(u.std((0, 1)) > 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("model", [efh, trbm, refh])
@pytest.mark.parametrize("n, mean, silent", CASES)
def test_counts_of_any_size_are_learnt_from_their_start(n, mean, silent, model):
    """Against the ideal error, the variance of the counts given the true rates: their mean."""
    rng = np.random.default_rng(3)
    error, varying = error_and_units(model, n, mean, silent, rng, y=True)
    assert error < 1.2 and varying >= 0.8


def test_a_varying_total_count_is_learnt_from_its_start_only(monkeypatch):
    """A silent group of neurons: the total falls where the others do not fire either."""
    errors = {}
    for kept in (True, False):
        if not kept:
            monkeypatch.setattr(initial, "RANGE", 0)
            monkeypatch.setattr(initial, "LEAST", 0)
        rng = np.random.default_rng(3)
        errors[kept], _ = error_and_units(efh, 30, 50, slice(6), rng, y=True)
    assert errors[True] < 1.1 and errors[False] > 3


def test_counts_of_twenty_are_learnt_from_their_start_only():
    rng = np.random.default_rng(3)
    with pytest.warns(
        _saturation.SaturationWarning, match=r"start from the data \(init\(\.\.\., y"
    ):
        error, varying = error_and_units(refh, 30, 10, slice(0), rng)
    assert error > 4 and varying == 0
    error, varying = error_and_units(refh, 30, 10, slice(0), rng, y=True)
    assert error < 1.2 and varying >= 0.8


def test_a_table_of_word_counts_is_learnt_from_its_start():
    """Rows are documents, whose total counts vary by more than their mean"""
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((2000, 3)) @ rng.standard_normal((3, 40))
    table = rng.poisson(np.exp(1.5 + 0.7 * factors))[:, None]
    params = efh.init(n_x=30, n_y=40, family="poisson", rng=np.random.default_rng(0), y=table)
    pick = np.random.default_rng(2)
    batches = (table[pick.integers(2000, size=100)] for _ in iter(int, 1))
    params, _ = efh.train(params, batches, np.random.default_rng(1), n_updates=4000)
    u = efh.infer(params, table)
    error = np.mean((efh.emission_mean(params, u) - table) ** 2) / table.var(0).mean()
    assert error < 0.55 and np.mean(u.std((0, 1)) > 0.05) == 1


def test_saturation_is_warned_of_once_and_changes_nothing():
    rng = np.random.default_rng(0)
    y = tuned_counts(20, 100, 30, 50, rng)
    results = []
    for every in (1, 500):
        rng = np.random.default_rng(0)
        params = refh.init(n_x=10, n_y=30, family="poisson", rng=rng)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always", _saturation.SaturationWarning)
            results.append(refh.train(params, [y] * 5, rng, n_updates=500, every=every)[0])
        said = [one for one in found if one.category is _saturation.SaturationWarning]
        assert [one.filename for one in said] == [__file__]  # the user's line, not the loop's
    assert_equal(*results)
