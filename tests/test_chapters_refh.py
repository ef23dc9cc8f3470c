"""Figures and numbers of chapter 3: what the page says about tiny harmoniums and trainings."""

import numpy as np
import pytest

from datasets import ppc
from examples.chapters import refh as chapter
from refh_numpy import refh


def test_the_harmonium_of_the_chapter_has_the_numbers_of_the_page():
    F, p = chapter.probabilities(chapter.two_by_two())
    assert np.exp(-F).sum() == pytest.approx(19.40, abs=0.005)
    assert p == pytest.approx([0.434, 0.434, 0.066, 0.066], abs=6e-4)
    assert np.exp(-F[0]) == pytest.approx(8.41, abs=0.005)


def test_both_phases_raise_what_is_not_in_the_data_and_one_lowers_everything():
    F, p = chapter.descend(300, 0.5, negative_phase=True)
    assert (F[-1, :2] < F[0, :2]).all() and (F[-1, 2:] > F[0, 2:]).all()
    assert p[-1, :2].sum() > 0.9
    F, p = chapter.descend(300, 0.5, negative_phase=False)
    assert (F[-1] < F[0] - 100).all() and p[-1].max() > 0.99


def test_cd_is_nearer_to_the_gradient_with_more_sweeps_and_smaller_weights(monkeypatch):
    monkeypatch.setattr(chapter, "SWEEPS", (1, 10, 200))
    small, large = (
        np.median([chapter.angles_of(seed, spread) for seed in range(8)], axis=0)
        for spread in (0.5, 4.0)
    )
    for angle, length in (small.T, large.T):
        assert angle[0] > angle[1] >= angle[2] and length[0] < length[1]
        assert angle[2] == pytest.approx(0, abs=0.1) and length[2] == pytest.approx(1, abs=0.01)
    assert small[0, 0] < large[0, 0]


def test_the_probe_tells_dead_units_from_living_ones():
    rng = np.random.default_rng(0)
    test = ppc.sample(3, 120, rng, random_phase=True)
    params = refh.init(n_x=20, n_y=15, family="poisson", rng=rng)
    params.W_y[:] = rng.standard_normal(params.W_y.shape)
    living = chapter.probe(refh, params, test)
    params.b_x[:10] = -500
    dead = chapter.probe(refh, params, test)
    assert living["constant"] < 0.5 <= dead["constant"] and dead["extreme"] > 0.5


def test_two_samples_of_one_rate_differ_by_twice_the_mean():
    y = ppc.sample(200, 50, np.random.default_rng(1), random_phase=True).y
    assert chapter.TWO_SAMPLES == pytest.approx(2 * y.mean(), rel=0.02)


@pytest.mark.parametrize("make", [chapter.plot_two_by_two, chapter.plot_unrolled])
def test_drawings_are_made(make, tmp_path):
    make().savefig(tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 10_000
