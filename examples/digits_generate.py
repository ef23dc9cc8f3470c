"""Films that the rVAE dreams: moving MNIST.

Trains an rVAE on films of digits that move and bounce; shows it 10 frames of unseen films, of digits that it has never seen,
and lets it go on for 20 frames by itself. Measured on 50 films: whether what moves is still the digit that was seen, whether it
moves, how fast and how sharp it is; beside the truth and the repeated last frame.

--scene one: one digit in 32 x 32 (the default); two: the poster's, two digits in 64 x 64, which are learnt from coarse to fine;
apart: the same two, but each has a state of its own, and the rVAE learns from films of a single digit (rvae_numpy/factorial.py);
eyes: as apart, and each state has an eye that follows its digit (datasets/eye.py); awake: as eyes, but these eyes never blink.
The digits are MNIST's where they are found (the folder in MNIST_DIR; "python -m datasets.digits" fetches them), otherwise drawn
ones; four in five are for learning, the others for the test.

By default, minutes (--quick: the same); --full: the settings of the chapter. A run that is interrupted goes on from its
last checkpoint (in DIR/digits_generate_SCENE). --use-saved: no training, but the weights kept in examples/weights (of one and eyes), or
the rows, where no weights are kept.
Writes digits_generate_SCENE.png (strips), .gif (beside the truth) and .json.
"""
# %%
import itertools
import sys
from dataclasses import asdict, replace

import numpy as np
from matplotlib.colors import to_rgb
from scipy.ndimage import zoom

from datasets import digits, moving_mnist
from datasets.eye import Eye
from datasets.moving_mnist import Scene
from examples import _films, _plots, _run
from rvae_numpy import factorial, rvae
from rvae_numpy.mlp import Layer

# %% [markdown]
# ## Settings

# %%
SCENES = {"one": Scene(n_digits=1, side=32, speed=1.5, margin=4), "two": Scene(n_digits=2, side=64, speed=3.0)}
SCENES |= dict.fromkeys(("apart", "eyes", "awake"), SCENES["two"])
LEARNT = SCENES | dict.fromkeys(("apart", "eyes", "awake"), replace(SCENES["two"], n_digits=1))     # what is filmed for the training
EYES = dict.fromkeys(("eyes", "awake"), Eye(side=64))
MODEL = dict(family="normal", activation="relu", pixels=True)
# sigma_y and noise_y of a pixel of the scene: for the mean of n^2 pixels both are n times smaller
NOISE = {"one": dict(sigma_u=0.1, noise_u=0.1, sigma_y=0.1, noise_y=0.0),
         "two": dict(sigma_u=0.1, noise_u=0.2, sigma_y=0.14, noise_y=0.6),
         "eyes": dict(sigma_u=0.1, noise_u=0.1, sigma_y=0.1, noise_y=0.0)}
BLINKS = {"eyes": 1 / 3}        # fraction of the frames in which an eye is shut, while learning
SIZES = {"one": dict(n_x=48, hidden=(400, 200), bend=600), "two": dict(n_x=48, hidden=(800, 300), bend=800)}
# 64 x 64: as many frames an update, but of more films
TRAINING = {"one": dict(n_traj=16, T=50, chunk=25), "two": dict(n_traj=80, T=50, chunk=5, max_norm=400.0)}
# stages, one after the other; width: how many pixels of the scene a pixel is wide; what is said of noise holds from there on
STAGES = {
    "one": {"quick": [dict(n_updates=4000, rate=1e-3)], "full": [dict(n_updates=14_000, rate=1e-3)]},
    "two": {"quick": [dict(width=8, n_updates=800, rate=6e-4, final_rate=5e-4), dict(width=4, n_updates=2000, rate=5e-4)],
            "full": [dict(width=8, n_updates=1500, rate=6e-4, final_rate=5e-4),
                     dict(width=4, n_updates=14_000, rate=5e-4, final_rate=1e-4), dict(width=2, n_updates=7000, rate=3e-4)]},
    "eyes": {"quick": [dict(n_updates=2500, rate=7e-4)],
             "full": [dict(n_updates=5000, rate=7e-4, final_rate=5e-4),
                      dict(sigma_u=0.05, noise_u=0.05, n_updates=9000, rate=5e-4)]}}
SIZES["eyes"], TRAINING["eyes"] = SIZES["one"], TRAINING["two"]
for settings in (NOISE, SIZES, TRAINING, STAGES):
    settings["apart"], settings["awake"] = settings["two"], settings["eyes"]           # the same network, learnt in the same way
