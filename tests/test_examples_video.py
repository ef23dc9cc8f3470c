"""Generated videos: the tracker, the measures, training in stages, rows of several seeds."""
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.image import (
    PIL,  # Pillow comes with Matplotlib
    imread,
)
from scipy.spatial.distance import cdist

from datasets import bouncing_balls, digits, moving_mnist
from datasets.bouncing_balls import RENDERINGS, Box
from examples import (
    _balls_networks,
    _coarse_to_fine,
    _digits,
    _plots,
    _run,
    _tracking,
    _video,
    balls_generate,
    digits_generate,
)
from refh_numpy import refh, rtrbm
from rvae_numpy import rvae

BOX = Box()


def balls(box=BOX, n_traj=6, T=40, seed=0):
    return bouncing_balls.sample(n_traj, T, np.random.default_rng(seed), box)


# The tracker and the measures of balls

@pytest.mark.parametrize("rendering", RENDERINGS)
def test_the_tracker_finds_balls_where_they_are(rendering):
    box = Box(rendering=rendering)
    truth = balls(box)
    found, residual = _tracking.track(truth.frames.reshape(-1, 900), box)
    assert all(len(positions) == 3 for positions in found) and residual.max() < 0.1
    errors = [cdist(positions, real).min(1)
              for positions, real in zip(found, truth.position.reshape(-1, 3, 2), strict=True)]
    assert np.median(errors) < 0.03             # a ball moves 0.26 per frame; a pixel is 0.33 wide


@pytest.mark.parametrize("n_balls", [0, 1, 2, 4])
def test_the_tracker_counts(n_balls):
    frames = (balls(Box(n_balls=n_balls)).frames if n_balls
              else np.zeros((6, 40, 900), np.float32))
    found, _ = _tracking.track(frames.reshape(-1, 900), Box(n_balls=max(n_balls, 1)))
    assert {len(positions) for positions in found} == {n_balls}
    assert _tracking.measures(frames, balls().frames, BOX)["valid_frames"] == 0


def test_measures_of_the_ground_truth():
    truth = balls()
    found = _tracking.measures(truth.frames, truth.frames, BOX)
    assert found["valid_frames"] == found["sharpness"] == 1 and found["straightness"] > 0.98
    real = np.median(np.linalg.norm(truth.velocity, axis=-1))
    assert found["speed"] == pytest.approx(real, rel=0.05)
    assert found["error"] == [0] * 40
    # the videos are reversible, and so are the measures
    reverse = _tracking.measures(truth.frames[:, ::-1], truth.frames[:, ::-1], BOX)
    assert reverse["speed"] == pytest.approx(found["speed"], rel=1e-6)
    assert reverse["valid_frames"] == 1 and reverse["straightness"] > 0.98


def test_measures_detect_each_fault():
    truth = balls()
    frames = truth.frames
    fast = _tracking.measures(balls(Box(speed=1.0)).frames, frames, BOX)
    real = _tracking.measures(frames, frames, BOX)["speed"]
    assert fast["speed"] == pytest.approx(2 * real, rel=0.1)
    still = _tracking.measures(np.repeat(frames[:, :1], 40, axis=1), frames, BOX)
    assert still["valid_frames"] == 1 and still["speed"] < 0.01
    rng = np.random.default_rng(0)
    shaken = truth.position + 0.1 * rng.standard_normal(truth.position.shape)
    shaken = bouncing_balls.render(shaken)
    assert _tracking.measures(shaken, frames, BOX)["straightness"] < 0.95
    blurred = (frames + np.roll(frames, 1, axis=2) + np.roll(frames, -1, axis=2)) / 3
    assert _tracking.measures(blurred, frames, BOX)["sharpness"] < 0.9
    grey = _tracking.measures(np.full_like(frames, 0.1), frames, BOX)
    assert grey["valid_frames"] == 0 and grey["speed"] == 0 and grey["straightness"] is None


def test_two_balls_and_a_smear_are_not_three():
    frames = balls(Box(n_balls=2)).frames.reshape(6, 40, 30, 30).copy()
    frames[:, :, 10:20] = np.maximum(frames[:, :, 10:20], 0.7)
    found = _tracking.measures(frames.reshape(6, 40, 900), balls().frames, BOX)
    assert found["valid_frames"] < 0.1


