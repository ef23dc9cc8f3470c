"""Moving digits: upsampled networks, stages of a recipe, digits_generate."""

from dataclasses import replace

import numpy as np
import pytest

from datasets import digits, moving_mnist
from examples import digits_generate
from examples.digits import coarse_to_fine, templates
from examples.extensions import objects_generate
from examples.tools import run, sequences
from rvae_numpy import rvae
from tests.generating import quick_then_saved


def test_an_upsampled_network_encodes_and_emits_the_same():
    """G5: the encoding does not change; the emitted frame is the coarse one, interpolated."""
    rng = np.random.default_rng(0)
    sizes = dict(n_y=64, n_x=4, hidden=(6, 5), n_residual=3)
    coarse = rvae.init(**sizes, **templates.CONFIG, sigma_u=0.1, sigma_y=0.05, rng=rng)
    fine = coarse_to_fine.upsampled(coarse, 8, 2)
    assert fine.n_y == 256 and fine.config.sigma_y == 0.1
    assert fine.encode[0].W.dtype == np.float32
    frames = rng.random((3, 7, 256), dtype=np.float32)
    means = coarse_to_fine.downsampled(frames, 16, 2)
    np.testing.assert_allclose(
        means[1, 2].reshape(8, 8)[3, 5], frames[1, 2].reshape(16, 16)[6:8, 10:12].mean(), rtol=1e-6
    )
    u = rng.standard_normal((3, 4)).astype(np.float32)
    np.testing.assert_allclose(rvae.infer(fine, frames, u), rvae.infer(coarse, means, u), atol=1e-5)
    x = rng.standard_normal((3, 7, 4)).astype(np.float32)
    emitted = rvae.emission_mean(fine, x).reshape(21, 16, 16)
    before = rvae.emission_mean(coarse, x).reshape(21, 8, 8)
    assert np.corrcoef(emitted[:, ::2, ::2].ravel(), before.ravel())[0, 1] > 0.5
    assert emitted.min() >= before.min() - 1e-6 and emitted.max() <= before.max() + 1e-6


def test_kept_weights_of_one_digit():
    params, meta = rvae.load(run.WEIGHTS / "digits_generate_1.npz")
    assert meta["stages"] == digits_generate.ONE.stages and meta["digits"] == "MNIST"
    assert meta["config"] == templates.CONFIG | digits_generate.ONE.noise
    assert params.n_y == digits_generate.ONE.n_y(1)


def test_interpolated_frames_show_the_same():
    row, column = np.mgrid[:16, :16] / 16 * np.pi
    frames = (0.5 + 0.4 * np.sin(row) * np.cos(column)).reshape(1, 1, 256)
    fine = coarse_to_fine.interpolated(frames, 2)
    assert fine.shape == (1, 1, 1024) and coarse_to_fine.interpolated(frames, 1) is frames
    np.testing.assert_allclose(coarse_to_fine.downsampled(fine, 32, 2), frames, atol=0.01)
    edge = np.repeat([[0.0, 1.0]], 32, axis=1).reshape(1, 64)
    edge = coarse_to_fine.interpolated(edge, 4)
    assert edge.min() == 0 and edge.max() == 1  # no pixel is darker than black


def small_recipe(recipe, **changes):
    return replace(
        recipe,
        sizes=dict(n_x=3, hidden=(4,), n_residual=2),
        training=recipe.training | dict(n_traj=2, T=6, chunk=3),
        **changes,
    )


def test_stages_of_a_recipe(tmp_path, monkeypatch):
    """Noise holds from its stage on; pixels become finer; the stages before identify a run."""
    runs = []
    monkeypatch.setattr(
        sequences,
        "trained",
        lambda start, batches, seed, settings, about, folder, stage, seconds, corrupt: (
            runs.append((settings, about["stages"], corrupt))
            or (start(np.random.default_rng(0)), seconds + 1)
        ),
    )
    synthetic = digits.load("synthetic")
    stages = [dict(n_updates=2, sigma_u=0.3), dict(n_updates=3), dict(n_updates=4, noise_u=0.7)]
    recipe = small_recipe(digits_generate.ONE, stages=stages)
    params, seconds = templates.trained(recipe, synthetic, 0, tmp_path, {})
    assert (params.config.sigma_u, params.config.noise_u, seconds) == (0.3, 0.7, 3)
    assert params.n_y == 32**2
    assert [about for _, about, _ in runs] == [stages[:1], stages[:2], stages]
    assert [settings for settings, _, _ in runs] == [
        dict(n_traj=2, T=6, chunk=3, n_updates=n) for n in (2, 3, 4)
    ]
    assert all(corrupt is None for _, _, corrupt in runs)
    recipe = small_recipe(objects_generate.OBJECTS, stages=[dict(downsample=n) for n in (8, 8, 2)])
    params, _ = templates.trained(recipe, synthetic, 0, tmp_path, {})
    assert params.n_y == 32**2 and params.config.sigma_y == pytest.approx(0.14 / 2)
    # the noise of the input is that of a mean of pixels
    y = np.zeros((40, 50, 64), np.float32)
    for (_, _, corrupt), sd in zip(runs[3:], (0.6 / 8, 0.6 / 8, 0.6 / 2), strict=True):
        noisy = corrupt(y, np.random.default_rng(0))
        assert noisy.std() == pytest.approx(sd, rel=0.02) and noisy.dtype == np.float32


@pytest.mark.parametrize("n_digits", [1, 2])
def test_digits_generate(n_digits, tmp_path, monkeypatch, capsys):
    name, options = f"digits_generate_{n_digits}", ["--digits", str(n_digits)]
    how = monkeypatch, capsys, tmp_path
    result = quick_then_saved(digits_generate, n_digits, name, options, small_recipe, *how)
    rows = {sequences.label(row): row for row in result["rows"]}
    assert rows["ground truth"]["identified"] > 0.7 and rows["ground truth"]["speed_ratio"] == 1
    assert any(row.get("direction") == "backward" for row in result["rows"])
    of_two = {"ground truth, coarse", "rVAE, other video", "rVAE, other video, backward, means"}
    assert of_two & rows.keys() == (of_two if n_digits == 2 else set())
    assert (tmp_path / f"{name}_backward.png").stat().st_size > 5_000


def test_a_digit_is_compared_with_the_others_of_a_small_scene():
    """Two digits of the four are drawn: the right ones with the truth, a third by chance."""
    synthetic = digits.load("synthetic")
    few, _, known = digits_generate.shown_and_known(2, synthetic, synthetic)
    scene = digits_generate.TWO.scene
    batch, another = (
        moving_mnist.sample(40, 2, np.random.default_rng(n), few, scene) for n in range(2)
    )
    videos = [({"model": "truth"}, batch.frames), ({"model": "another"}, another.frames)]
    truth, another = templates.rows_of(videos, batch, known, 0, few)
    assert truth["seeds"][0]["identified_in_scene"] > 0.7
    assert 0.2 < another["seeds"][0]["identified_in_scene"] < 0.5
    assert another["seeds"][0]["identified_in_scene"] < another["seeds"][0]["identified"]
    (row,) = templates.rows_of(videos[:1], batch, known, 0)
    assert "identified_in_scene" not in row["seeds"][0]
