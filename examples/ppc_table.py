"""Table 1 of the poster: position decoded from spikes, error of every model.

Trains every network over several seeds, on all cores, and fits the Kalman
filters. Prints a table beside the poster's, and plots ppc_table.png: one dot
per seed, the poster's number as a bar, the Kalman filters as lines. The column
"coasting k" is the order of what was learnt (examples/ppc/coasting.py): 0 for a
model that stays where it is when the spikes end, 1 for one that moves on as the
oscillator does.

--quick takes half a minute: one or two seconds per harmonium, at a higher
learning rate, show which of them learn order 2. The autoencoders learn nothing
in that time; their rows are marked. Without an option, two seeds per model take
twenty minutes on two cores. --full has five seeds (rVAE, sigma per latent: ten)
and takes an hour. A row that is done is kept (in DIR/ppc_table) and not run again.

Settings were chosen on trajectories that no row below is tested on.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os

import numpy as np

from examples.ppc import coasting, figures, networks, oscillator
from examples.tools import plots, results, run
from examples.tools.jobs import in_parallel

# %% [markdown]
# ## The rows
# Each network, its module and its settings. The harmoniums have 240 hidden units, as the authors'
# have; the autoencoders have two latent variables, and 64 units in each layer of encoder and
# decoder. `n_traj` trajectories of `T` time steps make a batch. `chunk` time steps make an update:
# the truncation window of backpropagation through time (BPTT), in models that have it. The
# autoencoders end with `n_decoder_updates` updates of the decoder alone. The rVAE's sigma_u
# decreases during training: velocity is easy to find with a large one, and the state is more
# precise with a small one. The rVAE is trained from two random initialisations; the network is
# kept that predicts the next spikes better, on validation trajectories. In the row "sigma per
# latent" the second latent has two to three times the sigma_u of the first, and the training starts
# at the linear theory's fixed point of sigma_u (0.05, 0.10), without restarts.

# %%
LOCAL = dict(n_traj=40, T=200, chunk=1, learning_rate=1e-3)
BPTT = dict(n_traj=10, T=1000, chunk=50)
VAE = dict(
    n_traj=40, T=1000, chunk=8, learning_rate=2e-3, n_updates=60_000, n_decoder_updates=5_000
)
RVAE = VAE | dict(model="rvae_numpy.rvae", sigmas=[0.09, 0.07, 0.06, 0.05])
CONTROL = RVAE | dict(chunk=50, n_updates=10_000)
HYBRID = LOCAL | dict(model="refh_numpy.hybrid")
PER_LATENT = "rVAE, sigma per latent"  # P7 with a diagonal covariance: not the poster's
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
    PER_LATENT: RVAE
    | dict(
        sigmas=[[0.09, 0.18], [0.07, 0.16], [0.06, 0.15], [0.05, 0.14]],
        at_fixed_point=True,
        n_first_decoder_updates=2_400,
    ),
    "rVAE, control settings": CONTROL,
    "rVAE + BPTT": CONTROL | dict(model="rvae_numpy.rvae_bptt"),
}
N_SEEDS, MORE_SEEDS = 5, {PER_LATENT: 10}  # of --full
RANDOM_STARTS = "KF-2, random starts"  # random initial models, constant R, few iterations
KALMAN = {
    "KF-1": {},
    "KF-2": {},
    RANDOM_STARTS: dict(n_starts=20, n_iterations=50),
    "true parameters": {},
}
# --quick, by the name of the module; the autoencoders have N_TOO_FEW updates
QUICK = {
    "efh": dict(n_updates=500, learning_rate=1e-2),
    "trbm": dict(n_updates=2000, learning_rate=1e-2),
    "refh": dict(n_updates=2000, learning_rate=1e-2),
    "hybrid": dict(n_updates=2000, T=200, learning_rate=5e-3),
    "rtrbm": dict(n_traj=20, T=200, chunk=20, n_updates=400, learning_rate=1e-2),
    "refh_bptt": dict(n_traj=20, T=200, chunk=20, n_updates=400, learning_rate=1e-2),
}
N_TOO_FEW = 100
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
    RANDOM_STARTS,
    ALL_RUNS,
    PER_LATENT,
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
# ## All rows


# %%
def table(rows):
    """One row per model, mean and spread over the seeds; None for what is missing."""
    result = []
    for name in ROWS:
        seeds = sorted((row for row in rows if row["model"] == name), key=lambda row: row["seed"])
        runs = seeds
        if name == ALL_RUNS:  # restarts that were not selected, too
            runs = [run for row in rows for run in row.get("restarts", [])]
        row = {
            "model": name,
            "poster": oscillator.POSTER.get(name),
            "n_runs": len(runs),
            "seeds": seeds,
        }
        if not runs:
            result.append(row | {"mse": None, "missing": "interrupted"})
            continue
        for measure in ("mse", "mse_after_100"):
            values = [run[measure] for run in runs]
            row[measure], row[f"{measure}_spread"] = results.mean_and_spread(values)
        row["coasting"], row["coasting_spread"] = {}, {}
        for k in map(str, coasting.STEPS):
            slopes = [run["coasting"][k] for run in runs]
            row["coasting"][k], row["coasting_spread"][k] = results.mean_and_spread(slopes)
        if seeds:
            row["seconds"] = float(np.median([one["seconds"] for one in seeds]))
        result.append(row)
    return result


# %%
def shortened(name, settings):
    """A row of --quick."""
    if "model" in settings:
        module = settings["model"].rpartition(".")[2]
        settings = settings | QUICK.get(module, dict(n_updates=N_TOO_FEW))
    if "n_starts" in settings:
        settings = settings | dict(n_starts=2, n_iterations=5)
    for name_of_part in ("n_decoder_updates", "n_first_decoder_updates"):
        if name_of_part in settings:
            settings = settings | {name_of_part: 20}
    return {"model": name, "settings": settings, "n_free_runs": 1}


def print_rows(rows, is_quick=False):
    """The table on the terminal."""

    def mse(row, measure):
        if row["mse"] is None:
            return row["missing"]
        digits = 2 if row[measure] < 1e-2 else 0
        return results.with_spread(row[measure], row[f"{measure}_spread"], 1e4, digits)

    def too_short(row):
        return is_quick and "VAE" in row["model"]

    def slope(row, k):
        if row["mse"] is None:
            return "-"
        return results.with_spread(row["coasting"][k], row["coasting_spread"][k], 1)

    results.print_table(
        [
            ("MSE (1e-4 rad²)", lambda row: row["model"] + " *" * too_short(row)),
            ("poster", lambda row: f"{1e4 * row['poster']:.1f}" if row["poster"] else "-"),
            ("ours", lambda row: mse(row, "mse")),
            ("after 100 steps", lambda row: mse(row, "mse_after_100")),
            *((f"coasting {k}", lambda row, k=f"{k}": slope(row, k)) for k in coasting.STEPS),
            ("runs", lambda row: str(row["n_runs"])),
            ("seconds", lambda row: f"{row['seconds']:.0f}" if "seconds" in row else "-"),
        ],
        rows,
    )


def main(argv=None):
    arguments = run.parse(run.parser("ppc_table", __doc__), argv)
    folder = arguments.out / "ppc_table"
    run.prepare_folder(folder)
    n_seeds = N_SEEDS if arguments.full else 1 if arguments.quick else 2
    more_seeds = MORE_SEEDS if arguments.full else {}
    rows = [
        shortened(name, settings) if arguments.quick else {"model": name, "settings": settings}
        for name, settings in (NETWORKS | KALMAN).items()
    ]
    # long ones first: no core idles
    rows.sort(key=lambda row: -row["settings"].get("n_updates", 0))
    jobs = [
        (row, arguments.seed + i, folder)
        for row in rows
        for i in range(more_seeds.get(row["model"], n_seeds))
    ]
    rows = table(
        in_parallel(
            "oscillator",
            networks.train_and_test,
            jobs,
            os.cpu_count(),
            networks.said,
            arguments.scheduler,
            networks.kept,
        )
    )
    results.write_json(arguments.out / "ppc_table.json", rows, arguments.seed)
    figure = plots.save(figures.plot_table(rows), arguments.out / "ppc_table.png")
    print()
    print_rows(rows, arguments.quick)
    if arguments.quick:
        print(f"* {N_TOO_FEW} updates: far too few, these numbers say nothing about the model")
    print(
        f"\n{n_seeds} seed{'s' * (n_seeds > 1)} per model; rVAE: of two runs per seed, the "
        f"better predictor; written: {figure.name}, ppc_table.json in {arguments.out}, weights "
        f"in {folder}"
    )


if __name__ == "__main__":
    run.start(main)
