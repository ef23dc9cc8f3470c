"""Table 1 of the poster: who recovers the position of the oscillator from the spikes, and how well.

Trains every network over several seeds, on all cores, and fits the Kalman filters; then prints a table beside the
poster's, and draws ppc_table.png: one dot a seed, the poster's figure as a bar, the Kalman filters as lines.

--quick takes ten seconds and shows that everything runs; without it, two seeds a model take ten minutes on two cores;
--full has five seeds, half an hour. A row that is done is kept (in DIR/ppc_table) and not run again.

Settings were chosen on trajectories that no row below is tested on (drawn with seed 999).
"""
# %%
import importlib
import os
import time
from dataclasses import asdict

import numpy as np

from datasets import ppc
from examples import _plots, _ppc, _run

# %% [markdown]
# ## The rows
# Each network, its module and its settings. The harmoniums have 240 hidden units, as the authors' have; the autoencoders
# two latents, and 64 units in each layer of encoder and decoder. `n_traj` trajectories of `T` steps make a batch; `chunk`
# steps make an update. Where there is backprop through time, it reaches back one chunk. The autoencoders end with `wake`
# updates of the generative model alone: the states stand still then, and the decoder catches up with them. The rVAE's
# sigma_u goes down while it learns: the past is to be kept the better, the more there is in it. And it is trained from two
# random starts; the one that predicts the next spikes better, on trajectories of their own, is kept.

# %%
SIZES = {"refh_numpy": dict(n_x=240, n_y=15), "rvae_numpy": dict(n_x=2, n_y=15, hidden=64)}
LOCAL = dict(n_traj=40, T=200, chunk=1, rate=1e-3)
BPTT = dict(n_traj=10, T=1000, chunk=50)
VAE = dict(n_traj=40, T=1000, chunk=8, rate=2e-3, n_updates=60_000, wake=5_000)
SIGMAS = [0.09, 0.07, 0.06, 0.05]
NETWORKS = {
    "ORDER 0": LOCAL | dict(model="refh_numpy.efh", n_updates=10_000),
    "TRBM": LOCAL | dict(model="refh_numpy.trbm", n_updates=40_000),
    "rEFH": LOCAL | dict(model="refh_numpy.refh", n_updates=40_000),
    "RTRBM": BPTT | dict(model="refh_numpy.rtrbm", n_updates=30_000, rate=3e-3),
    "rEFH + BPTT": BPTT | dict(model="refh_numpy.refh_bptt", n_updates=6_000, rate=1e-3),
    "hybrid, w = 0.03": LOCAL | dict(model="refh_numpy.hybrid", n_updates=100_000, w=0.03),
    "hybrid, falling w": LOCAL | dict(model="refh_numpy.hybrid", n_updates=300_000, w=[0.3, 0.003]),
    "VAE": VAE | dict(model="rvae_numpy.vae", n_updates=10_000),
    "TVAE": VAE | dict(model="rvae_numpy.tvae"),
    "TVAE, prior N(0, I)": VAE | dict(model="rvae_numpy.tvae", prior_given_u=False),
    "rVAE": VAE | dict(model="rvae_numpy.rvae", sigmas=SIGMAS, n_starts=2),
    "rVAE, control": VAE | dict(model="rvae_numpy.rvae", sigmas=SIGMAS, chunk=50, n_updates=10_000),
    "rVAE + BPTT": VAE | dict(model="rvae_numpy.rvae_bptt", sigmas=SIGMAS, chunk=50, n_updates=10_000),
}
KALMAN = ["KF-1", "KF-2", "true parameters"]
ROWS = ["ORDER 0", "TVAE", "TRBM", "KF-1", "rVAE", "rEFH", "RTRBM", "KF-2",                 # the poster's, in its order
        "VAE", "TVAE, prior N(0, I)", "rVAE, control", "rVAE + BPTT", "rEFH + BPTT", "hybrid, w = 0.03", "hybrid, falling w",
        "true parameters"]       # ours