SEEN, DREAMT = 10, 20                       # frames
N_FILMS = 50
N_OTHERS = 9                                # pictures of other digits, that a dreamt one must not look like
N_CUTS = 12                                 # ways of cutting the first frame in two
BRIGHT = 0.2                                # a pixel that counts as a digit's
TINTS = {1: ["#FFFFFF"], 2: ["#E69F00", "#56B4E9"]}         # of what each state says


# %% [markdown]
# ## Training, with an eye, or from coarse to fine
# A network without convolutions has to learn every digit anew at every place, pixel by pixel: in 64 x 64 that takes long, and what
# moves meanwhile is a blot. So frames of that size are first looked at through pixels eight times as wide, of which there are 64, in
# which places and motion can be learnt quickly; then through pixels four times as wide, which show shapes; then twice. From stage to
# stage only the layers that touch pixels change,
#
#     D47   W_encode <- W_encode P,    (W_decode, b_decode) <- (W_decode, b_decode) interpolated,    P: fine pixels -> their means
#
# so that the network begins each stage by seeing, and saying, what it did at the end of the last. A pixel's sigma_y is divided by its
# side, for the mean of n^2 pixels stands for n^2 terms of the log likelihood; and so is the noise.
#
# It dreams through the pixels in which it has learnt last, and what it has dreamt is interpolated to be shown and measured. (Made
# finer once more, without learning, it would see each of its frames a little blurred, say so, and fade away.)
#
# With an eye, which sees the same picture wherever a digit is (datasets/eye.py), nothing of this is needed. The eye blinks while the rVAE
# learns (D53), so that it can dream with the eye shut (D54). On the way sigma_u and noise_u are halved, as sigma_u is for the oscillator:
# it says how exactly x_t must tell where the digit was before, and so how exactly a velocity must be known.

# %%
def coarser(frames, side, width):
    """Frames (..., side^2) through pixels width times as wide: (..., (side / width)^2) means"""
    n = side // width
    return frames.reshape(*frames.shape[:-1], n, width, n, width).mean((-3, -1)).reshape(*frames.shape[:-1], n * n)


def finer(params, side, by):
    """An rVAE of frames of side^2 pixels, of pixels `by` times as narrow                                            [D47]"""
    def spread(pictures, order):
        return zoom(pictures.reshape(-1, side, side), (1, by, by), order=order, mode="nearest", grid_mode=True).reshape(len(pictures), -1)

    first, *others = params.encode
    *before, last = params.decode_y
    return replace(params, encode=[Layer(spread(first.W, 0) / by**2, first.b), *others],
                   decode_y=[*before, Layer(spread(last.W.T, 1).T.copy(), spread(last.b[None], 1)[0])],
                   model=replace(params.model, sigma_y=params.model.sigma_y * by, noise_y=params.model.noise_y * by))


def interpolated(frames, by):
    """Frames (..., n^2) in pixels `by` times as narrow (..., (by n)^2)"""
    if by == 1:
        return frames
    n = round(frames.shape[-1]**0.5)
    fine = zoom(frames.reshape(-1, n, n), (1, by, by), order=3, mode="nearest", grid_mode=True)
    return np.clip(fine, 0, 1).reshape(*frames.shape[:-1], -1)


