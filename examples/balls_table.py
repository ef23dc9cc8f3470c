"""Table 2 of the poster: bouncing balls, one-step prediction.

Trains harmoniums on videos of three balls. Each then predicts the next frame of 400 unseen videos
of 100 frames; the table has the mean squared error per pixel beside the poster's.

A network predicts by clamped Gibbs sampling: 25 sweeps with u clamped, and a last pass with means.
It is read out in these ways:

  authors     one chain from noise, and one further pass of means: the protocol of the authors'
              code, and probably of the poster
  noise_1     one chain from noise. Can the network generate the next frame from u alone?
  noise_16    the mean of 16 such chains (of 100 videos): nearer to E[y | u], which minimises the
              squared error
  present_1   one chain from the present frame: what it does not forget in 25 sweeps is
              persistence, not prediction
  present_16  the mean of 16 such chains (of 100 videos)
  mean_field  no sampling: x and y are updated alternately by their means, from the present frame

Predictors without a network stand beside them: the mean frame, the previous frame, linear (ridge)
regression on the last frame and on the last two, and an oracle that knows positions and
velocities. The rVAE, which the poster's table lacks, is a row once
"python -m examples.balls_generate --full" has trained it: the mean over 25 samples of x given u,
of 100 videos.

Without an option (--quick is the same): the baselines and a short rEFH, in ten minutes on two
cores. --full trains all networks, in many hours. A network that is done is kept (in
DIR/balls_table); an interrupted training goes on from its last checkpoint. --use-saved reads the
kept networks and their test results, computes the rest, and lists the rows that are missing.

Writes balls_table.json, balls_table.png (the errors of one prediction per network) and
balls_table_curves.png (error during training).
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import itertools
import os

import numpy as np

from datasets.bouncing_balls import RENDERINGS, Box
from examples import balls_generate
from examples.balls import baselines, figures, networks
from examples.balls.networks import WAYS
from examples.tools import plots, results, run
from examples.tools.jobs import in_parallel

# %% [markdown]
# ## Rows and settings
# 400 hidden units and 34 000 updates, unless a row says otherwise: a third of the authors' updates.
# `noise_fraction` is the fraction of the negative chains that start from noise in training (Q2).
# `after` names the setting of an earlier training, which this one continues; w stays where that
# training ended. The settings AUTHORS are those of the authors' code, with four exceptions: their
# b_y begins at 0, their weights are half as large at first, they sample x in the positive phase,
# too, and their first 30 updates are those of a static model.

# %%
POSTER = {"ORDER 0": 0.0120, "TRBM": 0.0124, "rEFH": 0.0067, "RTRBM": 0.0059}
AUTHORS = dict(n_traj=1, chunk=100, n_updates=102_000, learning_rate=0.02, momentum=0.9)
AUTHORS |= dict(n_sweeps=25)
THIRD = AUTHORS | dict(n_updates=34_000)
FALLING = THIRD | dict(w=[0.3, 0.003], noise_fraction=0.15)
MORE = AUTHORS | dict(n_updates=10_000, learning_rate=0.01, after="noise")
WIDER_MORE = MORE | dict(n_hidden=1000, w=FALLING["w"][1], noise_fraction=0.15, after="wider")
# faster: ten frames of each of ten videos per update allow a higher learning rate
OURS = dict(
    family="mean-field bernoulli",
    n_traj=10,
    chunk=10,
    n_updates=20_000,
    learning_rate=0.05,
    momentum=0.9,
    n_sweeps=[1, 25],
)
QUICK = OURS | dict(n_updates=4500, n_sweeps=[1, 8])
ROWS = [  # model, rendering, setting (in the names of files), settings, seeds
    ("ORDER 0", "authors", "quick", QUICK, 3),
    ("TRBM", "authors", "noise", THIRD | dict(noise_fraction=0.5), 2),
    ("TRBM", "authors", "tuned", MORE | dict(noise_fraction=0.5), 2),
    ("rEFH", "authors", "third", THIRD, 2),
    ("rEFH", "authors", "authors", AUTHORS, 1),
    ("rEFH", "authors", "wider", THIRD | dict(n_hidden=1000), 2),
    ("hybrid, falling w", "authors", "noise", FALLING, 2),
    ("hybrid, falling w", "authors", "wider", FALLING | dict(n_hidden=1000), 2),
    ("hybrid, falling w", "authors", "wider_tuned", WIDER_MORE, 2),
    ("RTRBM", "authors", "noise", THIRD | dict(noise_fraction=0.15), 2),
    ("RTRBM", "authors", "tuned", MORE | dict(noise_fraction=0.15), 2),
    ("rEFH", "sutskever", "ours", OURS, 3),
    ("rVAE", "sutskever", "videos", balls_generate.FINISH, 3),
]
ROWS = [
    dict(zip(("model", "rendering", "setting", "settings", "n"), row, strict=True)) for row in ROWS
]


# %%
def jobs_of(row, seed, folder):
    """The jobs (arguments of train_and_test) of one of ROWS."""
    row, n = {name: value for name, value in row.items() if name != "n"}, row["n"]
    return [(row, one, folder) for one in range(seed, seed + n)]


def full_jobs(seed, folder):
    """The jobs of --full; the rVAE's, if balls_generate has trained it."""
    jobs = [job for row in ROWS for job in jobs_of(row, seed, folder)]
    found = [job for job in jobs if job[0]["model"] != "rVAE" or networks.is_trained(*job)]
    missing = [str(job[1]) for job in jobs if job not in found]
    if missing:
        print(
            f"without the rVAE of seed {', '.join(missing)}, which python -m "
            "examples.balls_generate --full --seed SEED trains (with the same --out)"
        )
    return found


