"""Table 1 of the poster: position decoded from spikes, error of every model.

Trains every network over several seeds, on all cores, and fits the Kalman
filters. Prints a table beside the poster's, and plots ppc_table.png: one dot
per seed, the poster's number as a bar, the Kalman filters as lines.

--quick takes ten seconds and shows that everything runs. Without it, two seeds
per model take twenty minutes on two cores. --full has five seeds and takes an
hour. A row that is done is kept (in DIR/ppc_table) and not run again.

Settings were chosen on trajectories that no row below is tested on.
"""

# %%
import importlib
import os
import time
from dataclasses import asdict

import numpy as np

from datasets import ppc
from examples.ppc import coasting
from examples.ppc import oscillator as _ppc
from examples.tools import plots as _plots
from examples.tools import run as _run

# %% [markdown]
# ## The rows
# Each network, its module and its settings. The harmoniums have 240 hidden units, as the authors'
# have; the autoencoders have two latent variables, and 64 units in each layer of encoder and
# decoder. `n_traj` trajectories of `T` time steps make a batch. `chunk` time steps make an update:
# the truncation window of backpropagation through time (BPTT), in models that have it. The
# autoencoders end with `n_decoder_updates` updates of the decoder alone. The rVAE's sigma_u
# decreases during training: velocity is easy to find with a large one, and the state is more
# precise with a small one. The rVAE is trained from two random initialisations; the network is
# kept that predicts the next spikes better, on validation trajectories.

# %%
SIZES = {"refh_numpy": dict(n_x=240, n_y=15), "rvae_numpy": dict(n_x=2, n_y=15, hidden=64)}
LOCAL = dict(n_traj=40, T=200, chunk=1, learning_rate=1e-3)
BPTT = dict(n_traj=10, T=1000, chunk=50)
VAE = dict(
    n_traj=40, T=1000, chunk=8, learning_rate=2e-3, n_updates=60_000, n_decoder_updates=5_000
)
RVAE = VAE | dict(model="rvae_numpy.rvae", sigmas=[0.09, 0.07, 0.06, 0.05])
CONTROL = RVAE | dict(chunk=50, n_updates=10_000)
HYBRID = LOCAL | dict(model="refh_numpy.hybrid")
NETWORKS = {
    "ORDER 0": LOCAL | dict(model="refh_numpy.efh", n_updates=10_000),
    "TRBM": LOCAL | dict(model="refh_numpy.trbm", n_updates=40_000),
    "rEFH": LOCAL | dict(model="refh_numpy.refh", n_updates=40_000),
    "RTRBM": BPTT | dict(model="refh_numpy.rtrbm", n_updates=30_000, learning_rate=3e-3),
    "rEFH + BPTT": BPTT | dict(model="refh_numpy.refh_bptt", n_updates=6_000, learning_rate=1e-3),
    "hybrid, w = 0.03": HYBRID | dict(n_updates=100_000, w=0.03),
    "hybrid, falling w": HYBRID | dict(T=400, n_updates=300_000, w=[0.3, 0.003]),
    "VAE": VAE | dict(model="rvae_numpy.vae", n_updates=10_000),
    "TVAE": VAE | dict(model="rvae_numpy.tvae"),
    "TVAE, prior N(0, I)": VAE | dict(model="rvae_numpy.tvae", prior_given_u=False),
    "rVAE": RVAE | dict(n_restarts=2),
    "rVAE, control settings": CONTROL,
    "rVAE + BPTT": CONTROL | dict(model="rvae_numpy.rvae_bptt"),
}
KALMAN = ["KF-1", "KF-2", "true parameters"]
ALL_RUNS = "rVAE, all runs"
ROWS = [
    "ORDER 0",
    "TVAE",
    "TRBM",
    "KF-1",
    "rVAE",
    "rEFH",
    "RTRBM",
    "KF-2",  # the poster's order
    ALL_RUNS,
    "VAE",
    "TVAE, prior N(0, I)",
    "rVAE, control settings",
    "rVAE + BPTT",
    "rEFH + BPTT",
    "hybrid, w = 0.03",
    "hybrid, falling w",
    "true parameters",
]  # ours


# %% [markdown]
# ## One row, one seed


# %%
def test_data(seed):
    """The trajectories on which every model of this seed is tested."""
    return ppc.sample(**_ppc.TEST, rng=np.random.default_rng([seed, 1]))


def module(settings):
    """The module that settings["model"] names."""
    return importlib.import_module(settings["model"])


def train(seed, model, prior_given_u=None, n_restarts=1, **settings):
    """[params] of one network after training, one per restart."""
    rng = np.random.default_rng([seed, 2])
    options = {} if prior_given_u is None else {"prior_given_u": prior_given_u}

    def initialised():
        return model.init(**SIZES[model.__package__], family="poisson", rng=rng, **options)

    return [_ppc.learn(model, initialised(), rng, **settings) for _ in range(n_restarts)]


