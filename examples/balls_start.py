"""Bouncing balls: what our four changes to the authors' training cost or gain.

Table 2 trains as the authors' code does, except for four things. The biases of
the pixels start at the mean frame, and not at 0. The weights start twice as
large. The positive phase has the means of x, and not samples. The first 30
updates are like all others, and not those of a static model. This script trains
an rEFH in both ways, for 4000 updates whose learning rate decays to 0, and
predicts the next frame of 100 unseen videos in four of the ways of Table 2.

By default one seed (ten minutes on one core); --full has two. Runs that are
done are kept (in DIR/balls_start). Writes balls_start.json.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os
import time
from dataclasses import replace

import numpy as np

from datasets.bouncing_balls import Box
from examples.balls import baselines, networks
from examples.tools import results, run
from examples.tools.jobs import in_parallel
from refh_numpy import efh, harmonium, refh, training
from refh_numpy.families import sample_bernoulli

# %% [markdown]
# ## Settings
# Those of the authors (`RBM/setParams.m`, lines 922 to 991), with fewer updates (102 000 there).

# %%
STARTS = ["ours", "authors"]
BOX = Box(rendering="authors")
SETTINGS = dict(n_updates=4000, learning_rate=0.02, momentum=0.9, n_sweeps=25, chunk=100)
STATIC = SETTINGS | dict(n_updates=30, n_sweeps=5, final_learning_rate=0.02)
WEIGHTS = 0.005  # standard deviation, of the authors
WAYS = ["authors", "noise_1", "present_1", "mean_field"]
N_TEST = 100  # videos


# %%
def sampled(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """The local rule (P6), with samples of x in its positive phase."""
    n_traj, T, n_x = x_mean.shape
    x = sample_bernoulli(x_mean.reshape(n_traj * T, n_x), rng).reshape(x_mean.shape)
    negative = harmonium.negative_phase(params, u, y, x, n_sweeps, rng, clamped=0)
    return harmonium.cd_gradient(params, u, y, x, negative)


def train(start, videos, rng):
    """An rEFH, trained as in Table 2 ("ours") or as in the authors' code."""
    if start == "ours":
        params = networks.start("rEFH", rng, BOX, "bernoulli", networks.N_HIDDEN)
        return refh.train(params, videos, rng, **SETTINGS)[0]

    def small(leaf):
        return WEIGHTS * rng.standard_normal(leaf.shape, dtype=leaf.dtype)

    sizes = dict(n_x=networks.N_HIDDEN, n_y=BOX.resolution**2, family="bernoulli", rng=rng)
    static = efh.init(**sizes)
    static = replace(static, W_y=small(static.W_y))
    static, _ = training.of(sampled)(static, videos, rng, **STATIC)
    params = refh.init(**sizes)
    W_u = small(params.W_u)
    params = replace(params, W_u=W_u, W_y=static.W_y, b_x=static.b_x, b_y=static.b_y)
    return training.of(sampled)(params, videos, rng, **SETTINGS)[0]


def row_of(start, seed, folder):
    """What identifies a row, and its path."""
    settings = SETTINGS | dict(n_test_videos=N_TEST)
    return {"start": start, "settings": settings}, folder / f"{start}_{seed}.json"


def kept(start, seed, folder):
    """The row of a finished training, or None."""
    asked, path = row_of(start, seed, folder)
    return results.kept(path, asked)


def train_and_test(start, seed, folder):
    """The row of one training."""
    asked, path = row_of(start, seed, folder)
    rng, begun = np.random.default_rng([seed, 6]), time.process_time()
    params = train(start, networks.batches(rng, BOX, n_traj=1), rng)
    seconds = time.process_time() - begun
    frames = baselines.test_videos(BOX, seed, n_traj=N_TEST).frames
    mse = networks.errors("rEFH", params, frames, np.random.default_rng([seed, 4]), WAYS)
    about = {"seed": seed, "mse": mse, "cpu_seconds": seconds, "version": results.version()}
    results.keep(path, asked | about)
    return asked | about


def main(argv=None):
    arguments = run.parse(run.parser("balls_start", __doc__), argv)
    folder = arguments.out / "balls_start"
    run.prepare_folder(folder)
    seeds = range(arguments.seed, arguments.seed + (2 if arguments.full else 1))
    jobs = [(start, seed, folder) for seed in seeds for start in STARTS]
    found = in_parallel(
        "rEFH",
        train_and_test,
        jobs,
        os.cpu_count(),
        lambda row: f"{row['start']}, seed {row['seed']}: {row['mse']['authors']:.4f}",
        arguments.scheduler,
        kept,
    )
    rows = []
    for start in STARTS:
        mine = [row for row in found if row["start"] == start]
        spread = {way: results.mean_and_spread([row["mse"][way] for row in mine]) for way in WAYS}
        rows.append({"model": f"rEFH, start: {start}", "mse": spread, "seeds": mine})
    results.write_json(arguments.out / "balls_start.json", rows, arguments.seed)
    print()
    results.print_table(
        [
            ("MSE per pixel", lambda row: row["model"]),
            *((way, lambda row, w=way: results.with_spread(*row["mse"][w], 1, 4)) for way in WAYS),
            ("CPU seconds", lambda row: f"{np.mean([s['cpu_seconds'] for s in row['seeds']]):.0f}"),
        ],
        rows,
    )
    print(f"\nwritten: balls_start.json in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
