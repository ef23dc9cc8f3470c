"""Moving digits: upsampled networks, stages of a recipe, digits_generate."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from datasets import digits
from examples import digits_generate
from examples.balls import tracking
from examples.digits import coarse_to_fine, templates
from examples.extensions import objects_generate
from examples.tools import run, sequences
from rvae_numpy import rvae


def test_an_upsampled_network_encodes_and_emits_the_same():
    """G5: the encoding does not change; the emitted frame is the coarse one, interpolated."""
    rng = np.random.default_rng(0)
    coarse = rvae.init(
        n_y=64,
        n_x=4,
        hidden=(6, 5),
        **templates.CONFIG,
        sigma_u=0.1,
        sigma_y=0.05,
        rng=rng,
        n_residual=3,
    )
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
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(templates, "N_VIDEOS", 2)
    monkeypatch.setattr(templates, "N_SHOWN", 2)
    monkeypatch.setattr(tracking, "N_DISTRACTORS", 2)
    monkeypatch.setattr(run, "WEIGHTS", tmp_path / "weights")
    stages = [stage | dict(n_updates=4) for stage in digits_generate.QUICK[n_digits]]
    monkeypatch.setitem(digits_generate.QUICK, n_digits, stages)
    monkeypatch.setitem(
        digits_generate.FULL, n_digits, small_recipe(digits_generate.FULL[n_digits])
    )
    name = f"digits_generate_{n_digits}"
    options = ["--digits", str(n_digits), "--out"]
    digits_generate.main(["--quick", *options, str(tmp_path)])
    result = json.loads((tmp_path / f"{name}.json").read_text())
    rows = {sequences.label(row): row for row in result["rows"]}
    assert rows["ground truth"]["identified"] > 0.8 and rows["ground truth"]["speed_ratio"] == 1
    assert result["digits"] == "synthetic"
    assert any(row.get("direction") == "backward" for row in result["rows"])
    assert ("ground truth, coarse" in rows) == (n_digits == 2)
    for suffix in (".png", ".gif", "_backward.png"):
        assert (tmp_path / f"{name}{suffix}").stat().st_size > 5_000
    for module, function in ((sequences, "train"), (templates, "plot")):
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
