"""Table 2: baselines, trainings that are interrupted, saved networks, and the printed table."""

import json

import numpy as np
import pytest

from datasets import bouncing_balls
from examples import balls_generate, balls_table
from examples.balls import baselines, figures, networks
from examples.tools import plots, run, training
from refh_numpy import refh, rtrbm
from rvae_numpy import rvae

JOB = "rEFH", 0, "sutskever", "quick"


@pytest.fixture
def small_balls(monkeypatch):
    """Small trainings and tests; the settings of --quick."""
    settings = dict(
        family="mean-field bernoulli",
        n_traj=2,
        chunk=10,
        n_updates=4,
        learning_rate=0.02,
        momentum=0.9,
        n_sweeps=[1, 2],
    )
    monkeypatch.setattr(balls_table, "QUICK", settings)
    monkeypatch.setattr(networks, "N_HIDDEN", 40)
    monkeypatch.setattr(networks, "CHECKPOINT", 2)
    monkeypatch.setattr(networks, "BETWEEN_POINTS", 2)
    monkeypatch.setattr(networks, "CURVE_CHAINS", 2)
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


def network(settings, folder, suffix):
    return networks.file(folder, *JOB[:1], *JOB[2:], 0, suffix)


def test_balls_table(small_balls, tmp_path, monkeypatch, capsys):
    balls_table.main(["--quick", "--out", str(tmp_path)])
    both = json.loads((tmp_path / "balls_table.json").read_text())["rows"]
    assert [row["rendering"] for row in both[:10]] == ["sutskever"] * 5 + ["authors"] * 5
    rows = {row["model"]: row for row in both if row["rendering"] == "sutskever"}
    assert list(rows)[:5] == [
        "mean frame",
        "previous frame",
        "regression on one frame",
        "regression on two frames",
        "constant-velocity oracle",
    ]
    # what is known without a network, for every seed
    errors = [rows[name]["mse"] for name in list(rows)[:5]]
    assert errors[0] > 0.07 > errors[1] and errors == sorted(errors, reverse=True)
    assert set(rows["rEFH"]["mse"]) == set(balls_table.WAYS) and rows["rEFH"]["poster"] == 0.0067
    (one,) = rows["rEFH"]["seeds"]
    assert [point["n_updates"] for point in one["curve"]] == [2, 4]
    for figure in ("balls_table.png", "balls_table_curves.png"):
        assert (tmp_path / figure).stat().st_size > 10_000
    assert {path.suffix for path in (tmp_path / "balls_table").iterdir()} == {".json", ".npz"}
    said = capsys.readouterr().out
    line = next(line for line in said.splitlines() if "0th order" in line)
    assert "0.0120" in line and line.split()[-2:] == ["-", "-"]
    # what is done is not done again
    weights = network(small_balls, tmp_path / "balls_table", ".npz")
    before = weights.stat().st_mtime_ns
    monkeypatch.setattr(baselines, "baselines", lambda box, seed: [])
    monkeypatch.setattr(plots, "save", lambda figure, path: path)
    balls_table.main(["--quick", "--out", str(tmp_path)])
    assert weights.stat().st_mtime_ns == before


def test_balls_table_from_saved_weights(small_balls, tmp_path, monkeypatch):
    """What a training leaves behind is all that --use-saved needs; nothing is trained."""
    monkeypatch.setattr(run, "WEIGHTS", tmp_path / "trained")
    monkeypatch.setattr(baselines, "baselines", lambda box, seed: [])
    folder = new(tmp_path / "trained" / "balls_table")
    networks.train_and_test("rEFH", 5, "authors", "quick", small_balls, folder)
    monkeypatch.setattr(networks, "train", None)
    balls_table.main(["--use-saved", "--out", str(tmp_path / "again")])
    row = json.loads((tmp_path / "again" / "balls_table.json").read_text())["rows"][-1]
    assert (row["model"], row["rendering"]) == ("rEFH", "authors")
    assert row["seeds"][0]["seed"] == 5 and row["seeds"][0]["version"]
    assert (tmp_path / "again" / "balls_table.png").stat().st_size > 10_000


def test_kept_networks_are_those_of_the_full_table():
    """Every row that is kept has the settings of a job of --full, and its weights can be read."""
    folder = run.WEIGHTS / "balls_table"
    jobs = {job[:1] + job[2:4]: job[4] for job in balls_table.full_jobs(0, folder)}
    kept = [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]
    assert {row["model"] for row in kept} >= set(balls_table.POSTER)
    for row in kept:
        identity = row["model"], row["rendering"], row["setting"]
        assert jobs[identity] == row["settings"] and set(row["mse"]) <= set(balls_table.WAYS)
    for path in folder.glob("*.npz"):
        (row,) = (
            row
            for row in kept
            if networks.file(
                folder, row["model"], row["rendering"], row["setting"], row["seed"], ".npz"
            )
            == path
        )
        params, _ = networks.module(row["model"]).load(path)
        assert params.W_y.shape == (row["settings"].get("n_hidden", 400), 900)


