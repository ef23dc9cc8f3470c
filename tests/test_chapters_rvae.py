"""Figures and numbers of chapter 4: what the page says about one number and about trainings."""

import numpy as np
import pytest

from datasets import ppc
from examples.chapters import rvae as chapter
from examples.tools import plots
from rvae_numpy import gaussian, rvae


def test_the_bound_touches_the_likelihood_at_the_posterior_and_nowhere_else():
    mean, variance = chapter.posterior(0.8, 1.2, 0.5, 0.5)
    assert (mean, variance) == pytest.approx((8 / 9, 1 / 9))
    exact = chapter.minus_log_likelihood()
    assert chapter.bound(mean, variance).sum() == pytest.approx(exact)
    assert exact == pytest.approx(2.15, abs=0.005)
    for nu, spread in ((mean + 0.1, variance), (mean - 0.1, variance), (mean, 2 * variance)):
        divergence = gaussian.kl(np.array([nu]), np.log(spread), np.array([mean]), np.log(variance))
        assert chapter.bound(nu, spread).sum() == pytest.approx(exact + divergence)


def test_the_terms_are_those_of_the_loss():
    rng = np.random.default_rng(0)
    y = ppc.sample(20, 130, rng, random_phase=True).y
    params = rvae.init(n_x=2, n_y=15, hidden=8, family="poisson", rng=rng, y=y)
    found = chapter.terms(params, y)
    u = rvae.infer(params, y)[:, 99:-1]
    loss = rvae.gradient(params, u, y[:, 100:], np.random.default_rng(0)).value
    assert sum(found.values()) == pytest.approx(loss, rel=1e-4)


def test_true_rates_explain_the_spikes_better_than_constant_ones():
    bounds = chapter.observation_bounds(0)
    assert bounds["true_rates"] < bounds["constant_rates"] - 10


def test_the_kept_network_filters_and_coasts():
    params, meta = rvae.load(chapter.WEIGHTS)
    assert meta["settings"]["n_updates"] == 60_000
    test = ppc.sample(40, 300, np.random.default_rng(3), random_phase=True)
    row = chapter.probe(params, test)
    assert 1e-4 < row["mse"] < 8e-4
    slopes = chapter.coasting.network(rvae, params, 0, n_runs=2)
    assert slopes["10"] > 0.7


def test_a_short_training_reports_every_probe(monkeypatch):
    monkeypatch.setattr(chapter, "N_PROBES", 4)
    runs = {"good": dict(n_updates=8, sigmas=(0.09, 0.06))}
    monkeypatch.setattr(chapter, "RUNS", runs)
    curves, _ = chapter.trainings(0)
    assert [row["updates"] for row in curves["good"]] == [2, 4, 6, 8]
    assert set(curves["good"][-1]["coasting"]) == {"5", "10", "20", "40"}
    figure = chapter.plot_learning(curves)
    assert len(figure.axes) == 3


@pytest.mark.parametrize("make", [chapter.plot_one_number, chapter.plot_step])
def test_drawings_are_made(make, tmp_path):
    path = plots.save(make(), tmp_path / "figure.png")
    assert path.stat().st_size > 10_000
