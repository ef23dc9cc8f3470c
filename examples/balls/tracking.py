"""Where balls and digits are in generated frames, and how good a generated video is."""

import numpy as np
from scipy import signal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from datasets import bouncing_balls

THRESHOLD = 0.75  # response of the matched filter; a whole ball has 1
MAX_RESIDUAL = 0.3  # of the balls' energy, in a valid frame
MAX_BALLS = 8
CLEARANCE = 0.8  # units of the box, between a ball in free flight and what it could hit
MIN_ENERGY = 0.2  # of a template's energy, assumed to lie under it at least
N_DISTRACTORS = 9  # templates of other classes that a digit is compared with


# Balls


def track(frames, box):
    """Balls in each frame, by a matched filter whose template is the image of one ball.

    The largest response above THRESHOLD is a ball, located to a fraction of a pixel by the vertex
    of a parabola. Responses within most of a diameter of it are removed; then comes the next.

    Parameters
    ----------
    frames : (n, resolution^2) brightness in [0, 1]
    box : the Box that they show, with one radius for all balls

    Returns
    -------
    positions : [(n_found, 2)] per frame, in units of the box
    residual : (n,) squared error of the detected balls drawn again, as a fraction of the energy of
        all balls that should be there
    """
    pixel = box.side / box.resolution
    sharpness = box.radius[0] ** (-2 if box.rendering == "sutskever" else 2)
    ball = template(box, sharpness)
    images = frames.reshape(-1, box.resolution, box.resolution)
    margin = len(ball) // 2
    padded = np.pad(images, ((0, 0), (margin, margin), (margin, margin)))
    responses = signal.fftconvolve(padded, ball[None], mode="valid", axes=(1, 2)) / np.sum(ball**2)
    exclusion = 0.8 * 2 / np.sqrt(sharpness) / pixel
    positions = [pixel * (peaks(response, exclusion) + 0.5) for response in responses]
    residual = np.array(
        [
            np.sum((image - redrawn(found, sharpness, box)) ** 2)
            for image, found in zip(images, positions, strict=True)
        ]
    )
    return positions, residual / (box.n_balls * np.sum(ball**2))


def template(box, sharpness):
    """The image of one ball around its centre (D4)."""
    pixel = box.side / box.resolution
    reach = np.ceil(1.2 * box.radius[0] / pixel) * pixel
    grid = np.arange(-reach, reach + pixel / 2, pixel)
    return np.exp(-(((grid[:, None] ** 2 + grid**2) * sharpness) ** 4))


def peaks(response, exclusion):
    """Positions (n_found, 2) in pixels of the peaks of a response (side, side), largest first.

    exclusion : pixels around a peak in which there is no other
    """
    rows, columns = np.mgrid[: response.shape[0], : response.shape[1]]
    found, left = [], response.copy()
    while len(found) < MAX_BALLS and left.max() >= THRESHOLD:
        row, column = np.unravel_index(left.argmax(), left.shape)
        found.append(subpixel(response, row, column))
        left[(rows - row) ** 2 + (columns - column) ** 2 < exclusion**2] = -1
    return np.array(found).reshape(-1, 2)


def subpixel(response, row, column):
    """(x, y) of a peak at (row, column), to a fraction of a pixel."""
    return (column + vertex(response[row], column), row + vertex(response[:, column], row))


def vertex(values, middle):
    """Distance from `middle` to the vertex of the parabola through three values around it."""
    if middle == 0 or middle == len(values) - 1:
        return 0.0
    before, here, after = values[middle - 1 : middle + 2]
    curvature = before - 2 * here + after
    if not curvature < 0:
        return 0.0
    return float(np.clip(0.5 * (before - after) / curvature, -0.5, 0.5))


def redrawn(positions, sharpness, box):
    """One frame (resolution, resolution) with balls at these positions, of any number."""
    if len(positions) == 0:
        return np.zeros(box.shape, np.float32)
    frame = bouncing_balls.rasterize(
        positions[None, None], np.full(len(positions), sharpness), box.side, box.resolution
    )
    return frame[0, 0].reshape(box.shape)


def measures(frames, truth, box):
    """How good a video of balls is.

    Parameters
    ----------
    frames, truth : (n_traj, T, resolution^2), generated frames and ground truth

    Returns
    -------
    dictionary
        valid_frames : fraction of frames with as many detected balls as there should be and a
            residual below MAX_RESIDUAL
        speed : median distance of a ball between two valid frames, in units of the box
        straightness : mean cosine of the turning angle of balls in free flight; 1 is straight
        sharpness : root mean square of the spatial gradient, relative to the ground truth
        error : [T] mean squared error per pixel, per frame
    """
    n_traj, T, _ = frames.shape
    positions, residual = track(frames.reshape(n_traj * T, -1), box)
    valid = np.array([len(found) == box.n_balls for found in positions])
    valid = (valid & (residual < MAX_RESIDUAL)).reshape(n_traj, T)
    steps, cosines = [], []
    for n in range(n_traj):
        path = steps_of(positions[n * T : (n + 1) * T], valid[n], box)
        steps += path[0]
        cosines += path[1]
    return {
        "valid_frames": float(valid.mean()),
        "speed": float(np.median(steps)) if steps else 0.0,
        "straightness": float(np.mean(cosines)) if cosines else None,
        "sharpness": sharpness(frames, truth, box.shape),
        "error": np.mean((frames - truth) ** 2, axis=(0, 2)).tolist(),
    }