# %% [markdown]
# ## One row, one seed

# %%
def test_data(seed):
    """The trajectories that every model of this seed is tested on"""
    return ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=np.random.default_rng([seed, 1]))


def module(settings):
    """The module that settings["model"] names"""
    return importlib.import_module(settings["model"])


def train(seed, model, prior_given_u=None, n_starts=1, **settings):
    """Parameters of one network after its training, from each of its starts"""
    rng = np.random.default_rng([seed, 2])
    of_the_model = {} if prior_given_u is None else {"prior_given_u": prior_given_u}
    return [_ppc.learn(model, model.init(**SIZES[model.__package__], family="poisson", rng=rng, **of_the_model), rng,
                       **settings) for _ in range(n_starts)]


def choose(seed, model, candidates, test):
    """The candidate that predicts the next spikes best, on validation trajectories; and how each of them does"""
    validation = ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=np.random.default_rng([seed, 10])).y
    starts = [{"next_step_loss": _ppc.next_step_loss(model, params, validation, np.random.default_rng(seed)),
               "mse": _ppc.mse(_ppc.network_estimate(model, params, test.y), test.z)} for params in candidates]
    best = min(range(len(starts)), key=lambda number: starts[number]["next_step_loss"])
    return candidates[best], starts


def run(name, seed, settings, folder):
    """Train (or fit), test, and write DIR/ppc_table/NAME_SEED.json, and the weights beside it. The row that it made."""
    start, starts = time.monotonic(), []
    test = test_data(seed)
    if name in KALMAN:
        model = _ppc.true_lds()
        if name != "true parameters":
            y = ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=np.random.default_rng([seed, 2])).y
            model = _ppc.fit_kalman(y, name)
        z_hat = _ppc.kalman_estimate(model, test.y)
    else:
        model = module(settings)
        params, *others = train(seed, **(settings | {"model": model}))
        if others:
            params, starts = choose(seed, model, [params, *others], test)
        z_hat = _ppc.network_estimate(model, params, test.y)
        model.save(file(folder, name, seed, ".npz"), params, seed=seed, settings=settings, version=_run.version())
    everywhere, settled = _ppc.mse(z_hat, test.z)
    row = {"model": name, "seed": seed, "settings": settings, "system": asdict(_ppc.SYSTEM), "mse": everywhere,
           "mse_after_100": settled, "seconds": time.monotonic() - start, "version": _run.version()}
    row |= {"starts": starts} if starts else {}
    _run.keep(file(folder, name, seed, ".json"), row)
    return row


def file(folder, name, seed, suffix):
    return folder / f"{name.replace(' ', '_').replace(',', '')}_{seed}{suffix}"


def finished(name, seed, settings, folder):
    """The row, if it has been run with these settings, on this system; otherwise None"""
    return _run.kept(file(folder, name, seed, ".json"), {"settings": settings, "system": asdict(_ppc.SYSTEM)})


# %% [markdown]
# ## All rows

# %%
def run_all(jobs, folder, n_workers):
    """Rows of all jobs (name, seed, settings): those that are done are read, the rest are run, n_workers at a time."""
    rows = [finished(*job, folder) for job in jobs]
    open_jobs = [job for job, row in zip(jobs, rows) if row is None]
    rows = [row for row in rows if row is not None]
    if rows:
        print(f"{len(rows)} of {len(jobs)} runs are done already")
    return rows + _run.in_parallel("table 1", run, [(*job, folder) for job in open_jobs], n_workers, lambda row: (
        f"{row['model']}, seed {row['seed']}: {1e4 * row['mse']:.2f}e-4 rad² ({row['seconds']:.0f} s)"))


