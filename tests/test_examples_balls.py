"""Table 2: baselines, trainings that are interrupted, saved networks, and the printed table."""

import json

import numpy as np
import pytest

from datasets import bouncing_balls
from examples import balls_generate, balls_table
from examples.balls import baselines, networks
from examples.tools import plots, run, training
from refh_numpy import refh, rtrbm
from rvae_numpy import rvae

JOB = {"model": "rEFH", "rendering": "sutskever", "setting": "quick"}


@pytest.fixture
def small_balls(monkeypatch):
    """Small trainings and tests; the settings of --quick."""
    settings = dict(family="mean-field bernoulli", n_traj=2, chunk=10, n_updates=4)
    settings |= dict(learning_rate=0.02, momentum=0.9, n_sweeps=[1, 2])
    monkeypatch.setattr(balls_table, "QUICK", settings)
    sizes = dict(N_HIDDEN=40, CHECKPOINT=2, BETWEEN_POINTS=2, CURVE_CHAINS=2, N_CURVE_VIDEOS=2)
    for name, value in sizes.items():
        monkeypatch.setattr(networks, name, value)
    monkeypatch.setattr(baselines, "TEST", dict(n_traj=2, T=45))
    monkeypatch.setattr(baselines, "N_TO_FIT", 60)
    monkeypatch.setattr(balls_table, "in_parallel", in_this_process)
    return settings


def in_this_process(label, function, jobs, n_workers, say, scheduler=None, kept=None):
    """in_parallel without worker processes, which would not see what a test replaces."""
    results = [kept(*job) or function(*job) for job in jobs]
    assert all(isinstance(say(result), str) for result in results)
    return results


def new(path):
    path.mkdir(parents=True)
    return path


def network(folder, suffix):
    return networks.file(folder, JOB["model"], JOB["rendering"], JOB["setting"], 0, suffix)


def test_balls_table(small_balls, tmp_path, monkeypatch, capsys):
    balls_table.main(["--quick", "--out", str(tmp_path)])
    both = json.loads((tmp_path / "balls_table.json").read_text())["rows"]
    assert [row["rendering"] for row in both[:10]] == ["sutskever"] * 5 + ["authors"] * 5
    rows = {row["model"]: row for row in both if row["rendering"] == "sutskever"}
    known = "mean frame, previous frame, regression on one frame, regression on two frames"
    assert list(rows)[:5] == [*known.split(", "), "constant-velocity oracle"]
    # what is known without a network, for every seed
    errors = [rows[name]["mse"] for name in list(rows)[:5]]
    assert errors[0] > 0.07 > errors[1] and errors == sorted(errors, reverse=True)
    assert list(rows["rEFH"]["mse"]) == balls_table.WAYS and rows["rEFH"]["poster"] == 0.0067
    assert (rows["rEFH"]["n_hidden"], rows["rEFH"]["n_updates"]) == (40, 4)
    (one,) = rows["rEFH"]["seeds"]
    assert [point["n_updates"] for point in one["curve"]] == [2, 4] and one["n_test_videos"] == 2
    for figure in ("balls_table", "balls_table_curves"):
        assert (tmp_path / f"{figure}.png").stat().st_size > 10_000
    assert {path.suffix for path in (tmp_path / "balls_table").iterdir()} == {".json", ".npz"}
    said = capsys.readouterr().out
    line = next(line for line in said.splitlines() if "0th order" in line)
    assert "0.0120" in line and line.split()[-2:] == ["-", "-"]
    # what is done is not done again
    weights = network(tmp_path / "balls_table", ".npz")
    before = weights.stat().st_mtime_ns
    monkeypatch.setattr(baselines, "baselines", lambda box, seed: [])
    monkeypatch.setattr(plots, "save", lambda figure, path: path)
    balls_table.main(["--quick", "--out", str(tmp_path)])
    assert weights.stat().st_mtime_ns == before


