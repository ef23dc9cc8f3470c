"""Moving MNIST: straight lines, mirrors at the walls, templates in their places, clipped sums."""

import numpy as np
import pytest

from datasets import digits, moving_mnist
from datasets.moving_mnist import Scene

rng_of = np.random.default_rng
BLOB = digits.Digits(
    np.pad(np.ones((1, 4, 4), np.float32), ((0, 0), (2, 2), (2, 2))), np.array([7]), "synthetic"
)
SMALL = Scene(n_digits=2, side=20, speed=1.7)


def sample(n_traj=5, T=40, scene=SMALL, templates=BLOB, seed=0):
    return moving_mnist.sample(n_traj, T, rng_of(seed), templates, scene)


def test_shapes_and_range():
    batch = sample()
    assert batch.frames.shape == (5, 40, 400) and batch.frames.dtype == np.float32
    assert batch.shape == (20, 20) and batch.labels.shape == batch.which.shape == (5, 2)
    assert batch.position.shape == batch.velocity.shape == (5, 40, 2, 2)
    assert batch.frames.min() == 0 and batch.frames.max() == 1
    assert np.array_equal(batch.frames, sample().frames)
    assert not np.array_equal(batch.frames, sample(seed=1).frames)


def test_they_move_straight_and_turn_at_the_walls():
    batch = sample()
    assert batch.position.min() >= 0 and batch.position.max() <= 20 - 8
    np.testing.assert_allclose(np.linalg.norm(batch.velocity, axis=-1), 1.7)
    step = np.diff(batch.position, axis=1)
    before, velocity = batch.position[:, :-1], batch.velocity[:, :-1]
    away = ((before > 1.7) & (before < 12 - 1.7)).all(-1)
    np.testing.assert_allclose(step[away], velocity[away])
    assert (np.sign(batch.velocity[:, 1:]) != np.sign(velocity)).any()
    assert (np.abs(step) <= np.abs(velocity) + 1e-12).all()


def test_time_runs_backwards_as_well():
    batch = sample()
    back, _ = moving_mnist.bounce(batch.position[:, -1], -batch.velocity[:, -1], 40, room=12)
    np.testing.assert_allclose(back[:, ::-1], batch.position, atol=1e-9)


@pytest.mark.parametrize("start, speed", [(0.0, 3.0), (0.0, -3.0), (12.0, 3.0), (12.0, -3.0)])
def test_the_velocity_at_a_wall_is_the_one_with_which_the_digit_leaves(start, speed):
    """Each step of a path that meets the walls exactly is the velocity of the frame before."""
    where, velocity = moving_mnist.bounce(
        np.full((1, 1, 2), start), np.full((1, 1, 2), speed), 40, room=12
    )
    np.testing.assert_array_equal(np.diff(where, axis=1), velocity[:, :-1])
    assert where.min() == 0 and where.max() == 12


def test_the_template_is_where_the_position_says():
    """One blob: its centre of mass is its middle, to a fraction of a pixel; its mass stays."""
    batch = sample(scene=Scene(n_digits=1, side=20, speed=1.3))
    frames = batch.frames.reshape(5, 40, 20, 20).astype(float)
    mass = frames.sum((2, 3))
    np.testing.assert_allclose(mass, 16, rtol=1e-5)
    x = (frames.sum(2) * np.arange(20)).sum(-1) / mass
    y = (frames.sum(3) * np.arange(20)).sum(-1) / mass
    np.testing.assert_allclose(np.stack([x, y], -1), batch.position[:, :, 0] + 3.5, atol=1e-4)


def test_a_whole_number_of_pixels_copies_the_template():
    template = digits.load("synthetic").images[3]
    at = np.array([[[[5.0, 2.0]]]])
    frame = moving_mnist.render(template[None], np.zeros((1, 1), int), at, 40).reshape(40, 40)
    np.testing.assert_array_equal(frame[2:30, 5:33], template)
    assert frame.sum() == pytest.approx(template.sum(), rel=1e-5)


def test_what_overlaps_is_added_and_clipped():
    half = 0.4 * BLOB.images
    at = np.full((1, 1, 3, 2), 3.0)
    assert moving_mnist.render(half, np.zeros((1, 3), int), at, 20).max() == 1
    two = moving_mnist.render(half, np.zeros((1, 2), int), at[:, :, :2], 20)
    assert two.max() == np.float32(0.8)


def test_sample_renders_its_own_positions():
    batch = sample()
    frames = moving_mnist.render(BLOB.images, batch.which, batch.position, 20)
    np.testing.assert_array_equal(batch.frames, frames)


def test_a_margin_lets_the_border_out():
    batch = sample(scene=Scene(n_digits=1, side=8, speed=1.0, margin=2), T=200)
    assert batch.position.min() < -1.5 and batch.position.max() > 1.5
    np.testing.assert_allclose(batch.frames.sum(-1), 16, rtol=1e-5)  # the blob itself stays


IMAGES = [np.full((1, 8, 8), value) for value in (255, np.nan, -0.1)]
IMAGES += [np.ones(shape, np.float32) for shape in ((1, 8, 7), (0, 8, 8), (8, 8))]
WRONG = [{"images": images} for images in (*IMAGES, [[[1.0]]], None)]
WRONG += [{"labels": labels} for labels in ([], [1, 2], [-1], [0.5], "7", None)]


@pytest.mark.parametrize("change", WRONG)
def test_bad_templates_are_named(change):
    with pytest.raises((ValueError, TypeError), match=r"^digits: expected .* got"):
        sample(templates=BLOB._replace(**change))


AT = np.ones((1, 2, 1, 2))
ONE = np.zeros((1, 1), int)


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: sample(scene=Scene(side=7)), "digits"),
        (lambda: sample(scene=Scene(side=8)), "digits"),
        (lambda: moving_mnist.render(np.ones((1, 8, 7)), ONE, AT, 9), "images"),
        (lambda: moving_mnist.render(BLOB.images, ONE + 1, AT, 9), "which"),
        (lambda: moving_mnist.render(BLOB.images, ONE - 1, AT, 9), "which"),
    ],
)
def test_bad_input_is_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        call()
