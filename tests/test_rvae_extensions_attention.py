"""The attention window: decode inverts encode, and the image does not depend on the place."""

import numpy as np
import pytest

from datasets import digits, moving_mnist
from rvae_numpy.extensions.attention import AttentionWindow

WINDOW = AttentionWindow(side=40, window=12, tuning_width=3.0, spacing=1.0)


def blob(places, side=40):
    """Frames with an asymmetric spot at places (n, 2), (x, y)"""
    at = np.arange(side) + 0.5
    x, y = at - places[:, :1, None], at[:, None] - places[:, 1:, None]
    return np.exp(-(x**2 + y**2 + x * y) / 12).reshape(len(places), -1)


def place(encoding, window=WINDOW):
    """The encoded places (n, 2): peaks of a parabola through the logarithms of each population"""
    activity = encoding[:, window.window**2 :].reshape(2 * len(encoding), -1).astype(float)
    positions = window.preferred_positions
    fits = [
        np.polyfit(positions[line > -4], line[line > -4], 2) for line in np.log(activity + 1e-30)
    ]
    return np.array([-b / (2 * a) for a, b, _ in fits]).reshape(-1, 2)


def test_it_encodes_the_centre_of_the_brightness():
    """X6 and X7: x and y in this order, to a small part of a pixel"""
    places = np.random.default_rng(0).uniform(10, 30, (20, 2))
    encoding = WINDOW.encode(blob(places))
    assert encoding.shape == (20, WINDOW.n_y) and encoding.dtype == np.float32
    np.testing.assert_allclose(place(encoding), places, atol=0.05)
    activity = encoding[:, 144:].reshape(20, 2, -1)
    distance = WINDOW.preferred_positions - place(encoding)[..., None]
    np.testing.assert_allclose(activity, np.exp(-(distance**2) / 18), atol=1e-4)


def test_the_image_moves_with_the_object():
    start = np.array([[15.0, 22.0]])
    frames = blob(np.concatenate([start, start + np.array([6, -4]), start + 0.5]))
    image = WINDOW.encode(frames)[:, :144].reshape(3, 12, 12)
    np.testing.assert_allclose(image[1], image[0], atol=0.01)
    np.testing.assert_allclose(image[2], image[0], atol=0.05)  # blurred between pixels
    np.testing.assert_allclose(image[0], blob(start).reshape(40, 40)[16:28, 9:21], atol=0.01)


def templates():
    """A ring, a bar and a hook: strokes as wide as those of digits"""
    x, y = np.arange(28) - 15.0, np.arange(28)[:, None] - 13.0
    ring = np.exp(-((np.hypot(x, y) - 7) ** 2) / 3)
    bar = np.exp(-((x - 0.3 * y) ** 2) / 3) * (np.abs(y) < 9)
    hook = np.maximum(bar, np.exp(-((y - 6) ** 2) / 3) * (np.abs(x - 4) < 5))
    images = np.stack([ring, bar, hook]).astype(np.float32)
    return digits.Digits(images, np.arange(3), "synthetic")


def test_decode_inverts_encode():
    scene = moving_mnist.Scene(1, 64, 3.0)
    batch = moving_mnist.sample(5, 20, np.random.default_rng(0), templates(), scene)
    window = AttentionWindow()
    frames = window.decode(window.encode(batch.frames))
    assert frames.shape == batch.frames.shape and frames.dtype == np.float32
    assert np.mean((frames - batch.frames) ** 2) < 0.03 * batch.frames.var()
    before, after = (window.encode(f).reshape(100, -1) for f in (batch.frames, frames))
    np.testing.assert_allclose(place(after, window), place(before, window), atol=0.1)


def test_at_the_edge_and_in_the_dark():
    frames = blob(np.array([[7.0, 33.0]]))
    window = AttentionWindow(side=40, window=24, tuning_width=8.0)
    assert np.abs(window.decode(window.encode(frames)) - frames).max() < 0.1
    dark = WINDOW.encode(np.zeros(1600))
    assert dark.shape == (WINDOW.n_y,) and not dark[:144].any()
    np.testing.assert_allclose(place(dark[None]), [[20, 20]], atol=1e-3)
    assert not WINDOW.decode(np.zeros(WINDOW.n_y)).any()


def test_haze_does_not_attract_it():
    frames = np.maximum(blob(np.array([[12.0, 25.0]])), 0.04)
    np.testing.assert_allclose(place(WINDOW.encode(frames)), [[12, 25]], atol=0.05)
    hazy = WINDOW.encode(frames)
    hazy[:, 144:] = np.maximum(hazy[:, 144:], 0.04)
    np.testing.assert_allclose(WINDOW.decode(hazy), WINDOW.decode(WINDOW.encode(frames)), atol=0.02)


@pytest.mark.parametrize("dtype", [np.float16, ">f4", np.longdouble, bool, np.uint8])
def test_every_real_dtype_is_taken(dtype):
    frames = np.rint(blob(np.array([[12.0, 25.0]]))).astype(dtype)
    expected = WINDOW.encode(frames.astype(float))
    np.testing.assert_allclose(WINDOW.encode(frames), expected, atol=1e-6)
    code = np.rint(expected).astype(dtype)
    np.testing.assert_allclose(WINDOW.decode(code), WINDOW.decode(code.astype(float)), atol=1e-6)


def test_nothing_is_raised_where_the_caller_lets_numpy_raise():
    """Tuning curves underflow far from the window"""
    frames = blob(np.array([[12.0, 25.0]]))
    with np.errstate(all="raise"):
        window = AttentionWindow(side=40, window=12, tuning_width=np.float64(0.5))
        again = window.decode(window.encode(frames))
    assert again.shape == frames.shape and type(window.tuning_width) is float


def test_spacings_of_one_over_a_whole_number():
    for n in (1, 3, 7, 49, 93, 98, 99):
        window = AttentionWindow(side=10, window=3, spacing=1 / n)
        assert len(window.preferred_positions) == 30 * n  # 10 pixels, and 10 on either side


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda: WINDOW.encode(np.zeros((3, 1601))), r"frames: expected shape \(\.\., 1600\), got"),
        (lambda: WINDOW.encode(np.full((3, 1600), 1.1)), r"frames: expected values in \[0, 1\]"),
        (lambda: WINDOW.encode(np.full((3, 1600), np.nan)), "frames: expected finite numbers"),
        (lambda: WINDOW.encode(0.5), "frames: expected shape"),
        (lambda: WINDOW.encode("x"), "frames: expected an array"),
        (lambda: WINDOW.encode(np.zeros((0, 1600))), "frames: expected shape"),
        (lambda: WINDOW.decode(np.zeros((3, 5))), "encoding: expected shape"),
        (lambda: WINDOW.decode(np.full(256, -0.1)), r"encoding: expected values in \[0, 1\]"),
        (lambda: AttentionWindow(spacing=0.3), "spacing: expected .* got 0.3"),
    ],
)
def test_bad_input(call, error):
    with pytest.raises((ValueError, TypeError), match=error):
        call()
