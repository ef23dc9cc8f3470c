"""The networks of Table 2: how they are trained, how they predict, what is kept of them."""

import importlib
import itertools
import json
import time
from dataclasses import replace

import numpy as np

from datasets import bouncing_balls
from datasets.bouncing_balls import Box
from examples.balls import baselines
from examples.balls.baselines import squared_error
from examples.tools import results, run, training
from refh_numpy import families, initial

MODELS = {
    "ORDER 0": "refh_numpy.efh",
    "TRBM": "refh_numpy.trbm",
    "rEFH": "refh_numpy.refh",
    "hybrid, falling w": "refh_numpy.hybrid",
    "RTRBM": "refh_numpy.rtrbm",
    "rVAE": "rvae_numpy.rvae",
}
N_HIDDEN = 400
N_CHAINS, CURVE_CHAINS = 16, 4  # averaged in the test; at a point of the learning curve
AVERAGED = f"noise_{N_CHAINS}", f"present_{N_CHAINS}"
WAYS = ["authors", "noise_1", AVERAGED[0], "present_1", AVERAGED[1], "mean_field"]
N_AVERAGED = 100  # videos of the test on which chains are averaged: each takes 16 of them
N_CURVE_VIDEOS = 20
AT_ONCE = 20  # videos, because the chains of all frames of a video run side by side
CHECKPOINT = 500  # updates
BETWEEN_POINTS = 2000  # updates; a point of the curve costs as much as about 300


# Training: on videos that are seen once. The biases of the pixels start at the mean frame.


def batches(rng, box, n_traj):
    """Endless batches of new videos (n_traj, 100, 900)."""
    T = baselines.T
    return (bouncing_balls.sample(n_traj, T, rng, box).frames for _ in itertools.count())


def module(name):
    """The module of a network."""
    return importlib.import_module(MODELS[name])


def start(name, rng, box, family, n_hidden):
    """Params before training."""
    params = module(name).init(n_x=n_hidden, n_y=box.resolution**2, family=family, rng=rng)
    frames = bouncing_balls.sample(200, 10, rng, box).frames
    return initial.at_data(params, frames)


def train(name, seed, box, settings, path, watch=lambda params, log: None, checkpoint=None):
    """Train one network, with checkpoints at `path`; the params. watch, checkpoint: see learn."""
    settings = dict(settings)
    after = settings.pop("after", None)
    rng = np.random.default_rng([seed, 5 if after else 3])
    params = start(
        name, rng, box, settings.pop("family", "bernoulli"), settings.pop("n_hidden", N_HIDDEN)
    )
    if after:
        earlier = weights_of(name, box.rendering, after, seed, path.parent)
        params, _ = module(name).load(earlier)
    videos = batches(rng, box, settings.pop("n_traj"))
    return training.learn(
        module(name), params, videos, rng, path, watch, CHECKPOINT, checkpoint, **settings
    )


# Prediction: the state after the present frame predicts the next one. The static model has no
# state: its prediction is its reconstruction of the present frame. Whatever the family in training
# was, the test samples pixels as 0 or 1.


def predictor(name, params, way):
    """A function (frames, rng) that returns the predictions (n_traj, T, 900) in one of WAYS."""
    model, (first, _, n_samples) = module(name), way.partition("_")
    if name == "rVAE":
        return lambda y, rng: model.predict_next(params, model.infer(params, y), rng)
    if name == "ORDER 0":
        return lambda y, rng: model.emission_mean(params, model.infer(params, y))
    params = replace(params, family=families.get("bernoulli"))
    if way == "mean_field":
        return lambda y, rng: model.predict_next_mean_field(params, model.infer(params, y), y)
    # the authors' protocol: one chain from noise, with a second pass of means at its end
    end = {"n_mean_passes": 2} if way == "authors" else {"n_samples": int(n_samples)}
    return lambda y, rng: model.predict_next(
        params, model.infer(params, y), rng, start=y if first == "present" else None, **end
    )


def ways_of(name, ways=WAYS):
    """Those of the ways in which a network predicts."""
    return {"rVAE": [AVERAGED[0]], "ORDER 0": ["present_1"]}.get(name, ways)


