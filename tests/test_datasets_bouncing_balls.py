"""Bouncing balls: physics, rendering, and what is refused."""

import numpy as np
import pytest

from datasets import bouncing_balls
from datasets.bouncing_balls import Box

rng_of = np.random.default_rng


@pytest.fixture(scope="module")
def batch():
    return bouncing_balls.sample(40, 200, rng_of(0))


def test_shapes_and_ranges(batch):
    assert batch.frames.shape == (40, 200, 900) and batch.frames.dtype == np.float32
    assert batch.y is batch.frames
    assert batch.shape == (30, 30)
    assert batch.position.shape == batch.velocity.shape == (40, 200, 3, 2)
    assert batch.frames.min() == 0 and 0.99 < batch.frames.max() <= 1


def test_energy_is_conserved_and_is_the_stated_speed(batch):
    np.testing.assert_allclose((batch.velocity**2).sum((-1, -2)), 0.25, rtol=1e-12)


def test_balls_of_different_mass_conserve_energy_and_momentum_when_they_collide():
    box = Box(n_balls=2, mass=(1.0, 3.0), side=100.0)
    position = np.array([[[48.0, 50], [52, 50.5]]])
    velocity = np.array([[[0.3, 0], [-0.2, 0.1]]])
    mass = np.array(box.mass)[:, None]
    _, v = bouncing_balls.trajectories(position, velocity, 40, box)
    assert (v[0, -1] != v[0, 0]).any()
    momentum = (mass * velocity[0]).sum(0)
    np.testing.assert_allclose((mass * v[0]).sum(1), np.tile(momentum, (40, 1)), atol=1e-12)
    energy = (mass * velocity[0] ** 2).sum()
    np.testing.assert_allclose((mass * v[0] ** 2).sum((1, 2)), energy, rtol=1e-12)


def test_a_head_on_collision_exchanges_velocities():
    box = Box(n_balls=2, side=100.0)
    position, velocity = np.array([[[48.0, 50], [52, 50]]]), np.array([[[0.4, 0], [-0.2, 0]]])
    _, v = bouncing_balls.trajectories(position, velocity, 40, box)
    np.testing.assert_allclose(v[0, -1], [[-0.2, 0], [0.4, 0]], atol=1e-12)


def test_balls_stay_in_the_box_and_out_of_each_other(batch):
    """Except for the substep in which a collision is detected; and no overlap grows."""
    substep = 0.5 / bouncing_balls.SUBSTEPS_PER_FRAME
    assert batch.position.min() > 1.2 - substep - 1e-9
    assert batch.position.max() < 8.8 + substep + 1e-9
    for i, j in ((0, 1), (0, 2), (1, 2)):
        distance = np.linalg.norm(batch.position[:, :, i] - batch.position[:, :, j], axis=-1)
        assert distance.min() > 2.4 - 2 * substep
        overlapping = (distance[:, :-2] < 2.4) & (distance[:, 1:-1] < 2.4)
        growing = distance[:, 1:-1] < distance[:, :-2] - 1e-9
        # an overlap that grows from one frame to the next is that of balls that have just met
        still_growing = distance[:, 2:] < distance[:, 1:-1] - 1e-9
        assert not (overlapping & growing & still_growing).any()


def test_between_collisions_paths_are_straight():
    position, velocity = bouncing_balls.trajectories(
        np.array([[[3.0, 5]]]), np.array([[[0.1, 0.05]]]), 30, Box(n_balls=1)
    )
    expected = [3, 5] + np.arange(30)[:, None] * [0.1, 0.05]
    np.testing.assert_allclose(position[0, :, 0], expected)
    assert (velocity == velocity[:, :1]).all()


