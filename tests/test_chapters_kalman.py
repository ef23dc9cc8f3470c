"""The figures of chapter 2 show what their captions say."""

import numpy as np
import pytest

from examples.chapters import kalman as chapter
from tests.pages import ROOT


@pytest.fixture
def small(monkeypatch):
    """Fewer and shorter trajectories, and a cache of their own"""
    monkeypatch.setattr(chapter, "T", 200)
    for cached in (chapter.data, chapter.fits):
        cached.cache_clear()
    yield
    for cached in (chapter.data, chapter.fits):
        cached.cache_clear()


def test_every_figure_of_the_chapter_is_drawn(small, tmp_path, capsys):
    chapter.main(["--out", str(tmp_path)])
    drawn = {path.name for path in tmp_path.glob("*.png")}
    text = (ROOT / "kalman" / "README.md").read_text()
    assert len(drawn) == len(chapter.FIGURES)
    for name in drawn:
        assert f"examples/figures/{name}" in text
        assert (ROOT / "examples" / "figures" / name).exists()


def test_the_orders_differ_in_gain_and_response(small):
    fits = chapter.fits(0)
    R = chapter.data(0)[2]
    noise = [[np.median(R)]]
    first, second = (chapter.response(fits[n].model, noise, 300, 41) for n in chapter.NAMES)
    assert first[0] == pytest.approx(0.58, abs=0.03) and abs(first[5:]).max() < 0.02
    assert second[0] == pytest.approx(0.13, abs=0.03) and second[10] > 0.02
    assert first.min() > -1e-9 and second.min() < -0.005
    assert fits["A = 0.5 I"].log_likelihoods[0][-1] == pytest.approx(
        fits["KF-1"].log_likelihoods[0][-1], rel=1e-4
    )