class Films:
    """What is learnt from: films of the scene, with digits of the training part, through pixels `width` times as wide, or by an eye"""

    def __init__(self, scene, pictures, width):
        self.scene, self.pictures, self.width, self.eye = scene, pictures, width, EYES.get(scene)

    def start(self, rng):
        n_y = self.eye.n_y if self.eye else (LEARNT[self.scene].side // self.width) ** 2
        noise = NOISE[self.scene]
        noise = noise | {name: noise[name] / self.width for name in ("sigma_y", "noise_y")}
        params = rvae.init(n_y, **SIZES[self.scene], **MODEL, **noise, blinks=BLINKS.get(self.scene, 0.0), rng=rng)
        params.decode_y[-1].b[:] = _films.logit_of_mean(self.sample(rng, 200, 10))
        return params

    def sample(self, rng, n_traj, T):
        scene = LEARNT[self.scene]
        frames = moving_mnist.sample(n_traj, T, rng, self.pictures, scene).frames
        return self.eye.look(frames) if self.eye else coarser(frames, scene.side, self.width)

    def batches(self, rng, n_traj, T):
        """Endless fresh films"""
        return (self.sample(rng, n_traj, T) for _ in itertools.count())


def trained(scene, pictures, stages, seed, folder):
    """params and seconds of all stages"""
    about = {"sizes": SIZES[scene], "model": MODEL | NOISE[scene], "blinks": BLINKS.get(scene, 0.0), "digits": pictures.source,
             "eye": asdict(EYES[scene]) if scene in EYES else None}
    params, seconds, side, earlier = None, 0.0, None, []
    for number, stage in enumerate(stages, start=1):
        settings = TRAINING[scene] | stage
        films = Films(scene, pictures, settings.pop("width", 1))
        noise = {name: settings.pop(name) for name in ("sigma_u", "noise_u") if name in settings}
        now = SCENES[scene].side // films.width

        def start(rng, params=params, side=side):
            begun = films.start(rng) if params is None else finer(params, side, now // side) if now > side else params
            return replace(begun, model=replace(begun.model, **noise))

        params, seconds = _films.trained(start, films.batches, seed, settings, about | {"stages": [*earlier, stage]}, folder, number,
                                         seconds)
        side, earlier = now, [*earlier, stage]
    return params, seconds


# %% [markdown]
# ## What goes on, after what was seen
# Where each digit has a state, the first frame is cut in two along lines of several directions, halfway between the outermost bright
# pixels on either side; where two digits stand apart, one of the lines often runs between them.

# %%
def halves(frames, shape):
    """Frames (n, side^2) cut in two, N_CUTS times: (N_CUTS, 2, n, side^2)"""
    row, column = (axis.ravel() for axis in np.mgrid[:shape[0], :shape[1]])
    angle = np.pi * np.arange(N_CUTS)[:, None, None] / N_CUTS
    across = np.cos(angle) * column + np.sin(angle) * row                                   # (N_CUTS, 1, side^2)
    bright = frames > BRIGHT
    nearest, farthest = np.where(bright, across, np.inf).min(2), np.where(bright, across, -np.inf).max(2)
    first = across < (nearest + farthest)[..., None] / 2
    return np.stack([frames * first, frames * ~first], axis=1)


def said_by_the_states(params, seen, scene, rng):
    """What each state says of the frames seen (n_traj, SEEN, side^2), and dreams then: (n_states, n_traj, SEEN + DREAMT, side^2)"""
    side, eye = SCENES[scene].side, EYES.get(scene)
    width = 1 if eye else side // round(params.n_y**0.5)
    seen = coarser(seen, side, width)
    if LEARNT[scene] == SCENES[scene]:
        states = rvae.infer(params, seen)[None]
    else:                                                   # learnt alone, and now met together
        states = factorial.infer(params, seen, halves(seen[:, 0], (side // width, side // width)), eye)
    parts = [factorial.frames(params, states, eye), factorial.dream(params, states[:, :, -1], DREAMT, rng, eye)]
    return interpolated(np.concatenate(parts, axis=2), width)


def tinted(parts):
    """The states' frames (n_states, .., side^2) in one picture, each in its own colour: (.., side^2, 3)"""
    colours = [to_rgb(colour) for colour in TINTS[len(parts)]]
    return np.minimum(1, sum(frames[..., None] * np.array(colour) for frames, colour in zip(parts, colours)))


# %% [markdown]
# ## Is it still that digit?
# The picture of a film's own digit is looked for in each frame, wherever it fits best: 1 is a perfect copy. It is *recognised* if
# no picture of N_OTHERS other digits fits as well. Where it fits best is where it is, and that says how fast it moves.

# %%
COLUMNS = [
    ("likeness", lambda row: row["likeness"], 2, ""), ("recognised", lambda row: 100 * row["recognised"], 0, " %"),
    ("in the last frame", lambda row: 100 * row["recognised_at"][-1], 0, " %"), ("moving", lambda row: 100 * row["moving"], 0, " %"),
    ("speed", lambda row: row["speed_ratio"], 2, ""), ("sharp", lambda row: row["sharpness"], 2, ""),
    ("error after 1", lambda row: row["error"][0], 4, ""), ("after 5", lambda row: row["error"][4], 4, ""),
]


def measures(frames, movie, pictures, rng):
    """A dictionary, from dreamt frames (n_traj, T, side^2) and the Movie of what happened in their stead

    likeness : mean correlation of a frame with its own digit at the best place
    recognised : fraction of the digits (a digit in a frame) that are more like themselves than like other digits
    moving : fraction of the steps by which a digit moves by at least half the true speed
    speed : median way of a digit from frame to frame, in pixels
    sharpness : root mean square of the brightness's spatial gradient, relative to the truth's
    error : mean squared error a pixel against the truth, frame by frame (T,)
    """
    n_traj, T, _ = frames.shape
    n_digits = movie.which.shape[1]
    likeness, positions = np.empty((n_traj, T, n_digits)), np.empty((n_traj, T, n_digits, 2))
    recognised = np.empty((n_traj, T, n_digits), bool)
    for n in range(n_traj):
        films = frames[n].reshape(T, *movie.shape)
        for i in range(n_digits):
            own = movie.which[n, i]
            different = np.flatnonzero(pictures.labels != pictures.labels[own])
            others = pictures.images[rng.choice(different, N_OTHERS, replace=False)]
            likeness[n, :, i], positions[n, :, i] = _films.find_picture(films, pictures.images[own])
            best_other = np.max([_films.find_picture(films, other)[0] for other in others], axis=0)
            recognised[n, :, i] = likeness[n, :, i] > best_other
    steps = np.linalg.norm(np.diff(positions, axis=1), axis=-1)
    truth = np.linalg.norm(np.diff(movie.position, axis=1), axis=-1)
    return {"likeness": float(likeness.mean()), "recognised": float(recognised.mean()),
            "recognised_at": recognised.mean((0, 2)).tolist(), "moving": float(np.mean(steps > np.median(truth) / 2)),
            "speed": float(np.median(steps)), "sharpness": _films.sharpness(frames, movie.frames, movie.shape),
            "error": np.mean((frames - movie.frames) ** 2, axis=(0, 2)).tolist()}


# %%
def main(argv=None):
    parser = _run.parser("digits_generate", __doc__, tuple(_run.SIZES))
    parser.add_argument("--scene", choices=SCENES, default="one",
                        help="one digit in 32 x 32; two in 64 x 64; two with a state each; with a state and an eye each; the same without blinks")
    arguments = _run.parse(parser, argv)
    name = f"digits_generate_{arguments.scene}"
    _run.prepare_folder(arguments.out)
    for_learning, for_test = digits.split(digits.load("auto"))
    print(f"digits: {for_test.source}")
    if arguments.use_saved:
        if not (_run.WEIGHTS / f"{name}.npz").exists():
            runs = _films.kept_runs(name, digits=for_test.source)
            if not runs:
                sys.exit(f"--use-saved: nothing is kept of the scene {arguments.scene} on these digits; --full trains it")
            _films.print_measures(COLUMNS, runs)
            print("\nof this scene these rows are kept, but no weights: so there are no pictures. --full trains it")
            return
        params, meta = rvae.load(_run.WEIGHTS / f"{name}.npz")
        seconds = meta["seconds"]
        if meta["digits"] != for_test.source:
            print(f"the weights were learnt on other digits ({meta['digits']}): what follows is not the chapter's")
    else:
        folder = arguments.out / name
        _run.prepare_folder(folder)
        stages = STAGES[arguments.scene]["full" if arguments.full else "quick"]
        params, seconds = trained(arguments.scene, for_learning, stages, arguments.seed, folder)
    movie = moving_mnist.sample(N_FILMS, SEEN + DREAMT, np.random.default_rng([arguments.seed, 1]), for_test,
                                SCENES[arguments.scene])
    seen = movie.frames[:, :SEEN]
    happened = movie._replace(frames=movie.frames[:, SEEN:], position=movie.position[:, SEEN:],
                              velocity=movie.velocity[:, SEEN:])
    parts = said_by_the_states(params, seen, arguments.scene, np.random.default_rng([arguments.seed, 5]))
    shown = {"truth": happened.frames, "last frame, repeated": np.repeat(seen[:, -1:], DREAMT, axis=1),
             "rVAE": factorial.together(parts)[:, SEEN:]}
    rows = [{"model": label} | measures(frames, happened, for_test, np.random.default_rng([arguments.seed, 6]))
            for label, frames in shown.items()]
    for row in rows:
        row["speed_ratio"] = row["speed"] / rows[0]["speed"]
    _run.write_json(arguments.out / f"{name}.json", rows, arguments.seed, digits=for_test.source, seconds=seconds)

    films = {"truth": movie.frames[:4], "rVAE": tinted(parts[:, :4])}
    every = slice(SEEN, None, 2)
    pairs = [(f"{label}\n({n + 1})", frames[n, every]) for n in range(4) for label, frames in films.items()]
    colours = "; a colour for what each state says" if len(parts) > 1 else ""
    _plots.save(_films.strip(pairs, movie.shape, f"Four films: every second frame after the {SEEN} that were seen{colours}",
                             origin="upper"), arguments.out / f"{name}.png")
    captions = [f"seen: frame {t + 1}" if t < SEEN else f"dreamt: frame {t + 1 - SEEN}" for t in range(SEEN + DREAMT)]
    _films.animate([(label, frames[n]) for n in range(2) for label, frames in films.items()], movie.shape,
                   arguments.out / f"{name}.gif", captions, origin="upper", frames_a_second=6)
    others = _films.kept_runs(name, but=meta["seed"], digits=for_test.source) if arguments.use_saved else []
    _films.print_measures(COLUMNS, [rows, *others])
    print(f"\ntrained for {seconds:.0f} s; written: {name}.png, .gif, .json in {arguments.out}")


if __name__ == "__main__":
    main()