def test_jobs_of_the_full_table(small_balls, tmp_path, monkeypatch, capsys):
    """Every network of the poster; the rVAE once its own script has trained it."""
    asked = []
    monkeypatch.setattr(
        balls_table, "run_all", lambda jobs, *others: asked.append([job[:4] for job in jobs]) or []
    )
    monkeypatch.setattr(baselines, "baselines", lambda box, seed: [])
    balls_table.main(["--full", "--out", str(tmp_path)])
    assert {job[0] for job in asked[0]} == set(networks.MODELS) - {"rVAE"}
    assert {job[2] for job in asked[0]} == {"sutskever", "authors"}
    assert "without the rVAE" in capsys.readouterr().out
    params = rvae.init(
        n_y=900,
        n_x=3,
        hidden=(5,),
        family="normal",
        rng=np.random.default_rng(0),
        sigmoid_mean=True,
        n_residual=2,
    )
    rvae.save(
        new(tmp_path / "balls_generate") / "rVAE_0_stage_2.npz",
        params,
        settings=balls_generate.FINISH,
        seconds=7.0,
        version="this one",
    )
    balls_table.main(["--full", "--out", str(tmp_path)])
    assert asked[1] == [*asked[0], ("rVAE", 0, "sutskever", "videos")]
    assert "without" not in capsys.readouterr().out
    row = networks.train_and_test(*asked[1][-1], balls_generate.FINISH, tmp_path / "balls_table")
    frames = baselines.test_videos(bouncing_balls.Box(), 0).frames
    prediction = rvae.predict_next(params, rvae.infer(params, frames), np.random.default_rng(0), 50)
    expected = baselines.squared_error(prediction, frames)
    assert row["mse"] == {"noise_16": pytest.approx(expected, rel=0.1)}
    assert row["seconds"] == 7 and row["version"] == "this one"
    shown = balls_table.predictions(balls_table.table([row]), tmp_path / "balls_table", n_shown=3)
    assert [label.split("\n")[0] for label, _ in shown] == ["ground truth", "rVAE", "error"]
    balls_table.main(["--full", "--only", "TRBM", "noise", "--out", str(tmp_path)])
    assert asked[2] == [("TRBM", 0, "authors", "noise")]
    with pytest.raises(SystemExit):
        balls_table.main(["--full", "--only", "TRBM", "loud", "--out", str(tmp_path)])
    assert "expected a network and its settings" in capsys.readouterr().err


def test_a_tuned_network_starts_from_the_weights_of_another(small_balls, tmp_path, monkeypatch):
    """Its job runs after the others, in whatever order they are given."""
    order = []
    monkeypatch.setattr(
        networks,
        "train_and_test",
        lambda *job: (
            order.append(job[3])
            or {
                "model": "RTRBM",
                "rendering": "authors",
                "setting": job[3],
                "seed": 0,
                "seconds": 1.0,
                "mse": {"noise_1": 0.1},
            }
        ),
    )
    half = dict(n_traj=1, chunk=10, n_updates=2, learning_rate=0.02, momentum=0.9, n_sweeps=1)
    tuned = half | dict(after="half", learning_rate=1e-9)
    jobs = [
        ("RTRBM", 0, "authors", setting, settings, tmp_path)
        for setting, settings in (("tuned", tuned), ("half", half))
    ]
    balls_table.run_all(jobs, 1)
    assert order == ["half", "tuned"]
    box = bouncing_balls.Box(rendering="authors")
    weights = networks.file(tmp_path, "RTRBM", "authors", "half", 0, ".npz")
    params = rtrbm.init(
        n_x=networks.N_HIDDEN, n_y=900, family="bernoulli", rng=np.random.default_rng(5)
    )
    rtrbm.save(weights, params)
    learnt = networks.train("RTRBM", 0, box, tuned, tmp_path / "tuned.checkpoint.npz")
    np.testing.assert_allclose(learnt.W_u, params.W_u, atol=1e-6)


def test_table_has_mean_and_spread_over_seeds(capsys):
    rows = [
        {
            "model": "rEFH",
            "rendering": "authors",
            "setting": "ours",
            "seed": seed,
            "settings": {},
            "seconds": 10.0 + seed,
            "mse": {"noise_1": 0.01 + 0.001 * seed, "noise_16": 0.005},
        }
        for seed in range(3)
    ]
    one = {
        "model": "RTRBM",
        "rendering": "authors",
        "setting": "half",
        "seed": 0,
        "settings": {},
        "seconds": 5.0,
        "mse": {"noise_16": 0.003},
    }
    table = balls_table.table([*rows, one])
    assert table[0]["mse"]["noise_1"] == pytest.approx(0.011)
    assert table[0]["mse_spread"] == {"noise_1": pytest.approx(0.001), "noise_16": 0}
    assert table[1]["mse_spread"] == {"noise_16": None} and table[0]["n_seeds"] == 3
    balls_table.print_rows(table, [])
    lines = [
        line.split()
        for line in capsys.readouterr().out.splitlines()
        if line.startswith(("rEFH", "RTRBM"))
    ]
    assert lines == [
        [
            "rEFH",
            "authors",
            "ours",
            "3",
            "0.0067",
            "0.0110",
            "±",
            "0.0010",
            "0.0050",
            "±",
            "0.0000",
            "-",
            "-",
            "-",
            "11",
        ],
        ["RTRBM", "authors", "half", "1", "0.0059", "-", "0.0030", "-", "-", "-", "5"],
    ]


