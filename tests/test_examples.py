"""Every example runs, in its quick mode, into a temporary folder; the same seed gives the same numbers."""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.special import gammaln
from scipy.stats import poisson

from datasets import bouncing_balls, ppc
from examples import (_ppc, _run, balls_generate, balls_table, linear_rvae, local_vs_bptt, ppc_dial, ppc_order, ppc_start,
                      ppc_table, quickstart, receptive_fields)
from refh_numpy import refh, training, trbm
from rvae_numpy import rvae, vae

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    out = tmp_path_factory.mktemp("results")
    quickstart.main(["--quick", "--seed", "3", "--out", str(out)])
    return out


def test_quickstart_writes_what_it_says(quick, capsys):
    assert {p.name for p in quick.iterdir()} == {"quickstart.json", "quickstart.png", "quickstart_data.png", "refh.npz"}
    result = json.loads((quick / "quickstart.json").read_text())
    assert set(result) >= {"command", "version", "seed", "rows"} and result["seed"] == 3
    rows = {row["model"]: row for row in result["rows"]}
    assert set(rows) == {"ORDER 0", "KF-1", "rEFH", "KF-2", "true parameters"}
    assert rows["KF-1"]["poster"] == 5.8e-4 and rows["true parameters"]["poster"] is None
    # the Kalman filters are as good in the quick mode as in any
    assert 5.0e-4 < rows["KF-1"]["mse"] < 6.2e-4
    assert 1.3e-4 < rows["true parameters"]["mse"] <= rows["KF-2"]["mse"] * 1.02 < 1.7e-4


def test_quickstart_says_the_same_again(quick, tmp_path):
    quickstart.main(["--quick", "--seed", "3", "--out", str(tmp_path)])
    first, second = (json.loads((folder / "quickstart.json").read_text()) for folder in (quick, tmp_path))
    for a, b in zip(first["rows"], second["rows"]):
        assert a["mse"] == b["mse"] and a["mse_after_100"] == b["mse_after_100"]


def test_saved_weights_filter_in_three_lines(quick):
    """The lines that the README shows."""
    params, meta = refh.load(quick / "refh.npz")
    batch = ppc.sample(ppc.System(), n_traj=2, T=50, rng=np.random.default_rng(1))
    z_hat, _ = ppc.decode(ppc.System(), refh.emission_mean(params, refh.infer(params, batch.y)))
    assert z_hat.shape == (2, 50) and np.isfinite(z_hat).all()
    assert meta["seed"] == 3 and meta["version"]


def test_ctrl_c_keeps_what_was_learnt(tmp_path, monkeypatch, capsys):
    draw = quickstart.draw_result

    def press(*args):
        press.count += 1
        if press.count == 3:
            raise KeyboardInterrupt
        return draw(*args)

    press.count = 0
    monkeypatch.setattr(quickstart, "draw_result", press)
    quickstart.main(["--quick", "--out", str(tmp_path)])
    assert "stopped after 90 updates; what was learnt is kept" in capsys.readouterr().out
    assert refh.load(tmp_path / "refh.npz")[0].W_u.any()