# The measures of digits

def test_a_template_is_found_where_it_is():
    synthetic = digits.load("synthetic")
    batch = moving_mnist.sample(3, 20, np.random.default_rng(0), synthetic,
                                digits_generate.ONE.scene)
    for n in range(3):
        similarity, position = _tracking.find_template(
            batch.frames[n].reshape(20, 32, 32), synthetic.images[batch.which[n, 0]])
        assert similarity.min() > 0.88          # a digit between two pixels is slightly blurred
        np.testing.assert_allclose(position, batch.position[n, :, 0], atol=0.5)
    nothing, _ = _tracking.find_template(np.zeros((2, 32, 32)), synthetic.images[0])
    assert not nothing.any()


def test_measures_of_digits():
    synthetic, scene = digits.load("synthetic"), digits_generate.ONE.scene
    batch = moving_mnist.sample(4, 8, np.random.default_rng(0), synthetic, scene)

    def measured(frames):
        return _tracking.digit_measures(frames, batch, synthetic, np.random.default_rng(1))

    truth = measured(batch.frames)
    assert truth["identified"] > 0.9 and truth["similarity"] > 0.95 and truth["moving"] > 0.8
    assert truth["error"] == [0] * 8 and len(truth["identified_by_frame"]) == 8
    assert truth["speed"] == pytest.approx(1.5, rel=0.2)
    still = measured(np.repeat(batch.frames[:, :1], 8, axis=1))
    assert still["moving"] == 0 and still["speed"] == 0 and still["identified"] > 0.9
    other = moving_mnist.sample(4, 8, np.random.default_rng(5), synthetic, scene)
    other = measured(other.frames)
    assert other["identified"] < 0.6 and other["similarity"] < truth["similarity"]


# Rows and figures

def test_rows_of_several_runs_are_merged_by_identity():
    def run(seed):
        return [_video.seeded({"model": "rVAE", "direction": direction}, seed,
                              {"speed": 1.0 + seed, "straightness": None if seed else 0.5,
                               "error": [0.1 * seed, 1.0]}, true_speed=2.0)
                for direction in ("forward", "backward")]

    rows = _video.summary(_video.merged([run(0), run(2), run(1)[:1]]))
    assert [(row["direction"], len(row["seeds"])) for row in rows] == [
        ("forward", 3), ("backward", 2)]
    assert rows[0]["speed"] == pytest.approx(2) and rows[0]["speed_spread"] == pytest.approx(1)
    assert rows[0]["speed_ratio"] == pytest.approx(1) and rows[0]["straightness"] is None
    assert rows[0]["label"] == "rVAE" and rows[1]["label"] == "rVAE, backward"
    assert rows[1]["error_after_1"] == pytest.approx(0.1) and "error_after_5" not in rows[1]
    assert "error" not in rows[1] and rows[1]["seeds"][1]["error"] == [0.2, 1.0]
    assert _video.summary(run(3))[0]["speed_spread"] is None


def test_labels_name_what_differs():
    assert _video.label({"model": "ground truth"}) == "ground truth"
    assert _video.label({"model": "rVAE", "direction": "forward", "sampler": "map",
                         "n_refine": 1, "rendering": "sutskever"}) == "rVAE, map, refined 1x"
    assert _video.label({"model": "rEFH", "direction": "backward", "sampler": "means",
                         "rendering": "authors"}) == "rEFH, backward, means (authors' rendering)"


def test_only_comparable_rows_are_averaged(tmp_path, monkeypatch):
    monkeypatch.setattr(_run, "WEIGHTS", tmp_path)
    for seed, source in ((0, "MNIST"), (1, "MNIST"), (2, "synthetic")):
        (tmp_path / f"videos_seed_{seed}.json").write_text(
            json.dumps({"seed": seed, "digits": source, "rows": [seed]}))
    (tmp_path / "videos_of_balls_seed_7.json").write_text(
        json.dumps({"seed": 7, "digits": "MNIST", "rows": [7]}))
    assert _video.kept_runs("videos", excluding=0, digits="MNIST") == [[1]]
    assert _video.kept_runs("videos", excluding=0) == [[1], [2]]
    assert _video.kept_runs("videos") == [[0], [1], [2]]


