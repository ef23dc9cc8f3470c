"""One-step predictors of bouncing balls without a network, and the videos of the test."""

import numpy as np

from datasets import bouncing_balls

T = 100  # frames of a video
TEST = dict(n_traj=400, T=T)  # as many videos as the authors have
N_TO_FIT = 400  # videos for the regressions


def test_videos(box, seed, **other):
    """The Batch that every predictor of this seed is tested on; other: than TEST."""
    return bouncing_balls.sample(**TEST | other, rng=np.random.default_rng([seed, 1]), box=box)


def squared_error(prediction, frames):
    """Mean squared error per pixel of predictions (n_traj, T, n), the one at t of frame t + 1."""
    return float(np.mean((prediction[:, :-1] - frames[:, 1:]) ** 2))


def regression(train, frames, n_frames, strength=10.0):
    """Mean squared error per pixel of ridge regression on the last n_frames, clipped to [0, 1].

    Parameters
    ----------
    train, frames : (n_traj, T, n) videos to fit to, and to test on, without their first n_frames
    strength : weight of the squared coefficients
    """

    def design(videos):
        pasts = [
            videos[:, n_frames - 1 - lag : videos.shape[1] - 1 - lag] for lag in range(n_frames)
        ]
        pasts = np.concatenate([*pasts, np.ones_like(pasts[0][..., :1])], axis=-1)
        return pasts.reshape(-1, pasts.shape[-1])

    X, Y = design(train), train[:, n_frames:].reshape(-1, train.shape[-1])
    penalty = strength * np.eye(X.shape[1], dtype=X.dtype)
    # some old versions of OpenBLAS raise a spurious flag in these products
    with np.errstate(invalid="ignore"):
        weights = np.linalg.solve(X.T @ X + penalty, X.T @ Y)
        prediction = np.clip(design(frames) @ weights, 0, 1)
    return float(np.mean((prediction - frames[:, n_frames:].reshape(prediction.shape)) ** 2))


def baselines(box, seed):
    """[{"model", "mse"}] of the predictors without a network."""
    train = bouncing_balls.sample(N_TO_FIT, T, np.random.default_rng([seed, 2]), box).frames
    test = test_videos(box, seed)
    frames = test.frames
    first = test.position[:, :1] - test.velocity[:, :1]
    step = np.diff(test.position, axis=1, prepend=first)
    straight = bouncing_balls.render(np.clip(test.position + step, 0, box.side), box)
    mean_frame = np.broadcast_to(train.mean((0, 1)), frames.shape)
    errors = {
        "mean frame": squared_error(mean_frame, frames),
        "previous frame": squared_error(frames, frames),
        "regression on one frame": regression(train, frames, 1),
        "regression on two frames": regression(train, frames, 2),
        "constant-velocity oracle": squared_error(straight, frames),
    }
    return [{"model": model, "mse": mse} for model, mse in errors.items()]
