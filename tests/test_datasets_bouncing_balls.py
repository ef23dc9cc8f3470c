"""Bouncing balls: physics, rendering, and what is refused."""
import numpy as np
import pytest

from datasets import bouncing_balls
from datasets.bouncing_balls import Box


@pytest.fixture(scope="module")
def film():
    return bouncing_balls.sample(40, 200, np.random.default_rng(0))


def test_shapes_and_ranges(film):
    assert film.frames.shape == (40, 200, 900) and film.frames.dtype == np.float32 and film.shape == (30, 30)
    assert film.position.shape == film.velocity.shape == (40, 200, 3, 2)
    assert film.frames.min() == 0 and 0.99 < film.frames.max() <= 1


def test_energy_is_conserved_and_is_the_stated_speed(film):
    np.testing.assert_allclose((film.velocity**2).sum((-1, -2)), 0.25, rtol=1e-12)


def test_balls_of_different_mass_conserve_energy_and_momentum_when_they_collide():
    box = Box(n_balls=2, mass=(1.0, 3.0), side=100.0)
    position, velocity = np.array([[[48.0, 50], [52, 50.5]]]), np.array([[[0.3, 0], [-0.2, 0.1]]])
    mass = np.array(box.mass)[:, None]
    _, v = bouncing_balls.trajectories(position, velocity, 40, box)
    assert (v[0, -1] != v[0, 0]).any()
    np.testing.assert_allclose((mass * v[0]).sum(1), np.tile((mass * velocity[0]).sum(0), (40, 1)), atol=1e-12)
    np.testing.assert_allclose((mass * v[0]**2).sum((1, 2)), (mass * velocity[0]**2).sum(), rtol=1e-12)


def test_a_head_on_collision_exchanges_velocities():
    box = Box(n_balls=2, side=100.0)
    position, velocity = np.array([[[48.0, 50], [52, 50]]]), np.array([[[0.4, 0], [-0.2, 0]]])
    _, v = bouncing_balls.trajectories(position, velocity, 40, box)
    np.testing.assert_allclose(v[0, -1], [[-0.2, 0], [0.4, 0]], atol=1e-12)


def test_balls_stay_in_the_box_and_out_of_each_other(film):
    """Up to the half step that they move before a collision is seen; and no overlap grows."""
    half_step = 0.5 / bouncing_balls.STEPS_A_FRAME
    assert film.position.min() > 1.2 - half_step - 1e-9 and film.position.max() < 8.8 + half_step + 1e-9
    for i, j in ((0, 1), (0, 2), (1, 2)):
        distance = np.linalg.norm(film.position[:, :, i] - film.position[:, :, j], axis=-1)
        assert distance.min() > 2.4 - 2 * half_step
        overlapping = (distance[:, :-2] < 2.4) & (distance[:, 1:-1] < 2.4)
        growing = distance[:, 1:-1] < distance[:, :-2] - 1e-9
        # an overlap that still grows from one frame to the next is that of balls that have only just met
        assert not (overlapping & growing & (distance[:, 2:] < distance[:, 1:-1] - 1e-9)).any()


def test_between_collisions_paths_are_straight():
    position, velocity = bouncing_balls.trajectories(np.array([[[3.0, 5]]]), np.array([[[0.1, 0.05]]]), 30, Box(n_balls=1))
    np.testing.assert_allclose(position[0, :, 0], [3, 5] + np.arange(30)[:, None] * [0.1, 0.05])
    assert (velocity == velocity[:, :1]).all()


def test_a_quarter_turn_of_the_start_turns_the_film():
    rng = np.random.default_rng(3)
    position, velocity = bouncing_balls.first_state(5, rng)

    def turned(a, centre):
        return np.stack([centre - a[..., 1], a[..., 0]], axis=-1)

    there, _ = bouncing_balls.trajectories(position, velocity, 150)
    turned_there, _ = bouncing_balls.trajectories(turned(position, 10), turned(velocity, 0), 150)
    np.testing.assert_allclose(turned_there, turned(there, 10), atol=1e-9)
    # pixel (0, 0) is the box's corner (0, 0), so a turned frame is one pixel off: compare where both have pixels
    frames, other = (bouncing_balls.render(p).reshape(5, 150, 30, 30) for p in (there, turned_there))
    expected = np.rot90(frames, -1, axes=(2, 3))
    np.testing.assert_allclose(other[..., :, 1:], expected[..., :, :-1], atol=1e-5)


