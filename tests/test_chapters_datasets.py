"""The figures of chapter 1 show what their captions say."""

import numpy as np

from datasets import ppc
from examples.chapters import datasets as chapter
from tests.pages import ROOT


def test_every_figure_of_the_chapter_is_drawn(tmp_path, capsys):
    chapter.main(["--out", str(tmp_path)])
    drawn = {path.name for path in tmp_path.glob("*.png")}
    text = (ROOT / "datasets" / "README.md").read_text()
    assert len(drawn) == len(chapter.FIGURES)
    for name in drawn:
        assert f"examples/figures/{name}" in text
        assert (ROOT / "examples" / "figures" / name).exists()


def lines_of(axes):
    return {line.get_label(): line.get_xydata().T for line in axes.lines}


def test_the_likelihood_is_the_gaussian_of_d1_and_d2():
    below = lines_of(chapter.likelihood(0).axes[1])
    exact, gaussian = below["likelihood (P2)"], below["Gaussian of D1 and D2"]
    np.testing.assert_allclose(exact[1], gaussian[1], atol=5e-3)


def test_at_the_seam_the_plain_mean_is_wrong_and_d1_is_right():
    plain, z_hat, position = (line.get_xdata()[0] for line in chapter.seam(0).axes[0].lines)
    assert abs(ppc.wrap(plain - position)) > 0.8 and abs(ppc.wrap(z_hat - position)) < 0.05


def test_velocity_is_not_read_from_pairs_of_steps():
    position, velocity = chapter.result(0).axes
    for axes, low, high in ((position, 0, 0.1), (velocity, 0.8, 1.2)):
        decoded, truth = (line.get_ydata() for line in axes.lines)
        assert low < np.std(decoded - truth[-len(decoded) :]) < high