def test_a_quarter_turn_of_the_initial_state_turns_the_video():
    position, velocity = bouncing_balls.initial_positions(5, rng_of(3))

    def turned(a, centre):
        return np.stack([centre - a[..., 1], a[..., 0]], axis=-1)

    there, _ = bouncing_balls.trajectories(position, velocity, 150)
    turned_there, _ = bouncing_balls.trajectories(turned(position, 10), turned(velocity, 0), 150)
    np.testing.assert_allclose(turned_there, turned(there, 10), atol=1e-9)
    frames, other = (
        bouncing_balls.render(p).reshape(5, 150, 30, 30) for p in (there, turned_there)
    )
    expected = np.rot90(frames, -1, axes=(2, 3))
    np.testing.assert_allclose(other, expected, atol=1e-5)


def test_the_mirror_image_of_a_scene_gives_the_mirror_image_of_its_frame():
    position, _ = bouncing_balls.initial_positions(50, rng_of(5))
    mirrored = position.copy()
    mirrored[..., 0] = 10 - position[..., 0]
    for rendering in bouncing_balls.RENDERINGS:
        frames, other = (
            bouncing_balls.render(p[:, None], Box(rendering=rendering)).reshape(50, 30, 30)
            for p in (position, mirrored)
        )
        np.testing.assert_allclose(other, frames[:, :, ::-1], atol=1e-5)


def test_hand_computed_pixels():
    """Box of side 10, 30 pixels: pixel (row, column) is sampled at ((column, row) + 1/2) / 3."""
    frame = bouncing_balls.render(np.array([[[[5.0, 5.0]]]]), Box(n_balls=1)).reshape(30, 30)
    # the nearest centres are (14.5, 14.5) / 3 and its mirror images: 1/6 off on both axes
    assert (frame[14:16, 14:16] > 1 - 1e-5).all()
    # (18.5, 15.5) / 3: 7/6 and 1/6 off, d^2 = 50/36, (d^2 / 1.44)^4 = 0.8655
    assert frame[15, 18] == pytest.approx(np.exp(-((50 / 36 / 1.44) ** 4)), abs=1e-6)
    assert frame[15, 18] == pytest.approx(frame[15, 11]) == pytest.approx(frame[18, 15])


def test_rendering_is_the_formula():
    position, _ = bouncing_balls.initial_positions(3, rng_of(4))
    grid = (np.arange(30) + 0.5) / 3
    x, y = (values.ravel() for values in np.meshgrid(grid, grid))
    for rendering, factor in (("sutskever", 1 / 1.2**2), ("authors", 1.2**2)):
        d2 = (x - position[..., :1]) ** 2 + (y - position[..., 1:]) ** 2
        expected = np.minimum(1, np.exp(-((d2 * factor) ** 4)).sum(1))
        frames = bouncing_balls.render(position[:, None], Box(rendering=rendering))
        np.testing.assert_allclose(frames[:, 0], expected, atol=1e-6)


def test_compiled_and_plain_python_agree():
    box = Box()
    position, velocity = bouncing_balls.initial_positions(2, rng_of(5))
    move, rasterize = bouncing_balls._move, bouncing_balls._rasterize
    arguments = position, velocity, 60, np.array(box.radius), np.array(box.mass), box.side
    compiled, plain = move(*arguments), move.py_func(*arguments)
    np.testing.assert_allclose(compiled[0], plain[0], atol=1e-9)
    arguments = compiled[0][:, ::20], np.array(box.radius) ** -2.0, box.side, 30
    np.testing.assert_allclose(rasterize(*arguments), rasterize.py_func(*arguments), atol=1e-6)


def test_the_authors_balls_look_smaller_and_frames_change_less(batch):
    """Facts that the tables rest on: mean squared change per frame, in both renderings."""
    other = bouncing_balls.render(batch.position, Box(rendering="authors"))
    assert other.mean() < 0.6 * batch.frames.mean()
    for frames, change in ((batch.frames, 0.0131), (other, 0.0117)):
        np.testing.assert_allclose(
            np.mean((frames[:, 1:] - frames[:, :-1]) ** 2), change, rtol=0.03
        )