def test_balls_table_from_saved_weights(small_balls, tmp_path, monkeypatch, capsys):
    """What a training leaves behind is all that --use-saved needs; nothing is trained."""
    monkeypatch.setattr(run, "WEIGHTS", tmp_path / "trained")
    monkeypatch.setattr(baselines, "baselines", lambda box, seed: [])
    row = JOB | {"rendering": "authors", "settings": small_balls}
    missing = row | {"setting": "wider", "settings": small_balls | {"n_hidden": 50}}
    monkeypatch.setattr(balls_table, "ROWS", [row | {"n": 1}, missing | {"n": 2}])
    folder = new(tmp_path / "trained" / "balls_table")
    networks.train_and_test(row, 5, folder)
    networks.row_file(row, 5, folder).unlink()
    monkeypatch.setattr(networks, "train", None)
    balls_table.main(["--use-saved", "--seed", "5", "--out", str(tmp_path / "again")])
    content = json.loads((tmp_path / "again" / "balls_table.json").read_text())
    row = content["rows"][-1]
    assert (row["model"], row["rendering"]) == ("rEFH", "authors")
    assert row["seeds"][0]["seed"] == 5 and row["seeds"][0]["version"]
    for figure in ("balls_table", "balls_table_curves"):
        assert (tmp_path / "again" / f"{figure}.png").stat().st_size > 10_000
    assert [one["seed"] for one in content["missing"]] == [5, 6]
    assert "not trained yet: rEFH, 50 units, 4 updates, seed 6" in capsys.readouterr().out


def test_kept_networks_are_those_of_the_full_table():
    """Every row that is kept is one of --full, and its weights, if kept, can be read."""
    folder = run.WEIGHTS / "balls_table"
    plain = lambda row: json.loads(json.dumps(row["settings"]))
    rows = {balls_table.identity(row): plain(row) for row in balls_table.ROWS}
    for path in folder.glob("*.json"):
        row = json.loads(path.read_text())
        assert rows[balls_table.identity(row)] == row["settings"]
        assert list(row["mse"]) == networks.ways_of(row["model"])
        assert networks.row_file(row, row["seed"], folder) == path
        weights = path.with_suffix(".npz")
        if weights.exists():
            params, _ = networks.module(row["model"]).load(weights)
            assert params.W_y.shape == (row["settings"].get("n_hidden", 400), 900)


def test_jobs_of_the_full_table(small_balls, tmp_path, monkeypatch, capsys):
    """Every network of the poster; the rVAE once its own script has trained it."""
    asked = []
    run_all = lambda jobs, *others: asked.append(
        [(*balls_table.identity(row), seed) for row, seed, _ in jobs]
    )
    monkeypatch.setattr(balls_table, "run_all", lambda *a: run_all(*a) or [])
    monkeypatch.setattr(baselines, "baselines", lambda box, seed: [])
    balls_table.main(["--full", "--out", str(tmp_path)])
    assert {job[0] for job in asked[0]} == set(networks.MODELS) - {"rVAE"}
    assert {job[1] for job in asked[0]} == {"sutskever", "authors"}
    assert "without the rVAE of seed 0, 1, 2" in capsys.readouterr().out
    rng, more = np.random.default_rng(0), dict(sigmoid_mean=True, n_residual=2)
    params = rvae.init(n_x=3, n_y=900, hidden=(5,), family="normal", rng=rng, **more)
    meta = dict(settings=balls_generate.FINISH, seconds=7.0, version="this one", code="this one")
    rvae.save(new(tmp_path / "balls_generate") / "rVAE_0_stage_2.npz", params, **meta)
    balls_table.main(["--full", "--out", str(tmp_path)])
    assert asked[1] == [*asked[0], ("rVAE", "sutskever", "videos", 0)]
    assert "without the rVAE of seed 1, 2" in capsys.readouterr().out
    folder = tmp_path / "balls_table"
    (row, seed, folder), another, _ = balls_table.jobs_of(balls_table.ROWS[-1], 0, folder)
    assert networks.is_trained(row, seed, folder) and not networks.is_trained(*another)
    row = networks.train_and_test(row, seed, folder)
    frames = baselines.test_videos(bouncing_balls.Box(), 0).frames
    prediction = rvae.predict_next(params, rvae.infer(params, frames), np.random.default_rng(0), 50)
    expected = baselines.squared_error(prediction, frames)
    assert row["mse"] == {"noise_16": pytest.approx(expected, rel=0.1)}
    assert row["seconds"] == 7 and row["version"] == "this one"
    balls_table.main(["--full", "--only", "TRBM", "noise", "--out", str(tmp_path)])
    assert asked[2] == [("TRBM", "authors", "noise", seed) for seed in (0, 1)]
    with pytest.raises(SystemExit):
        balls_table.main(["--full", "--only", "TRBM", "loud", "--out", str(tmp_path)])
    assert "expected a network and its setting ('ORDER 0' quick" in capsys.readouterr().err