def test_a_gif_keeps_its_layout(tmp_path):
    """The panels stand in the same place in all frames; their border says context or generated."""
    frames = np.linspace(0, 0.3, 6 * 16).reshape(6, 16)
    _video.animate([("one", frames), ("two", frames[::-1])], (4, 4), tmp_path / "x.gif", 2)
    with PIL.Image.open(tmp_path / "x.gif") as gif:
        assert gif.n_frames == 6
        images = []
        for number in range(6):
            gif.seek(number)
            images.append(np.asarray(gif.convert("RGB"), dtype=int))

    def border(image, colour):
        """Pixels of this colour, without those of the text above and below the panels"""
        expected = [int(colour[i:i + 2], 16) for i in (1, 3, 5)]
        return np.argwhere(np.abs(image[30:-25] - expected).max(-1) < 12)

    context, generated = border(images[0], _video.CONTEXT), border(images[3], _video.GENERATED)
    assert len(context) > 500 and len(generated) > 500 and not len(
        border(images[0], _video.GENERATED))
    for number in (1, 2, 5):
        colour = _video.CONTEXT if number < 2 else _video.GENERATED
        corners = border(images[number], colour)
        np.testing.assert_allclose(corners.min(0), generated.min(0), atol=1)
        np.testing.assert_allclose(corners.max(0), generated.max(0), atol=1)


def test_a_strip_has_frame_numbers():
    frames = np.random.default_rng(0).random((3, 16))
    figure = _video.strip([("a", frames), ("b", frames)], (4, 4), "title", [11, 15, 19])
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "", "11", "15", "19"]


# Balls

@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(balls_generate, "QUICK",
                        dict(n_traj=2, T=10, chunk=5, n_updates=4, learning_rate=1e-3))
    monkeypatch.setattr(balls_generate, "SIZES",
                        dict(n_y=900, n_x=4, hidden=(6, 5), n_residual=3))
    monkeypatch.setattr(_video, "CHECKPOINT", 2)
    monkeypatch.setattr(balls_generate, "N_VIDEOS", 3)
    monkeypatch.setattr(balls_generate, "N_GENERATED", 20)


