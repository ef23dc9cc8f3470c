"""What the scripts on films share: a tracker of balls and what it measures, strips of frames, animated GIFs."""
import json

import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from scipy import signal
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from datasets import bouncing_balls
from examples import _plots, _run
from rvae_numpy import rvae, storage

CHECKPOINT = 500            # updates
THRESHOLD = 0.75            # of the matched filter: a whole ball has 1
UNEXPLAINED = 0.3           # of the balls' energy may be left over in a frame that counts
MOST_BALLS = 8


# The rVAE of films

def logit_of_mean(frames):
    """Biases at which every pixel starts at the mean of the films (n_traj, T, n), so that no time is spent on learning it: (n,)"""
    mean = np.clip(frames.mean((0, 1)), 0.002, 0.998)
    return np.log(mean / (1 - mean))


def train(start, batches, seed, settings, path, watch=lambda params, log: None, stage=1):
    """An rVAE's parameters after the training; checkpoints at `path` on the way, and on from there if there is one

    start : rng -> params;  batches : (rng, n_traj, T) -> endless films;  settings : of both, and of rvae.train
    stage : 2 for a training that goes on from an earlier one, with films of its own
    """
    rng = np.random.default_rng([seed, 2 + stage])
    params = start(rng)
    settings = dict(settings)
    films = batches(rng, settings.pop("n_traj"), settings.pop("T"))
    return _run.learn(rvae, storage, "rvae", params, films, rng, path, watch, CHECKPOINT, **settings)


def trained(start, batches, seed, settings, about, folder, stage=1, before=0.0):
    """params and seconds, of a finished run in the folder, or of one that is made, or gone on with, now

    about : what else must be the same for a run to be the same ({"sizes": ..., "model": ...}), kept with the weights
    stage, before : of a training that goes on from an earlier one: 2, and the seconds that that one took
    """
    name = f"rVAE_{seed}" if stage == 1 else f"rVAE_{seed}_stage_{stage}"
    progress = _run.Progress(f"rVAE, stage {stage}", settings["n_updates"])
    try:
        params, meta = _run.trained(
            rvae, folder / f"{name}.npz", {"settings": settings} | about,
            lambda path, callback: train(start, batches, seed, settings, path, callback, stage),
            lambda params, log, past: progress(log.n_updates[-1], f"loss {log.loss[-1]:.1f}", log.n_updates[0] - CHECKPOINT),
            {"seconds": before}, seed=seed)
    except KeyboardInterrupt:
        progress.stop()
        raise SystemExit("stopped; what is learnt is kept, and the next call goes on from there") from None
    return params, meta["seconds"]


# Where the balls are

def track(frames, box):
    """Balls in each frame, by a matched filter: positions [(n_found, 2)] and what they leave unexplained (n,)

    frames : (n, resolution^2);  box : the Box they were made with, all balls of one radius
    The filter is the picture of one ball; its answer is 1 where a whole ball is. The best answer above THRESHOLD is a ball
    (to a fraction of a pixel: the peak of a parabola), what is nearer to it than most of a diameter cannot be another one,
    and so on. Unexplained: the squared error of these balls drawn anew, as a fraction of the energy of all balls.
    """
    pixel = box.side / box.resolution
    one = np.ceil(1.2 * box.radius[0] / pixel) * pixel
    grid = np.arange(-one, one + pixel / 2, pixel)
    sharpness = box.radius[0] ** (-2 if box.rendering == "sutskever" else 2)
    ball = np.exp(-((grid[:, None] ** 2 + grid**2) * sharpness) ** 4)                               # D39, about its middle
    reach = len(ball) // 2
    pictures = frames.reshape(-1, box.resolution, box.resolution)
    answer = signal.fftconvolve(np.pad(pictures, ((0, 0), (reach, reach), (reach, reach))), ball[None], mode="valid",
                                axes=(1, 2)) / np.sum(ball**2)
    nearest = 0.8 * 2 / np.sqrt(sharpness) / pixel
    rows, columns = np.mgrid[:box.resolution, :box.resolution]
    found, unexplained = [], np.empty(len(pictures))
    for n, (picture, answers) in enumerate(zip(pictures, answer)):
        positions, left = [], answers.copy()
        while len(positions) < MOST_BALLS and left.max() >= THRESHOLD:
            row, column = np.unravel_index(left.argmax(), left.shape)
            positions.append([(column + peak(answers[row], column)) * pixel, (row + peak(answers[:, column], row)) * pixel])
            left[(rows - row) ** 2 + (columns - column) ** 2 < nearest**2] = -1
        positions = np.array(positions).reshape(-1, 2)
        found.append(positions)
        unexplained[n] = np.sum((picture - drawn(positions, sharpness, box)) ** 2) / (box.n_balls * np.sum(ball**2))
    return found, unexplained


