"""The tracker of balls and the measures of generated videos, against videos that are known."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from datasets import bouncing_balls, digits, moving_mnist
from datasets.bouncing_balls import RENDERINGS, Box
from examples import digits_generate
from examples.balls import tracking

BOX = Box()


def balls(box=BOX, n_traj=6, T=40, seed=0):
    return bouncing_balls.sample(n_traj, T, np.random.default_rng(seed), box)


# The tracker and the measures of balls


@pytest.mark.parametrize("rendering", RENDERINGS)
def test_the_tracker_finds_balls_where_they_are(rendering):
    box = Box(rendering=rendering)
    truth = balls(box)
    found, residual = tracking.track(truth.frames.reshape(-1, 900), box)
    assert all(len(positions) == 3 for positions in found) and residual.max() < 0.1
    errors = [
        cdist(positions, real).min(1)
        for positions, real in zip(found, truth.position.reshape(-1, 3, 2), strict=True)
    ]
    assert np.median(errors) < 0.03  # a ball moves 0.26 per frame; a pixel is 0.33 wide


@pytest.mark.parametrize("n_balls", [0, 1, 2, 4])
def test_the_tracker_counts(n_balls):
    frames = balls(Box(n_balls=n_balls)).frames if n_balls else np.zeros((6, 40, 900), np.float32)
    found, _ = tracking.track(frames.reshape(-1, 900), Box(n_balls=max(n_balls, 1)))
    assert {len(positions) for positions in found} == {n_balls}
    assert tracking.measures(frames, balls().frames, BOX)["valid_frames"] == 0


def test_measures_of_the_ground_truth():
    truth = balls()
    found = tracking.measures(truth.frames, truth.frames, BOX)
    assert found["valid_frames"] == found["sharpness"] == 1 and found["straightness"] > 0.98
    real = np.median(np.linalg.norm(truth.velocity, axis=-1))
    assert found["speed"] == pytest.approx(real, rel=0.05)
    assert found["error"] == [0] * 40
    # the videos are reversible, and so are the measures
    reverse = tracking.measures(truth.frames[:, ::-1], truth.frames[:, ::-1], BOX)
    assert reverse["speed"] == pytest.approx(found["speed"], rel=1e-6)
    assert reverse["valid_frames"] == 1 and reverse["straightness"] > 0.98


def test_measures_detect_each_fault():
    truth = balls()
    frames = truth.frames
    fast = tracking.measures(balls(Box(speed=1.0)).frames, frames, BOX)
    real = tracking.measures(frames, frames, BOX)["speed"]
    assert fast["speed"] == pytest.approx(2 * real, rel=0.1)
    still = tracking.measures(np.repeat(frames[:, :1], 40, axis=1), frames, BOX)
    assert still["valid_frames"] == 1 and still["speed"] < 0.01
    rng = np.random.default_rng(0)
    shaken = truth.position + 0.1 * rng.standard_normal(truth.position.shape)
    shaken = bouncing_balls.render(shaken)
    assert tracking.measures(shaken, frames, BOX)["straightness"] < 0.95
    blurred = (frames + np.roll(frames, 1, axis=2) + np.roll(frames, -1, axis=2)) / 3
    assert tracking.measures(blurred, frames, BOX)["sharpness"] < 0.9
    grey = tracking.measures(np.full_like(frames, 0.1), frames, BOX)
    assert grey["valid_frames"] == 0 and grey["speed"] == 0 and grey["straightness"] is None


def test_two_balls_and_a_smear_are_not_three():
    frames = balls(Box(n_balls=2)).frames.reshape(6, 40, 30, 30).copy()
    frames[:, :, 10:20] = np.maximum(frames[:, :, 10:20], 0.7)
    found = tracking.measures(frames.reshape(6, 40, 900), balls().frames, BOX)
    assert found["valid_frames"] < 0.1


# The measures of digits


def test_a_template_is_found_where_it_is():
    synthetic = digits.load("synthetic")
    batch = moving_mnist.sample(
        3, 20, np.random.default_rng(0), synthetic, digits_generate.ONE.scene
    )
    for n in range(3):
        similarity, position = tracking.find_template(
            batch.frames[n].reshape(20, 32, 32), synthetic.images[batch.which[n, 0]]
        )
        assert similarity.min() > 0.88  # a digit between two pixels is slightly blurred
        np.testing.assert_allclose(position, batch.position[n, :, 0], atol=0.5)
    nothing, _ = tracking.find_template(np.zeros((2, 32, 32)), synthetic.images[0])
    assert not nothing.any()


def test_measures_of_digits():
    synthetic, scene = digits.load("synthetic"), digits_generate.ONE.scene
    batch = moving_mnist.sample(4, 8, np.random.default_rng(0), synthetic, scene)

    def measured(frames):
        return tracking.digit_measures(frames, batch, synthetic, np.random.default_rng(1))

    truth = measured(batch.frames)
    assert truth["identified"] > 0.9 and truth["similarity"] > 0.95 and truth["moving"] > 0.8
    assert truth["error"] == [0] * 8 and len(truth["identified_by_frame"]) == 8
    assert truth["speed"] == pytest.approx(1.5, rel=0.2)
    still = measured(np.repeat(batch.frames[:, :1], 8, axis=1))
    assert still["moving"] == 0 and still["speed"] == 0 and still["identified"] > 0.9
    other = moving_mnist.sample(4, 8, np.random.default_rng(5), synthetic, scene)
    other = measured(other.frames)
    assert other["identified"] < 0.6 and other["similarity"] < truth["similarity"]


def test_the_other_digit_of_a_frame_is_no_distractor():
    """With one template per class, the other digit of the frame would always be among them."""
    synthetic = digits.load("synthetic")
    ten = [np.flatnonzero(synthetic.labels == label)[0] for label in range(10)]
    ten = digits.Digits(synthetic.images[ten], synthetic.labels[ten], synthetic.source)
    scene = moving_mnist.Scene(side=64, n_digits=2)
    batch = moving_mnist.sample(12, 6, np.random.default_rng(2), ten, scene)
    found = tracking.digit_measures(batch.frames, batch, ten, np.random.default_rng(1))
    assert found["identified"] > 0.65  # 0.5 with the other digit among the distractors
