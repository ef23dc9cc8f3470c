"""Films that the rVAE dreams: bouncing balls.

Trains an rVAE on films of three balls; shows it 10 frames of unseen films, and lets it go on for 50 frames by itself. The
poster shows such a film; here it is measured too, on 50 films: how often there are three balls and nothing else, how fast they
move, how straight, how sharp they are; beside the truth, the repeated last frame, and the harmoniums whose weights are kept.

How y_t is got from u_{t-1} is not on the poster. Six ways are compared (rvae_numpy/dreaming.py); the first is the default.

By default, minutes (--quick: the same); --full: the settings of the chapter, half an hour. A run that is interrupted goes on
from its last checkpoint (in DIR/balls_generate). --use-saved: no training, but the weights kept in examples/weights.
Writes balls_generate.png (strips), balls_generate.gif (beside the truth), balls_generate_open_loop.png, balls_generate.json.
"""
# %%
import importlib
import itertools
from dataclasses import replace

import numpy as np

from datasets import bouncing_balls
from datasets.bouncing_balls import RENDERINGS, Box
from examples import _films, _plots, _run
from refh_numpy import families
from rvae_numpy import dreaming, rvae

# %% [markdown]
# ## Settings

# %%
BOX = Box()
SIZES = dict(n_y=900, n_x=32, hidden=(400, 200), bend=600)
MODEL = dict(family="normal", activation="relu", sigma_u=0.1, sigma_y=0.1, noise_u=0.3, pixels=True)
FULL = dict(n_traj=16, T=100, chunk=25, n_updates=16_000, rate=1e-3)
FINISH = dict(n_traj=32, T=100, chunk=25, n_updates=6000, rate=3e-4)        # after FULL: more films an update, and smaller steps
QUICK = FULL | dict(n_updates=4000)
SEEN, DREAMT = 10, 50                       # frames
N_FILMS = 50
WAYS = [("choose", 0), ("mode", 0), ("mode", 1), ("draw", 0), ("weigh", 0), ("langevin", 0), ("alternate", 0)]     # scheme, clean-ups
HARMONIUMS = {"rEFH": "refh", "RTRBM": "rtrbm"}


# %% [markdown]
# ## Training
# The bias of every pixel starts at the mean frame, as in table 2.

# %%
def start(rng):
    params = rvae.init(**SIZES, **MODEL, rng=rng)
    params.decode_y[-1].b[:] = _films.logit_of_mean(bouncing_balls.sample(200, 10, rng, BOX).frames)
    return params


def batches(rng, n_traj, T):
    """Endless fresh films"""
    return (bouncing_balls.sample(n_traj, T, rng, BOX).frames for _ in itertools.count())


def trained(seed, settings, finish, folder):
    """params and seconds; finish: settings of a second stage, or None"""
    about = {"sizes": SIZES, "model": MODEL}
    params, seconds = _films.trained(start, batches, seed, settings, about, folder)
    if finish:
        first = params
        params, seconds = _films.trained(lambda rng: first, batches, seed, finish, about | {"after": settings}, folder, 2, seconds)
    return params, seconds


# %% [markdown]
# ## Dreams, and what they are measured against

# %%
def next_frame_error(params, frames):
    """Mean squared error a pixel of the next frame: mu_y at the most probable x given u, frame by frame"""
    u = rvae.infer(params, frames)[:, :-1]
    prediction = dreaming.mode(params, u.reshape(-1, params.n_x), None)
    return float(np.mean((prediction.reshape(frames[:, 1:].shape) - frames[:, 1:]) ** 2))


def test_films(seed, box):
    """(N_FILMS, SEEN + DREAMT, 900): the same films in either rendering"""
    return bouncing_balls.sample(N_FILMS, SEEN + DREAMT, np.random.default_rng([seed, 1]), box).frames


def all_films(params, test, seed):
    """{label: frames (N_FILMS, DREAMT, 900)}"""
    seen, truth = test[:, :SEEN], test[:, SEEN:]
    state = rvae.infer(params, seen)[:, -1]
    films = {"truth": truth, "last frame, repeated": np.repeat(seen[:, -1:], DREAMT, axis=1)}
    for scheme, clean_up in WAYS:
        label = f"rVAE, {scheme}" + (", cleaned up" if clean_up else "")
        films[label] = dreaming.dream(params, state, DREAMT, np.random.default_rng([seed, 5]), scheme, clean_up)
    return films


# %% [markdown]
# What the harmoniums dream, whose weights are kept: clamped Gibbs sampling, in the rendering in which they learnt. Pixels stand for
# their means, as in the rVAE's films.