def table(rows):
    """One row a model, mean and spread over the seeds; None for what is missing"""
    result = []
    for name in ROWS:
        seeds = sorted((row for row in rows if row["model"] == name), key=lambda row: row["seed"])
        if not seeds:
            result.append({"model": name, "mse": None, "poster": _ppc.POSTER.get(name),
                           "missing": "interrupted", "seeds": []})
            continue
        mean, spread = _run.mean_and_spread([row["mse"] for row in seeds])
        settled, settled_spread = _run.mean_and_spread([row["mse_after_100"] for row in seeds])
        result.append({"model": name, "mse": mean, "mse_spread": spread, "mse_after_100": settled,
                       "mse_after_100_spread": settled_spread, "poster": _ppc.POSTER.get(name),
                       "seconds": float(np.median([row["seconds"] for row in seeds])), "seeds": seeds})
    return result


def draw(rows):
    figure = _plots.figure(7.5, 4.2)
    axes = figure.subplots()
    for height, row in enumerate(reversed(rows)):
        name = row["model"]
        if row["poster"]:
            axes.plot([1e4 * row["poster"]] * 2, [height - 0.35, height + 0.35], color="0.3", linewidth=2,
                      label="poster" if name == "ORDER 0" else None)
        if row["mse"] is None:
            axes.text(1e4 * (row["poster"] or 1.5e-4) * 1.04, height, row["missing"], va="center", color="0.4", fontsize=8)
            continue
        values = 1e4 * np.array([one["mse"] for one in row["seeds"]])
        axes.plot(values, [height] * len(values), "o", color=_plots.COLOURS[name], markersize=6, alpha=0.8,
                  markeredgecolor="white", markeredgewidth=0.5)
    for row in rows:
        if row["model"] in KALMAN and row["mse"] is not None:
            axes.axvline(1e4 * row["mse"], **(_plots.style(row["model"]) | {"linewidth": 1, "zorder": 0}))
    axes.set_yticks(range(len(rows)), [row["model"] for row in reversed(rows)])
    axes.set(xscale="log", xlabel="MSE of the position (10$^{-4}$ rad²), over all 1000 steps",
             title="Table 1: one dot a seed")
    axes.set_xticks([1, 1.5, 2, 3, 4, 6, 9, 12, 100, 1000],
                    labels=["1", "1.5", "2", "3", "4", "6", "9", "12", "100", "1000"])
    axes.minorticks_off()
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def shortened(settings):
    """To see that it runs"""
    return settings | dict(n_updates=100) | (dict(wake=20) if "wake" in settings else {})


def main(argv=None):
    arguments = _run.parse(_run.parser("ppc_table", __doc__), argv)
    folder = arguments.out / "ppc_table"
    _run.prepare_folder(folder)
    n_seeds = 5 if arguments.full else 1 if arguments.quick else 2
    jobs = []
    for seed in range(arguments.seed, arguments.seed + n_seeds):
        jobs += [(name, seed, shortened(settings) if arguments.quick else settings)
                 for name, settings in NETWORKS.items()]
        jobs += [(name, seed, {}) for name in KALMAN]
    jobs.sort(key=lambda job: -job[2].get("n_updates", 0))          # the long ones first: no core idles at the end
    rows = table(run_all(jobs, folder, n_workers=os.cpu_count()))
    _run.write_json(arguments.out / "ppc_table.json", rows, arguments.seed)
    _plots.save(draw(rows), arguments.out / "ppc_table.png")
    print()
    _run.print_table([
        ("MSE (1e-4 rad²)", lambda row: row["model"]),
        ("poster", lambda row: f"{1e4 * row['poster']:.1f}" if row["poster"] else "-"),
        ("ours", lambda row: row.get("missing") or _run.with_spread(row["mse"], row["mse_spread"], scale=1e4)),
        ("after 100 steps", lambda row: "-" if row["mse"] is None else
            _run.with_spread(row["mse_after_100"], row["mse_after_100_spread"], scale=1e4)),
        ("seconds", lambda row: "-" if row["mse"] is None else f"{row['seconds']:.0f}"),
    ], rows)
    print(f"\n{n_seeds} seed{'s' * (n_seeds > 1)} a model; written: ppc_table.png, ppc_table.json in {arguments.out}, "
          f"weights in {folder}")


if __name__ == "__main__":
    main()
