"""Memory: how far back the past can be read from the state of a recurrent model.

A model of the joint p(u_{t-1}, y_t) runs backward in time: from the present state it reconstructs
the observation and the state before, and so on. Nothing but the state carries the past, so the
error k steps back says what the state still contains, and what running backward makes of it.

Oscillator: rEFH, hybrid and rVAE are trained for half a minute to a minute each. The error is that
of the position decoded from the reconstructed spikes. A linear read-out of the past position from
the same state, and the Kalman smoother with the true parameters, are the references.

Bouncing balls: the networks whose weights are kept in examples/weights. The error is the mean
squared error per pixel, relative to that of the mean frame.

Without an option: one seed on the oscillator, 3 minutes on two cores. --full: three seeds.
--quick takes ten seconds: rEFH and hybrid learn for two seconds each, at a higher learning rate,
and the rVAE, which needs longer, is left out. A network that is done is kept (in DIR/memory).

Writes memory.png (error against steps back) and memory.json.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os
import time

import numpy as np

from datasets import bouncing_balls, ppc
from datasets.bouncing_balls import Box
from examples import balls_generate
from examples.ppc import networks, oscillator
from examples.ppc_table import shortened
from examples.tools import plots, results, run, sequences
from examples.tools.jobs import in_parallel
from kalman import smoothing
from rvae_numpy import rvae

# %% [markdown]
# ## Settings
# The rVAE has half of the updates of Table 1, and one training run instead of the best of two.

# %%
LOCAL = dict(n_traj=40, T=200, chunk=1, learning_rate=1e-3, n_updates=50_000)
NETWORKS = {
    "rEFH": LOCAL | dict(model="refh_numpy.refh"),
    "hybrid, w = 0.03": LOCAL | dict(model="refh_numpy.hybrid", w=0.03),
    "rVAE": dict(
        model="rvae_numpy.rvae",
        n_traj=40,
        T=1000,
        chunk=8,
        n_updates=30_000,
        learning_rate=2e-3,
        sigmas=[0.09, 0.07, 0.06, 0.05],
        n_decoder_updates=3000,
    ),
}
DATA = dict(n_traj=200, T=300)  # of the oscillator, from a random phase
N_BACK = 80  # steps of the oscillator
N_BACK_BALLS = 50  # frames
LISTED = (0, 5, 10, 20, 40, 80)  # steps back in the tables
PENALTY = 1e-3  # of the linear read-out


# %% [markdown]
# ## The oscillator


# %%
def listed(measure, values):
    """{"MEASURE": values, "MEASURE_at": the values that the tables list}."""
    return {
        measure: values,
        f"{measure}_at": {f"{k}": values[k] for k in LISTED if k < len(values)},
    }


def rms(z_hat, z):
    """Root mean square error of positions (n_traj, n_steps), per step: [n_steps] in rad."""
    return np.sqrt(np.mean(ppc.squared_error(z_hat, z), axis=0)).tolist()


def past_positions(batch):
    """(n_traj, N_BACK + 1): the position at the last time step, one step before, ..."""
    return batch.z[:, ::-1, 0][:, : N_BACK + 1]


def read_out(state, target, test_state):
    """Ridge regression of targets (n, m) on states (n, n_x), applied to other states."""
    mean, centre = state.mean(0), target.mean(0)
    X = state - mean
    weights = np.linalg.solve(
        X.T @ X + PENALTY * len(X) * np.eye(X.shape[1]), X.T @ (target - centre)
    )
    return (test_state - mean) @ weights + centre


def kept(row, seed, folder):
    """The row of a finished job, or None."""
    return results.kept(file(row, seed, folder), row | {"data": DATA})


def file(row, seed, folder):
    """Path of the row of what a network remembers; the network itself is kept beside it."""
    return networks.file(folder, f"{row['model']}_past", seed, ".json")


def look_back(row, seed, folder):
    """The row of one network and seed on the oscillator; kept in FOLDER."""
    begun = time.monotonic()
    if networks.kept(row, seed, folder) is None:
        networks.train_and_test(row, seed, folder)
    model, params = networks.load(row["model"], seed, row["settings"], folder)
    train_batch, test = (
        ppc.sample(**DATA, random_phase=True, rng=np.random.default_rng([seed, number]))
        for number in (3, 1)
    )
    state, train_state = (model.infer(params, batch.y)[:, -1] for batch in (test, train_batch))
    past = model.generate_backward(params, state, N_BACK + 1, np.random.default_rng([seed, 4]))
    linear = read_out(train_state.astype(float), past_positions(train_batch), state)
    row = row | {
        "data": DATA,
        "seed": seed,
        "error": rms(ppc.decode(past)[0], past_positions(test)),
        "read_out": rms(linear, past_positions(test)),
        "seconds": time.monotonic() - begun,
        "version": results.version(),
    }
    results.keep(file(row, seed, folder), row)
    return row


def references(seed):
    """Errors of the Kalman smoother with the true parameters, and of the mean position."""
    test = ppc.sample(**DATA, random_phase=True, rng=np.random.default_rng([seed, 1]))
    mean = smoothing.rts_smoother(oscillator.true_lds(), *oscillator.observations(test.y)).mean[
        ..., 0
    ]
    positions = past_positions(test)
    smoothed = {"model": "true parameters", "data": "oscillator"}
    always_0 = {"model": "mean position", "data": "oscillator"}
    return [
        smoothed | listed("error", rms(mean[:, ::-1][:, : N_BACK + 1], positions)),
        always_0 | listed("error", rms(np.zeros_like(positions), positions)),
    ]


def oscillator_rows(runs):
    """One row per network, mean over the seeds."""
    rows = []
    for name in NETWORKS:
        seeds = sorted((run for run in runs if run["model"] == name), key=lambda run: run["seed"])
        if seeds:
            row = {"model": name, "data": "oscillator", "seeds": seeds}
            for measure in ("error", "read_out"):
                mean = np.mean([run[measure] for run in seeds], axis=0).tolist()
                row |= listed(measure, mean)
            rows.append(row)
    return rows


# %% [markdown]
# ## Bouncing balls


# %%
def balls_rows(seed):
    """Rows of all kept models of the joint, in the rendering in which each was trained."""
    rows = []
    for rendering in bouncing_balls.RENDERINGS:
        box = Box(rendering=rendering)
        test = balls_generate.test_videos(seed, box)
        past = test[:, ::-1][:, : N_BACK_BALLS + 1]
        mean_frame = bouncing_balls.sample(200, 10, np.random.default_rng([seed, 2]), box).frames
        scale = np.mean((past - mean_frame.mean((0, 1))) ** 2)
        models = balls_generate.harmoniums(rendering)
        models.pop("RTRBM", None)  # it does not run backward
        if rendering == balls_generate.BOX.rendering:
            models["rVAE"] = rvae, rvae.load(run.WEIGHTS / "balls_generate.npz")[0]
        videos = {"previous frame": np.broadcast_to(past[:, :1], past.shape)}
        for name, (model, params) in models.items():
            videos[name] = model.generate_backward(
                params,
                model.infer(params, test)[:, -1],
                N_BACK_BALLS + 1,
                np.random.default_rng([seed, 4]),
            )
        for name, video in videos.items():
            row = {"model": name, "data": "bouncing balls", "rendering": rendering}
            row["label"] = sequences.label(row)
            error = np.mean((video - past) ** 2, axis=(0, 2)) / scale
            rows.append(row | listed("error", error.tolist()))
    return rows


# %%
def plot(rows):
    figure = plots.figure(12, 4.2)
    left, *right = panels = figure.subplots(1, 3)
    plots.letters(panels)
    renderings = dict(zip(bouncing_balls.RENDERINGS, right, strict=True))
    for row in rows:
        if row["data"] == "oscillator":
            plot_oscillator(left, row)
        else:
            plot_balls(renderings[row["rendering"]], row)
    left.set(
        title="Oscillator",
        xlabel="time steps back",
        yscale="log",
        ylim=(0.0045, 0.6),
        ylabel="RMS error of the position (rad)",
    )
    ticks = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5]
    left.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    left.minorticks_off()
    left.legend(loc="lower right", bbox_to_anchor=(1, 0.1))
    for axes, name in zip(right, ("Sutskever's", "authors'"), strict=True):
        axes.axhline(1, color="black", linewidth=0.8, linestyle=":", label="mean frame")
        axes.set(
            title=f"Bouncing balls, {name} rendering",
            xlabel="frames back",
            ylim=(0, 2.2),
            ylabel="squared error / that of the mean frame",
        )
        axes.legend(loc="lower right")
    return figure


def plot_oscillator(axes, row):
    """The line of one row; the linear read-out is in the table."""
    if row["model"] == "mean position":
        axes.plot(row["error"], color="black", linestyle="-.", linewidth=1, label="mean position")
        return
    style = plots.style(row["model"])
    if row["model"] == "true parameters":
        style["label"] = "smoother, true parameters"
    axes.plot(row["error"], **style)


def plot_balls(axes, row):
    """The line of one row."""
    if row["model"] == "previous frame":
        style = dict(color="black", linewidth=1, label="previous frame")
    else:
        style = plots.style(row["model"])
    axes.plot(row["error"], **style)


# %%
def main(argv=None):
    arguments = run.parse(run.parser("memory", __doc__), argv)
    folder = arguments.out / "memory"
    run.prepare_folder(folder)
    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    jobs = [
        (
            shortened(name, settings) if arguments.quick else {"model": name, "settings": settings},
            seed,
            folder,
        )
        for seed in seeds
        for name, settings in NETWORKS.items()
        if not (arguments.quick and name == "rVAE")
    ]
    runs = in_parallel(
        "memory",
        look_back,
        jobs,
        os.cpu_count(),
        lambda row: f"{row['model']}, seed {row['seed']} ({row['seconds']:.0f} s)",
        arguments.scheduler,
        kept,
    )
    rows = references(arguments.seed) + oscillator_rows(runs) + balls_rows(arguments.seed)
    results.write_json(arguments.out / "memory.json", rows, arguments.seed)
    plots.save(plot(rows), arguments.out / "memory.png")
    print_rows("RMS error (rad), steps back", [row for row in rows if row["data"] == "oscillator"])
    print()
    print_rows(
        "relative squared error, frames back",
        [row for row in rows if row["data"] == "bouncing balls"],
    )
    print(f"\nwritten: memory.json and memory.png in {arguments.out}")


def print_rows(heading, rows):
    """Errors of rows at the steps back that are listed, on the terminal."""
    results.print_table(
        [(heading, lambda row: row.get("label", row["model"]))]
        + [(k, lambda row, k=k: f"{row['error_at'][k]:.3f}") for k in rows[0]["error_at"]],
        rows,
    )


if __name__ == "__main__":
    run.start(main)