def test_initial_positions_of_one_ball_are_uniform_as_in_the_script():
    """On [2, 8.8] on both axes; balls that touch are drawn again."""
    position, velocity = bouncing_balls.initial_positions(20_000, rng_of(6), Box(n_balls=1))
    room = (position[:, 0] - 2) / 6.8
    np.testing.assert_allclose(room.mean(0), 0.5, atol=0.01)
    np.testing.assert_allclose(room.var(0), 1 / 12, rtol=0.03)
    np.testing.assert_allclose(velocity.mean(0), 0, atol=0.02)


def test_the_same_seed_gives_the_same_video():
    a, b = (bouncing_balls.sample(2, 20, rng_of(7)) for _ in range(2))
    np.testing.assert_array_equal(a.frames, b.frames)


@pytest.mark.parametrize(
    "box",
    [Box(speed=2.4), Box(mass=(1, 1, 9), speed=0.8), Box(radius=0.5, mass=(1, 1, 50), speed=0.14)],
)
def test_at_the_largest_speed_a_video_can_be_continued_from_any_frame(box):
    """No ball leaves the box or becomes too fast, whatever the masses are."""
    batch = bouncing_balls.sample(40, 500, rng_of(1), box)
    assert batch.position.min() >= 0 and batch.position.max() <= 10
    mass = np.array(box.mass)[:, None]
    energy = (mass * batch.velocity**2).sum((-1, -2))
    np.testing.assert_allclose(energy, energy[:, :1] * np.ones(500), rtol=1e-11)
    fastest = np.linalg.norm(batch.velocity, axis=-1).max()
    assert fastest <= bouncing_balls.SUBSTEPS_PER_FRAME * min(box.radius) * (1 + 1e-9)
    flat = (batch.position.reshape(-1, 3, 2), batch.velocity.reshape(-1, 3, 2))
    bouncing_balls.trajectories(*flat, 2, box)


def test_a_light_ball_does_not_pass_through_a_heavy_one():
    """Head on, from all distances within a step: each meeting is a collision."""
    box = Box(n_balls=2, radius=0.5, mass=(1.0, 50.0), speed=0.14)
    gap = np.linspace(1.01, 2.5, 200)
    position = np.stack([np.stack([5 - gap, np.full(200, 5.0)], -1), np.full((200, 2), 5.0)], 1)
    velocity = np.tile([[0.98, 0.0], [0.0, 0.0]], (200, 1, 1))
    position, velocity = bouncing_balls.trajectories(position, velocity, 4, box)
    assert (position[:, :, 0, 0] < position[:, :, 1, 0]).all()
    assert (velocity[:, -1, 0, 0] < 0).all()


@pytest.mark.parametrize(
    "change, name",
    [
        ({"radius": (1, 1)}, "radius"),
        ({"radius": 6}, "radius"),
        ({"n_balls": 30}, "radius"),
        ({"mass": 0}, "mass"),
        ({"speed": 3}, "speed"),
        ({"mass": (1, 300, 300), "radius": 1, "speed": 2}, "speed"),
        ({"mass": (1, 1, 50), "radius": 0.5, "speed": 1}, "speed"),
    ],
)
def test_bad_boxes_are_named(change, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        Box(**change)


def test_balls_that_fit_by_area_and_yet_find_no_place(monkeypatch):
    monkeypatch.setattr(bouncing_balls, "MAX_DRAWS", 20)
    with pytest.raises(ValueError, match=r"^radius: expected balls that fit .* with room to spare"):
        bouncing_balls.sample(1, 2, rng_of(0), Box(n_balls=15))


@pytest.mark.parametrize(
    "velocity", [np.zeros((2, 3, 2)), np.full((1, 3, 2), 9.0)], ids=["other shape", "too fast"]
)
def test_velocities_that_cannot_be_followed_are_named(velocity):
    with pytest.raises(ValueError, match=r"^velocity: expected .* got"):
        bouncing_balls.trajectories(np.ones((1, 3, 2)), velocity, 2)
