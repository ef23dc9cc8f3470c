"""Not on the poster: videos of two digits, generated with one latent state per object.

Trains an rVAE on videos of a single digit. Two copies of it then share the 10 context frames of
unseen videos of two digits, and each generates 20 frames of its own digit without observations.
50 videos are measured as in digits_generate, next to the ground truth and the previous frame
repeated.

--model objects: one state per object (rvae_numpy/extensions/objects.py). The network is trained
from coarse to fine (G5).
--model attention: each state has an attention window too (rvae_numpy/extensions/attention.py), and
the network is trained with observation masking (rvae_numpy/extensions/masking.py); --no-mask trains
it without.

The digits are MNIST's if they are found (in the folder MNIST_DIR; "python -m datasets.digits"
downloads them), otherwise synthetic ones. Four in five are for training, the others for the test.

Without an option (--quick is the same): minutes. --full: the settings of the report page, 20 to 45
minutes. An interrupted training goes on from its last checkpoint. --use-saved trains nothing: it
uses the weights in examples/weights, or prints the rows if no weights are kept.

Writes objects_generate_MODEL.png (strips of frames; one colour per state), .gif (next to the
ground truth) and .json.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

from dataclasses import asdict, replace
from functools import partial

import numpy as np
from matplotlib.colors import to_rgb

from datasets import digits
from datasets.moving_mnist import Scene
from examples import digits_generate
from examples.digits import templates
from examples.digits.coarse_to_fine import downsampled, interpolated
from examples.tools import run
from rvae_numpy import rvae
from rvae_numpy.extensions import masking, objects, samplers
from rvae_numpy.extensions.attention import AttentionWindow

# %% [markdown]
# ## Settings
# sigma_y and the input noise are those of a pixel at full resolution: for the mean of n x n pixels
# both are n times smaller. Input noise is added to the frames that the recognition model is given;
# the reconstruction target has none. With an attention window, sigma_u and noise_u are halved during training, as sigma_u is for the
# oscillator: it says how exactly x_t determines the previous position, and so how exactly velocity
# has to be represented.

# %%
SCENE = Scene(n_digits=2, side=64, speed=3.0)
INPUT_NOISE = 0.6  # standard deviation


def input_noise(factor):
    """The option `corrupt` of rvae.train that adds noise to frames downsampled by this factor."""
    sd = INPUT_NOISE / factor
    return lambda y, rng: y + sd * rng.standard_normal(y.shape, dtype=y.dtype)


WINDOW = AttentionWindow(side=SCENE.side)
MASK_RATE = 1 / 3
ONE_DIGIT = replace(SCENE, n_digits=1)  # what the videos for training show
# 64 x 64 pixels: as many frames per update as for one digit in a small frame, but from more videos
OBJECTS = templates.Recipe(
    scene=ONE_DIGIT,
    sizes=dict(n_x=48, hidden=(800, 300), n_residual=800),
    noise=dict(sigma_u=0.1, noise_u=0.2, sigma_y=0.14),
    training=dict(n_traj=80, T=50, chunk=5, max_norm=400.0),
    stages=[
        dict(downsample=8, n_updates=1500, learning_rate=6e-4, final_learning_rate=5e-4),
        dict(downsample=4, n_updates=14_000, learning_rate=5e-4, final_learning_rate=1e-4),
        dict(downsample=2, n_updates=7000, learning_rate=3e-4),
    ],
    corrupt=input_noise,
)
ATTENTION = replace(
    digits_generate.ONE,
    scene=ONE_DIGIT,
    training=OBJECTS.training,
    window=WINDOW,
    stages=[
        dict(n_updates=5000, learning_rate=7e-4, final_learning_rate=5e-4),
        dict(sigma_u=0.05, noise_u=0.05, n_updates=9000, learning_rate=5e-4),
    ],
)
FULL = {"objects": OBJECTS, "attention": ATTENTION}
QUICK = {
    "objects": [
        dict(downsample=8, n_updates=800, learning_rate=6e-4, final_learning_rate=5e-4),
        dict(downsample=4, n_updates=2000, learning_rate=5e-4),
    ],
    "attention": [dict(n_updates=2500, learning_rate=7e-4)],
}
N_PARTITIONS = 12  # of the first frame, tried
BRIGHT = 0.2  # brightness of a pixel of a digit
COLOURS = ["#FFD84D", "#5AB4FF"]  # of the frames of the two states


# %% [markdown]
# ## Initial partitions
# The first frame is divided along lines of several directions, halfway between the outermost bright
# pixels on either side. If two digits stand apart, one of the lines often runs between them.


# %%
def partitions(frames, shape):
    """Frames (n, side^2) divided into two parts: (N_PARTITIONS, 2, n, side^2)."""
    row, column = (axis.ravel() for axis in np.mgrid[: shape[0], : shape[1]])
    angle = np.pi * np.arange(N_PARTITIONS)[:, None, None] / N_PARTITIONS
    across = np.cos(angle) * column + np.sin(angle) * row  # (N_PARTITIONS, 1, side^2)
    bright = frames > BRIGHT
    nearest = np.where(bright, across, np.inf).min(2)
    farthest = np.where(bright, across, -np.inf).max(2)
    first = across < (nearest + farthest)[..., None] / 2
    return np.stack([frames * first, frames * ~first], axis=1)


# %% [markdown]
# ## Generation


# %%
def generated(params, batch, window, masked, rng):
    """Each state's frames: context frames reconstructed, then generated ones.

    Parameters
    ----------
    batch : of the test
    window : the AttentionWindow of the model, or None
    masked : whether the model was trained with masks

    Returns
    -------
    (2, n_traj, N_CONTEXT + N_GENERATED, side^2)
    """
    side = batch.shape[0]
    factor = 1 if window else side // round(params.n_y**0.5)
    context = downsampled(batch.frames[:, : templates.N_CONTEXT], side, factor)
    parts = partitions(context[:, 0], (side // factor, side // factor))
    infer, rollout = (
        ({"forecast": masking.forecast_open_loop}, {"rollout": masking.generate_open_loop})
        if masked
        else ({}, {"rollout": partial(rvae.generate, sampler=samplers.rerank)})
    )
    states = objects.infer(params, context, parts, window=window, **infer)
    frames = [
        objects.emission_mean(params, states, window=window),
        objects.generate(
            params, states[:, :, -1], templates.N_GENERATED, rng, window=window, **rollout
        ),
    ]
    return interpolated(np.concatenate(frames, axis=2), factor)


def tinted(parts):
    """The two states' frames (2, ..., side^2) as one image, in two colours: (..., side^2, 3)."""
    colours = np.array([to_rgb(colour) for colour in COLOURS])
    return np.minimum(
        1, sum(frames[..., None] * colour for frames, colour in zip(parts, colours, strict=True))
    )