def peak(values, middle):
    """How far the peak of a parabola through three values is from the middle one"""
    if middle == 0 or middle == len(values) - 1:
        return 0.0
    before, here, after = values[middle - 1:middle + 2]
    bend = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def drawn(positions, sharpness, box):
    """One frame with balls at these positions, however many they are"""
    if len(positions) == 0:
        return np.zeros(box.shape, np.float32)
    return bouncing_balls.draw(positions[None, None], np.full(len(positions), sharpness), box.side,
                               box.resolution)[0, 0].reshape(box.shape)


def measures(frames, truth, box):
    """How much a film of balls is one: a dictionary, from frames and the true ones, both (n_traj, T, resolution^2)

    three_balls : fraction of frames in which as many balls are found as there should be, and little else
    speed : the median way of a ball from such a frame to the next (units of the box)
    straightness : mean cosine of the angle by which a ball turns at a step, away from walls and other balls: 1 is straight
    sharpness : root mean square of the brightness's spatial gradient, relative to the truth's
    error : mean squared error a pixel against the truth, frame by frame (T,)
    """
    n_traj, T, _ = frames.shape
    found, unexplained = track(frames.reshape(n_traj * T, -1), box)
    whole = np.array([len(positions) == box.n_balls for positions in found]) & (unexplained < UNEXPLAINED)
    whole = whole.reshape(n_traj, T)
    steps, cosines = [], []
    for n in range(n_traj):
        before = None                                       # position and step, ball by ball, if known
        for t in range(1, T):
            if not (whole[n, t - 1] and whole[n, t]):
                before = None
                continue
            here, there = found[n * T + t - 1], found[n * T + t]
            if before is not None:
                here = before[0]
            there = there[linear_sum_assignment(cdist(here, there))[1]]
            step = there - here
            steps += list(np.linalg.norm(step, axis=1))
            if before is not None:
                free = is_free(here, box)
                lengths = np.linalg.norm(step, axis=1) * np.linalg.norm(before[1], axis=1)
                cosines += list((np.sum(step * before[1], axis=1) / np.maximum(lengths, 1e-12))[free])
            before = there, step
    return {"three_balls": float(whole.mean()), "speed": float(np.median(steps)) if steps else 0.0,
            "straightness": float(np.mean(cosines)) if cosines else None, "sharpness": sharpness(frames, truth, box.shape),
            "error": np.mean((frames - truth) ** 2, axis=(0, 2)).tolist()}


def is_free(positions, box, room=0.8):
    """Which balls are farther than `room` from touching a wall or another ball"""
    radius = box.radius[0]
    from_wall = np.minimum(positions, box.side - positions).min(1) - radius
    between = cdist(positions, positions) + 1e9 * np.eye(len(positions))
    return (from_wall > room) & (between.min(1) - 2 * radius > room)


def sharpness(frames, truth, shape):
    """Root mean square of the spatial gradient of the brightness, relative to that of the truth"""
    def gradient(film):
        pictures = film.reshape(-1, *shape)
        return np.sqrt(np.mean(np.diff(pictures, axis=1) ** 2) + np.mean(np.diff(pictures, axis=2) ** 2))
    return float(gradient(frames) / gradient(truth))


# Where a picture is