def test_an_interrupted_training_goes_on_from_its_checkpoint(small_balls, tmp_path):
    """Row, curve and weights are those of the training that was not interrupted."""
    job = *JOB, small_balls

    def interrupt(params, log):
        raise KeyboardInterrupt

    def interrupt_at_4(name, params, frames, rng, n_chains=None):
        if calls:
            raise KeyboardInterrupt
        calls.append(name)
        return {"noise_1": 0.5}

    whole = networks.train_and_test(*job, new(tmp_path / "whole"))
    calls, cut = [], new(tmp_path / "cut")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "errors", interrupt_at_4)
        with pytest.raises(KeyboardInterrupt):
            networks.train_and_test(*job, cut)
    checkpoint = network(small_balls, cut, ".checkpoint.npz")
    assert checkpoint.exists() and calls == ["rEFH"]
    row = networks.train_and_test(*job, cut)
    assert row["curve"][0] == {"n_updates": 2, "noise_1": 0.5}
    assert row["curve"][1] == whole["curve"][1] and row["mse"] == whole["mse"]
    assert not checkpoint.exists()
    for name, leaf in refh.load(network(small_balls, cut, ".npz"))[0].leaves().items():
        kept = refh.load(network(small_balls, tmp_path / "whole", ".npz"))[0]
        np.testing.assert_array_equal(leaf, getattr(kept, name))
    with pytest.raises(KeyboardInterrupt):
        networks.train(
            "rEFH",
            0,
            bouncing_balls.Box(),
            small_balls,
            network(small_balls, tmp_path, ".checkpoint.npz"),
            interrupt,
        )


def test_interrupted_in_the_test_or_with_other_settings(small_balls, tmp_path, monkeypatch):
    """A finished training is only tested; a checkpoint of other settings is not continued."""
    checkpoint = network(small_balls, tmp_path, ".checkpoint.npz")
    other = small_balls | {"learning_rate": 0.5, "n_updates": 2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "halved", None)  # fails after the last checkpoint
        with pytest.raises(TypeError):
            networks.train_and_test(*JOB, other, tmp_path)
    assert checkpoint.exists()

    def interrupt(*args):
        raise KeyboardInterrupt

    few = baselines.test_videos(bouncing_balls.Box(), 1000)
    with monkeypatch.context() as patch:
        patch.setattr(baselines, "test_videos", lambda box, seed: interrupt() if seed == 0 else few)
        with pytest.raises(KeyboardInterrupt):
            networks.train_and_test(*JOB, small_balls, tmp_path)
    assert network(small_balls, tmp_path, ".npz").exists() and not checkpoint.exists()
    monkeypatch.setattr(networks, "train", None)
    row = networks.train_and_test(*JOB, small_balls, tmp_path)
    assert [point["n_updates"] for point in row["curve"]] == [2, 4]  # from the beginning


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
    frames = baselines.test_videos(bouncing_balls.Box(), 0).frames
    found = networks.errors("rEFH", params, frames, np.random.default_rng(1))
    assert list(found) == balls_table.WAYS
    assert found["noise_16"] < found["noise_1"] and found["present_16"] < found["present_1"]
    prediction = networks.prediction_of("rEFH", params, frames, "mean_field", None)
    assert baselines.squared_error(prediction, frames) == found["mean_field"]


def test_labels_of_the_curves_differ():
    """A legend entry per network and settings, even where the colour is the same."""
    rows = [
        {"model": name, "rendering": rendering, "setting": setting}
        for name, rendering, setting in (
            ("rEFH", "authors", "authors"),
            ("rEFH", "sutskever", "ours"),
            ("TRBM", "authors", "third"),
            ("TRBM", "authors", "noise"),
        )
    ]
    styles = [figures.style(row) for row in rows]
    assert len({style["label"] for style in styles}) == 4
    assert styles[2]["linestyle"] != styles[3]["linestyle"]


def test_a_continued_training_begins_where_the_earlier_one_ended():
    settings = {"half": dict(n_updates=50), "tuned": dict(n_updates=2, after="half")}
    curves = {
        "half": [{"n_updates": 25, "noise_1": 0.02}, {"n_updates": 50, "noise_1": 0.01}],
        "tuned": [{"n_updates": 2, "noise_1": 0.005}],
    }
    rows = [
        {
            "model": "RTRBM",
            "rendering": "authors",
            "setting": setting,
            "settings": settings,
            "seeds": [{"curve": curves[setting]}],
        }
        for setting, settings in settings.items()
    ]
    assert figures.curve(rows[0], rows, "noise_1") == ([25, 50], [0.02, 0.01])
    assert figures.curve(rows[1], rows, "noise_1") == ([50, 52], [0.01, 0.005])
    assert figures.curve(rows[1], rows, "mean_field") == ([], [])