def recipe_of(model, masked, full):
    """The Recipe of a training."""
    recipe = FULL[model] if full else replace(FULL[model], stages=QUICK[model])
    if masked:
        recipe = replace(recipe, corrupt=lambda factor: masking.observation_mask(MASK_RATE))
    return recipe


# %%
def main(argv=None):
    parser = run.parser("extensions.objects_generate", __doc__, tuple(run.SIZES), jobs=False)
    parser.usage = "%(prog)s [options]"  # the name is long, and lines would be too
    parser.add_argument(
        "--model",
        choices=FULL,
        default="attention",
        help="one state per object, or with an attention window too (default)",
    )
    parser.add_argument(
        "--no-mask", action="store_true", help="train --model attention without observation masking"
    )
    arguments = run.parse(parser, argv)
    model, seed, out = arguments.model, arguments.seed, arguments.out
    if arguments.no_mask and model == "objects":
        parser.error("argument --no-mask: expected --model attention, got --model objects")
    masked, window = model == "attention" and not arguments.no_mask, FULL[model].window
    name = f"objects_generate_{model}" + ("_no_mask" if arguments.no_mask else "")
    run.prepare_folder(out)
    train_digits, test_digits = digits.split(digits.load("auto"))
    print(f"digits: {test_digits.source}")
    if arguments.use_saved:
        params, meta, runs = templates.saved(name, test_digits)
        if params is None:
            templates.finish(name, runs, arguments, test_digits)
            return
        seconds = meta["seconds"]
    else:
        about = {
            "mask_rate": MASK_RATE if masked else 0,
            "window": asdict(window) if window else None,
        }
        run.prepare_folder(out / name)
        recipe = recipe_of(model, masked, arguments.full)
        params, seconds = templates.trained(recipe, train_digits, seed, out / name, about)
        runs = []
    batch = templates.test_batch(seed, test_digits, SCENE)
    parts = generated(params, batch, window, masked, np.random.default_rng([seed, 5]))
    frames = objects.compose(parts)[:, templates.AFTER]
    identity = {
        "model": "rVAE",
        "direction": "forward",
        "sampler": "open_loop" if masked else "rerank",
    }
    rows = templates.rows_of(
        [*templates.baselines(batch), (identity, frames)],
        templates.part(batch, templates.AFTER),
        test_digits,
        seed,
    )
    templates.plot(
        batch,
        tinted(parts),
        out,
        name,
        f"Every second frame after {templates.N_CONTEXT} context frames; one colour per state",
    )
    templates.finish(name, [rows, *runs], arguments, test_digits, seconds)


if __name__ == "__main__":
    run.start(main)
