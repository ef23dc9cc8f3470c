"""The networks of Table 2: how they are trained, how they predict, what is kept of them."""

import importlib
import itertools
import time
from dataclasses import replace

import numpy as np

from datasets import bouncing_balls
from datasets.bouncing_balls import Box
from examples.balls import baselines
from examples.balls.baselines import squared_error
from examples.tools import results, run, sequences, training
from refh_numpy import families

MODELS = {
    "ORDER 0": "refh_numpy.efh",
    "TRBM": "refh_numpy.trbm",
    "rEFH": "refh_numpy.refh",
    "hybrid, w = 0.03": "refh_numpy.hybrid",
    "hybrid, falling w": "refh_numpy.hybrid",
    "RTRBM": "refh_numpy.rtrbm",
    "rVAE": "rvae_numpy.rvae",
}
N_HIDDEN = 400
N_CHAINS, CURVE_CHAINS = 16, 4  # averaged in the test; at a point of the learning curve
WAYS = ["noise_1", f"noise_{N_CHAINS}", "present_1", f"present_{N_CHAINS}", "mean_field"]
N_CURVE_VIDEOS = 20
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
    return replace(params, b_y=sequences.logit_of_mean(frames))


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


def prediction_of(name, params, frames, way, rng):
    """Predictions (n_traj, T, 900) of a network in one of WAYS."""
    model, (first, _, n_chains) = module(name), way.partition("_")
    u = model.infer(params, frames)
    if name == "rVAE":
        return model.predict_next(params, u, rng)
    if name == "ORDER 0":
        return model.emission_mean(params, u)
    params = replace(params, family=families.get("bernoulli"))
    if way == "mean_field":
        return model.predict_next_mean_field(params, u, frames)
    return model.predict_next(
        params, u, rng, n_samples=int(n_chains), start=frames if first == "present" else None
    )


def errors(name, params, frames, rng, n_chains=N_CHAINS):
    """{way: mean squared error per pixel}; ORDER 0 and the rVAE have only one way."""
    model = module(name)
    if name == "rVAE":  # video by video: its Jacobians take much memory
        found = [
            model.predict_next(params, model.infer(params, video[None]), rng) for video in frames
        ]
        return {f"noise_{n_chains}": squared_error(np.concatenate(found), frames)}
    params = replace(params, family=families.get("bernoulli"))
    u = model.infer(params, frames)
    if name == "ORDER 0":
        return {"present_1": squared_error(model.emission_mean(params, u), frames)}
    result = {}
    for first, observations in (("noise", None), ("present", frames)):
        chains = [model.predict_next(params, u, rng, start=observations) for _ in range(n_chains)]
        one = np.mean([squared_error(chain, frames) for chain in chains])
        result[f"{first}_1"] = float(one)
        result[f"{first}_{n_chains}"] = squared_error(sum(chains) / n_chains, frames)
    mean_field = model.predict_next_mean_field(params, u, frames)
    return result | {"mean_field": squared_error(mean_field, frames)}


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


def kept(name, seed, rendering, setting, settings, folder):
    """The row of a finished network, or None."""
    path = file(folder, name, rendering, setting, seed, ".json")
    return results.kept(path, {"settings": settings}, saved=is_saved(folder))


def is_saved(folder):
    """Whether the folder belongs to the repository."""
    return folder.is_relative_to(run.WEIGHTS)


def train_and_test(name, seed, rendering, setting, settings, folder):
    """The row of one network, trained now or before, and tested; kept beside its weights."""
    box = Box(rendering=rendering)
    if name == "rVAE":  # balls_generate trains it
        params, meta = module(name).load(weights_of(name, rendering, setting, seed, folder))
    else:
        params, meta = trained(name, seed, rendering, setting, settings, folder)
    begun = time.monotonic()
    frames = baselines.test_videos(box, seed).frames
    mse = errors(name, params, frames, np.random.default_rng([seed, 4]))
    row = {
        "model": name,
        "seed": seed,
        "rendering": rendering,
        "setting": setting,
        "settings": settings,
        "mse": mse,
        "curve": meta.get("curve", []),
        "seconds": meta["seconds"],
        "seconds_of_test": time.monotonic() - begun,
        "version": meta["version"],
    }
    results.keep(file(folder, name, rendering, setting, seed, ".json"), row)
    return row


def trained(name, seed, rendering, setting, settings, folder):
    """Params and meta (curve, seconds, version) of a training, made or continued now, or before."""
    box = Box(rendering=rendering)
    # the learning curve is measured on other videos than the test's
    some = baselines.test_videos(box, seed + 1000).frames[:N_CURVE_VIDEOS]
    every = max(settings["n_updates"] // 10 // CHECKPOINT * CHECKPOINT, BETWEEN_POINTS)

    def watch(params, log, past):
        n = log.n_updates[-1]
        if n % every == 0:
            found = errors(name, params, some, np.random.default_rng(seed), CURVE_CHAINS)
            past["curve"].append({"n_updates": n, **found})
            said = ", ".join(f"{way} {error:.4f}" for way, error in found.items())
            print(
                f"  {name}, {rendering}, seed {seed}: {n} of {settings['n_updates']} updates: "
                f"{said}",
                flush=True,
            )

    return training.trained(
        module(name),
        weights_of(name, rendering, setting, seed, folder),
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
