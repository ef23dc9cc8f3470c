"""Moving MNIST: straight lines, mirrors at the walls, pictures where they should be, sums that are clipped."""
import numpy as np
import pytest

from datasets import digits, moving_mnist
from datasets.moving_mnist import Scene

rng_of = np.random.default_rng
BLOB = digits.Digits(np.pad(np.ones((1, 4, 4), np.float32), ((0, 0), (2, 2), (2, 2))), np.array([7]), "drawn")


def movie(n_traj=5, T=40, scene=Scene(n_digits=2, side=20, speed=1.7), pictures=BLOB, seed=0):
    return moving_mnist.sample(n_traj, T, rng_of(seed), pictures, scene)


def test_shapes_and_range():
    film = movie()
    assert film.frames.shape == (5, 40, 400) and film.frames.dtype == np.float32 and film.shape == (20, 20)
    assert film.position.shape == film.velocity.shape == (5, 40, 2, 2) and film.labels.shape == (5, 2)
    assert film.frames.min() == 0 and film.frames.max() == 1
    assert np.array_equal(film.frames, movie().frames) and not np.array_equal(film.frames, movie(seed=1).frames)


def test_they_move_straight_and_turn_at_the_walls():
    film = movie()
    assert film.position.min() >= 0 and film.position.max() <= 20 - 8
    np.testing.assert_allclose(np.linalg.norm(film.velocity, axis=-1), 1.7)
    step = np.diff(film.position, axis=1)
    away = ((film.position[:, :-1] > 1.7) & (film.position[:, :-1] < 12 - 1.7)).all(-1)
    np.testing.assert_allclose(step[away], film.velocity[:, :-1][away])
    turned = (np.sign(film.velocity[:, 1:]) != np.sign(film.velocity[:, :-1])).any()
    assert turned and (np.abs(step) <= np.abs(film.velocity[:, :-1]) + 1e-12).all()


def test_time_runs_backwards_as_well():
    film = movie()
    back, _ = moving_mnist.bounce(film.position[:, -1], -film.velocity[:, -1], 40, room=12)
    np.testing.assert_allclose(back[:, ::-1], film.position, atol=1e-9)


def test_the_picture_is_where_the_position_says():
    """One blob: its centre of mass is its middle, to a fraction of a pixel; its mass does not change."""
    film = movie(scene=Scene(n_digits=1, side=20, speed=1.3))
    frames = film.frames.reshape(5, 40, 20, 20).astype(float)
    mass = frames.sum((2, 3))
    np.testing.assert_allclose(mass, 16, rtol=1e-5)
    x = (frames.sum(2) * np.arange(20)).sum(-1) / mass
    y = (frames.sum(3) * np.arange(20)).sum(-1) / mass
    np.testing.assert_allclose(np.stack([x, y], -1), film.position[:, :, 0] + 3.5, atol=1e-4)


def test_a_whole_number_of_pixels_copies_the_picture():
    picture = digits.load("drawn").images[3]
    frame = moving_mnist.render(picture[None], np.zeros((1, 1), int), np.array([[[[5.0, 2.0]]]]), 40).reshape(40, 40)
    np.testing.assert_array_equal(frame[2:30, 5:33], picture)
    assert frame.sum() == pytest.approx(picture.sum(), rel=1e-5)


def test_what_overlaps_is_added_and_clipped():
    half = 0.4 * BLOB.images
    at = np.array([[[[3.0, 3.0], [3.0, 3.0], [3.0, 3.0]]]])
    frame = moving_mnist.render(half, np.zeros((1, 3), int), at, 20).reshape(20, 20)
    assert frame.max() == 1 and moving_mnist.render(half, np.zeros((1, 2), int), at[:, :, :2], 20).max() == np.float32(0.8)


def test_a_margin_lets_the_border_out():
    film = movie(scene=Scene(n_digits=1, side=8, speed=1.0, margin=2), T=200)
    assert film.position.min() < -1.5 and film.position.max() > 1.5
    np.testing.assert_allclose(film.frames.sum(-1), 16, rtol=1e-5)          # the blob itself never leaves


@pytest.mark.parametrize("call, name", [
    (lambda: Scene(n_digits=0), "n_digits"), (lambda: Scene(side=0), "side"), (lambda: Scene(speed=-1), "speed"),
    (lambda: Scene(speed=np.nan), "speed"), (lambda: Scene(margin=-1), "margin"),
    (lambda: movie(scene=Scene(side=7)), "digits"), (lambda: movie(scene=Scene(side=8)), "digits"),
    (lambda: movie(pictures=BLOB.images), "digits"), (lambda: movie(T=0), "T"), (lambda: movie(n_traj=0), "n_traj"),
    (lambda: moving_mnist.sample(1, 1, 0, BLOB), "rng")])
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .*got"):
        call()
