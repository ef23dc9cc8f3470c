"""Coasting: slopes of forecasts whose order is known."""

import numpy as np
import pytest

from examples import ppc_table
from examples.ppc import coasting, networks, oscillator
from kalman import lds
from refh_numpy import efh, refh


@pytest.fixture
def fewer(monkeypatch):
    monkeypatch.setattr(coasting, "N_TRAJ", 20)
    monkeypatch.setattr(coasting, "N_RUNS", 2)


def test_a_filter_of_order_1_stays_where_it_is():
    """A random walk forecasts its last estimate, whatever its variances are."""
    walk = lds.LDS([[1.0]], [[1.0]], [[1e-3]], [0.0], [[0.2]])
    assert set(coasting.kalman(walk, 0).values()) == {0}


def test_the_true_system_moves_on_at_the_right_speed():
    for seed in range(3):
        found = coasting.kalman(oscillator.true_lds(), seed)
        assert list(found) == ["5", "10", "20", "40"]
        np.testing.assert_allclose(list(found.values()), 1, atol=0.05)


def test_slopes_of_known_displacements():
    batch = coasting.trajectories(3)
    position = batch.z[:, coasting.CONTEXT - 1 :, 0]
    true = position[:, 1:] - position[:, :1]
    assert coasting.slopes(0.25 * true, batch) == pytest.approx(
        dict.fromkeys("5", 0.25) | dict.fromkeys(("10", "20", "40"), 0.25)
    )
    # a jump to the middle: 0.5 on average over many trajectories
    to_the_middle = np.repeat(-position[:, :1], true.shape[1], axis=1)
    assert coasting.slopes(to_the_middle, batch)["40"] == pytest.approx(0.5, abs=0.15)


def test_networks_run_on_without_observations(fewer):
    """The same network as a static model, whose forecast is its last estimate, and untrained."""
    rng = np.random.default_rng(0)
    static = efh.init(n_x=20, n_y=15, family="poisson", rng=rng)
    assert set(coasting.network(efh, static, 0).values()) == {0}
    found = coasting.network(refh, refh.init(n_x=20, n_y=15, family="poisson", rng=rng), 0)
    assert np.isfinite(list(found.values())).all()


@pytest.mark.slow
def test_a_trained_refh_coasts_and_a_trained_trbm_does_not():
    """Two seconds of training each; the settings of "The smallest experiment"."""
    slopes = {}
    for name in ("TRBM", "rEFH"):
        row = ppc_table.NETWORKS[name] | dict(n_updates=2000, learning_rate=1e-2)
        model, rng = networks.module(row), np.random.default_rng(0)
        params = oscillator.train(model, networks.initialised(model, row, rng), rng, row)
        slopes[name] = coasting.network(model, params, 0)
    assert slopes["TRBM"]["20"] < 0.3 < 0.6 < slopes["rEFH"]["20"]
