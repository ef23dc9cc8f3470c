"""Videos of balls: training in stages, balls_generate, rows of several seeds, figures."""

import itertools
import json
import shutil

import numpy as np
import pytest
from matplotlib.image import PIL, imread  # Pillow comes with Matplotlib

from datasets import bouncing_balls
from datasets.bouncing_balls import Box
from examples import balls_generate
from examples.balls import networks
from examples.digits import templates
from examples.tools import plots, results, run, sequences
from refh_numpy import refh, rtrbm
from rvae_numpy import rvae, storage

BOX = Box()


def balls(box=BOX, n_traj=6, T=40, seed=0):
    return bouncing_balls.sample(n_traj, T, np.random.default_rng(seed), box)


# Rows and figures


def test_rows_of_several_runs_are_merged_by_identity():
    def run(seed):
        straightness = None if seed else 0.5
        found = {"speed": 1.0 + seed, "straightness": straightness, "error": [0.1 * seed, 1.0]}
        rows = [{"model": "rVAE", "direction": direction} for direction in ("forward", "backward")]
        return [sequences.seeded(row, seed, found, true_speed=2.0) for row in rows]

    rows = sequences.summary(sequences.merged([run(0), run(2), run(1)[:1]]))
    found = [(row["direction"], len(row["seeds"])) for row in rows]
    assert found == [("forward", 3), ("backward", 2)]
    assert rows[0]["speed"] == pytest.approx(2) and rows[0]["speed_spread"] == pytest.approx(1)
    assert rows[0]["speed_ratio"] == pytest.approx(1) and rows[0]["straightness"] is None
    assert rows[0]["label"] == "rVAE" and rows[1]["label"] == "rVAE, backward"
    assert rows[1]["error_after_1"] == pytest.approx(0.1) and "error_after_5" not in rows[1]
    assert "error" not in rows[1] and rows[1]["seeds"][1]["error"] == [0.2, 1.0]
    assert sequences.summary(run(3))[0]["speed_spread"] is None


def test_labels_name_what_differs():
    assert sequences.label({"model": "ground truth"}) == "ground truth"
    row = {"model": "rVAE", "direction": "forward", "sampler": "map", "n_refine": 1}
    assert sequences.label(row | {"rendering": "sutskever"}) == "rVAE, map, refined 1x"
    row = {"model": "rEFH", "direction": "backward", "sampler": "means", "rendering": "authors"}
    assert sequences.label(row) == "rEFH, backward, means (authors' rendering)"


def test_only_comparable_rows_are_averaged(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "WEIGHTS", tmp_path)
    for seed, source in ((0, "MNIST"), (1, "MNIST"), (2, "synthetic")):
        (tmp_path / f"videos_seed_{seed}.json").write_text(
            json.dumps({"seed": seed, "digits": source, "rows": [seed]})
        )
    (tmp_path / "videos_of_balls_seed_7.json").write_text(
        json.dumps({"seed": 7, "digits": "MNIST", "rows": [7]})
    )
    assert sequences.kept_runs("videos", excluding=0, digits="MNIST") == [[1]]
    assert sequences.kept_runs("videos", excluding=0) == [[1], [2]]
    assert sequences.kept_runs("videos") == [[0], [1], [2]]


def test_a_gif_keeps_its_layout(tmp_path):
    """The panels stand in the same place in all frames; their border says context or generated."""
    frames = np.linspace(0, 0.3, 6 * 16).reshape(6, 16)
    sequences.animate([("one", frames), ("two", frames[::-1])], (4, 4), tmp_path / "x.gif", 2)
    with PIL.Image.open(tmp_path / "x.gif") as gif:
        assert gif.n_frames == 6
        images = []
        for number in range(6):
            gif.seek(number)
            images.append(np.asarray(gif.convert("RGB"), dtype=int))

    def border(image, colour):
        """Pixels of this colour, without those of the text above and below the panels"""
        expected = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        return np.argwhere(np.abs(image[30:-25] - expected).max(-1) < 12)

    context = border(images[0], sequences.CONTEXT)
    generated = border(images[3], sequences.GENERATED)
    assert len(context) > 500 and len(generated) > 500
    assert not len(border(images[0], sequences.GENERATED))
    for number in (1, 2, 5):
        colour = sequences.CONTEXT if number < 2 else sequences.GENERATED
        corners = border(images[number], colour)
        np.testing.assert_allclose(corners.min(0), generated.min(0), atol=1)
        np.testing.assert_allclose(corners.max(0), generated.max(0), atol=1)


def test_a_strip_has_frame_numbers():
    frames = np.random.default_rng(0).random((3, 16))
    figure = sequences.strip([("a", frames), ("b", frames)], (4, 4), "title", [11, 15, 19])
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "", "11", "15", "19"]


# Balls


@pytest.fixture
def small(monkeypatch):
    settings = dict(n_traj=2, T=10, chunk=5, n_updates=4, learning_rate=1e-3)
    sizes = dict(n_y=900, n_x=4, hidden=(6, 5), n_residual=3)
    small = dict(QUICK=settings, SIZES=sizes, N_VIDEOS=3, N_GENERATED=20)
    for name, value in small.items():
        monkeypatch.setattr(balls_generate, name, value)
    monkeypatch.setattr(sequences, "CHECKPOINT", 2)


