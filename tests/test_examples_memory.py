"""Memory: the past read from the state, by running backward and by a linear read-out."""

import json

import numpy as np
import pytest

from datasets import ppc
from examples import balls_generate, memory, ppc_table
from examples.ppc import coasting, networks
from tests.test_examples_balls import in_this_process


def test_a_linear_read_out_finds_what_is_linear():
    rng = np.random.default_rng(0)
    state, other = rng.standard_normal((2, 500, 3))
    target = state @ [[1.0, 2.0], [0.5, 0.0], [0.0, -1.0]] + [3.0, 4.0]
    found = memory.read_out(state, target, other)
    np.testing.assert_allclose(
        found, other @ [[1.0, 2.0], [0.5, 0.0], [0.0, -1.0]] + [3.0, 4.0], atol=0.02
    )


def test_past_positions_start_at_the_present(monkeypatch):
    monkeypatch.setattr(memory, "N_BACK", 10)
    batch = ppc.sample(4, 30, np.random.default_rng(0))
    past = memory.past_positions(batch)
    np.testing.assert_array_equal(past[:, 0], batch.z[:, -1, 0])
    np.testing.assert_array_equal(past[:, 10], batch.z[:, -11, 0])
    assert memory.rms(past, past) == [0] * 11
    assert memory.rms(past + 0.1, past) == [pytest.approx(0.1)] * 11


def test_what_the_tables_list():
    values = list(np.arange(50.0))
    assert memory.listed("error", values) == {
        "error": values,
        "error_at": {f"{k}": float(k) for k in (0, 5, 10, 20, 40)},
    }


def test_memory(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(memory, "in_parallel", in_this_process)
    monkeypatch.setattr(
        networks,
        "SIZES",
        {"refh_numpy": dict(n_x=20, n_y=15), "rvae_numpy": dict(n_x=2, n_y=15, hidden=8)},
    )
    monkeypatch.setattr(memory, "DATA", dict(n_traj=30, T=120))
    monkeypatch.setattr(coasting, "N_TRAJ", 5)
    monkeypatch.setattr(balls_generate, "N_VIDEOS", 3)
    monkeypatch.setattr(ppc_table, "QUICK", {})
    memory.main(["--quick", "--out", str(tmp_path)])
    rows = json.loads((tmp_path / "memory.json").read_text())["rows"]
    oscillator = {row["model"]: row for row in rows if row["data"] == "oscillator"}
    smoother, mean = oscillator["true parameters"], oscillator["mean position"]
    assert max(smoother["error"]) < 0.03 < 0.2 < min(mean["error"])
    # hardly trained, but the present position can be read from the state
    assert oscillator["rEFH"]["read_out"][0] < 0.5 * mean["error"][0]
    balls = {row["label"]: row for row in rows if row["data"] == "bouncing balls"}
    assert balls["rEFH"]["error"][0] < 0.05 and balls["rEFH"]["error"][4] < 0.4
    assert balls["previous frame"]["error"][0] == 0 and balls["previous frame"]["error"][4] > 0.8
    assert (tmp_path / "memory.png").stat().st_size > 10_000
    # rows that are done are read
    monkeypatch.setattr(networks, "train_and_test", None)
    memory.main(["--quick", "--out", str(tmp_path)])
    assert "steps back" in capsys.readouterr().out