def test_kept_weights_are_those_of_their_seed():
    """The repository has weights of one training of the rVAE, and rows of three."""
    folder = run.WEIGHTS / "balls_table"
    jobs = balls_table.jobs_of(balls_table.ROWS[-1], 0, folder)
    assert [networks.is_trained(*job) for job in jobs] == [True, False, False]
    assert all(networks.row_file(*job).exists() for job in jobs)


def test_a_refused_row_is_missing_and_not_trained(monkeypatch):
    monkeypatch.setattr(networks, "kept", lambda *job: None)
    found, missing = balls_table.saved_jobs(0, run.WEIGHTS / "balls_table")
    assert all(networks.is_trained(*job) for job in found)
    assert ("rEFH", "wider", 1) in [
        (row["model"], row["setting"], seed) for row, seed, _ in missing
    ]


def test_a_tuned_network_starts_from_the_weights_of_another(small_balls, tmp_path, monkeypatch):
    """Its job runs after the others, in whatever order they are given."""
    order = []

    def train_and_test(row, seed, folder):
        order.append(row["setting"])
        return row | {"seed": seed, "seconds": 1.0, "mse": {"authors": 0.1}}

    monkeypatch.setattr(networks, "train_and_test", train_and_test)
    half = dict(n_traj=1, chunk=10, n_updates=2, learning_rate=0.02, momentum=0.9, n_sweeps=1)
    tuned = half | dict(after="noise", learning_rate=1e-9)
    jobs = [
        ({"model": "RTRBM", "rendering": "authors", "setting": name, "settings": s}, 0, tmp_path)
        for name, s in (("tuned", tuned), ("noise", half))
    ]
    rows = balls_table.run_all(jobs)
    assert order == ["noise", "tuned"]
    assert balls_table.size(rows[1])["n_updates"] == 34_002  # of the whole table
    box = bouncing_balls.Box(rendering="authors")
    weights = networks.file(tmp_path, "RTRBM", "authors", "noise", 0, ".npz")
    rng = np.random.default_rng(5)
    params = rtrbm.init(n_x=networks.N_HIDDEN, n_y=900, family="bernoulli", rng=rng)
    rtrbm.save(weights, params)
    learnt = networks.train("RTRBM", 0, box, tuned, tmp_path / "tuned.checkpoint.npz")
    np.testing.assert_allclose(learnt.W_u, params.W_u, atol=1e-6)


def test_table_has_mean_and_spread_over_seeds(capsys):
    row = {"rendering": "authors", "setting": "ours", "settings": {"n_updates": 7}}
    mse = lambda seed: {"authors": 0.01 + 0.001 * seed, "noise_16": 0.005}
    about = lambda seed: {"model": "rEFH", "seed": seed, "seconds": 10.0 + seed, "mse": mse(seed)}
    rows = [row | about(seed) for seed in range(3)]
    one = row | {"model": "RTRBM", "seed": 0, "seconds": 5.0, "mse": {"noise_16": 0.003}}
    table = balls_table.table([*rows, one])
    assert table[0]["mse"]["authors"] == pytest.approx(0.011)
    assert table[0]["mse_spread"] == {"authors": pytest.approx(0.001), "noise_16": 0}
    assert table[1]["mse_spread"] == {"noise_16": None} and table[0]["n_seeds"] == 3
    balls_table.print_rows(table, [])
    said = capsys.readouterr().out.splitlines()
    lines = [line.split() for line in said if line.startswith(("rEFH", "RTRBM"))]
    first = "rEFH authors 400 7 0 3 0.0067 0.0110 ± 0.0010 - 0.0050 ± 0.0000 - - - 11"
    assert lines == [first.split(), "RTRBM authors 400 7 0 1 0.0059 - - 0.0030 - - - 5".split()]


