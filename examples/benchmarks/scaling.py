"""What one update of the rEFH costs against its sizes, and what Table 2 costs on more cores.

Sizes: hidden units n_x, observed units n_y, trajectories n_traj, time steps per update (chunk),
Gibbs sweeps k. Each varies while the others stay; the exponent p of cost = c size^p is fitted to
the three largest.

Table 2: one update of every network that examples/balls_table.py --full trains is timed. Times
the number of updates, these are the jobs, which are given to cores one by one, the longest first.

Takes less than a minute of CPU time. Writes scaling.json and scaling.png;
examples/reports/scaling.md has the numbers.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import contextlib
import heapq
from pathlib import Path

import numpy as np

from datasets import bouncing_balls
from datasets.bouncing_balls import Box
from examples import balls_table
from examples.balls import networks
from examples.benchmarks import _timing
from examples.tools import plots, results, run
from refh_numpy import refh

BASE = {"n_x": 256, "n_y": 256, "n_traj": 10, "chunk": 10, "n_sweeps": 4}
SIZES = {
    "n_x": (64, 128, 256, 512, 1024),
    "n_y": (64, 128, 256, 512, 1024),
    "n_traj": (2, 5, 10, 20, 50),
    "chunk": (2, 5, 10, 20, 50),
    "n_sweeps": (1, 2, 4, 8, 16),
}
LABELS = {
    "n_x": "hidden units n_x",
    "n_y": "observed units n_y",
    "n_traj": "trajectories n_traj",
    "chunk": "time steps (chunk)",
    "n_sweeps": "Gibbs sweeps k",
}
MILLISECONDS = (1, 2, 5, 10, 20, 50, 100)  # marked in the figure
N_UPDATES = 2  # in one call
N_CORES = (1, 8, 64)
N_SEEDS = (1, 10)
N_ROUNDS = 5  # for Table 2, whose updates take a tenth of a second


def update(sizes, seed):
    """A function that makes N_UPDATES updates of an rEFH with Bernoulli units."""
    rng = np.random.default_rng(seed)
    params = refh.init(n_x=sizes["n_x"], n_y=sizes["n_y"], family="bernoulli", rng=rng)
    y = rng.random((sizes["n_traj"], sizes["chunk"] * N_UPDATES, sizes["n_y"]), dtype=np.float32)
    return lambda: refh.train(
        params,
        [y],
        rng,
        n_updates=N_UPDATES,
        learning_rate=1e-3,
        momentum=0.9,
        chunk=sizes["chunk"],
        n_sweeps=sizes["n_sweeps"],
    )


def cost_against_sizes(seed):
    """Rows {"axis", "sizes", "milliseconds" per update, "exponent"}."""
    result = []
    for axis, sizes in SIZES.items():
        functions = {size: update(BASE | {axis: size}, seed) for size in sizes}
        seconds = _timing.rounds(functions, N_UPDATES)
        medians = [1e3 * float(np.median(seconds[size])) for size in sizes]
        result.append(
            {
                "axis": axis,
                "sizes": sizes,
                "milliseconds": medians,
                "exponent": _timing.exponent(sizes, medians),
            }
        )
    return result


# Table 2


def one_update(name, settings, seed):
    """A function that makes one update of a network of Table 2, with a median number of sweeps."""
    rng = np.random.default_rng(seed)
    model, settings = networks.module(name), dict(settings)
    params = model.init(
        n_x=settings.pop("n_hidden", networks.N_HIDDEN),
        n_y=Box().resolution ** 2,
        family=settings.pop("family", "bernoulli"),
        rng=rng,
    )
    frames = bouncing_balls.sample(settings.pop("n_traj"), settings["chunk"], rng).frames
    settings["n_sweeps"] = round(float(np.mean(settings["n_sweeps"])))
    settings["n_updates"] = 1
    settings.pop("after", None)
    return lambda: model.train(params, [frames], rng, **settings)


def table_2(seed):
    """Rows {"model", "setting", "seed", "n_updates", "after", "hours"}, one per job."""
    with contextlib.redirect_stdout(None):  # which says that the rVAE is not there yet
        jobs = balls_table.full_jobs(seed, Path("nowhere"))
    functions = {
        (row["model"], row["setting"]): one_update(row["model"], row["settings"], seed)
        for row, _, _ in jobs
    }
    seconds = _timing.rounds(functions, n_rounds=N_ROUNDS)
    return [
        {
            "label": f"{row['model']} ({row['setting']})",
            "model": row["model"],
            "setting": row["setting"],
            "seed": job_seed,
            "n_updates": row["settings"]["n_updates"],
            "after": row["settings"].get("after"),
            "hours": row["settings"]["n_updates"]
            * float(np.median(seconds[row["model"], row["setting"]]))
            / 3600,
        }
        for row, job_seed, _ in jobs
    ]


def makespan(hours, n_cores):
    """Hours until the last job is done: each, the longest first, goes to the core free first."""
    free_at = [0.0] * n_cores
    for job in sorted(hours, reverse=True):
        heapq.heappush(free_at, heapq.heappop(free_at) + job)
    return max(free_at)


def on_cores(jobs):
    """Rows {"n_seeds", "n_cores", "hours"}; jobs that continue others come after all others."""
    phases = [
        [job["hours"] for job in jobs if bool(job["after"]) == later] for later in (False, True)
    ]
    return [
        {
            "n_seeds": n_seeds,
            "n_cores": n_cores,
            "hours": sum(makespan(hours * n_seeds, n_cores) for hours in phases),
        }
        for n_seeds in N_SEEDS
        for n_cores in N_CORES
    ]


# Results


def plot(result):
    """One panel per size: milliseconds per update, both scales logarithmic."""
    figure = plots.figure(10, 2.8)
    for axes, row in zip(figure.subplots(1, len(result), sharey=True), result, strict=True):
        axes.loglog(
            row["sizes"], row["milliseconds"], color=plots.COLOURS["rEFH"], marker="o", markersize=4
        )
        axes.set(xlabel=LABELS[row["axis"]], title=f"exponent {row['exponent']:.2f}")
        axes.set_xticks(row["sizes"], [str(size) for size in row["sizes"]])
        axes.set_yticks(MILLISECONDS, [str(number) for number in MILLISECONDS])
        axes.minorticks_off()
    figure.axes[0].set_ylabel("CPU time per update (ms)")
    return figure


def report(result, jobs, cores):
    """Print the three tables."""
    results.print_table(
        [
            ("cost per update", lambda row: LABELS[row["axis"]]),
            ("sizes", lambda row: f"{row['sizes'][0]} to {row['sizes'][-1]}"),
            ("ms", lambda row: f"{row['milliseconds'][0]:.1f} to {row['milliseconds'][-1]:.1f}"),
            ("exponent", lambda row: f"{row['exponent']:.2f}"),
        ],
        result,
    )
    print()
    results.print_table(
        [
            ("Table 2, one job", lambda row: f"{row['model']} ({row['setting']})"),
            ("seed", lambda row: str(row["seed"])),
            ("updates", lambda row: str(row["n_updates"])),
            ("CPU hours", lambda row: f"{row['hours']:.2f}"),
        ],
        jobs,
    )
    print()
    results.print_table(
        [
            ("Table 2, all jobs", lambda row: f"{row['n_seeds']} x"),
            ("cores", lambda row: str(row["n_cores"])),
            ("hours", lambda row: f"{row['hours']:.2f}"),
        ],
        cores,
    )


def main(argv=None):
    arguments = run.parse(run.parser("benchmarks.scaling", __doc__, sizes=(), jobs=False), argv)
    run.prepare_folder(arguments.out)
    result, jobs = cost_against_sizes(arguments.seed), table_2(arguments.seed)
    cores = on_cores(jobs)
    report(result, jobs, cores)
    plots.save(plot(result), arguments.out / "scaling.png")
    path = arguments.out / "scaling.json"
    results.write_json(
        path,
        result,
        arguments.seed,
        command="python -m examples.benchmarks.scaling",
        jobs=jobs,
        cores=cores,
    )
    print(f"\nwritten: scaling.json and scaling.png in {arguments.out}")


if __name__ == "__main__":
    run.start(main)