# %%
def harmonium_rows(seed):
    """Measures of every harmonium's film, against the truth in its own rendering"""
    rows = []
    for name, rendering in itertools.product(HARMONIUMS, RENDERINGS):
        for path in sorted((_run.WEIGHTS / "balls_table").glob(f"{name}_{rendering}_*.npz"))[:1]:
            box = Box(rendering=rendering)
            test = test_films(seed, box)
            model = importlib.import_module(f"refh_numpy.{HARMONIUMS[name]}")
            params = replace(model.load(path)[0], family=families.get("pixels"))
            film = model.generate(params, model.infer(params, test[:, :SEEN])[:, -1], DREAMT, np.random.default_rng([seed, 6]))
            truth = test[:, SEEN:]
            row = {"model": name + {"sutskever": "", "authors": " (authors' rendering)"}[rendering]} | _films.measures(film, truth, box)
            rows.append(row | {"speed_ratio": row["speed"] / _films.measures(truth, truth, box)["speed"]})
    return rows


# %%
def draw_open_loop(rows):
    figure = _plots.figure(6, 3.2)
    axes = figure.subplots()
    colours = {"last frame, repeated": "#999999"}
    shades = iter(["#D55E00", "#000000", "#7A2E00", "#E69F00", "#CC79A7", "#F0E442", "#56B4E9"])
    for row in rows[1:]:
        harmonium = next((name for name in HARMONIUMS if row["model"].startswith(name)), None)
        colour = _plots.COLOURS[harmonium] if harmonium else colours.get(row["model"]) or next(shades)
        axes.plot(np.arange(1, DREAMT + 1), row["error"], color=colour, label=row["model"],
                  linestyle="--" if "authors" in row["model"] else "-")
    axes.set(xlabel="frames since the last true one", ylabel="MSE a pixel", ylim=(0, None),
             title="Open loop: how far the dream is from what happened")
    axes.legend(fontsize=7, ncols=2)
    return figure


COLUMNS = [
    ("three balls", lambda row: 100 * row["three_balls"], 0, " %"), ("speed", lambda row: row["speed_ratio"], 2, ""),
    ("straight", lambda row: row["straightness"], 3, ""), ("sharp", lambda row: row["sharpness"], 2, ""),
    ("error after 1", lambda row: row["error"][0], 4, ""), ("after 5", lambda row: row["error"][4], 4, ""),
    ("after 20", lambda row: row["error"][19], 4, ""),
]


# %%
def main(argv=None):
    arguments = _run.parse(_run.parser("balls_generate", __doc__, tuple(_run.SIZES)), argv)
    folder = _run.WEIGHTS if arguments.use_saved else arguments.out / "balls_generate"
    _run.prepare_folder(arguments.out)
    if arguments.use_saved:
        params, meta = rvae.load(folder / "balls_generate.npz")
        seconds = meta["seconds"]
    else:
        _run.prepare_folder(folder)
        params, seconds = trained(arguments.seed, *((FULL, FINISH) if arguments.full else (QUICK, None)), folder)
    test = test_films(arguments.seed, BOX)
    films = all_films(params, test, arguments.seed)
    rows = [{"model": label} | _films.measures(frames, films["truth"], BOX) for label, frames in films.items()]
    for row in rows:
        row["speed_ratio"] = row["speed"] / rows[0]["speed"]
    rows += harmonium_rows(arguments.seed)
    error = next_frame_error(params, test)
    _run.write_json(arguments.out / "balls_generate.json", rows, arguments.seed, next_frame=error, seconds=seconds)

    default = f"rVAE, {WAYS[0][0]}"
    shown = [("truth", films["truth"]), (default, films[default])]
    every = slice(0, DREAMT, 4)
    _plots.save(_films.strip([(f"{label}\n({n + 1})", frames[n, every]) for n in range(3) for label, frames in shown], BOX.shape,
                             f"Three films: every fourth frame after the {SEEN} that were seen"),
                arguments.out / "balls_generate.png")
    captions = [f"seen: frame {t + 1}" if t < SEEN else f"dreamt: frame {t + 1 - SEEN}" for t in range(SEEN + DREAMT)]
    both = [(label, np.concatenate([test[n, :SEEN], frames[n]])) for n in range(2) for label, frames in shown]
    _films.animate(both, BOX.shape, arguments.out / "balls_generate.gif", captions)
    _plots.save(draw_open_loop(rows), arguments.out / "balls_generate_open_loop.png")
    runs = [rows, *(_films.kept_runs("balls_generate", but=meta["seed"]) if arguments.use_saved else [])]
    _films.print_measures(COLUMNS, runs)
    print(f"\nnext frame, from the most probable x given u: {error:.4f} (trained for {seconds:.0f} s)")
    print(f"written: balls_generate.png, .gif, .json, balls_generate_open_loop.png in {arguments.out}")


if __name__ == "__main__":
    main()