def test_an_interrupted_training_goes_on_from_its_checkpoint(small_balls, tmp_path):
    """Row, curve and weights are those of the training that was not interrupted."""
    row, errors = JOB | {"settings": small_balls}, networks.errors
    calls, cut = [], new(tmp_path / "cut")

    def interrupt_at_4(*arguments):
        if calls:
            raise KeyboardInterrupt
        calls.append(arguments)
        return errors(*arguments)

    whole = networks.train_and_test(row, 0, new(tmp_path / "whole"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "errors", interrupt_at_4)
        with pytest.raises(KeyboardInterrupt):
            networks.train_and_test(row, 0, cut)
    checkpoint = network(cut, ".checkpoint.npz")
    assert checkpoint.exists()
    row = networks.train_and_test(row, 0, cut)
    assert row["curve"] == whole["curve"] and row["mse"] == whole["mse"]
    assert not checkpoint.exists()
    kept = refh.load(network(tmp_path / "whole", ".npz"))[0]
    for name, leaf in refh.load(network(cut, ".npz"))[0].leaves().items():
        np.testing.assert_array_equal(leaf, getattr(kept, name))


def test_interrupted_in_the_test_or_with_other_settings(small_balls, tmp_path, monkeypatch):
    """A finished training is only tested; a checkpoint of other settings is not continued."""
    row, checkpoint = JOB | {"settings": small_balls}, network(tmp_path, ".checkpoint.npz")
    other = row | {"settings": small_balls | {"learning_rate": 0.5, "n_updates": 2}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "halved", None)  # fails after the last checkpoint
        with pytest.raises(TypeError):
            networks.train_and_test(other, 0, tmp_path)
    assert checkpoint.exists()
    test_videos = baselines.test_videos

    def interrupt(box, seed, **other):
        if seed == 0:
            raise KeyboardInterrupt
        return test_videos(box, seed, **other)

    with monkeypatch.context() as patch:
        patch.setattr(baselines, "test_videos", interrupt)
        with pytest.raises(KeyboardInterrupt):
            networks.train_and_test(row, 0, tmp_path)
    assert network(tmp_path, ".npz").exists() and not checkpoint.exists()
    monkeypatch.setattr(networks, "train", None)
    found = networks.train_and_test(row, 0, tmp_path)
    assert [point["n_updates"] for point in found["curve"]] == [2, 4]  # from the beginning


def test_regression_finds_what_is_linear():
    """The next frame is the last one plus the last change: two frames say all, one does not."""
    rng = np.random.default_rng(0)
    start, step = rng.random((2, 30, 1, 5)) * [[[[0.3]]], [[[0.02]]]]
    videos = (start + step * np.arange(20)[:, None]).astype(np.float32)
    one, two = (
        baselines.regression(videos, videos, n_frames, strength=1e-6) for n_frames in (1, 2)
    )
    assert two < 1e-7 < one


def test_averaged_chains_are_better_than_one(small_balls):
    """Errors of all ways, of a network that knows nothing: chains differ, so the mean is better."""
    params = refh.init(n_x=20, n_y=900, family="bernoulli", rng=np.random.default_rng(0))
    params = params.map(lambda leaf: 30 * leaf)  # so that samples of x change y
    frames = baselines.test_videos(bouncing_balls.Box(), 0).frames
    found = networks.errors("rEFH", params, frames, np.random.default_rng(1))
    assert list(found) == balls_table.WAYS
    assert found["noise_16"] < found["noise_1"] and found["present_16"] < found["present_1"]
    u, rng = refh.infer(params, frames), np.random.default_rng(1)
    theirs = refh.predict_next(params, u, rng, n_mean_passes=2)
    assert baselines.squared_error(theirs, frames) == pytest.approx(found["authors"])
    prediction = networks.predictor("rEFH", params, "mean_field")(frames, None)
    assert baselines.squared_error(prediction, frames) == pytest.approx(found["mean_field"])


def test_the_mean_over_parts_of_the_videos_is_that_over_all(small_balls, monkeypatch):
    params = refh.init(n_x=20, n_y=900, family="bernoulli", rng=np.random.default_rng(0))
    frames = baselines.test_videos(bouncing_balls.Box(), 0, n_traj=5, T=9).frames
    whole = networks.errors("rEFH", params, frames, None, ["mean_field"])
    monkeypatch.setattr(networks, "AT_ONCE", 2)
    assert networks.errors("rEFH", params, frames, None, ["mean_field"]) == pytest.approx(whole)
