"""examples/benchmarks: what is compared is the same, and the numbers are what they say."""

import functools
import json

import numpy as np
import pytest

from datasets import bouncing_balls, moving_mnist
from datasets.digits import Digits
from examples.benchmarks import (
    _timing,
    cold_start,
    kalman_filters,
    refh_step,
    rvae_step,
    scaling,
    videos,
)

TOLERANCE = 1e-6  # brightness, float32


@pytest.fixture
def once(monkeypatch):
    """One round in place of nine."""
    monkeypatch.setattr(_timing, "rounds", functools.partial(_timing.rounds, n_rounds=1))


@pytest.fixture
def nothing_else(monkeypatch):
    """No other library is installed."""
    monkeypatch.setattr(kalman_filters, "LIBRARIES", {"none": ("no_such_library", None)})


def written(folder, name):
    content = json.loads((folder / f"{name}.json").read_text())
    assert content["seed"] == 0 and content["version"]
    return content


# Timing


def test_candidates_are_called_alternately_after_one_call_each():
    calls = []
    functions = {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}
    seconds = _timing.rounds(functions, n_rounds=3)
    assert "".join(calls) == "abababab"
    assert {name: len(values) for name, values in seconds.items()} == {"a": 3, "b": 3}


def test_seconds_are_per_unit_of_work():
    def spin():
        sum(range(200_000))

    seconds = _timing.rounds({"one": spin, "ten": spin}, {"one": 1, "ten": 10}, n_rounds=5)
    assert 3 < np.median(seconds["one"]) / np.median(seconds["ten"]) < 30


def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds():
    table = _timing.rows({"a": [1, 2, 4], "b": [2, 6, 8]}, "a")
    assert [row["ratio"] for row in table] == [1, 2]  # 2, 3, 2; of the medians, 3
    assert [row["microseconds"] for row in table] == [2e6, 6e6]


@pytest.mark.parametrize("p", [0, 1, 2.5])
def test_the_exponent_of_a_power_law(p):
    sizes = np.array([1, 10, 30, 100])
    assert _timing.exponent(sizes, 3 * sizes**p + 0.0) == pytest.approx(p, abs=1e-12)


# The others compute the same


@pytest.mark.parametrize("name", list(kalman_filters.LIBRARIES))
@pytest.mark.parametrize("n_z", [2, 4])
def test_other_kalman_filters_find_the_same_means(name, n_z):
    module, function = kalman_filters.LIBRARIES[name]
    library = pytest.importorskip(module)
    functions = kalman_filters.candidates(
        {name: (library, function)}, T=50, n_traj=3, n_z=n_z, seed=1
    )
    ours = functions[kalman_filters.OURS]()
    assert ours.shape == (3, 50, n_z)
    np.testing.assert_allclose(functions[name](), ours, atol=1e-9)


def test_another_result_stops_the_comparison():
    functions = {kalman_filters.OURS: lambda: np.zeros(3), "other": lambda: np.full(3, 1e-3)}
    with pytest.raises(SystemExit, match="disagree"):
        kalman_filters.compare(functions)
    with pytest.raises(SystemExit, match="disagree"):
        videos.compare("balls", np.zeros(3), np.array([0, 0, np.nan]))


def test_plain_python_balls_are_those_of_the_data_set():
    box = bouncing_balls.Box(mass=(1, 2, 3))
    start = bouncing_balls.initial_positions(2, np.random.default_rng(3), box)
    position, _ = bouncing_balls.trajectories(*start, videos.T, box)
    frames = bouncing_balls.render(position, box)
    np.testing.assert_allclose(videos.balls_in_python(*start, box), frames, atol=TOLERANCE)


def test_plain_numpy_digits_are_those_of_the_data_set():
    rng = np.random.default_rng(4)
    images = rng.random((5, 28, 28), dtype=np.float32)
    batch = moving_mnist.sample(3, videos.T, rng, Digits(images, np.arange(5), "synthetic"))
    frames = videos.digits_in_numpy(
        images, batch.which, batch.position[:, 0], batch.velocity[:, 0], batch.shape[0]
    )
    np.testing.assert_allclose(frames.reshape(batch.frames.shape), batch.frames, atol=1e-5)


