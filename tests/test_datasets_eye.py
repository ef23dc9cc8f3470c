"""The eye: looking and drawing undo one another, and what is seen does not depend on where it is."""
import numpy as np
import pytest

from datasets import digits, moving_mnist
from datasets.eye import Eye

EYE = Eye(side=40, window=12, width=3.0, spacing=1.0)


def blob(places, side=40):
    """Frames with a lopsided spot at places (n, 2), (x, y)"""
    at = np.arange(side) + 0.5
    x, y = at - places[:, :1, None], at[:, None] - places[:, 1:, None]
    return np.exp(-(x**2 + y**2 + x * y) / 12).reshape(len(places), -1)


def where(seen, eye=EYE):
    """The places that are reported (n, 2): the peaks of a parabola through the logarithms of each population"""
    cells = np.log(seen[:, eye.window**2:].reshape(2 * len(seen), -1).astype(float) + 1e-30)
    coefficients = [np.polyfit(eye.places[line > -4], line[line > -4], 2) for line in cells]
    return np.array([-b / (2 * a) for a, b, _ in coefficients]).reshape(-1, 2)


def test_it_looks_at_the_middle_of_what_is_bright():
    """D51 and D52: x and y in this order, to a small part of a pixel"""
    places = np.random.default_rng(0).uniform(10, 30, (20, 2))
    seen = EYE.look(blob(places))
    assert seen.shape == (20, EYE.n_y) and seen.dtype == np.float32
    np.testing.assert_allclose(where(seen), places, atol=0.05)
    cells = seen[:, 144:].reshape(20, 2, -1)
    np.testing.assert_allclose(cells, np.exp(-(EYE.places - where(seen)[..., None]) ** 2 / 18), atol=1e-4)


def test_what_it_sees_moves_with_the_thing():
    start = np.array([[15.0, 22.0]])
    seen = EYE.look(blob(np.concatenate([start, start + [6, -4], start + [0.5, 0.5]])))[:, :144].reshape(3, 12, 12)
    np.testing.assert_allclose(seen[1], seen[0], atol=0.01)
    np.testing.assert_allclose(seen[2], seen[0], atol=0.05)             # between pixels it is a little softer
    middle = blob(start).reshape(40, 40)[16:28, 9:21]
    np.testing.assert_allclose(seen[0], middle, atol=0.01)


def test_drawing_undoes_looking():
    movie = moving_mnist.sample(5, 20, np.random.default_rng(0), digits.load("drawn"), moving_mnist.Scene(1, 64, 3.0))
    eye = Eye()
    frames = eye.draw(eye.look(movie.frames))
    assert frames.shape == movie.frames.shape and frames.dtype == np.float32
    assert np.mean((frames - movie.frames) ** 2) < 0.03 * movie.frames.var()
    np.testing.assert_allclose(where(eye.look(frames).reshape(100, -1), eye), where(eye.look(movie.frames).reshape(100, -1), eye),
                               atol=0.1)


def test_at_the_edge_and_in_the_dark():
    frames, eye = blob(np.array([[7.0, 33.0]])), Eye(side=40, window=24, width=8.0)
    assert np.abs(eye.draw(eye.look(frames)) - frames).max() < 0.1
    dark = EYE.look(np.zeros(1600))
    assert dark.shape == (EYE.n_y,) and not dark[:144].any()
    np.testing.assert_allclose(where(dark[None]), [[20, 20]], atol=1e-3)
    assert not EYE.draw(np.zeros(EYE.n_y)).any()


def test_haze_does_not_draw_it():
    frames = np.maximum(blob(np.array([[12.0, 25.0]])), 0.04)
    np.testing.assert_allclose(where(EYE.look(frames)), [[12, 25]], atol=0.05)
    hazy = EYE.look(frames)
    hazy[:, 144:] = np.maximum(hazy[:, 144:], 0.04)
    np.testing.assert_allclose(EYE.draw(hazy), EYE.draw(EYE.look(frames)), atol=0.02)


@pytest.mark.parametrize("call, error", [
    (lambda: EYE.look(np.zeros((3, 1601))), r"frames: wanted shape \(\.\., 1600\), got \(3, 1601\)"),
    (lambda: EYE.look(np.full((3, 1600), 1.1)), r"frames: wanted values in \[0, 1\]"),
    (lambda: EYE.look(np.full((3, 1600), np.nan)), "frames: wanted finite numbers"),
    (lambda: EYE.look(0.5), "frames: wanted shape"),
    (lambda: EYE.look(np.zeros((0, 1600))), r"frames: wanted shape \(\.\., 1600\), got \(0, 1600\)"),
    (lambda: EYE.draw(np.zeros((3, 5))), r"seen: wanted shape \(\.\., 256\), got \(3, 5\)"),
    (lambda: EYE.draw(np.full(256, -0.1)), r"seen: wanted values in \[0, 1\]"),
    (lambda: Eye(side=0), "side: wanted an integer"),
    (lambda: Eye(window=-1), "window: wanted an integer"),
    (lambda: Eye(width=0), "width: wanted a number"),
    (lambda: Eye(spacing=0), "spacing: wanted a number"),
    (lambda: Eye(spacing=0.3), "spacing: wanted 1 divided by a whole number, got 0.3"),
])
def test_bad_input(call, error):
    with pytest.raises(ValueError, match=error):
        call()