def saved_jobs(seed, folder):
    """The jobs of --use-saved, and the jobs whose networks are not kept."""
    jobs = [job for row in ROWS for job in jobs_of(row, seed, folder)]
    found = [job for job in jobs if networks.kept(*job) is not None or networks.is_trained(*job)]
    return found, [job for job in jobs if job not in found]


def quick_jobs(seed, folder):
    """The jobs of --quick."""
    return [
        (
            {"model": name, "rendering": "sutskever", "setting": "quick", "settings": QUICK},
            seed,
            folder,
        )
        for name in ("ORDER 0", "rEFH")
    ]


def run_all(jobs, scheduler=None):
    """Rows of all jobs; those that start from the weights of others run at the end, and here."""
    dependent = [job for job in jobs if "after" in job[0]["settings"] or job[0]["model"] == "rVAE"]
    first = [job for job in jobs if job not in dependent]

    def said(row):
        best = min(row["mse"].values())
        return f"{label(row)}, seed {row['seed']}: {best:.4f} at best ({row['seconds']:.0f} s)"

    def done(jobs, scheduler):
        function, n = networks.train_and_test, os.cpu_count()
        return in_parallel("table 2", function, jobs, n, said, scheduler, networks.kept)

    rows = done(first, scheduler)
    if len(rows) == len(first):  # not interrupted
        rows += done(dependent, None)
    order = [(row["model"], row["rendering"], row["setting"]) for row in ROWS]
    return sorted(rows, key=lambda row: (position(order, identity(row)), row["seed"]))


def identity(row):
    """What distinguishes a row from others."""
    return row["model"], row["rendering"], row["setting"]


def position(order, key):
    """Where a row stands in the table; those of --quick at the end."""
    return order.index(key) if key in order else len(order)


def size(row):
    """{"n_hidden", "n_updates" in all, "noise_fraction"} of a training."""
    settings = row["settings"]
    n_updates = settings["n_updates"]
    if "after" in settings:
        n_updates += next(
            one["settings"]["n_updates"]
            for one in ROWS
            if one["model"] == row["model"] and one["setting"] == settings["after"]
        )
    noise = settings.get("noise_fraction", 0.0)
    return {
        "n_hidden": settings.get("n_hidden", networks.N_HIDDEN),
        "n_updates": n_updates,
        "noise_fraction": noise,
    }


def label(row):
    """The name of a row, with its number of hidden units and updates."""
    if row["model"] == "rVAE":
        return row["model"]
    found = size(row)
    return f"{row['model']}, {found['n_hidden']} units, {found['n_updates']} updates"


def table(rows):
    """Rows of the networks, one per setting, with mean and spread over the seeds."""
    result = []
    for _, seeds in itertools.groupby(rows, identity):
        seeds = list(seeds)
        first = seeds[0]
        of_seeds = {
            way: results.mean_and_spread([row["mse"][way] for row in seeds])
            for way in WAYS
            if way in first["mse"]
        }
        result.append(
            {
                "label": label(first),
                **{key: first[key] for key in ("model", "rendering", "setting", "settings")},
                **(size(first) if first["model"] != "rVAE" else {}),
                "poster": POSTER.get(first["model"]),
                "mse": {way: mean for way, (mean, _) in of_seeds.items()},
                "mse_spread": {way: spread for way, (_, spread) in of_seeds.items()},
                "seconds": float(np.median([row["seconds"] for row in seeds])),
                "n_seeds": len(seeds),
                "seeds": seeds,
            }
        )
    return result


