"""What the scripts on moving digits share: training in stages, the test, table and figures."""

import itertools
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from datasets import moving_mnist
from datasets.moving_mnist import Scene
from examples.balls import tracking
from examples.digits.coarse_to_fine import downsampled, upsampled
from examples.tools import plots, results, run, sequences
from rvae_numpy import initial, rvae

N_CONTEXT, N_GENERATED = 10, 20  # frames
N_VIDEOS = 50
N_SHOWN = 4
CONFIG = dict(family="normal", activation="relu", sigmoid_mean=True)
COLUMNS = [
    ("similarity", "similarity", 2),
    ("identified", "identified", 0),
    ("in the last frame", "identified_at_end", 0),
    ("moving", "moving", 0),
    ("speed", "speed_ratio", 2),
    ("sharpness", "sharpness", 2),
    ("error after 1", "error_after_1", 4),
    ("after 5", "error_after_5", 4),
]
IN_SCENE = ("among the scene's", "identified_in_scene", 0)  # of two digits, see rows_of


# Training


def no_corruption(factor):
    """The rvae.train option `corrupt` of a model whose input is the observation."""


@dataclass(frozen=True)
class Recipe:
    """How an rVAE of moving digits is trained."""

    scene: Scene  # what the videos for training show
    sizes: dict  # of the network
    noise: dict  # sigma_u, noise_u and sigma_y, of full resolution
    training: dict  # n_traj and T of a batch, and settings of rvae.train
    stages: list  # settings of each; `downsample` is the factor of its frames,
    #                                 sigma_u and noise_u hold from that stage on
    corrupt: Callable = no_corruption  # downsampling factor -> `corrupt` of rvae.train
    window: object = None  # with encode(frames) and n_y, what the network is given

    def n_y(self, factor):
        """Observed numbers per frame."""
        return self.window.n_y if self.window else (self.scene.side // factor) ** 2

    def sample(self, rng, n_traj, T, digits, factor):
        """Videos (n_traj, T, n_y) as the network is given them."""
        frames = moving_mnist.sample(n_traj, T, rng, digits, self.scene).frames
        if self.window:
            return self.window.encode(frames)
        return downsampled(frames, self.scene.side, factor)

    def start(self, rng, digits, factor):
        """Params before training; the bias of every pixel starts at the mean frame."""
        noise = self.noise | {"sigma_y": self.noise["sigma_y"] / factor}
        params = rvae.init(n_y=self.n_y(factor), **self.sizes, **CONFIG, **noise, rng=rng)
        return initial.at_mean(params, self.sample(rng, 200, 10, digits, factor))


def trained(recipe, digits, seed, folder, about):
    """Params and seconds after all stages.

    about : what else must be the same for a training to be the same
    """
    about = about | {
        "sizes": recipe.sizes,
        "config": CONFIG | recipe.noise,
        "digits": digits.source,
    }
    params, seconds, before, earlier = None, 0.0, None, []
    for number, stage in enumerate(recipe.stages, start=1):
        settings = recipe.training | stage
        factor = settings.pop("downsample", 1)
        noise = {name: settings.pop(name) for name in ("sigma_u", "noise_u") if name in settings}

        def start(rng, params=params, before=before, factor=factor, noise=noise):
            if params is None:
                begun = recipe.start(rng, digits, factor)
            elif factor < before:
                begun = upsampled(params, recipe.scene.side // before, before // factor)
            else:
                begun = params
            return replace(begun, config=replace(begun.config, **noise))

        def batches(rng, n_traj, T, factor=factor):
            return (recipe.sample(rng, n_traj, T, digits, factor) for _ in itertools.count())

        earlier = [*earlier, stage]
        params, seconds = sequences.trained(
            start,
            batches,
            seed,
            settings,
            about | {"stages": earlier},
            folder,
            number,
            seconds,
            recipe.corrupt(factor),
        )
        before = factor
    return params, seconds


# Test


def test_batch(seed, digits, scene):
    """The Batch of the test: context frames and the frames after them."""
    rng = np.random.default_rng([seed, 1])
    return moving_mnist.sample(N_VIDEOS, N_CONTEXT + N_GENERATED, rng, digits, scene)


def part(batch, frames):
    """A Batch with these of its frames (a slice)."""
    return batch._replace(
        frames=batch.frames[:, frames],
        position=batch.position[:, frames],
        velocity=batch.velocity[:, frames],
    )


AFTER = slice(N_CONTEXT, None)  # the frames that are generated
BEFORE = slice(-2, -2 - N_GENERATED, -1)  # and backward in time


def rows_of(videos, truth, digits, seed, scene_digits=None):
    """Rows of one seed.

    Parameters
    ----------
    videos : [(identity of the row, frames (n_traj, T, side^2))]
    truth : the Batch of the ground truth
    digits : Digits with which the frames are compared
    scene_digits : Digits that the scene shows, if these are few; "identified_in_scene" is then the
        fraction of digits in frames that fit better than those of them that the video does not show
    """

    def measured(frames):
        found = tracking.digit_measures(frames, truth, digits, np.random.default_rng([seed, 6]))
        if scene_digits is not None:
            rng = np.random.default_rng([seed, 6])
            among = tracking.digit_measures(frames, truth, scene_digits, rng)
            found["identified_in_scene"] = among["identified"]
        return found

    speed = measured(truth.frames)["speed"]
    return [
        sequences.seeded(identity, seed, measured(frames), speed) for identity, frames in videos
    ]


def baselines(batch):
    """Videos of the ground truth and of the previous frame, repeated."""
    still = np.repeat(batch.frames[:, N_CONTEXT - 1 : N_CONTEXT], N_GENERATED, axis=1)
    return [
        ({"model": "ground truth"}, batch.frames[:, AFTER]),
        ({"model": "previous frame"}, still),
    ]


def saved(name, arguments, digits):
    """What is kept of a model, for --use-saved.

    Returns
    -------
    params, seconds of its training, and rows of (other) seeds on these digits; None if there are
    only rows, which are then written and printed
    """
    path = run.WEIGHTS / f"{name}.npz"
    params, meta = rvae.load(path) if path.exists() else (None, {})
    if meta and meta["digits"] != digits.source:
        print(
            f"the weights were trained on other digits ({meta['digits']}): what follows are not "
            "the numbers of the report page"
        )
    runs = sequences.kept_runs(name, excluding=meta.get("seed"), digits=digits.source)
    if params is not None:
        return params, meta["seconds"], runs
    if not runs:
        sys.exit(
            f"--use-saved: nothing is kept of {name} on {digits.source} digits. The kept rows "
            "need MNIST (python -m datasets.digits, or the folder in MNIST_DIR); "
            "--full trains on these digits"
        )
    finish(name, runs, arguments, digits)
    return None


def model_of(name, arguments, recipe, shown, tested, about):
    """What `saved` returns for --use-saved, and the same of a training on the digits `shown`."""
    if arguments.use_saved:
        return saved(name, arguments, tested)
    folder = arguments.out / name
    run.prepare_folder(folder)
    return *trained(recipe, shown, arguments.seed, folder, about), []


# Output


def plot(batch, frames, out, name, title):
    """Write the strips (NAME.png) and the GIF (NAME.gif) of the first videos.

    Parameters
    ----------
    batch : of the test
    frames : (n_traj, N_CONTEXT + N_GENERATED, ...) of the model, context frames reconstructed
    title : of the strips
    """
    videos = {"ground truth": batch.frames[:N_SHOWN], "rVAE": frames[:N_SHOWN]}
    shown = slice(N_CONTEXT, None, 2)
    pairs = [
        (f"{label} {n + 1}", video[n, shown])
        for n in range(N_SHOWN)
        for label, video in videos.items()
    ]
    numbers = range(N_CONTEXT + 1, N_CONTEXT + N_GENERATED + 1, 2)
    plots.save(
        sequences.strip(pairs, batch.shape, title, numbers, origin="upper"), out / f"{name}.png"
    )
    sequences.animate(
        [(f"{label} {n + 1}", video[n]) for n in range(2) for label, video in videos.items()],
        batch.shape,
        out / f"{name}.gif",
        N_CONTEXT,
        origin="upper",
        fps=6,
    )


def finish(name, runs, arguments, digits, seconds=None):
    """Write NAME.json with the rows of all runs, and print them."""
    rows = sequences.summary(sequences.merged(runs))
    results.write_json(
        arguments.out / f"{name}.json", rows, arguments.seed, digits=digits.source, seconds=seconds
    )
    columns = [*COLUMNS, IN_SCENE] if IN_SCENE[1] in rows[0] else COLUMNS
    sequences.print_measures(columns, rows)
    print(
        "(mean ± standard deviation over the seeds, each with its own test videos; a seed of the "
        "rVAE is a training)"
    )
    if seconds is None:
        print(
            f"\nrows are kept, but no weights, so there are no figures; --full trains them\n"
            f"written: {name}.json in {arguments.out}"
        )
    else:
        print(f"\ntrained for {seconds:.0f} s; written: {name}.png, .gif, .json in {arguments.out}")
