"""Generated videos of moving MNIST digits.

Trains an rVAE on videos of digits that move and bounce. It is given 10 context frames of unseen
videos, of digits that it has never seen, and then generates 20 frames without observations. 50
videos are measured: whether a digit is still identified, whether it moves, how fast and how sharp
it is. Next to them stand the ground truth and the previous frame repeated. With one digit, the
model also runs backward in time, from the state after the whole video.

--digits 1: one digit in 32 x 32 pixels (the default). --digits 2: the poster's scene, two digits in
64 x 64 pixels, learnt from coarse to fine with a single state.

The digits are MNIST's if they are found (in the folder MNIST_DIR; "python -m datasets.digits"
downloads them), otherwise synthetic ones. Four in five are for training, the others for the test.

Without an option (--quick is the same): minutes. --full: the settings of the report page, 15 to 40
minutes. An interrupted training goes on from its last checkpoint (in DIR/digits_generate_N).
--use-saved trains nothing: it uses the weights in examples/weights, or prints the rows if no
weights are kept.

Writes digits_generate_N.png (strips of frames), digits_generate_N.gif (next to the ground truth),
digits_generate_N.json and, for one digit, digits_generate_1_backward.png.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

from dataclasses import replace

import numpy as np

from datasets import digits
from datasets.moving_mnist import Scene
from examples.digits import templates
from examples.digits.coarse_to_fine import downsampled, interpolated
from examples.tools import plots, run, sequences
from rvae_numpy import rvae
from rvae_numpy.extensions import samplers

# %% [markdown]
# ## Settings
# sigma_y and the input noise are those of a pixel at full resolution: for the mean of n x n pixels
# both are n times smaller. Input noise is added to the frames that the recognition model is given;
# the reconstruction target has none.

# %%
INPUT_NOISE = 0.6  # of two digits: standard deviation


def input_noise(factor):
    """The option `corrupt` of rvae.train that adds noise to frames downsampled by this factor."""
    sd = INPUT_NOISE / factor
    return lambda y, rng: y + sd * rng.standard_normal(y.shape, dtype=y.dtype)


ONE = templates.Recipe(
    scene=Scene(n_digits=1, side=32, speed=1.5, margin=4),
    sizes=dict(n_x=48, hidden=(400, 200), n_residual=600),
    noise=dict(sigma_u=0.1, noise_u=0.1, sigma_y=0.1),
    training=dict(n_traj=16, T=50, chunk=25),
    stages=[dict(n_updates=14_000, learning_rate=1e-3)],
)
# 64 x 64 pixels: as many frames per update, but from more videos
TWO = templates.Recipe(
    scene=Scene(n_digits=2, side=64, speed=3.0),
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
FULL = {1: ONE, 2: TWO}
QUICK = {
    1: [dict(n_updates=4000, learning_rate=1e-3)],
    2: [
        dict(downsample=8, n_updates=800, learning_rate=6e-4, final_learning_rate=5e-4),
        dict(downsample=4, n_updates=2000, learning_rate=5e-4),
    ],
}
BACKWARD = {"means": {}}  # options of generate_backward


# %% [markdown]
# ## Generation
# A network whose frames are downsampled generates such frames; they are interpolated.


# %%
def forward_video(params, batch, seed):
    """Context frames as the state reconstructs them, then generated frames: (n, T, side^2)."""
    side = batch.shape[0]
    factor = side // round(params.n_y**0.5)
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
    state = rvae.infer(params, batch.frames)[:, -1]
    return [
        (
            {"model": "rVAE", "direction": "backward", "sampler": sampler},
            rvae.generate_backward(
                params,
                state,
                templates.N_GENERATED + 1,
                np.random.default_rng([seed, 7]),
                **options,
            )[:, 1:],
        )
        for sampler, options in BACKWARD.items()
    ]


def measured_rows(batch, frames, backward, test_digits, seed):
    """Rows of this seed, for frames of forward_video and the list of backward_videos."""
    forward = {"model": "rVAE", "direction": "forward", "sampler": "rerank"}
    videos = [*templates.baselines(batch), (forward, frames[:, templates.AFTER])]
    rows = templates.rows_of(videos, templates.part(batch, templates.AFTER), test_digits, seed)
    if backward:
        rows += templates.rows_of(
            backward, templates.part(batch, templates.BEFORE), test_digits, seed
        )
    return rows


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
    train_digits, test_digits = digits.split(digits.load("auto"))
    print(f"digits: {test_digits.source}")
    if arguments.use_saved:
        params, meta, runs = templates.saved(name, test_digits)
        if params is None:
            templates.finish(name, runs, arguments, test_digits)
            return
        seconds = meta["seconds"]
    else:
        recipe = FULL[n_digits]
        if not arguments.full:
            recipe = replace(recipe, stages=QUICK[n_digits])
        run.prepare_folder(out / name)
        params, seconds = templates.trained(recipe, train_digits, seed, out / name, {})
        runs = []
    batch = templates.test_batch(seed, test_digits, FULL[n_digits].scene)
    frames = forward_video(params, batch, seed)
    backward = backward_videos(params, batch, seed) if n_digits == 1 else []
    rows = measured_rows(batch, frames, backward, test_digits, seed)
    templates.plot(
        batch, frames, out, name, f"Every second frame after {templates.N_CONTEXT} context frames"
    )
    if backward:
        plots.save(plot_backward(batch, backward[0][1]), out / f"{name}_backward.png")
    templates.finish(name, [rows, *runs], arguments, test_digits, seconds)


if __name__ == "__main__":
    run.start(main)
