"""Generated videos of moving MNIST digits.

Trains an rVAE on videos of digits that move and bounce. It is given 10 context frames of unseen
videos and then generates 20 frames without observations. 50 videos are measured: whether a digit is
still identified, whether it moves, how fast and how sharp it is. Next to them stand the ground
truth and the previous frame repeated. The model also runs backward in time, from the state after
the whole video.

--digits 1: one digit in 32 x 32 pixels (the default), of which the network has never seen any in
training. --digits 2: two digits that pass through each other, as on the poster, with a single
state. The scene is a small one: four different digits, the same in training and in the test, in 48
x 48 pixels, of which the network is given the means of blocks.

The digits are MNIST's if they are found (in the folder MNIST_DIR; "python -m datasets.digits"
downloads them), otherwise synthetic ones. Four in five are for training, the others for the test.

Without an option (--quick is the same): minutes. --full: the settings of the report page, 15 to 40
minutes. An interrupted training goes on from its last checkpoint (in DIR/digits_generate_N).
--use-saved trains nothing: it uses the weights in examples/weights, or prints the rows if no
weights are kept.

Writes digits_generate_N.png (strips of frames), digits_generate_N.gif (next to the ground truth),
digits_generate_N.json and digits_generate_N_backward.png.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

from dataclasses import replace

import numpy as np

from datasets import digits
from datasets.digits import Digits
from datasets.moving_mnist import Scene
from examples.digits import templates
from examples.digits.coarse_to_fine import downsampled, interpolated
from examples.tools import plots, run, sequences
from rvae_numpy import rvae
from rvae_numpy.extensions import samplers

# %% [markdown]
# ## Settings
# sigma_y is that of a pixel at full resolution: for the mean of n x n pixels it is n times smaller.

# %%
N_DIFFERENT = 4  # digits that videos of two digits show
ONE = templates.Recipe(
    scene=Scene(n_digits=1, side=32, speed=1.5, margin=4),
    sizes=dict(n_x=48, hidden=(400, 200), n_residual=600),
    noise=dict(sigma_u=0.1, noise_u=0.1, sigma_y=0.1),
    training=dict(n_traj=16, T=50, chunk=25),
    stages=[dict(n_updates=14_000, learning_rate=1e-3)],
)
TWO = templates.Recipe(
    scene=Scene(n_digits=2, side=48, speed=2.4, margin=4),
    sizes=dict(n_x=64, hidden=(300, 150), n_residual=200),
    noise=dict(sigma_u=0.1, noise_u=0.1, sigma_y=0.14),
    training=dict(n_traj=100, T=50, chunk=1, max_norm=100.0, downsample=2),
    stages=[
        dict(n_updates=8000, learning_rate=5e-4, final_learning_rate=5e-4),
        dict(sigma_u=0.05, noise_u=0.05, n_updates=37_000, learning_rate=5e-4),
    ],
)
FULL = {1: ONE, 2: TWO}
QUICK = {
    1: [dict(n_updates=4000, learning_rate=1e-3)],
    2: [dict(n_updates=8000, learning_rate=5e-4)],
}
BACKWARD = {"means": {}}  # options of generate_backward


# %%
def shown_and_known(n_digits, train, test):
    """Digits of the videos for training, of those for the test, and all that the measures know."""
    if n_digits == 1:
        return train, test, test
    first = [np.flatnonzero(train.labels == label)[0] for label in range(N_DIFFERENT)]
    few = Digits(train.images[first], train.labels[first], train.source)
    # others, for comparison, behind those that the videos show
    pairs = zip(few[:2], test[:2], strict=True)
    return few, few, Digits(*map(np.concatenate, pairs), test.source)


# %% [markdown]
# ## Generation
# A network whose frames are downsampled generates such frames; they are interpolated.


# %%
def downsampling(params, batch):
    """Side of a frame, and the downsampling factor of the network's frames."""
    side = batch.shape[0]
    return side, side // round(params.n_y**0.5)


def forward_video(params, batch, seed):
    """Context frames as the state reconstructs them, then generated frames: (n, T, side^2)."""
    side, factor = downsampling(params, batch)
    context = downsampled(batch.frames[:, : templates.N_CONTEXT], side, factor)
    states = rvae.infer(params, context)
    generated = rvae.generate(
        params,
        states[:, -1],
        templates.N_GENERATED,
        np.random.default_rng([seed, 5]),
        sampler=samplers.rerank,
    )
    frames = np.concatenate([rvae.emission_mean(params, states), generated], axis=1)
    return interpolated(frames, factor)


