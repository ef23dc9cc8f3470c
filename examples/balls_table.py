"""Table 2 of the poster: bouncing balls, one-step prediction.

Trains harmoniums on videos of three balls. Each then predicts the next frame of 60 unseen videos
of 100 frames; the table has the mean squared error per pixel beside the poster's.

A network predicts by clamped Gibbs sampling: 25 sweeps with u clamped, and one last pass with
means. It is read out in a 2 x 2 of where a chain starts and how many chains are averaged, and
once without sampling:

  noise_1     one chain from noise: our reading of the poster. Can the network generate the next
              frame from u alone?
  noise_16    the mean of 16 such chains: nearer to E[y | u], which minimises the squared error
  present_1   one chain from the present frame: what it does not forget in 25 sweeps is
              persistence, not prediction
  present_16  the mean of 16 such chains
  mean_field  no sampling: x and y are updated alternately by their means, from the present frame

Predictors without a network stand beside them: the mean frame, the previous frame, linear (ridge)
regression on the last frame and on the last two, and an oracle that knows positions and
velocities. The rVAE, which the poster's table lacks, is a row once
"python -m examples.balls_generate --full" has trained it: the mean over 25 samples of x given u.

Settings:

  authors     the authors': 400 hidden units, CD-25, one video per update, momentum, 102 000
              updates (two hours per network on an idle core)
  half        the same with 50 000 updates
  third       the same with 34 000 updates
  noise       "third", with a fraction of the negative chains started from noise (H4)
  long        "noise", with the number of updates of "authors"
  wide        "noise", with 625 hidden units
  wider       "noise", with 1000 hidden units
  tuned       10 000 more updates, with chains from noise: of the TRBM "noise", the RTRBM "half"
  ours        faster: ten frames of each of ten videos per update allow a higher learning rate;
              the sweeps rise from 1 to 25; pixels in the negative phase are means
  quick       a quarter of "ours"
  videos      the rVAE of balls_generate

Without an option (--quick is the same): the baselines and a short rEFH, in five minutes on two
cores. --full trains all networks, in many hours. A network that is done is kept (in
DIR/balls_table); an interrupted training goes on from its last checkpoint. --use-saved reads the
kept networks and their test results, and computes the rest.

Writes balls_table.json, balls_table.png (predictions and errors) and balls_table_curves.png
(error during training).
"""

# %%
import itertools
import os

import numpy as np

from datasets.bouncing_balls import RENDERINGS, Box
from examples import balls_generate
from examples.balls import baselines, figures, networks
from examples.balls.networks import MODELS, WAYS, module, prediction_of, weights_of
from examples.tools import plots, results, run
from examples.tools.jobs import in_parallel

# %% [markdown]
# ## Rows and settings
# `after` names the setting of an earlier training, which this one continues.

# %%
POSTER = {"ORDER 0": 0.0120, "TRBM": 0.0124, "rEFH": 0.0067, "RTRBM": 0.0059}
AUTHORS = dict(
    n_traj=1, chunk=100, n_updates=102_000, learning_rate=0.02, momentum=0.9, n_sweeps=25
)
HALF = AUTHORS | dict(n_updates=50_000)
THIRD = AUTHORS | dict(n_updates=34_000)
FALLING = THIRD | dict(w=[0.3, 0.003])
HYBRID = FALLING | dict(noise_fraction=0.15)
MORE = AUTHORS | dict(n_updates=10_000, learning_rate=0.01)
LONG_TRAININGS = [  # model, setting, settings; one seed
    ("TRBM", "third", THIRD),
    ("rEFH", "authors", AUTHORS),
    ("hybrid, w = 0.03", "half", HALF | dict(w=0.03)),
    ("RTRBM", "half", HALF),
    ("TRBM", "noise", THIRD | dict(noise_fraction=0.5)),
    ("rEFH", "noise", THIRD | dict(noise_fraction=0.15)),
    ("hybrid, falling w", "noise", HYBRID),
    ("hybrid, falling w", "third", FALLING),
    ("hybrid, falling w", "long", HYBRID | dict(n_updates=102_000)),
    ("hybrid, falling w", "wide", HYBRID | dict(n_hidden=625)),
    ("hybrid, falling w", "wider", HYBRID | dict(n_hidden=1000)),
    ("TRBM", "tuned", MORE | dict(after="noise", noise_fraction=0.5)),
    ("RTRBM", "tuned", MORE | dict(after="half", noise_fraction=0.15)),
]
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


# %%
def full_jobs(seed, folder):
    """The jobs (arguments of run) of --full; several seeds of what takes under 20 minutes."""
    seeds = range(seed, seed + 3)
    jobs = [("rEFH", one, "sutskever", "ours", OURS, folder) for one in seeds]
    jobs += [("ORDER 0", one, "authors", "quick", QUICK, folder) for one in seeds]
    jobs += [
        (name, seed, "authors", setting, settings, folder)
        for name, setting, settings in LONG_TRAININGS
    ]
    rvae = "rVAE", seed, "sutskever", "videos", balls_generate.FINISH, folder
    if weights_of("rVAE", *rvae[2:4], seed, folder).exists():
        jobs.append(rvae)
    else:
        print(
            "without the rVAE, which python -m examples.balls_generate --full trains "
            "(with the same --seed and --out)"
        )
    return jobs