def test_rendering_is_the_formula():
    rng = np.random.default_rng(4)
    position, _ = bouncing_balls.first_state(3, rng)
    grid = np.arange(30) / 3
    x, y = (values.ravel() for values in np.meshgrid(grid, grid))
    for rendering, factor in (("sutskever", 1 / 1.2**2), ("authors", 1.2**2)):
        d2 = (x - position[..., :1])**2 + (y - position[..., 1:])**2
        wanted = np.minimum(1, np.exp(-(d2 * factor)**4).sum(1))
        frames = bouncing_balls.render(position[:, None], Box(rendering=rendering))
        np.testing.assert_allclose(frames[:, 0], wanted, atol=1e-6)


def test_compiled_and_plain_python_agree():
    box = Box()
    position, velocity = bouncing_balls.first_state(2, np.random.default_rng(5))
    arguments = position, velocity, 60, np.array(box.radius), np.array(box.mass), box.side
    compiled, plain = bouncing_balls.move(*arguments), bouncing_balls.move.py_func(*arguments)
    np.testing.assert_allclose(compiled[0], plain[0], atol=1e-9)
    arguments = compiled[0][:, ::20], np.array(box.radius)**-2.0, box.side, 30
    np.testing.assert_allclose(bouncing_balls.draw(*arguments), bouncing_balls.draw.py_func(*arguments), atol=1e-6)


def test_the_authors_balls_look_smaller_and_frames_change_less(film):
    """What facts of the data the tables rest on: mean squared change from frame to frame, in both renderings."""
    other = bouncing_balls.render(film.position, Box(rendering="authors"))
    assert other.mean() < 0.6 * film.frames.mean()
    for frames, change in ((film.frames, 0.0131), (other, 0.0117)):
        np.testing.assert_allclose(np.mean((frames[:, 1:] - frames[:, :-1])**2), change, rtol=0.03)


def test_first_positions_are_uniform_where_there_is_one_ball():
    position, velocity = bouncing_balls.first_state(20_000, np.random.default_rng(6), Box(n_balls=1))
    room = (position[:, 0] - 1.2) / 7.6
    np.testing.assert_allclose(room.mean(0), 0.5, atol=0.01)
    np.testing.assert_allclose(room.var(0), 1 / 12, rtol=0.03)
    np.testing.assert_allclose(velocity.mean(0), 0, atol=0.02)


def test_the_same_seed_gives_the_same_film():
    a, b = (bouncing_balls.sample(2, 20, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(a.frames, b.frames)


@pytest.mark.parametrize("change, name", [
    (dict(n_balls=0), "n_balls"), (dict(radius=0), "radius"), (dict(radius=-1.0), "radius"), (dict(radius=(1, 1)), "radius"),
    (dict(radius=6), "radius"), (dict(n_balls=30), "radius"), (dict(mass=0), "mass"), (dict(mass=np.nan), "mass"),
    (dict(side=0), "side"), (dict(speed=-1), "speed"), (dict(speed=3), "speed"), (dict(speed=np.inf), "speed"),
    (dict(resolution=0), "resolution"), (dict(resolution=2.5), "resolution"), (dict(rendering="cubic"), "rendering")])
def test_bad_boxes_are_named(change, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        Box(**change)


def test_balls_that_fit_by_area_and_yet_find_no_place(monkeypatch):
    monkeypatch.setattr(bouncing_balls, "MOST_DRAWS", 20)
    with pytest.raises(ValueError, match="^radius: wanted balls that fit .* with room to spare"):
        bouncing_balls.sample(1, 2, np.random.default_rng(0), Box(n_balls=15))


@pytest.mark.parametrize("call, name", [
    (lambda rng: bouncing_balls.sample(0, 3, rng), "n_traj"), (lambda rng: bouncing_balls.sample(2, 0, rng), "T"),
    (lambda rng: bouncing_balls.sample(2, 3, 0), "rng"), (lambda rng: bouncing_balls.render(np.zeros((2, 3, 2))), "position"),
    (lambda rng: bouncing_balls.render(np.full((1, 2, 3, 2), np.nan)), "position"),
    (lambda rng: bouncing_balls.trajectories(np.full((1, 3, 2), 11.0), np.zeros((1, 3, 2)), 2), "position"),
    (lambda rng: bouncing_balls.trajectories(np.ones((1, 3, 2)), np.zeros((2, 3, 2)), 2), "velocity")])
def test_bad_calls_are_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        call(np.random.default_rng(0))
