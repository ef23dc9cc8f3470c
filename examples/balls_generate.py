"""Generated videos of bouncing balls, forward and backward in time.

Trains an rVAE on videos of three balls. It is given 10 context frames of unseen videos, and then
generates 50 frames without observations. The poster shows such a video; here 50 of them are
measured: how often a tracker finds three balls, how fast and how straight they move, how sharp
they are. Next to them stand the ground truth, the previous frame repeated, and the harmoniums
whose weights are kept.

The poster does not say how y_t is generated from u_{t-1}: six samplers are compared
(rvae_numpy/extensions/samplers.py); the figures show the first. A model of the joint
p(u_{t-1}, y_t) also runs backward in time: from the state after a whole video, the frames before
are generated.

Without an option (--quick is the same): minutes. --full: the settings of the report page, half an
hour. An interrupted training goes on from its last checkpoint (in DIR/balls_generate).
--use-saved trains nothing: the weights in examples/weights generate, a few minutes.

Writes balls_generate.png (forward) and balls_generate_backward.png (strips of frames),
balls_generate.gif (next to the ground truth), balls_generate_open_loop.png (error of the
forecast) and balls_generate.json.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import itertools
from dataclasses import replace

import numpy as np

from datasets import bouncing_balls
from datasets.bouncing_balls import RENDERINGS, Box
from examples.balls import figures, networks, tracking
from examples.tools import plots, results, run, sequences
from refh_numpy import families
from rvae_numpy import initial, rvae
from rvae_numpy.extensions import backward, samplers

# %% [markdown]
# ## Settings

# %%
BOX = Box()
SIZES = dict(n_y=900, n_x=32, hidden=(400, 200), n_residual=600)
CONFIG = dict(
    family="normal", activation="relu", sigma_u=0.1, sigma_y=0.1, noise_u=0.3, sigmoid_mean=True
)
FULL = dict(n_traj=16, T=100, chunk=25, n_updates=16_000, learning_rate=1e-3)
# after FULL: more videos per update, and a lower learning rate
FINISH = dict(n_traj=32, T=100, chunk=25, n_updates=6000, learning_rate=3e-4)
QUICK = FULL | dict(n_updates=4000)
N_CONTEXT, N_GENERATED = 10, 50  # frames
N_VIDEOS = 50
SAMPLERS = [
    ("rerank", 0),
    ("map", 0),
    ("map", 1),
    ("laplace", 0),
    ("importance", 0),
    ("langevin", 0),
    ("gibbs", 0),
]  # sampler, n_refine
# which networks of Table 2 generate: rendering, model, setting (in the names of files)
HARMONIUMS = [
    ("sutskever", "rEFH", "ours"),
    ("authors", "rEFH", "third"),
    ("authors", "hybrid, falling w", "noise"),
    ("authors", "RTRBM", "tuned"),
]
# options of generate_backward; with a gain, mu_u is calibrated first. The gain was chosen with
# an earlier network, on other videos and partly on those of the test
BACKWARD = {
    "rVAE": {
        "means": {},
        "u sampled": dict(sample_u=1.0),
        "refined": dict(refine=backward.refined(1)),
        "calibrated": dict(gain=1.2),
        "calibrated, refined": dict(gain=1.2, refine=backward.refined(1)),
        "calibrated, refined twice": dict(gain=1.2, refine=backward.refined(2)),
    },
    "harmonium": {
        "means": {},
        "u sampled": dict(sample_u=1.0),
        "u sampled 1 in 10": dict(sample_u=0.1),
        "1 Gibbs sweep": dict(n_sweeps=1),
        "5 Gibbs sweeps": dict(n_sweeps=5),
    },
}
N_TO_CALIBRATE = 100  # videos


# %% [markdown]
# ## Training
# The bias of every pixel starts at the mean frame, as in Table 2.


# %%
def start(rng):
    """Params before training."""
    params = rvae.init(**SIZES, **CONFIG, rng=rng)
    frames = bouncing_balls.sample(200, 10, rng, BOX).frames
    return initial.at_mean(params, frames)


def batches(rng, n_traj, T):
    """Endless new videos."""
    return (bouncing_balls.sample(n_traj, T, rng, BOX).frames for _ in itertools.count())


def trained(seed, settings, finish, folder):
    """Params and seconds.

    finish : settings of a second stage, or None
    """
    about = {"sizes": SIZES, "config": CONFIG}
    params, seconds = sequences.trained(start, batches, seed, settings, about, folder)
    if finish:
        first = params
        params, seconds = sequences.trained(
            lambda rng: first,
            batches,
            seed,
            finish,
            about | {"after": settings},
            folder,
            2,
            seconds,
        )
    return params, seconds


# %% [markdown]
# ## Generation
# Forward, the state after the context frames is the start. Backward, the state after the whole
# video is the start, and the ground truth is the video in reverse. The first frame backward
# reconstructs the present one, so it is left out: the first that is measured is one step back.


# %%
def next_frame_error(params, frames):
    """Mean squared error per pixel of the next frame, by mu_y at the MAP estimate of x."""
    u = rvae.infer(params, frames)[:, :-1]
    prediction = samplers.mode(params, u.reshape(-1, params.n_x))
    prediction = prediction.reshape(frames[:, 1:].shape)
    return float(np.mean((prediction - frames[:, 1:]) ** 2))


def test_videos(seed, box):
    """(N_VIDEOS, N_CONTEXT + N_GENERATED, 900): the same motion in both renderings."""
    rng = np.random.default_rng([seed, 1])
    return bouncing_balls.sample(N_VIDEOS, N_CONTEXT + N_GENERATED, rng, box).frames


def forward_videos(params, test, seed):
    """{(sampler, n_refine): frames (N_VIDEOS, N_GENERATED, 900)} of the rVAE."""
    state = rvae.infer(params, test[:, :N_CONTEXT])[:, -1]
    return {
        (sampler, n_refine): rvae.generate(
            params,
            state,
            N_GENERATED,
            np.random.default_rng([seed, 5]),
            sampler=samplers.refined(samplers.SAMPLERS[sampler], n_refine),
        )
        for sampler, n_refine in SAMPLERS
    }


def backward_video(model, params, test, seed, gain=None, **options):
    """Frames (N_VIDEOS, N_GENERATED, 900): one step before the last frame, two steps, ...

    Parameters
    ----------
    gain : of backward.calibrate_backward, for the rVAE; None does not calibrate
    options : of generate_backward
    """
    state = model.infer(params, test)[:, -1]
    if gain is not None:
        rng = np.random.default_rng([seed, 8])
        videos = bouncing_balls.sample(N_TO_CALIBRATE, N_CONTEXT + N_GENERATED, rng, BOX).frames
        settled = model.infer(params, videos)[:, N_CONTEXT:]
        params = backward.calibrate_backward(params, settled, gain=gain)
    frames = model.generate_backward(
        params, state, N_GENERATED + 1, np.random.default_rng([seed, 7]), **options
    )
    return frames[:, 1:]


def repeated(test):
    """The last context frame, N_GENERATED times."""
    return np.repeat(test[:, N_CONTEXT - 1 : N_CONTEXT], N_GENERATED, axis=1)


def reverse(test):
    """The ground truth of a backward video."""
    return test[:, -2 : -2 - N_GENERATED : -1]


def harmoniums(rendering):
    """{name: (module, params)} of those HARMONIUMS that are kept. Pixels stand for their means."""
    family = families.get(families.MEAN_FIELD_BERNOULLI.name)
    found = {}
    for trained_on, name, setting in HARMONIUMS:
        path = networks.weights_of(name, trained_on, setting, 0, run.WEIGHTS / "balls_table")
        if trained_on == rendering and path.exists():
            model = networks.module(name)
            found[name] = model, replace(model.load(path)[0], family=family)
    return found


# %% [markdown]
# ## Rows


# %%
def rows_of(videos, truth, box, seed):
    """Rows of one seed.

    videos : [(identity of the row, frames like truth)]
    """
    speed = tracking.measures(truth, truth, box)["speed"]
    return [
        sequences.seeded(
            identity | {"rendering": box.rendering},
            seed,
            tracking.measures(frames, truth, box),
            speed,
        )
        for identity, frames in videos
    ]


def backward_videos(name, model, params, test, seed):
    """[(identity, frames)] of a model of the joint, with all options of BACKWARD."""
    options = BACKWARD["rVAE" if name == "rVAE" else "harmonium"]
    return [
        (
            {"model": name, "direction": "backward", "sampler": sampler},
            backward_video(model, params, test, seed, **chosen),
        )
        for sampler, chosen in options.items()
    ]


def rvae_rows(params, test, seed):
    """Rows of the ground truth, of the previous frame and of the rVAE.

    Returns
    -------
    rows, the rVAE's videos by the first of SAMPLERS, and by the last of BACKWARD
    """
    forward = [
        ({"model": "ground truth"}, test[:, N_CONTEXT:]),
        ({"model": "previous frame"}, repeated(test)),
    ]
    forward += [
        (
            {"model": "rVAE", "direction": "forward", "sampler": sampler, "n_refine": n_refine},
            frames,
        )
        for (sampler, n_refine), frames in forward_videos(params, test, seed).items()
    ]
    backward = backward_videos("rVAE", rvae, params, test, seed)
    rows = rows_of(forward, test[:, N_CONTEXT:], BOX, seed)
    return rows + rows_of(backward, reverse(test), BOX, seed), forward[2][1], backward[-1][1]


def harmonium_rows(seed):
    """Rows of every harmonium that is kept; those of the joint also run backward."""
    rows = []
    for rendering in RENDERINGS:
        box = Box(rendering=rendering)
        test = test_videos(seed, box)
        forward, backward = [], []
        if rendering != BOX.rendering:
            forward.append(({"model": "previous frame"}, repeated(test)))
        for name, (model, params) in harmoniums(rendering).items():
            state = model.infer(params, test[:, :N_CONTEXT])[:, -1]
            frames = model.generate(params, state, N_GENERATED, np.random.default_rng([seed, 6]))
            forward.append(({"model": name, "direction": "forward", "sampler": "gibbs"}, frames))
            if name != "RTRBM":
                backward += backward_videos(name, model, params, test, seed)
        rows += rows_of(forward, test[:, N_CONTEXT:], box, seed) if forward else []
        rows += rows_of(backward, reverse(test), box, seed) if backward else []
    return rows


# %% [markdown]
# ## Figures


# %%
def plot_strips(test, forward, backward):
    """Two figures of strips: three videos forward, and the same videos backward."""
    shown = np.arange(0, N_GENERATED, 4)
    truth, past = test[:, N_CONTEXT:], reverse(test)
    numbers = N_CONTEXT + 1 + shown
    strips = [
        sequences.strip(
            [
                (f"{name} {n + 1}", frames[n, shown])
                for n in range(3)
                for name, frames in (("ground truth", truth), ("rVAE", forward))
            ],
            BOX.shape,
            f"Every fourth frame after {N_CONTEXT} context frames",
            numbers,
        )
    ]
    numbers = N_CONTEXT + N_GENERATED - 1 - shown
    strips.append(
        sequences.strip(
            [
                (f"{name} {n + 1}", frames[n, shown])
                for n in range(3)
                for name, frames in (("ground truth", past), *backward.items())
            ],
            BOX.shape,
            f"Every fourth frame, backward from frame {N_CONTEXT + N_GENERATED}",
            numbers,
        )
    )
    return strips


COLUMNS = [
    ("valid frames", "valid_frames", 0),
    ("speed", "speed_ratio", 2),
    ("straightness", "straightness", 3),
    ("sharpness", "sharpness", 2),
    ("error after 1", "error_after_1", 4),
    ("after 5", "error_after_5", 4),
    ("after 20", "error_after_20", 4),
]


# %%
def main(argv=None):
    arguments = run.parse(run.parser("balls_generate", __doc__, tuple(run.SIZES), jobs=False), argv)
    run.prepare_folder(arguments.out)
    seed, runs = arguments.seed, []
    if arguments.use_saved:
        params, meta = rvae.load(run.WEIGHTS / "balls_generate.npz")
        seconds = meta["seconds"]
        runs = sequences.kept_runs("balls_generate", excluding=meta["seed"])
    else:
        folder = arguments.out / "balls_generate"
        run.prepare_folder(folder)
        settings = (FULL, FINISH) if arguments.full else (QUICK, None)
        params, seconds = trained(seed, *settings, folder)
    test = test_videos(seed, BOX)
    rows, forward, backward = rvae_rows(params, test, seed)
    rows += harmonium_rows(seed)
    error = next_frame_error(params, test)
    rows = sequences.summary(sequences.merged([rows, *runs]))
    results.write_json(
        arguments.out / "balls_generate.json", rows, seed, next_frame=error, seconds=seconds
    )

    strips = plot_strips(test, forward, {"rVAE": backward})
    plots.save(strips[0], arguments.out / "balls_generate.png")
    plots.save(strips[1], arguments.out / "balls_generate_backward.png")
    plots.save(
        figures.plot_open_loop(rows, N_GENERATED), arguments.out / "balls_generate_open_loop.png"
    )
    both = [
        (f"{name} {n + 1}", np.concatenate([test[n, :N_CONTEXT], frames[n]]))
        for n in range(2)
        for name, frames in (("ground truth", test[:, N_CONTEXT:]), ("rVAE", forward))
    ]
    sequences.animate(both, BOX.shape, arguments.out / "balls_generate.gif", N_CONTEXT)
    sequences.print_measures(COLUMNS, rows)
    print(
        f"\nnext frame, from the MAP estimate of x given u: {error:.4f} per pixel "
        f"(trained for {seconds:.0f} s)"
    )
    print(f"written: balls_generate.json, figures and balls_generate.gif in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