def errors(name, params, frames, rng, ways=WAYS):
    """{way: mean squared error per pixel}; with 16 chains, of the first N_AVERAGED videos."""
    found = {}
    for way in ways_of(name, ways):
        predict = predictor(name, params, way)
        videos = frames[:N_AVERAGED] if way in AVERAGED else frames
        parts = np.array_split(videos, max(1, len(videos) // AT_ONCE))
        sums = [len(part) * squared_error(predict(part, rng), part) for part in parts]
        found[way] = sum(sums) / len(videos)
    return found


# What is kept of a network


def file(folder, name, rendering, setting, seed, suffix):
    """Path of what is kept of one network."""
    name = name.replace(" = ", " ").replace(",", "").replace(" ", "_")
    return folder / f"{name}_{rendering}_{setting}_{seed}{suffix}"


def weights_of(name, rendering, setting, seed, folder):
    """Path of a network's weights; the rVAE's are where balls_generate keeps them."""
    if name != "rVAE":
        return file(folder, name, rendering, setting, seed, ".npz")
    kept = folder.parent / "balls_generate.npz"
    return kept if kept.exists() else folder.parent / "balls_generate" / f"rVAE_{seed}_stage_2.npz"


def kept(row, seed, folder):
    """The row of a finished network, or None."""
    return results.kept(row_file(row, seed, folder), row, saved=is_saved(folder))


def row_file(row, seed, folder):
    """Path of the finished row of a network."""
    return file(folder, row["model"], row["rendering"], row["setting"], seed, ".json")


def is_saved(folder):
    """Whether the folder belongs to the repository."""
    return folder.is_relative_to(run.WEIGHTS)


def is_trained(row, seed, folder):
    """Whether weights of this seed with the settings of this row are there."""
    path = weights_of(row["model"], row["rendering"], row["setting"], seed, folder)
    if not path.exists():
        return False
    meta = module(row["model"]).load(path)[1]
    same_seed = meta.get("seed", seed) == seed
    return same_seed and meta["settings"] == json.loads(json.dumps(row["settings"]))


def train_and_test(row, seed, folder):
    """The row of one network, trained now or before, and tested; kept beside its weights.

    Parameters
    ----------
    row : {"model", "rendering", "setting": in the names of files, "settings": of the training}
    """
    name, box = row["model"], Box(rendering=row["rendering"])
    if name == "rVAE":  # balls_generate trains it
        path = weights_of(name, row["rendering"], row["setting"], seed, folder)
        params, meta = module(name).load(path)
    else:
        params, meta = trained(row, seed, folder)
    begun = time.monotonic()
    # the rVAE's Jacobians take much memory
    few = {"n_traj": N_AVERAGED} if name == "rVAE" else {}
    frames = baselines.test_videos(box, seed, **few).frames
    mse = errors(name, params, frames, np.random.default_rng([seed, 4]))
    row = row | {
        "seed": seed,
        "n_test_videos": len(frames),
        "mse": mse,
        "curve": meta.get("curve", []),
        "seconds": meta["seconds"],
        "seconds_of_test": time.monotonic() - begun,
        "version": meta["version"],
    }
    results.keep(row_file(row, seed, folder), row)
    return row


def trained(row, seed, folder):
    """Params and meta (curve, seconds, version) of a training, made or continued now, or before."""
    name, rendering, settings = row["model"], row["rendering"], row["settings"]
    box = Box(rendering=rendering)
    # the learning curve is measured on other videos than the test's
    some = baselines.test_videos(box, seed + 1000, n_traj=N_CURVE_VIDEOS).frames
    every = max(settings["n_updates"] // 10 // CHECKPOINT * CHECKPOINT, BETWEEN_POINTS)
    ways = ["authors", "noise_1", f"noise_{CURVE_CHAINS}", "present_1", "mean_field"]

    def watch(params, log, past):
        n = log.n_updates[-1]
        if n % every == 0:
            found = errors(name, params, some, np.random.default_rng(seed), ways)
            past["curve"].append({"n_updates": n, **found})
            said = ", ".join(f"{way} {error:.4f}" for way, error in found.items())
            print(
                f"  {name}, {rendering}, seed {seed}: {n} of {settings['n_updates']} updates: "
                f"{said}",
                flush=True,
            )

    return training.trained(
        module(name),
        weights_of(name, rendering, row["setting"], seed, folder),
        {"settings": settings},
        lambda path, callback, checkpoint: train(
            name, seed, box, settings, path, callback, checkpoint
        ),
        watch,
        {"curve": [], "seconds": 0.0},
        saved=is_saved(folder),
        seed=seed,
        rendering=rendering,
    )
