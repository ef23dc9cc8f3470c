"""How the scripts of moving digits are tested: a quick run, then what --use-saved reads."""

import json
import shutil

import pytest

from examples.balls import tracking
from examples.digits import templates
from examples.tools import run, sequences


def quick_then_saved(script, which, name, options, smaller, monkeypatch, capsys, tmp_path):
    """The JSON of a quick run; --use-saved then finds its rows, and the same from its weights.

    Parameters
    ----------
    script, which : module, and the key of its recipes
    name, options : of its files; its arguments
    smaller : function of a recipe
    """
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(templates, "N_VIDEOS", 2)
    monkeypatch.setattr(templates, "N_SHOWN", 2)
    monkeypatch.setattr(tracking, "N_DISTRACTORS", 2)
    weights = tmp_path / "weights"
    monkeypatch.setattr(run, "WEIGHTS", weights)
    stages = [stage | dict(n_updates=4) for stage in script.QUICK[which]]
    monkeypatch.setitem(script.QUICK, which, stages)
    monkeypatch.setitem(script.FULL, which, smaller(script.FULL[which]))

    def made(folder, kind):
        script.main([kind, *options, "--out", str(folder)])
        return json.loads((folder / f"{name}.json").read_text())

    result = made(tmp_path, "--quick")
    assert result["digits"] == "synthetic"
    for suffix in (".png", ".gif"):
        assert (tmp_path / f"{name}{suffix}").stat().st_size > 5_000
    for module, function in ((sequences, "train"), (templates, "plot")):
        monkeypatch.setattr(module, function, lambda *arguments: None)
    with pytest.raises(SystemExit, match=f"nothing is kept of {name}"):
        made(tmp_path, "--use-saved")
    weights.mkdir()
    shutil.copy(tmp_path / f"{name}.json", weights / f"{name}_seed_0.json")
    capsys.readouterr()
    assert made(tmp_path / "rows", "--use-saved")["rows"] == result["rows"]
    assert "rows are kept, but no weights" in capsys.readouterr().out
    last = "rVAE_0.npz" if len(stages) == 1 else f"rVAE_0_stage_{len(stages)}.npz"
    shutil.copy(tmp_path / name / last, weights / f"{name}.npz")
    assert made(tmp_path / "again", "--use-saved")["rows"] == result["rows"]
    return result