def select(seed, model, candidates, test):
    """The candidate that predicts the next spikes best, on validation trajectories.

    Returns
    -------
    its params, and [{"next_step_loss": nats, "mse", "mse_after_100": rad^2}] of all candidates
    """
    rng = np.random.default_rng([seed, 10])
    validation = ppc.sample(**_ppc.TEST, rng=rng).y
    restarts = []
    for params in candidates:
        loss = _ppc.next_step_loss(model, params, validation, np.random.default_rng(seed))
        mse, after = _ppc.mse(_ppc.network_estimate(model, params, test.y), test.z)
        restarts.append(
            {
                "next_step_loss": loss,
                "mse": mse,
                "mse_after_100": after,
                "coasting": coasting.network(model, params, seed),
            }
        )
    best = min(range(len(restarts)), key=lambda number: restarts[number]["next_step_loss"])
    return candidates[best], restarts


def fitted_filter(name, seed):
    """The LDS of a Kalman filter, after EM or with the true parameters."""
    if name == "true parameters":
        return _ppc.true_lds()
    y = ppc.sample(**_ppc.TEST, rng=np.random.default_rng([seed, 2])).y
    return _ppc.fit_kalman(y, name)


def run(name, seed, settings, folder):
    """Train (or fit) and test one row; write FOLDER/NAME_SEED.json, and the weights beside it.

    Returns
    -------
    the row; "mse" and "mse_after_100" in rad^2, "seconds" of CPU time
    """
    start, restarts = time.process_time(), []
    test = test_data(seed)
    if name in KALMAN:
        fitted = fitted_filter(name, seed)
        z_hat, coasts = _ppc.kalman_estimate(fitted, test.y), coasting.kalman(fitted, seed)
    else:
        model = module(settings)
        params, *others = train(seed, **(settings | {"model": model}))
        if others:
            params, restarts = select(seed, model, [params, *others], test)
        z_hat = _ppc.network_estimate(model, params, test.y)
        coasts = coasting.network(model, params, seed)
        model.save(
            file(folder, name, seed, ".npz"),
            params,
            seed=seed,
            settings=settings,
            version=_run.version(),
        )
    mse, after = _ppc.mse(z_hat, test.z)
    row = {
        "model": name,
        "seed": seed,
        "settings": settings,
        "system": asdict(_ppc.SYSTEM),
        "mse": mse,
        "mse_after_100": after,
        "coasting": coasts,
        "seconds": time.process_time() - start,
        "version": _run.version(),
    } | ({"restarts": restarts} if restarts else {})
    _run.keep(file(folder, name, seed, ".json"), row)
    return row


def file(folder, name, seed, suffix):
    """Path of what is kept of one row and seed."""
    return folder / f"{name.replace(' ', '_').replace(',', '')}_{seed}{suffix}"


def finished(name, seed, settings, folder):
    """The row, if it has been run with these settings on this system; otherwise None."""
    return _run.kept(
        file(folder, name, seed, ".json"), {"settings": settings, "system": asdict(_ppc.SYSTEM)}
    )


# %% [markdown]
# ## All rows


# %%
def run_all(jobs, folder, n_workers, scheduler=None):
    """Rows of all jobs (name, seed, settings); rows that are done are read."""
    rows = [finished(*job, folder) for job in jobs]
    open_jobs = [(*job, folder) for job, row in zip(jobs, rows, strict=True) if row is None]
    rows = [row for row in rows if row is not None]
    if rows:
        print(f"{len(rows)} of {len(jobs)} runs are done already")
    return rows + _run.in_parallel(
        "oscillator",
        run,
        open_jobs,
        n_workers,
        lambda row: (
            f"{row['model']}, seed {row['seed']}: {1e4 * row['mse']:.2f}e-4 rad² "
            f"({row['seconds']:.0f} s)"
        ),
        scheduler,
    )


def table(rows):
    """One row per model, mean and spread over the seeds; None for what is missing."""
    result = []
    for name in ROWS:
        seeds = sorted((row for row in rows if row["model"] == name), key=lambda row: row["seed"])
        runs = seeds
        if name == ALL_RUNS:  # restarts that were not selected, too
            runs = [run for row in rows for run in row.get("restarts", [])]
        row = {"model": name, "poster": _ppc.POSTER.get(name), "n_runs": len(runs), "seeds": seeds}
        if not runs:
            result.append(row | {"mse": None, "missing": "interrupted"})
            continue
        for measure in ("mse", "mse_after_100"):
            values = [run[measure] for run in runs]
            row[measure], row[f"{measure}_spread"] = _run.mean_and_spread(values)
        if seeds:
            row["seconds"] = float(np.median([one["seconds"] for one in seeds]))
        result.append(row)
    return result