def test_balls_generate(small, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(run, "WEIGHTS", tmp_path / "weights")
    balls_generate.main(["--quick", "--out", str(tmp_path)])
    result = json.loads((tmp_path / "balls_generate.json").read_text())
    rows = {sequences.label(row): row for row in result["rows"]}
    assert rows["ground truth"]["valid_frames"] == rows["ground truth"]["speed_ratio"] == 1
    assert rows["previous frame"]["speed_ratio"] < 0.01
    assert len(rows["rVAE, rerank"]["seeds"][0]["error"]) == 20 and 0 < result["next_frame"] < 1
    assert {row.get("direction") for row in result["rows"]} == {None, "forward", "backward"}
    for name in (".png", ".gif", "_open_loop.png", "_backward.png"):
        assert (tmp_path / f"balls_generate{name}").stat().st_size > 5_000
    assert imread(tmp_path / "balls_generate.png").shape[1] > 600
    # the weights that it wrote are read again, and are all that --use-saved needs
    weights = tmp_path / "balls_generate" / "rVAE_0.npz"
    for module, name in ((sequences, "train"), (sequences, "animate"), (plots, "save")):
        monkeypatch.setattr(module, name, lambda *arguments, **options: None)
    (tmp_path / "weights").mkdir()
    shutil.copy(weights, tmp_path / "weights" / "balls_generate.npz")
    # rows of other seeds are enough; those of the weights' own seed are not counted twice
    for seed, sharper in ((0, 5), (3, 0.5)):
        others = json.loads(json.dumps(result["rows"]))
        for row in others:
            row["seeds"][0] |= {"seed": seed, "sharpness": row["seeds"][0]["sharpness"] + sharper}
        (tmp_path / "weights" / f"balls_generate_seed_{seed}.json").write_text(
            json.dumps({"seed": seed, "rows": others})
        )
    capsys.readouterr()
    balls_generate.main(["--use-saved", "--out", str(tmp_path / "again")])
    again = json.loads((tmp_path / "again" / "balls_generate.json").read_text())
    assert again["next_frame"] == result["next_frame"]
    for row, before in zip(again["rows"], result["rows"], strict=True):
        assert row["seeds"][0] == before["seeds"][0] and len(row["seeds"]) == 2
    line = next(
        line for line in capsys.readouterr().out.splitlines() if line.startswith("ground truth")
    )
    assert "1.25 ± 0.35" in line and "100 ± 0 %" in line


def test_kept_harmoniums_generate_in_their_own_rendering(small, tmp_path, monkeypatch):
    """Next to the ground truth in that rendering; the joint runs backward, the RTRBM does not."""
    monkeypatch.setattr(run, "WEIGHTS", tmp_path)
    (tmp_path / "balls_table").mkdir()
    for name, model, rendering, setting in (
        ("rEFH", refh, "sutskever", "ours"),
        ("rEFH", refh, "sutskever", "quick"),
        ("RTRBM", rtrbm, "authors", "tuned"),
    ):
        params = model.init(n_x=5, n_y=900, family="bernoulli", rng=np.random.default_rng(0))
        model.save(
            networks.file(tmp_path / "balls_table", name, rendering, setting, 0, ".npz"), params
        )
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
        return sequences.train(
            balls_generate.start, balls_generate.batches, 0, balls_generate.QUICK, path, **watch
        )

    path = tmp_path / "other.checkpoint.npz"
    with pytest.raises(KeyboardInterrupt):
        learn(path, watch=interrupt)
    resumed = learn(path, checkpoint=storage.load_checkpoint(path, "rvae")[:2])
    whole = learn(tmp_path / "other.npz")
    for name, leaf in whole.leaves().items():
        np.testing.assert_array_equal(resumed.leaves()[name], leaf)
    params, seconds = balls_generate.trained(0, balls_generate.QUICK, None, tmp_path)
    assert seconds > 0 and rvae.load(tmp_path / "rVAE_0.npz")[1]["version"] == results.version()
    # a second stage continues from there
    finish = balls_generate.QUICK | {"n_updates": 2, "learning_rate": 1e-9}
    finished, in_all = balls_generate.trained(0, balls_generate.QUICK, finish, tmp_path)
    np.testing.assert_allclose(finished.nu.W, params.nu.W, atol=1e-3)
    assert in_all > seconds and (tmp_path / "rVAE_0_stage_2.npz").exists()


def test_kept_weights_predict_the_next_frame():
    """The weights that --use-saved reads fit the settings of the script, and predict."""
    params, meta = rvae.load(run.WEIGHTS / "balls_generate.npz")
    assert meta["sizes"] == json.loads(json.dumps(balls_generate.SIZES))
    assert meta["config"] == balls_generate.CONFIG and meta["after"] == balls_generate.FULL
    assert meta["settings"] == balls_generate.FINISH
    frames = balls(n_traj=4, T=20, seed=3).frames
    assert balls_generate.next_frame_error(params, frames) < 0.008
    past = balls_generate.backward_video(rvae, params, balls(n_traj=4, T=60, seed=3).frames, 0)
    assert np.mean((past[:, 0] - balls(n_traj=4, T=60, seed=3).frames[:, -2]) ** 2) < 0.006


@pytest.mark.parametrize(
    "name, columns",
    [("balls_generate", balls_generate.COLUMNS), ("digits_generate_1", templates.COLUMNS)],
)
def test_kept_rows_have_all_columns(name, columns):
    runs = sequences.kept_runs(name)
    assert len(runs) == 2
    for row in itertools.chain.from_iterable(runs):
        assert {column[1] for column in columns} <= set(row["seeds"][0])