def test_balls_generate(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(_run, "WEIGHTS", tmp_path / "weights")
    balls_generate.main(["--quick", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "balls_generate.json").read_text())
    rows = {_video.label(row): row for row in result["rows"]}
    assert rows["ground truth"]["valid_frames"] == rows["ground truth"]["speed_ratio"] == 1
    assert rows["previous frame"]["speed_ratio"] < 0.01
    assert len(rows["rVAE, rerank"]["seeds"][0]["error"]) == 20 and 0 < result["next_frame"] < 1
    assert {row.get("direction") for row in result["rows"]} == {None, "forward", "backward"}
    for name in ("balls_generate.png", "balls_generate.gif", "balls_generate_open_loop.png",
                 "balls_generate_backward.png"):
        assert (tmp_path / name).stat().st_size > 5_000
    assert imread(tmp_path / "balls_generate.png").shape[1] > 600
    # the weights that it wrote are read again, and are all that --use-saved needs
    weights = tmp_path / "balls_generate" / "rVAE_0.npz"
    for module, name in ((_video, "train"), (_video, "animate"), (_plots, "save")):
        monkeypatch.setattr(module, name, lambda *arguments, **options: None)
    (tmp_path / "weights").mkdir()
    shutil.copy(weights, tmp_path / "weights" / "balls_generate.npz")
    # rows of other seeds are enough; those of the weights' own seed are not counted twice
    for seed, sharper in ((0, 5), (3, 0.5)):
        others = json.loads(json.dumps(result["rows"]))
        for row in others:
            row["seeds"][0] |= {"seed": seed,
                                "sharpness": row["seeds"][0]["sharpness"] + sharper}
        (tmp_path / "weights" / f"balls_generate_seed_{seed}.json").write_text(
            json.dumps({"seed": seed, "rows": others}))
    capsys.readouterr()
    balls_generate.main(["--use-saved", "--out", str(tmp_path / "again")])
    again = json.loads((tmp_path / "again" / "balls_generate.json").read_text())
    assert again["next_frame"] == result["next_frame"]
    for row, before in zip(again["rows"], result["rows"], strict=True):
        assert row["seeds"][0] == before["seeds"][0] and len(row["seeds"]) == 2
    line = next(line for line in capsys.readouterr().out.splitlines()
                if line.startswith("ground truth"))
    assert "1.25 ± 0.35" in line and "100 ± 0 %" in line


def test_kept_harmoniums_generate_in_their_own_rendering(small, tmp_path, monkeypatch):
    """Next to the ground truth in that rendering; the joint runs backward, the RTRBM does not."""
    monkeypatch.setattr(_run, "WEIGHTS", tmp_path)
    (tmp_path / "balls_table").mkdir()
    for name, model, rendering, seed in (("rEFH", refh, "sutskever", 0),
                                         ("rEFH", refh, "sutskever", 1),
                                         ("RTRBM", rtrbm, "authors", 0)):
        params = model.init(5, 900, "bernoulli", np.random.default_rng(seed))
        model.save(_balls_networks.file(tmp_path / "balls_table", name, rendering, "ours", seed,
                                        ".npz"), params)
    rows = balls_generate.harmonium_rows(0)
    found = [(row["model"], row["rendering"], row.get("direction")) for row in rows]
    assert found[0] == ("rEFH", "sutskever", "forward")
    assert set(found[1:-2]) == {("rEFH", "sutskever", "backward")}
    assert found[-2:] == [("previous frame", "authors", None), ("RTRBM", "authors", "forward")]
    # untrained, every pixel is near one half; its error depends on the rendering
    first, last = rows[0]["seeds"][0], rows[-1]["seeds"][0]
    assert first["error"][0] > 0.2 and first["valid_frames"] == 0
    assert first["error"] != last["error"]


def test_a_backward_video_is_compared_with_the_reverse(small):
    """Its first frame is one step before the last that was observed."""
    class Copy:
        """A model that remembers the whole video."""
        @staticmethod
        def infer(params, frames):
            Copy.frames = frames
            return frames

        @staticmethod
        def generate_backward(params, state, T, rng):
            np.testing.assert_array_equal(state, Copy.frames[:, -1])
            return Copy.frames[:, ::-1][:, :T]

    test = balls_generate.test_videos(0, BOX)
    frames = balls_generate.backward_video(Copy, None, test, 0)
    np.testing.assert_array_equal(frames, balls_generate.reverse(test))
    np.testing.assert_array_equal(frames[:, 0], test[:, -2])
    assert frames.shape[1] == balls_generate.N_GENERATED


def test_an_interrupted_training_on_videos_goes_on(small, tmp_path):
    def interrupt(params, log):
        if log.n_updates[-1] == 4:
            raise KeyboardInterrupt

    def learn(path, **watch):
        return _video.train(balls_generate.start, balls_generate.batches, 0, balls_generate.QUICK,
                            path, **watch)

    path = tmp_path / "other.checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        learn(path, watch=interrupt)
    resumed, whole = learn(path), learn(tmp_path / "other.npz")
    for name, leaf in whole.leaves().items():
        np.testing.assert_array_equal(resumed.leaves()[name], leaf)
    params, seconds = balls_generate.trained(0, balls_generate.QUICK, None, tmp_path)
    assert seconds > 0 and rvae.load(tmp_path / "rVAE_0.npz")[1]["version"] == _run.version()
    # a second stage continues from there
    finish = balls_generate.QUICK | {"n_updates": 2, "learning_rate": 1e-9}
    finished, in_all = balls_generate.trained(0, balls_generate.QUICK, finish, tmp_path)
    np.testing.assert_allclose(finished.nu.W, params.nu.W, atol=1e-3)
    assert in_all > seconds and (tmp_path / "rVAE_0_stage_2.npz").exists()


def test_kept_weights_predict_the_next_frame():
    """The weights that --use-saved reads fit the settings of the script, and predict."""
    params, meta = rvae.load(_run.WEIGHTS / "balls_generate.npz")
    assert meta["sizes"] == json.loads(json.dumps(balls_generate.SIZES))
    assert meta["config"] == balls_generate.CONFIG and meta["after"] == balls_generate.FULL
    assert meta["settings"] == balls_generate.FINISH
    frames = balls(n_traj=4, T=20, seed=3).frames
    assert balls_generate.next_frame_error(params, frames) < 0.008
    past = balls_generate.backward_video(rvae, params, balls(n_traj=4, T=60, seed=3).frames, 0)
    assert np.mean((past[:, 0] - balls(n_traj=4, T=60, seed=3).frames[:, -2]) ** 2) < 0.006


@pytest.mark.parametrize("name, columns", [("balls_generate", balls_generate.COLUMNS),
                                           ("digits_generate_1", _digits.COLUMNS)])
def test_kept_rows_have_all_columns(name, columns):
    runs = _video.kept_runs(name)
    assert len(runs) == 2
    for row in (row for run in runs for row in run):
        assert {column[1] for column in columns} <= set(row["seeds"][0])


# Digits

def test_an_upsampled_network_encodes_and_emits_the_same():
    """G5: the encoding does not change; the emitted frame is the coarse one, interpolated."""
    rng = np.random.default_rng(0)
    coarse = rvae.init(64, 4, (6, 5), **_digits.CONFIG, sigma_u=0.1, sigma_y=0.05, rng=rng,
                       n_residual=3)
    fine = _coarse_to_fine.upsampled(coarse, 8, 2)
    assert fine.n_y == 256 and fine.config.sigma_y == 0.1
    assert fine.encode[0].W.dtype == np.float32
    frames = rng.random((3, 7, 256), dtype=np.float32)
    means = _coarse_to_fine.downsampled(frames, 16, 2)
    np.testing.assert_allclose(means[1, 2].reshape(8, 8)[3, 5],
                               frames[1, 2].reshape(16, 16)[6:8, 10:12].mean(), rtol=1e-6)
    u = rng.standard_normal((3, 4)).astype(np.float32)
    np.testing.assert_allclose(rvae.infer(fine, frames, u), rvae.infer(coarse, means, u),
                               atol=1e-5)
    x = rng.standard_normal((3, 7, 4)).astype(np.float32)
    emitted = rvae.emission_mean(fine, x).reshape(21, 16, 16)
    before = rvae.emission_mean(coarse, x).reshape(21, 8, 8)
    assert np.corrcoef(emitted[:, ::2, ::2].ravel(), before.ravel())[0, 1] > 0.5
    assert emitted.min() >= before.min() - 1e-6 and emitted.max() <= before.max() + 1e-6


def test_kept_weights_of_one_digit():
    params, meta = rvae.load(_run.WEIGHTS / "digits_generate_1.npz")
    assert meta["stages"] == digits_generate.ONE.stages and meta["digits"] == "MNIST"
    assert meta["config"] == _digits.CONFIG | digits_generate.ONE.noise
    assert params.n_y == digits_generate.ONE.n_y(1)


def test_interpolated_frames_show_the_same():
    row, column = np.mgrid[:16, :16] / 16 * np.pi
    frames = (0.5 + 0.4 * np.sin(row) * np.cos(column)).reshape(1, 1, 256)
    fine = _coarse_to_fine.interpolated(frames, 2)
    assert fine.shape == (1, 1, 1024) and _coarse_to_fine.interpolated(frames, 1) is frames
    np.testing.assert_allclose(_coarse_to_fine.downsampled(fine, 32, 2), frames, atol=0.01)
    edge = np.repeat([[0.0, 1.0]], 32, axis=1).reshape(1, 64)
    edge = _coarse_to_fine.interpolated(edge, 4)
    assert edge.min() == 0 and edge.max() == 1              # no pixel is darker than black


def small_recipe(recipe, **changes):
    return replace(recipe, sizes=dict(n_x=3, hidden=(4,), n_residual=2),
                   training=dict(n_traj=2, T=6, chunk=3), **changes)


def test_stages_of_a_recipe(tmp_path, monkeypatch):
    """Noise holds from its stage on; pixels become finer; the stages before identify a run."""
    runs = []
    monkeypatch.setattr(_video, "trained", lambda start, batches, seed, settings, about, folder,
                        stage, seconds, corrupt: (runs.append((settings, about["stages"], corrupt))
                                                  or (start(np.random.default_rng(0)),
                                                      seconds + 1)))
    synthetic = digits.load("synthetic")
    stages = [dict(n_updates=2, sigma_u=0.3), dict(n_updates=3), dict(n_updates=4, noise_u=0.7)]
    recipe = small_recipe(digits_generate.ONE, stages=stages)
    params, seconds = _digits.trained(recipe, synthetic, 0, tmp_path, {})
    assert (params.config.sigma_u, params.config.noise_u, seconds) == (0.3, 0.7, 3)
    assert params.n_y == 32**2
    assert [about for _, about, _ in runs] == [stages[:1], stages[:2], stages]
    assert [settings for settings, _, _ in runs] == [
        dict(n_traj=2, T=6, chunk=3, n_updates=n) for n in (2, 3, 4)]
    assert all(corrupt is None for _, _, corrupt in runs)
    recipe = small_recipe(digits_generate.TWO, stages=[dict(downsample=n) for n in (8, 8, 2)])
    params, _ = _digits.trained(recipe, synthetic, 0, tmp_path, {})
    assert params.n_y == 32**2 and params.config.sigma_y == pytest.approx(0.14 / 2)
    # the noise of the input is that of a mean of pixels
    y = np.zeros((40, 50, 64), np.float32)
    for (_, _, corrupt), sd in zip(runs[3:], (0.6 / 8, 0.6 / 8, 0.6 / 2), strict=True):
        noisy = corrupt(y, np.random.default_rng(0))
        assert noisy.std() == pytest.approx(sd, rel=0.02) and noisy.dtype == np.float32


@pytest.mark.parametrize("n_digits", [1, 2])
def test_digits_generate(n_digits, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(_digits, "N_VIDEOS", 2)
    monkeypatch.setattr(_digits, "N_SHOWN", 2)
    monkeypatch.setattr(_tracking, "N_DISTRACTORS", 2)
    monkeypatch.setattr(_run, "WEIGHTS", tmp_path / "weights")
    stages = [stage | dict(n_updates=4) for stage in digits_generate.QUICK[n_digits]]
    monkeypatch.setitem(digits_generate.QUICK, n_digits, stages)
    monkeypatch.setitem(digits_generate.FULL, n_digits,
                        small_recipe(digits_generate.FULL[n_digits]))
    name = f"digits_generate_{n_digits}"
    options = ["--digits", str(n_digits), "--out"]
    digits_generate.main(["--quick", *options, str(tmp_path)])
    result = json.loads((tmp_path / f"{name}.json").read_text())
    rows = {_video.label(row): row for row in result["rows"]}
    assert rows["ground truth"]["identified"] > 0.8 and rows["ground truth"]["speed_ratio"] == 1
    assert result["digits"] == "synthetic"
    backward = [row for row in result["rows"] if row.get("direction") == "backward"]
    assert bool(backward) == (n_digits == 1)
    assert (tmp_path / f"{name}_backward.png").exists() == (n_digits == 1)
    for suffix in (".png", ".gif"):
        assert (tmp_path / f"{name}{suffix}").stat().st_size > 5_000
    for module, function in ((_video, "train"), (_digits, "plot")):
        monkeypatch.setattr(module, function, lambda *arguments: None)
    with pytest.raises(SystemExit, match=f"nothing is kept of {name}"):
        digits_generate.main(["--use-saved", *options, str(tmp_path)])
    (tmp_path / "weights").mkdir()
    shutil.copy(tmp_path / f"{name}.json", tmp_path / "weights" / f"{name}_seed_0.json")
    capsys.readouterr()
    digits_generate.main(["--use-saved", *options, str(tmp_path / "rows")])
    assert "rows are kept, but no weights" in capsys.readouterr().out
    only_rows = json.loads((tmp_path / "rows" / f"{name}.json").read_text())
    assert only_rows["rows"] == result["rows"]
    last = "rVAE_0.npz" if len(stages) == 1 else f"rVAE_0_stage_{len(stages)}.npz"
    shutil.copy(tmp_path / name / last, tmp_path / "weights" / f"{name}.npz")
    digits_generate.main(["--use-saved", *options, str(tmp_path / "again")])
    assert json.loads((tmp_path / "again" / f"{name}.json").read_text())["rows"] == result["rows"]