def steps_of(positions, valid, box):
    """Lengths of all steps between valid frames of one video, and cosines of the turning angles.

    positions : [(n_found, 2)] per frame;  valid : (T,) of bools
    """
    lengths, cosines = [], []
    before = None  # position and step, per ball, if known
    for t in range(1, len(positions)):
        if not (valid[t - 1] and valid[t]):
            before = None
            continue
        here, there = positions[t - 1] if before is None else before[0], positions[t]
        there = there[linear_sum_assignment(cdist(here, there))[1]]
        step = there - here
        lengths += list(np.linalg.norm(step, axis=1))
        if before is not None:
            product = np.linalg.norm(step, axis=1) * np.linalg.norm(before[1], axis=1)
            cosine = np.sum(step * before[1], axis=1) / np.maximum(product, 1e-12)
            cosines += list(cosine[in_free_flight(here, box)])
        before = there, step
    return lengths, cosines


def in_free_flight(positions, box):
    """Which balls are more than CLEARANCE from touching a wall or another ball."""
    radius = box.radius[0]
    from_wall = np.minimum(positions, box.side - positions).min(1) - radius
    between = cdist(positions, positions) + 1e9 * np.eye(len(positions))
    return (from_wall > CLEARANCE) & (between.min(1) - 2 * radius > CLEARANCE)


def sharpness(frames, truth, shape):
    """Root mean square of the spatial gradient of the brightness, relative to ground truth."""

    def gradient(video):
        images = video.reshape(-1, *shape)
        return np.sqrt(
            np.mean(np.diff(images, axis=1) ** 2) + np.mean(np.diff(images, axis=2) ** 2)
        )

    return float(gradient(frames) / gradient(truth))


# Digits


def find_template(frames, image):
    """Where a template fits best in each frame, and how well.

    The similarity is the maximum normalised cross-correlation: 1 for an exact copy. The template
    may extend beyond the frame by half its size.

    Parameters
    ----------
    frames : (n, side, side) brightness;  image : (size, size) the template

    Returns
    -------
    similarity : (n,) in [0, 1]
    position : (n, 2) of the template's upper left corner, (x, y) in pixels, to a fraction of one
    """
    margin = len(image) // 2
    padded = np.pad(frames, ((0, 0), (margin, margin), (margin, margin)))
    product = signal.fftconvolve(padded, image[None, ::-1, ::-1], mode="valid", axes=(1, 2))
    under = signal.fftconvolve(padded**2, np.ones((1, *image.shape)), mode="valid", axes=(1, 2))
    # where almost nothing lies under the template, the correlation means nothing
    energy = np.sum(image**2)
    correlation = product / np.sqrt(np.maximum(under, MIN_ENERGY * energy) * energy)
    position = np.empty((len(frames), 2))
    for n, values in enumerate(correlation):
        position[n] = subpixel(values, *np.unravel_index(values.argmax(), values.shape))
    return np.clip(correlation.max((1, 2)), 0, 1), position - margin


def digit_measures(frames, truth, digits, rng):
    """How good a video of digits is.

    Parameters
    ----------
    frames : (n_traj, T, side^2) generated frames
    truth : the Batch of the ground truth
    digits : Digits that `truth` shows

    Returns
    -------
    dictionary
        similarity : mean over frames and digits, of the frame with the template of the digit
        identified : fraction (of digits in frames) whose own template fits better than
            N_DISTRACTORS templates of classes that no digit of the video has (all, if there are
            fewer): the other digit of a frame would fit where it is; chance is 10 %
        identified_by_frame : [T] the same, per frame
        moving : fraction of steps with motion: a digit moves by half the true speed at least
        speed : median distance of a digit from frame to frame, in pixels
        sharpness, error : as in `measures`
    """
    n_traj, T, _ = frames.shape
    n_digits = truth.which.shape[1]
    similarity, positions = np.empty((n_traj, T, n_digits)), np.empty((n_traj, T, n_digits, 2))
    identified = np.empty((n_traj, T, n_digits), bool)
    for n in range(n_traj):
        images = frames[n].reshape(T, *truth.shape)
        absent = np.flatnonzero(~np.isin(digits.labels, digits.labels[truth.which[n]]))
        for i in range(n_digits):
            own = truth.which[n, i]
            chosen = rng.choice(absent, min(N_DISTRACTORS, len(absent)), replace=False)
            others = digits.images[chosen]
            similarity[n, :, i], positions[n, :, i] = find_template(images, digits.images[own])
            best_other = np.max([find_template(images, other)[0] for other in others], axis=0)
            identified[n, :, i] = similarity[n, :, i] > best_other
    steps = np.linalg.norm(np.diff(positions, axis=1), axis=-1)
    true_steps = np.linalg.norm(np.diff(truth.position, axis=1), axis=-1)
    return {
        "similarity": float(similarity.mean()),
        "identified": float(identified.mean()),
        "identified_by_frame": identified.mean((0, 2)).tolist(),
        "moving": float(np.mean(steps > np.median(true_steps) / 2)),
        "speed": float(np.median(steps)),
        "sharpness": sharpness(frames, truth.frames, truth.shape),
        "error": np.mean((frames - truth.frames) ** 2, axis=(0, 2)).tolist(),
    }