def test_torch_finds_the_same_gradient():
    torch = pytest.importorskip("torch")
    y = np.random.default_rng(5).poisson(1.3, (rvae_step.N_TRAJ, 1, 15)).astype(np.float32)
    rvae_step.compare(torch, y, seed=1)


# Table 2 on many cores


def test_makespan():
    assert scaling.makespan([3, 1, 2], 1) == 6
    assert scaling.makespan([3, 1, 2], 2) == 3
    assert scaling.makespan([3, 1, 2], 64) == 3


def test_jobs_that_continue_others_come_after_all_others():
    jobs = [{"hours": 2, "after": None}, {"hours": 1, "after": None}, {"hours": 1, "after": "a"}]
    hours = {(row["n_seeds"], row["n_cores"]): row["hours"] for row in scaling.on_cores(jobs)}
    assert hours[1, 1] == 4 and hours[1, 64] == 3 and hours[10, 64] == 3 and hours[10, 1] == 40


# The scripts


def test_kalman_filters(tmp_path, once, nothing_else, monkeypatch, capsys):
    monkeypatch.setattr(
        kalman_filters, "SIZES", {"T": (10, 30, 100), "n_traj": (1, 3, 10), "n_z": (2, 4)}
    )
    kalman_filters.main(["--out", str(tmp_path)])
    rows = written(tmp_path, "benchmark_kalman")["rows"]
    assert {row["name"] for row in rows} == {kalman_filters.OURS, kalman_filters.NUMPY}
    assert (tmp_path / "benchmark_kalman.png").stat().st_size > 10_000
    assert "none: not installed, skipped" in capsys.readouterr().out


def test_refh_step(tmp_path, once):
    refh_step.main(["--out", str(tmp_path)])
    ratio = {
        (row["setting"], row["name"]): row["ratio"]
        for row in written(tmp_path, "benchmark_refh_step")["rows"]
    }
    for setting in ("oscillator", "balls"):
        assert ratio[setting, refh_step.PRODUCTS] == 1
        assert 0.5 < ratio[setting, "refh_numpy"] < 20  # one round, on a busy machine


@pytest.mark.slow
def test_rvae_step(tmp_path, once):
    rvae_step.main(["--out", str(tmp_path)])
    rows = written(tmp_path, "benchmark_rvae_step")["rows"]
    assert rows[0]["name"] == rvae_step.OURS and rows[0]["ratio"] == 1


@pytest.mark.slow
def test_videos(tmp_path, once):
    videos.main(["--out", str(tmp_path)])
    ratio = {row["name"]: row["ratio"] for row in written(tmp_path, "benchmark_videos")["rows"]}
    assert ratio["plain Python"] > 50 and ratio["plain NumPy"] > 1


@pytest.mark.slow
def test_scaling(tmp_path, once, monkeypatch):
    monkeypatch.setattr(scaling, "N_ROUNDS", 1)
    scaling.main(["--out", str(tmp_path)])
    content = written(tmp_path, "scaling")
    assert [row["axis"] for row in content["rows"]] == list(scaling.SIZES)
    assert content["command"] == "python -m examples.benchmarks.scaling"
    assert len(content["jobs"]) >= 10 and len(content["cores"]) == 6


@pytest.mark.slow
def test_cold_start(tmp_path, monkeypatch):
    for name in ("N_COMPILATIONS", "N_QUICKSTARTS"):
        monkeypatch.setattr(cold_start, name, 1)
    monkeypatch.setattr(_timing, "N_ROUNDS", 1)
    cold_start.main(["--out", str(tmp_path)])
    rows = {row["name"]: row for row in written(tmp_path, "benchmark_cold_start")["rows"]}
    cached, compiled = (rows[f"first Kalman filter, {how}"] for how in ("cached", "compiled"))
    assert cached["cpu"] < compiled["cpu"]