def run_all(jobs, n_workers, scheduler=None):
    """Rows of all jobs; those that start from the weights of others run at the end, and here."""
    dependent = [job for job in jobs if "after" in job[4] or job[0] == "rVAE"]
    first = [job for job in jobs if job not in dependent]

    def say(row):
        return (
            f"{row['model']}, {row['rendering']}, seed {row['seed']}: "
            f"{min(row['mse'].values()):.4f} at best ({row['seconds']:.0f} s)"
        )

    rows = in_parallel(
        "table 2", networks.train_and_test, first, n_workers, say, scheduler, networks.kept
    )
    if len(rows) == len(first):  # not interrupted
        rows += in_parallel(
            "table 2", networks.train_and_test, dependent, n_workers, say, kept=networks.kept
        )
    return sorted(
        rows,
        key=lambda row: (
            list(MODELS).index(row["model"]),
            row["rendering"],
            row["setting"],
            row["seed"],
        ),
    )


def table(rows):
    """Rows of the networks, one per setting, with mean and spread over the seeds."""
    result = []
    for _, seeds in itertools.groupby(
        rows, lambda row: (row["model"], row["rendering"], row["setting"])
    ):
        seeds = list(seeds)
        first = seeds[0]
        of_seeds = {
            way: results.mean_and_spread([row["mse"][way] for row in seeds])
            for way in WAYS
            if way in first["mse"]
        }
        result.append(
            {
                "label": f"{first['model']} ({first['setting']})",
                **{key: first[key] for key in ("model", "rendering", "setting", "settings")},
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
    """What balls_table.png shows of one unseen video in each rendering.

    Parameters
    ----------
    rows : of `table`; of a model with several settings, the one with the least error is shown
    n_shown, first : frames first + 1 to first + n_shown

    Returns
    -------
    [(label, frames (n_shown, 900))]: ground truth, then for each network the prediction made one
    frame before, in its best way, and its error (labelled "error")
    """
    result = []
    best = {
        (row["model"], row["rendering"]): row
        for row in sorted(rows, key=lambda row: -min(row["mse"].values()))
    }
    shown = slice(first, first + n_shown)
    for rendering in RENDERINGS:
        chosen = sorted(
            (row for row in best.values() if row["rendering"] == rendering),
            key=lambda row: list(MODELS).index(row["model"]),
        )
        if not chosen:
            continue
        seed = chosen[0]["seeds"][0]["seed"]
        video = baselines.test_videos(Box(rendering=rendering), seed)
        frames = video.frames[:1, : first + n_shown + 1]
        result.append((f"ground truth\n({figures.NAMES[rendering]})", frames[0, shown]))
        for row in chosen:
            name, seed = row["model"], row["seeds"][0]["seed"]
            path = weights_of(name, rendering, row["setting"], seed, folder)
            way = min(row["mse"], key=row["mse"].get)
            prediction = prediction_of(
                name, module(name).load(path)[0], frames, way, np.random.default_rng(seed)
            )[0, first - 1 :][:n_shown]
            result += [(f"{name}\n{way}", prediction), ("error", prediction - frames[0, shown])]
    return result


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
    saved = arguments.use_saved
    folder = run.WEIGHTS / "balls_table" if saved else arguments.out / "balls_table"
    run.prepare_folder(arguments.out if saved else folder)
    if saved:
        kept = (results.kept(path, {}, saved=True) for path in sorted(folder.glob("*.json")))
        jobs = [
            (row["model"], row["seed"], row["rendering"], row["setting"], row["settings"], folder)
            for row in kept
        ]
    elif arguments.full:
        jobs = full_jobs(arguments.seed, folder)
    else:
        jobs = [
            (name, arguments.seed, "sutskever", "quick", QUICK, folder)
            for name in ("ORDER 0", "rEFH")
        ]
    if arguments.only:
        jobs = [job for job in jobs if [job[0], job[3]] == arguments.only]
        if not jobs:
            parser.error(
                "argument --only: expected a network and its settings in the table, got "
                f"{' '.join(arguments.only)!r}"
            )
    plain = [
        row | {"rendering": rendering}
        for rendering in RENDERINGS
        for row in baselines.baselines(Box(rendering=rendering), arguments.seed)
    ]
    print_baselines(plain)
    rows = table(run_all(jobs, os.cpu_count(), arguments.scheduler))
    results.write_json(arguments.out / "balls_table.json", plain + rows, arguments.seed)
    if rows:
        shown = predictions(rows, folder)
        plots.save(
            figures.plot_predictions(Box().shape, shown, first=31),
            arguments.out / "balls_table.png",
        )
        plots.save(
            figures.plot_curves(rows, plain, POSTER), arguments.out / "balls_table_curves.png"
        )
        print_rows(rows, plain)
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
            "setting": "-",
            "mse": {"present_1": row["mse"]},
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
            ("settings", lambda row: row["setting"]),
            ("seeds", lambda row: str(row["n_seeds"])),
            ("poster", lambda row: f"{row['poster']:.4f}" if row["poster"] else "-"),
            *((way, lambda row, way=way: error(row, way)) for way in WAYS),
            ("seconds", lambda row: f"{row['seconds']:.0f}" if "seconds" in row else "-"),
        ],
        persistence + rows,
    )


if __name__ == "__main__":
    run.start(main)