def backward_videos(params, batch, seed):
    """[(identity of the row, frames)]: from the state after the whole video, backward."""
    side, factor = downsampling(params, batch)
    state = rvae.infer(params, downsampled(batch.frames, side, factor))[:, -1]
    n = templates.N_GENERATED + 1
    result = []
    for sampler, options in BACKWARD.items():
        rng = np.random.default_rng([seed, 7])
        frames = rvae.generate_backward(params, state, n, rng, **options)[:, 1:]
        identity = {"model": "rVAE", "direction": "backward", "sampler": sampler}
        result.append((identity, interpolated(frames, factor)))
    return result


def measured_rows(batch, frames, backward, factor, known, seed, scene_digits):
    """Rows of this seed, for frames of forward_video and the list of backward_videos.

    known, scene_digits : of templates.rows_of
    """
    forward = {"model": "rVAE", "direction": "forward", "sampler": "rerank"}
    videos = [*templates.baselines(batch), (forward, frames[:, templates.AFTER])]
    if factor > 1:
        coarse = downsampled(batch.frames[:, templates.AFTER], batch.shape[0], factor)
        videos += [  # the best that a network of such frames can do, and controls
            ({"model": "ground truth, coarse"}, interpolated(coarse, factor)),
            ({"model": "rVAE, other video"}, np.roll(frames[:, templates.AFTER], 1, axis=0)),
        ]
        backward = [
            *backward,
            *(
                (identity | {"model": "rVAE, other video"}, np.roll(video, 1, axis=0))
                for identity, video in backward
            ),
        ]
    after, before = (templates.part(batch, part) for part in (templates.AFTER, templates.BEFORE))
    return [
        *templates.rows_of(videos, after, known, seed, scene_digits),
        *templates.rows_of(backward, before, known, seed, scene_digits),
    ]


def plot_backward(batch, frames):
    """Strips of the first videos backward, next to the ground truth in reverse."""
    shown = np.arange(0, templates.N_GENERATED, 2)
    truth = batch.frames[:, templates.BEFORE]
    rows = [
        (f"{label} {n + 1}", video[n, shown])
        for n in range(templates.N_SHOWN)
        for label, video in (("ground truth", truth), ("rVAE", frames))
    ]
    last = templates.N_CONTEXT + templates.N_GENERATED
    return sequences.strip(
        rows,
        batch.shape,
        f"Every second frame, backward from frame {last}",
        last - 1 - shown,
        origin="upper",
    )


# %%
def main(argv=None):
    parser = run.parser("digits_generate", __doc__, tuple(run.SIZES), jobs=False)
    parser.add_argument(
        "--digits",
        type=int,
        choices=(1, 2),
        default=1,
        help="number of digits in a frame (default: 1)",
    )
    arguments = run.parse(parser, argv)
    n_digits, seed, out = arguments.digits, arguments.seed, arguments.out
    name = f"digits_generate_{n_digits}"
    run.prepare_folder(out)
    shown, tested, known = shown_and_known(n_digits, *digits.split(digits.load("auto")))
    print(f"digits: {tested.source}")
    recipe = FULL[n_digits]
    if not arguments.full:
        recipe = replace(recipe, stages=QUICK[n_digits])
    about = {"n_different": len(shown.images)}
    found = templates.model_of(name, arguments, recipe, shown, tested, about)
    if found is None:
        return
    params, seconds, runs = found
    batch = templates.test_batch(seed, tested, FULL[n_digits].scene)
    frames = forward_video(params, batch, seed)
    backward = backward_videos(params, batch, seed)
    _, factor = downsampling(params, batch)
    few = shown if n_digits == 2 else None
    rows = measured_rows(batch, frames, backward, factor, known, seed, few)
    templates.plot(
        batch, frames, out, name, f"Every second frame after {templates.N_CONTEXT} context frames"
    )
    plots.save(plot_backward(batch, backward[0][1]), out / f"{name}_backward.png")
    templates.finish(name, [rows, *runs], arguments, tested, seconds)


if __name__ == "__main__":
    run.start(main)