def find_picture(frames, picture):
    """How well a picture fits into each frame where it fits best, and where: likeness (n,), position (n, 2) in pixels

    frames : (n, side, side);  picture : (size, size). Likeness is the correlation (cosine) of the picture with what lies under
    it, 1 for a copy; the picture may stick out of the frame, by half its size. position: of its upper left corner, (x, y), to a
    fraction of a pixel.
    """
    reach = len(picture) // 2
    padded = np.pad(frames, ((0, 0), (reach, reach), (reach, reach)))
    shared = signal.fftconvolve(padded, picture[None, ::-1, ::-1], mode="valid", axes=(1, 2))
    under = signal.fftconvolve(padded**2, np.ones((1, *picture.shape)), mode="valid", axes=(1, 2))
    # where there is next to nothing under it, the cosine means nothing: the energy counts as a fifth of the picture's at least
    energy = np.sum(picture**2)
    cosine = shared / np.sqrt(np.maximum(under, 0.2 * energy) * energy)
    positions = np.empty((len(frames), 2))
    for n, answers in enumerate(cosine):
        row, column = np.unravel_index(answers.argmax(), answers.shape)
        positions[n] = column + peak(answers[row], column) - reach, row + peak(answers[:, column], row) - reach
    return np.clip(cosine.max((1, 2)), 0, 1), positions


# What is shown

def kept_runs(name, but=None, **same):
    """[rows of each training whose rows are kept in WEIGHTS/NAME_SEED.json]

    but : the seed of a training that is not asked for
    same : what must be as it is there, for rows to be comparable
    """
    paths = sorted(path for path in _run.WEIGHTS.glob(f"{name}_*.json") if path.stem.removeprefix(f"{name}_").isdigit())
    runs = [json.loads(path.read_text()) for path in paths]
    return [run["rows"] for run in runs if run["seed"] != but and run.items() >= same.items()]


def print_measures(columns, runs):
    """A line for each film: mean and spread over the runs (the rows of each seed) that have it

    columns : [(heading, row -> number or None, decimals, unit)]
    """
    lines = [[row for run in runs for row in run if row["model"] == first["model"]] for first in runs[0]]

    def text(line, number, digits, unit):
        numbers = [number(row) for row in line]
        return "-" if None in numbers else _run.with_spread(*_run.mean_and_spread(numbers), scale=1, digits=digits) + unit

    _run.print_table([("film", lambda line: line[0]["model"])] + [
        (heading, lambda line, how=how: text(line, *how)) for heading, *how in columns], lines)
    if len(runs) > 1:
        print(f"(mean ± standard deviation over {len(runs)} seeds, each with its own films for the test, and with a training of its own "
              "where the model is this script's)")


def as_image(frame, shape):
    """A frame (n_pixels,), or (n_pixels, 3) in colour, as imshow wants it"""
    return frame.reshape(*shape, *frame.shape[1:])


def strip(rows, shape, title, origin="lower"):
    """A figure with a row of frames for each [(label, frames (n, n_pixels), or (n, n_pixels, 3) in colour)]"""
    n_shown = len(rows[0][1])
    figure = _plots.figure(0.75 * n_shown + 1.2, 0.78 * len(rows) + 0.4)
    grid = figure.subplots(len(rows), n_shown, squeeze=False)
    for line, (label, frames) in zip(grid, rows):
        for axes, frame in zip(line, frames):
            axes.imshow(as_image(frame, shape), origin=origin, cmap="Greys_r", vmin=0, vmax=1)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
    figure.suptitle(title, fontsize=9, x=0.01, ha="left")
    return figure


def animate(films, shape, path, captions, origin="lower", frames_a_second=12):
    """An animated GIF of films side by side: [(label, frames (T, n_pixels), or (T, n_pixels, 3) in colour)]

    captions : what stands above, frame by frame
    """
    figure = _plots.figure(1.5 * len(films), 1.9)
    pictures = []
    for axes, (label, frames) in zip(figure.subplots(1, len(films), squeeze=False)[0], films):
        pictures.append(axes.imshow(as_image(frames[0], shape), origin=origin, cmap="Greys_r", vmin=0, vmax=1))
        axes.set(xticks=[], yticks=[])
        axes.set_xlabel(label, fontsize=8)
    heading = figure.suptitle(captions[0], fontsize=8)

    def show(t):
        for image, (_, frames) in zip(pictures, films):
            image.set_data(as_image(frames[t], shape))
        heading.set_text(captions[t])
        return pictures

    film = FuncAnimation(figure, show, frames=len(captions), init_func=lambda: pictures)
    _run.write_whole(path, lambda temporary: film.save(temporary, writer=PillowWriter(fps=frames_a_second), dpi=72))