def test_a_folder_that_cannot_be_written_is_said_before_training(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    done = subprocess.run([sys.executable, "-m", "examples.quickstart", "--quick", "--out", str(file / "results")],
                          cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and "--out: wanted a folder that can be written" in done.stderr
    assert "the data" not in done.stdout


@pytest.mark.parametrize("arguments", [["--seed", "-1"], ["--seed", "x"], ["--quick", "--full"]])
def test_bad_arguments(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        quickstart.main(arguments)
    assert stop.value.code == 2


def test_help_says_what_the_pictures_show(capsys):
    with pytest.raises(SystemExit):
        quickstart.main(["--help"])
    assert "learning curve" in capsys.readouterr().out


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(temporary):
        Path(temporary).write_text("half")
        raise OSError

    with pytest.raises(OSError):
        _run.write_whole(path, fail)
    assert path.read_text() == "old" and os.listdir(tmp_path) == ["a.json"]


def test_progress_in_a_log_is_a_line_now_and_then(capsys):
    progress = _run.Progress("task", 100)
    for done in range(101):
        progress(done)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and "100 of 100" in lines[0] and "\r" not in lines[0]


def test_the_time_left_counts_only_what_this_run_has_done(capsys):
    progress = _run.Progress("task", 100)
    progress.start -= 20                        # twenty seconds ago, at 50
    progress.said -= 20
    progress(60, before=50)
    assert "60 of 100" in (line := capsys.readouterr().out) and "  80 s left" in line


def test_mean_and_spread():
    assert _run.mean_and_spread([1.0]) == (1.0, None)
    mean, spread = _run.mean_and_spread([1.0, 2.0, 3.0])
    assert (mean, spread) == (2.0, 1.0)
    assert _run.with_spread(3.1e-4, 0.2e-4, 1e4) == "3.10 ± 0.20"


# Table 1 and what is made of it

@pytest.fixture(scope="module")
def quick_table(tmp_path_factory):
    out = tmp_path_factory.mktemp("table")
    ppc_table.main(["--quick", "--out", str(out)])
    return out


def rows_of(path):
    return {row["model"]: row for row in json.loads(path.read_text())["rows"]}


def test_table_has_every_row_of_the_poster(quick_table):
    rows = rows_of(quick_table / "ppc_table.json")
    assert list(rows)[:8] == ["ORDER 0", "TVAE", "TRBM", "KF-1", "rVAE", "rEFH", "RTRBM", "KF-2"]
    assert all(rows[name]["poster"] for name in list(rows)[:8])
    assert all(np.isfinite(row["mse"]) for row in rows.values())
    assert (quick_table / "ppc_table.png").stat().st_size > 10_000


def test_of_two_starts_the_better_predictor_is_kept_and_both_are_told(quick_table):
    row = rows_of(quick_table / "ppc_table.json")["rVAE"]["seeds"][0]
    losses = [start["next_step_loss"] for start in row["starts"]]
    assert len(losses) == 2 and losses[0] != losses[1]
    assert row["mse"] == row["starts"][int(np.argmin(losses))]["mse"][0]


def test_the_next_step_loss_is_the_poissons():
    """A model whose prediction is the same at every step: minus the Poisson log likelihood, but for log y!."""
    rng = np.random.default_rng(0)
    params = vae.init(15, 2, 4, "poisson", rng, np.float64)
    for layer in params.decode_y:
        layer.W[:] = 0
    params.decode_y[-1].b[:] = np.log(1.5)
    y = rng.poisson(1.5, (3, 20, 15))
    wanted = -(poisson(1.5).logpmf(y[:, 1:]) + gammaln(y[:, 1:] + 1)).sum(-1).mean()
    np.testing.assert_allclose(_ppc.next_step_loss(vae, params, y, rng), wanted)


def test_a_row_that_is_done_is_not_run_again(quick_table, capsys):
    before = rows_of(quick_table / "ppc_table.json")
    kept = quick_table / "ppc_table" / "rEFH_0.npz"
    changed = kept.stat().st_mtime_ns
    (quick_table / "ppc_table" / "TRBM_0.json").unlink()
    ppc_table.main(["--quick", "--out", str(quick_table)])
    assert "13 of 14 runs are done already" in capsys.readouterr().out
    after = rows_of(quick_table / "ppc_table.json")
    assert kept.stat().st_mtime_ns == changed
    assert {name: row["mse"] for name, row in before.items()} == {name: row["mse"] for name, row in after.items()}


def test_a_row_of_other_settings_is_run_again(quick_table):
    folder = quick_table / "ppc_table"
    settings = json.loads((folder / "TRBM_0.json").read_text())["settings"]
    assert ppc_table.finished("TRBM", 0, settings, folder)
    assert not ppc_table.finished("TRBM", 0, settings | {"rate": 1.0}, folder)
    assert not ppc_table.finished("TRBM", 7, settings, folder)


def test_order_of_what_was_learnt(quick_table):
    ppc_order.main(["--out", str(quick_table)])
    rows = rows_of(quick_table / "ppc_order.json")
    # what theory says of the Kalman filters: only the second order knows velocity, trusts the present less, swings back
    assert rows["KF-1"]["velocity_r2"] < 0.2 < 0.9 < rows["KF-2"]["velocity_r2"]
    assert rows["KF-2"]["gain"] < 0.25 < 0.4 < rows["KF-1"]["gain"]
    assert min(rows["KF-2"]["impulse_response"]) < -0.002 < min(rows["KF-1"]["impulse_response"])
    assert (quick_table / "ppc_order.png").stat().st_size > 10_000


@pytest.mark.parametrize("script", [ppc_order, ppc_start])
def test_order_and_start_need_trained_models(script, tmp_path):
    with pytest.raises(SystemExit, match="--out: wanted the folder of a finished"):
        script.main(["--out", str(tmp_path)])


def test_starts_of_every_model(quick_table):
    ppc_start.main(["--out", str(quick_table)])
    rows = rows_of(quick_table / "ppc_start.json")
    table = rows_of(quick_table / "ppc_table.json")
    assert list(rows) == ppc_start.MODELS
    for name, row in rows.items():          # the rule by which a model begins by itself is the one of the table
        np.testing.assert_allclose(row["mse"][row["own"]], table[name]["seeds"][0]["mse"], rtol=1e-5)
    assert (quick_table / "ppc_start.png").stat().st_size > 10_000


def test_linear_theory_and_what_is_trained_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(linear_rvae, "SIGMAS", [0.07, 0.1])
    monkeypatch.setattr(linear_rvae, "TRAINED_SIGMAS", [0.07])
    monkeypatch.setattr(linear_rvae, "ANGLES", [0, 135])
    linear_rvae.main(["--quick", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "linear_rvae.json").read_text())
    assert len(result["rows"]) == 6 and len(result["trained"]) == 2
    for row in result["rows"]:
        assert row["mse"] > result["optimal_filter"]
        np.testing.assert_allclose(row["simulated"]["mse"], row["mse"], rtol=0.2)
    assert (tmp_path / "linear_rvae.png").stat().st_size > 10_000


@pytest.fixture
def small_balls(monkeypatch):
    monkeypatch.setattr(balls_table, "QUICK",
                        dict(family="pixels", n_traj=2, chunk=10, n_updates=4, rate=0.02, momentum=0.9, k=[1, 2]))
    monkeypatch.setattr(balls_table, "CHECKPOINT", 2)
    monkeypatch.setattr(balls_table, "BETWEEN_POINTS", 2)
    monkeypatch.setattr(balls_table, "TEST", dict(n_traj=2, T=60))
    monkeypatch.setattr(balls_table, "CURVE_CHAINS", 2)
    monkeypatch.setattr(balls_table, "N_TO_FIT", 60)


def test_balls_table(small_balls, tmp_path, capsys):
    balls_table.main(["--quick", "--out", str(tmp_path)])
    both = json.loads((tmp_path / "balls_table.json").read_text())["rows"]
    assert [row["rendering"] for row in both[:10]] == ["sutskever"] * 5 + ["authors"] * 5
    rows = {row["model"]: row for row in both if row["rendering"] == "sutskever"}
    assert list(rows)[:5] == ["mean frame", "previous frame", "regression on one frame", "regression on two frames",
                              "constant velocity, true positions"]
    # what one can say without a network, whatever the seed
    assert (rows["mean frame"]["mse"] > 0.07 > rows["previous frame"]["mse"] > rows["regression on one frame"]["mse"]
            > rows["regression on two frames"]["mse"] > rows["constant velocity, true positions"]["mse"])
    assert set(rows["rEFH"]["mse"]) == set(balls_table.WAYS) and [c["n_updates"] for c in rows["rEFH"]["curve"]] == [2, 4]
    for picture in ("balls_table.png", "balls_table_curves.png"):
        assert (tmp_path / picture).stat().st_size > 10_000
    assert {path.suffix for path in (tmp_path / "balls_table").iterdir()} == {".json", ".npz"}
    before = (tmp_path / "balls_table" / "rEFH_sutskever_quick_0.npz").stat().st_mtime_ns
    balls_table.main(["--quick", "--out", str(tmp_path)])
    assert (tmp_path / "balls_table" / "rEFH_sutskever_quick_0.npz").stat().st_mtime_ns == before


def test_balls_table_from_saved_weights(small_balls, tmp_path, monkeypatch):
    """What a training leaves behind is all that --use-saved needs; nothing is trained."""
    monkeypatch.setattr(balls_table._run, "WEIGHTS", tmp_path / "trained")
    balls_table.run("rEFH", 5, "authors", "quick", balls_table.QUICK, tmp_path_of(tmp_path / "trained" / "balls_table"))
    monkeypatch.setattr(balls_table, "train", None)
    balls_table.main(["--use-saved", "--out", str(tmp_path / "again")])
    row = json.loads((tmp_path / "again" / "balls_table.json").read_text())["rows"][-1]
    assert (row["model"], row["seed"], row["rendering"]) == ("rEFH", 5, "authors") and row["version"]
    assert (tmp_path / "again" / "balls_table.png").stat().st_size > 10_000


def test_what_the_full_table_of_balls_trains(small_balls, tmp_path, monkeypatch, capsys):
    """Every network of the poster, in both renderings; the rVAE once its own script has trained it, and only tested here."""
    asked = []
    monkeypatch.setattr(balls_table, "run_all", lambda jobs, n_workers: asked.append([job[:4] for job in jobs]) or [])
    balls_table.main(["--full", "--out", str(tmp_path)])
    assert {job[0] for job in asked[0]} == set(balls_table.MODELS) - {"rVAE"} and {job[2] for job in asked[0]} == {"sutskever", "authors"}
    assert "without the rVAE" in capsys.readouterr().out
    params = rvae.init(900, 3, (5,), "normal", np.random.default_rng(0), pixels=True, bend=2)
    rvae.save(tmp_path_of(tmp_path / "balls_generate") / "rVAE_0_stage_2.npz", params, settings=balls_generate.FINISH,
              seconds=7.0, version="this one")
    balls_table.main(["--full", "--out", str(tmp_path)])
    assert asked[1] == asked[0] + [("rVAE", 0, "sutskever", "films")] and "without" not in capsys.readouterr().out

    monkeypatch.undo()
    monkeypatch.setattr(balls_table, "TEST", dict(n_traj=2, T=60))
    row, = balls_table.run_all([(*asked[1][-1], balls_generate.FINISH, tmp_path / "balls_table")], 1)
    balls_table.print_rows([], [row])
    assert "rVAE" in capsys.readouterr().out
    frames = balls_table.test_films(bouncing_balls.Box(), 0).frames
    prediction = rvae.predict_next(params, rvae.infer(params, frames), np.random.default_rng(0), 50)
    assert row["mse"] == {"noise_16": pytest.approx(balls_table.squared_error(prediction, frames), rel=0.1)}
    assert row["seconds"] == 7 and row["version"] == "this one"
    assert len(balls_table.strips([row], tmp_path / "balls_table", n_shown=3)) == 3


def test_balls_table_says_mean_and_spread_of_several_seeds(capsys):
    rows = [{"model": "rEFH", "rendering": "authors", "setting": "ours", "seed": seed, "seconds": 10.0 + seed,
             "mse": {"noise_1": 0.01 + 0.001 * seed, "noise_16": 0.005}} for seed in range(3)]
    one = {"model": "RTRBM", "rendering": "authors", "setting": "half", "seed": 0, "seconds": 5.0, "mse": {"noise_16": 0.003}}
    balls_table.print_rows([], [*rows, one])
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith(("rEFH", "RTRBM"))]
    assert lines == [["rEFH", "authors", "ours", "3", "0.0067", "0.0110", "±", "0.0010", "0.0050", "±", "0.0000", "-", "-", "-", "11"],
                     ["RTRBM", "authors", "half", "1", "0.0059", "-", "0.0030", "-", "-", "-", "5"]]


def tmp_path_of(path):
    path.mkdir(parents=True)
    return path


def test_an_interrupted_training_on_balls_goes_on_from_its_checkpoint(small_balls, tmp_path):
    job = "rEFH", 0, "sutskever", "quick", balls_table.QUICK, tmp_path

    def interrupt(params, log):
        raise KeyboardInterrupt

    checkpoint = balls_table.file(tmp_path, *job[:1], "sutskever", "quick", 0, ".checkpoint.npz")
    with pytest.raises(KeyboardInterrupt):
        balls_table.train("rEFH", 0, bouncing_balls.Box(), balls_table.QUICK, checkpoint, interrupt)
    assert checkpoint.exists()
    so_far = balls_table.file(tmp_path, "rEFH", "sutskever", "quick", 0, ".so_far.json")
    _run.keep(so_far, {"settings": balls_table.QUICK, "curve": [{"n_updates": 2}], "seconds": 5.0})
    row = balls_table.run(*job)
    assert [c["n_updates"] for c in row["curve"]] == [2, 4] and row["seconds"] > 5 and not checkpoint.exists()
    whole = balls_table.train("rEFH", 0, bouncing_balls.Box(), balls_table.QUICK, checkpoint)
    params, _ = refh.load(balls_table.file(tmp_path, "rEFH", "sutskever", "quick", 0, ".npz"))
    for name, leaf in whole.leaves().items():
        np.testing.assert_array_equal(_run.halved(leaf), getattr(params, name))


def test_balls_interrupted_in_the_test_or_with_other_settings(small_balls, tmp_path, monkeypatch):
    job = "rEFH", 0, "sutskever", "quick", balls_table.QUICK, tmp_path
    checkpoint, so_far, weights = (balls_table.file(tmp_path, "rEFH", "sutskever", "quick", 0, suffix)
                                   for suffix in (".checkpoint.npz", ".so_far.json", ".npz"))
    learnt = balls_table.train("rEFH", 0, bouncing_balls.Box(), balls_table.QUICK, checkpoint)
    again = balls_table.train("rEFH", 0, bouncing_balls.Box(), balls_table.QUICK, checkpoint)       # nothing is left to do
    np.testing.assert_array_equal(learnt.W_u, again.W_u)
    _run.keep(so_far, {"settings": balls_table.QUICK | {"rate": 1.0}, "curve": [{"n_updates": 4}], "seconds": 5.0})

    def interrupt(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(balls_table, "test_films", lambda box, seed: interrupt() if seed == 0 else balls_table.bouncing_balls.sample(
            2, 20, np.random.default_rng(0), box))
        with pytest.raises(KeyboardInterrupt):
            balls_table.run(*job)
    assert weights.exists() and not checkpoint.exists() and not so_far.exists()
    monkeypatch.setattr(balls_table, "train", None)                                 # it need only be tested
    assert [c["n_updates"] for c in balls_table.run(*job)["curve"]] == [2, 4]       # from the beginning


def test_regression_finds_what_is_linear():
    """Films whose next frame is the last one plus the change before it: two frames say all, one does not."""
    rng = np.random.default_rng(0)
    start, step = rng.random((2, 30, 1, 5)) * [[[[0.3]]], [[[0.02]]]]
    films = (start + step * np.arange(20)[:, None]).astype(np.float32)
    one, two = (balls_table.regression(films, films, n_frames, strength=1e-6) for n_frames in (1, 2))
    assert two < 1e-7 < one


def test_the_impulse_response_of_the_decoder_is_an_impulse():
    rng = np.random.default_rng(0)
    batch = ppc.sample(ppc.System(), 100, ppc_order.MOMENT + ppc_order.LAGS, rng)
    response = ppc_order.impulse_response(lambda y: ppc.decode(ppc.System(), y)[0], batch, ppc_order.pushed(batch, rng))
    np.testing.assert_allclose(response[0], 1)
    np.testing.assert_allclose(response[1:], 0, atol=1e-12)


def test_a_linear_readout_finds_what_is_there_and_nothing_else():
    rng = np.random.default_rng(0)
    state = rng.standard_normal((10, 300, 3))
    assert ppc_order.readout(state, state @ [1.0, -2.0, 0.5] + 3) > 0.999
    assert abs(ppc_order.readout(state, rng.standard_normal((10, 300)))) < 0.05


def test_local_rules_beside_bptt(tmp_path):
    local_vs_bptt.main(["--quick", "--out", str(tmp_path)])
    rows = rows_of(tmp_path / "local_vs_bptt.json")
    assert set(rows) == {"TRBM", "rEFH", "RTRBM", "rEFH + BPTT"}
    for rule in ("TRBM", "rEFH"):
        for degrees in rows[rule]["angles"].values():
            assert len(degrees) == 2 and (0 <= np.array(degrees)).all() and (np.array(degrees) < 180).all()
    assert (tmp_path / "local_vs_bptt.png").stat().st_size > 10_000


def test_the_dial(quick_table):
    ppc_dial.main(["--quick", "--out", str(quick_table)])
    rows = json.loads((quick_table / "ppc_dial.json").read_text())["rows"]
    assert [row["w"] for row in rows] == ppc_dial.DIAL and all(np.isfinite(row["mse"]) for row in rows)
    assert (quick_table / "ppc_dial.png").stat().st_size > 10_000


def test_stages_of_a_training(monkeypatch):
    """sigma_u and the rate go down in steps, and the generative model has the last word."""
    stages = []

    def spy(params, batches, rng, **settings):
        stages.append((params.model.sigma_u, settings))
        return params, training.Log()

    monkeypatch.setattr(rvae, "train", spy)
    rng = np.random.default_rng(0)
    _ppc.learn(rvae, rvae.init(15, 2, 4, "poisson", rng), rng, n_traj=2, T=10, n_updates=60, rate=0.3, chunk=5,
               sigmas=[0.3, 0.2, 0.1], wake=7)
    assert [sigma for sigma, _ in stages] == [0.3, 0.2, 0.1, 0.1]
    rates = [(settings["n_updates"], settings["rate"], settings.get("final_rate", 0.0)) for _, settings in stages]
    np.testing.assert_allclose(rates, [(20, 0.3, 0.2), (20, 0.2, 0.1), (20, 0.1, 0), (7, _ppc.WAKE_RATE, 0)], atol=1e-12)
    assert [settings.get("freeze_phi", False) for _, settings in stages] == [False, False, False, True]


def test_half_a_training_makes_no_row(quick_table, monkeypatch, capsys):
    """Ctrl+C reaches the training in a worker, which keeps what was learnt; the table must not."""
    def interrupted(params, batches, rng, **settings):
        return params, training.Log(interrupted=True)

    monkeypatch.setattr(trbm, "train", interrupted)
    row = quick_table / "ppc_table" / "TRBM_5.json"
    with pytest.raises(KeyboardInterrupt):
        ppc_table.run("TRBM", 5, ppc_table.NETWORKS["TRBM"], quick_table / "ppc_table")
    assert not row.exists()


def test_a_table_with_gaps_can_be_drawn():
    rows = ppc_table.table([])
    assert all(row["missing"] for row in rows)
    assert ppc_table.draw(rows).axes


def test_steps_without_spikes_are_skipped():
    """A gap in the decoded positions must not spread: the filter takes it for a missing observation."""
    half = _ppc.SYSTEM.circumference / 2
    position = np.array([[0.9 * half, np.nan, -0.95 * half, np.nan, -0.9 * half]])
    unrolled = _ppc.unrolled(position)
    np.testing.assert_allclose(unrolled, [[0.9 * half, np.nan, 1.05 * half, np.nan, 1.1 * half]])


def python_blocks(readme):
    return re.findall(r"^```python\n(.*?)^```", readme.read_text(), re.S | re.M)


@pytest.mark.parametrize("chapter", ["datasets/README.md", "kalman/README.md", "refh_numpy/README.md",
                                     "rvae_numpy/README.md", "README.md"])
def test_the_chapters_code_runs_as_printed(chapter, quick, monkeypatch, capsys):
    """The python blocks of a chapter, one after the other, as a reader would paste them; README's uses quickstart's file"""
    monkeypatch.chdir(quick.parent)
    if chapter == "README.md":
        (quick.parent / "results").exists() or os.symlink(quick, quick.parent / "results")
    blocks = python_blocks(ROOT / chapter)
    assert blocks
    namespace = {}
    for block in blocks:
        exec(compile(block, chapter, "exec"), namespace)


def test_receptive_fields(quick, capsys):
    receptive_fields.main(["--out", str(quick)])
    rows = json.loads((quick / "receptive_fields.json").read_text())["rows"]
    assert len(rows) == quickstart.N_HIDDEN and (quick / "receptive_fields.png").stat().st_size > 10_000
    assert all(-0.01 <= row["r2_position"] <= row["r2_position_and_velocity"] <= 1 for row in rows)


def test_receptive_fields_of_units_that_are_known():
    """One unit follows position, one velocity, one nothing."""
    rng = np.random.default_rng(0)
    z = rng.uniform(-1, 1, (60_000, 2))
    u = np.stack([(z[:, 0] + 1) / 2, (z[:, 1] > 0) * 1.0, rng.random(len(z))], axis=1)
    mean, _, _ = receptive_fields.maps(u, z)
    np.testing.assert_allclose(mean[0], np.broadcast_to((np.arange(15) + 0.5) / 15, (15, 15)), atol=0.02)
    np.testing.assert_allclose(mean[1, [0, -1]], [[0] * 15, [1] * 15])
    by_position, by_both = receptive_fields.explained(u, z)
    np.testing.assert_allclose(by_position, [1, 0, 0], atol=0.01)
    np.testing.assert_allclose(by_both, [1, 0.93, 0], atol=0.05)


def test_receptive_fields_need_a_network(tmp_path):
    with pytest.raises(SystemExit, match="run python -m examples.quickstart first"):
        receptive_fields.main(["--out", str(tmp_path)])
