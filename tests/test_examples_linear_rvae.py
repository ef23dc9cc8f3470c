"""The script on the linear rVAE: theory, trained models beside it, a diverged run."""

import json

import numpy as np
import pytest

from examples import linear_rvae
from rvae_numpy import rvae


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(linear_rvae, "SIGMAS", [0.07, 0.1])
    monkeypatch.setattr(linear_rvae, "TRAINED_SIGMAS", [0.07])
    monkeypatch.setattr(linear_rvae, "ANGLES", [0, 135])
    monkeypatch.setattr(linear_rvae, "THEORY", linear_rvae.QUICK)
    few = dict(n_updates=60, n_decoder_updates=20)
    monkeypatch.setattr(linear_rvae, "SETTINGS", linear_rvae.SETTINGS | few)


def test_theory_and_trained_models(small, tmp_path, capsys):
    linear_rvae.main(["--quick", "--out", str(tmp_path)])
    quick = json.loads((tmp_path / "linear_rvae.json").read_text())
    assert "no rVAE" in capsys.readouterr().out and not quick["trained"]
    linear_rvae.main(["--out", str(tmp_path)])
    result = json.loads((tmp_path / "linear_rvae.json").read_text())
    assert result["rows"] == quick["rows"]
    assert len(result["rows"]) == 6 and len(result["trained"]) == 2
    for row in result["rows"]:
        assert row["mse"] > result["optimal_filter"]
        np.testing.assert_allclose(row["simulated"]["mse"], row["mse"], rtol=0.2)
        assert sum(row["random_inits"].values()) == 6
    assert {row["degrees"] for row in result["trained"]} == {0, 135}
    assert (tmp_path / "linear_rvae.png").stat().st_size > 10_000
    # the theory's error stands beside the trained model's
    theory = min(row["mse"] for row in result["rows"] if row["sigma_u"] == 0.07 and row["n_x"] <= 2)
    assert f"{1e4 * theory:.2f}" in capsys.readouterr().out.split("rVAEs on spikes")[-1]


def test_a_run_that_diverges_is_a_result(tmp_path, monkeypatch):
    def diverge(*args, **settings):
        raise FloatingPointError

    monkeypatch.setattr(rvae, "train", diverge)
    job = 0, 0.07, 180, dict(n_traj=2, T=10, n_updates=1, learning_rate=1e-3), tmp_path
    result = linear_rvae.train_and_test(*job)
    assert (result["outcome"], result["mse"]) == ("diverged", None)
    assert linear_rvae.kept(*job) == result  # a finished run is read


def test_the_slope_of_a_line_and_of_an_arc():
    """An arc of a circle of radius 3 that turns by 2 radians per radian moves by 6 per radian."""
    rng = np.random.default_rng(0)
    position = rng.uniform(-1, 1, (50, 400))
    noise = 0.01 * rng.standard_normal((50, 400, 2))
    line = position[..., None] * [1.5, -2.0] + noise
    arc = 3 * np.stack([np.cos(2 * position), np.sin(2 * position)], -1) + noise
    np.testing.assert_allclose(linear_rvae.slope(line, position), 2.5, rtol=0.01)
    np.testing.assert_allclose(linear_rvae.slope(arc, position), 6, rtol=0.01)
    assert linear_rvae.slope(line[:1, :150], position[:1, :150]) is None