# %% [markdown]
# ## The figure
# One error is a hundred times the others: the axis is broken.

# %%
NEAR, FAR = (1.25, 15), (800, 1700)  # 1e-4 rad^2: the two parts of the axis


def plot(rows):
    figure = _plots.figure(8, 4.6)
    near, far = figure.subplots(1, 2, sharey=True, width_ratios=[7, 1])
    for height, row in enumerate(reversed(rows)):
        values = 1e4 * np.array([run["mse"] for run in runs_of(row, rows)])
        for axes in (near, far):
            axes.plot(
                values,
                [height] * len(values),
                "o",
                color=_plots.COLOURS[row["model"]],
                markersize=6,
                alpha=0.8,
                markeredgecolor="white",
                markeredgewidth=0.5,
                label="ours, one dot per seed" if height == 0 else None,
            )
        if row["poster"]:
            near.plot(
                [1e4 * row["poster"]] * 2,
                [height - 0.38, height + 0.38],
                color="black",
                linewidth=2,
                label="poster" if row["model"] == "KF-2" else None,
            )
        if row["mse"] is None:
            near.text(1.3, height, row["missing"], va="center", color="0.4", fontsize=8)
        elif row["model"] in ("KF-1", "KF-2"):
            near.axvline(
                1e4 * row["mse"],
                **_plots.style(row["model"])
                | {"linewidth": 1, "zorder": 0, "label": f"{row['model']}, mean"},
            )
    for axes, limits, ticks in ((near, NEAR, [1.5, 2, 3, 4, 5, 6, 8, 10, 12]), (far, FAR, [1200])):
        axes.set(xscale="log", xlim=limits)
        axes.set_xticks(ticks, labels=[f"{tick:g}" for tick in ticks])
        axes.minorticks_off()
    near.set_yticks(range(len(rows)), [row["model"] for row in reversed(rows)])
    near.set(
        xlabel="MSE of the position, all 1000 time steps (10$^{-4}$ rad²)",
        title="Position decoded from spikes",
    )
    _plots.break_axis(near, far)
    for axes in (near, far):  # the poster's rows above, ours below
        axes.axhline(len(rows) - 8.5, color="0.85", linewidth=0.8, zorder=0)
    near.legend(loc="center right", bbox_to_anchor=(1, 0.68))
    return figure


def runs_of(row, rows):
    """The runs that a row is the mean of."""
    if row["model"] != ALL_RUNS:
        return row["seeds"]
    return [run for other in rows for one in other["seeds"] for run in one.get("restarts", [])]


# %%
def shortened(settings):
    """Settings of --quick."""
    decoder = dict(n_decoder_updates=20) if "n_decoder_updates" in settings else {}
    return settings | dict(n_updates=100) | decoder


def print_rows(rows):
    """The table on the terminal."""

    def mse(row, measure):
        if row["mse"] is None:
            return row["missing"]
        digits = 2 if row[measure] < 1e-2 else 0
        return _run.with_spread(row[measure], row[f"{measure}_spread"], 1e4, digits)

    _run.print_table(
        [
            ("MSE (1e-4 rad²)", lambda row: row["model"]),
            ("poster", lambda row: f"{1e4 * row['poster']:.1f}" if row["poster"] else "-"),
            ("ours", lambda row: mse(row, "mse")),
            ("after 100 steps", lambda row: mse(row, "mse_after_100")),
            ("runs", lambda row: str(row["n_runs"])),
            ("seconds", lambda row: f"{row['seconds']:.0f}" if "seconds" in row else "-"),
        ],
        rows,
    )


def main(argv=None):
    arguments = _run.parse(_run.parser("ppc_table", __doc__), argv)
    folder = arguments.out / "ppc_table"
    _run.prepare_folder(folder)
    n_seeds = 5 if arguments.full else 1 if arguments.quick else 2
    jobs = []
    for seed in range(arguments.seed, arguments.seed + n_seeds):
        jobs += [
            (name, seed, shortened(settings) if arguments.quick else settings)
            for name, settings in NETWORKS.items()
        ]
        jobs += [(name, seed, {}) for name in KALMAN]
    jobs.sort(key=lambda job: -job[2].get("n_updates", 0))  # long ones first: no core idles
    rows = table(run_all(jobs, folder, os.cpu_count(), arguments.scheduler))
    _run.write_json(arguments.out / "ppc_table.json", rows, arguments.seed)
    figure = _plots.save(plot(rows), arguments.out / "ppc_table.png")
    print()
    print_rows(rows)
    print(
        f"\n{n_seeds} seed{'s' * (n_seeds > 1)} per model; rVAE: of two runs per seed, the "
        f"better predictor; written: {figure.name}, ppc_table.json in {arguments.out}, weights "
        f"in {folder}"
    )


if __name__ == "__main__":
    _run.start(main)
