"""Not on the poster: videos of two digits with one state per object."""

from dataclasses import replace

import numpy as np
import pytest

from datasets import digits
from examples.digits import templates
from examples.extensions import objects_generate
from examples.tools import run, sequences
from rvae_numpy import rvae
from tests.generating import quick_then_saved

MODELS = {"objects": [], "attention": [], "attention_no_mask": ["--no-mask"]}


def small_recipe(recipe):
    return replace(
        recipe,
        sizes=dict(n_x=4, hidden=(6, 5), n_residual=3),
        training=dict(n_traj=2, T=10, chunk=5),
    )


def test_partitions_of_a_frame():
    """Each adds up to the frame; one of the lines runs between two digits that stand apart."""
    frames = np.zeros((2, 20, 20), np.float32)
    frames[0, 2:6, 3:6], frames[0, 12:18, 10:17] = 0.5, 1
    frames[1, :, 1:4], frames[1, :, 15:18] = 1, 1
    parts = objects_generate.partitions(frames.reshape(2, 400), (20, 20))
    assert parts.shape == (objects_generate.N_PARTITIONS, 2, 2, 400)
    np.testing.assert_array_equal(
        parts.sum(1), np.broadcast_to(frames.reshape(2, 400), parts[:, 0].shape)
    )
    for n, one in enumerate([frames[0] == 0.5, frames[1] * (np.arange(20) < 10) > 0]):
        alone = (frames[n] * one).ravel()
        assert any((half == alone).all() for partition in parts[:, :, n] for half in partition)


def test_each_state_has_its_own_colour():
    one, other = objects_generate.tinted(np.array([[[1, 0]], [[0, 1]]]))[0]
    assert one[0] > one[2] and other[2] > other[0]  # yellow, and blue
    both = objects_generate.tinted(np.ones((2, 1, 1)))
    assert both.max() == 1 and (both >= np.maximum(one, other)).all()


def test_recipes():
    """Two copies of a model of one digit; masks with the attention window only."""
    for model in objects_generate.FULL:
        recipe = objects_generate.recipe_of(model, model == "attention", full=True)
        assert recipe.scene.n_digits == 1 and objects_generate.SCENE.n_digits == 2
        assert recipe.n_y(1) == (64**2 if model == "objects" else objects_generate.WINDOW.n_y)
    y = np.ones((200, 50, 3), np.float32)
    masked = recipe.corrupt(1)(y, np.random.default_rng(0))
    assert set(np.unique(masked)) == {0, 1} and (masked[:, :5] == 1).all()
    assert 0.2 < 1 - masked.mean() < 0.32
    assert objects_generate.recipe_of("attention", False, full=True).corrupt(1) is None
    noisy = objects_generate.recipe_of("objects", False, full=True).corrupt(8)
    assert noisy(0 * y, np.random.default_rng(0)).std() == pytest.approx(0.6 / 8, rel=0.02)


def test_a_trained_window_sees_encodings(tmp_path, monkeypatch):
    """What the network is given are encodings; noise holds from its stage on."""
    monkeypatch.setattr(
        sequences,
        "trained",
        lambda start, batches, seed, settings, about, folder, stage, seconds, corrupt: (
            start(np.random.default_rng(0)),
            seconds + 1,
        ),
    )
    recipe = small_recipe(objects_generate.recipe_of("attention", True, full=True))
    params, seconds = templates.trained(recipe, digits.load("synthetic"), 0, tmp_path, {})
    assert params.n_y == objects_generate.WINDOW.n_y and seconds == 2
    assert (params.config.sigma_u, params.config.noise_u) == (0.05, 0.05)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=() if name == "attention" else pytest.mark.slow) for name in MODELS],
)
def test_objects_generate(name, tmp_path, monkeypatch, capsys):
    model, options = name.partition("_")[0], MODELS[name]
    monkeypatch.setattr(objects_generate, "N_PARTITIONS", 2)
    name, options = f"objects_generate_{name}", ["--model", model, *options]
    how = monkeypatch, capsys, tmp_path
    result = quick_then_saved(objects_generate, model, name, options, small_recipe, *how)
    rows = {row["model"]: row for row in result["rows"]}
    assert rows["ground truth"]["identified"] > 0.8
    sampler = "open_loop" if name.endswith("attention") else "rerank"
    assert rows["rVAE"]["sampler"] == sampler


def test_kept_weights_see_one_digit():
    """The weights and rows that --use-saved reads fit the settings of this script."""
    params, meta = rvae.load(run.WEIGHTS / "objects_generate_attention.npz")
    recipe = objects_generate.recipe_of("attention", True, full=True)
    assert (
        params.n_y == recipe.n_y(1)
        and meta["sizes"].items() >= {"n_x": 48, "n_residual": 600}.items()
    )
    assert meta["stages"] == recipe.stages and meta["mask_rate"] == objects_generate.MASK_RATE
    assert params.config.sigma_u == recipe.stages[-1]["sigma_u"]
    for name, n_seeds in (("attention", 2), ("attention_no_mask", 3), ("objects", 2)):
        runs = sequences.kept_runs(f"objects_generate_{name}", digits="MNIST")
        assert len(runs) == n_seeds
        for column in templates.COLUMNS:
            assert column[1] in runs[0][-1]["seeds"][0]


def test_no_mask_is_about_the_attention_model(capsys):
    with pytest.raises(SystemExit):
        objects_generate.main(["--model", "objects", "--no-mask"])
    assert "expected --model attention" in capsys.readouterr().err