def predictions(rows, folder, n_shown=12, first=30):
    """What balls_table.png shows of one unseen video, in the authors' rendering if possible.

    Parameters
    ----------
    rows : of `table`; of the kept networks of a model, the one with the least error is shown
    n_shown, first : frames first + 1 to first + n_shown

    Returns
    -------
    [(label, frames (n_shown, 900))]: ground truth, then for each network the error (labelled with
    its mean square) of the prediction made one frame before, by its first way
    """
    if not rows:
        return []
    renderings = {row["rendering"] for row in rows}
    rendering = "authors" if "authors" in renderings else renderings.pop()
    rows = [row for row in rows if row["rendering"] == rendering]

    def weights(row):
        seed = row["seeds"][0]["seed"]
        return networks.weights_of(row["model"], rendering, row["setting"], seed, folder)

    kept = [row for row in rows if weights(row).exists()]
    best = {row["model"]: row for row in sorted(kept, key=lambda row: -first_error(row)[1])}
    seed = rows[0]["seeds"][0]["seed"]
    video = baselines.test_videos(Box(rendering=rendering), seed, n_traj=1)
    frames, shown = video.frames[:, : first + n_shown + 1], slice(first, first + n_shown)
    result = [("ground truth", frames[0, shown])]
    for row in sorted(best.values(), key=lambda row: -first_error(row)[1]):
        name, (way, error) = row["model"], first_error(row)
        predict = networks.predictor(name, networks.module(name).load(weights(row))[0], way)
        prediction = predict(frames, np.random.default_rng(seed))[0, first - 1 :][:n_shown]
        n_hidden = row.get("n_hidden", networks.N_HIDDEN)
        units = "" if n_hidden == networks.N_HIDDEN else f"{n_hidden} units, "
        result.append((f"{name}\n{units}{error:.4f}", prediction - frames[0, shown]))
    return result


def first_error(row):
    """The first way in which a row is tested, and its error."""
    way = next(way for way in WAYS if way in row["mse"])
    return way, row["mse"][way]


# %%
def main(argv=None):
    parser = run.parser("balls_table", __doc__, tuple(run.SIZES))
    parser.add_argument(
        "--only",
        metavar=("MODEL", "SETTING"),
        nargs=2,
        help="of --full, one network: --only TRBM noise",
    )
    arguments = run.parse(parser, argv)
    saved, seed, missing = arguments.use_saved, arguments.seed, []
    folder = run.WEIGHTS / "balls_table" if saved else arguments.out / "balls_table"
    run.prepare_folder(arguments.out if saved else folder)
    if saved:
        jobs, missing = saved_jobs(seed, folder)
    else:
        jobs = (full_jobs if arguments.full else quick_jobs)(seed, folder)
    if arguments.only:
        jobs = [job for job in jobs if [job[0]["model"], job[0]["setting"]] == arguments.only]
        if not jobs:
            settings = ", ".join(f"{row['model']!r} {row['setting']}" for row in ROWS)
            parser.error(
                f"argument --only: expected a network and its setting ({settings}), got "
                f"{' '.join(arguments.only)!r}"
            )
    plain = [
        row | {"rendering": rendering}
        for rendering in RENDERINGS
        for row in baselines.baselines(Box(rendering=rendering), seed)
    ]
    rows = table(run_all(jobs, arguments.scheduler))
    missing = [{"label": label(row), "seed": one} for row, one, _ in missing]
    results.write_json(arguments.out / "balls_table.json", plain + rows, seed, missing=missing)
    if shown := predictions(rows, folder):
        figure = figures.plot_predictions(Box().shape, shown, first=31)
        plots.save(figure, arguments.out / "balls_table.png")
    if rows:
        figure = figures.plot_curves(rows, plain, POSTER)
        plots.save(figure, arguments.out / "balls_table_curves.png")
    print_baselines(plain)
    print_rows(rows, plain)
    for row in missing:
        print(f"not trained yet: {row['label']}, seed {row['seed']}")
    print(f"\nwritten: balls_table.json and figures in {arguments.out}; weights: {folder}")


def print_baselines(plain):
    """The predictors without a network, on the terminal."""
    results.print_table(
        [
            ("MSE per pixel", lambda row: row["model"]),
            ("rendering", lambda row: row["rendering"]),
            ("", lambda row: f"{row['mse']:.4f}"),
        ],
        plain,
    )


def print_rows(rows, plain):
    """The networks on the terminal, after the predictor that the authors call 0th order."""

    def error(row, way):
        if way not in row["mse"]:
            return "-"
        spread = row.get("mse_spread", {}).get(way)
        return results.with_spread(row["mse"][way], spread, scale=1, digits=4)

    persistence = [
        row
        | {
            "model": "previous frame (the authors' 0th order)",
            "mse": {"authors": row["mse"]},
            "poster": POSTER["ORDER 0"],
            "n_seeds": "-",
        }
        for row in plain
        if row["model"] == "previous frame" and row["rendering"] == "authors"
    ]
    print()
    results.print_table(
        [
            ("MSE per pixel", lambda row: row["model"]),
            ("rendering", lambda row: row["rendering"]),
            ("units", lambda row: str(row.get("n_hidden", "-"))),
            ("updates", lambda row: str(row.get("n_updates", "-"))),
            ("noise", lambda row: f"{row['noise_fraction']:g}" if "noise_fraction" in row else "-"),
            ("seeds", lambda row: str(row["n_seeds"])),
            ("poster", lambda row: f"{row['poster']:.4f}" if row["poster"] else "-"),
            *((way, lambda row, way=way: error(row, way)) for way in WAYS),
            ("seconds", lambda row: f"{row['seconds']:.0f}" if "seconds" in row else "-"),
        ],
        persistence + rows,
    )


if __name__ == "__main__":
    run.start(main)
