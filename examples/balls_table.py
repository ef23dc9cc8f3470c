"""Table 2 of the poster: bouncing balls, one-step prediction.

Trains the harmoniums on films of three balls, then lets each predict the next frame of 60 unseen videos of 100 frames, and
prints the mean squared error per pixel beside the poster's. A network predicts by clamped Gibbs sampling (25 sweeps, u clamped, one
last pass with means), read out in a 2 x 2 of where a chain starts and how many chains are averaged, and once without sampling:

  noise_1        one chain per frame from noise: our reading of the poster. Can the model generate the next frame from u alone?
  noise_16       the mean of 16 such chains: nearer to E[y | u], which minimises the squared error
  present_1      one chain from the present frame: what a chain does not forget in 25 sweeps is persistence, not prediction
  present_16     the mean of 16 such chains
  mean_field     no sampling: x and y updated alternately by their means, from the present frame

and beside them stand predictors without a network: the mean frame, the previous frame, linear (ridge) regression on the
last frame and on the last two, and balls that go straight on, told their true positions. The rVAE, which the poster's table 2 does
not have, is there too once `python -m examples.balls_generate --full` has trained it: its prediction is the mean over 25 draws of x
given u.

Settings: "authors" are the authors' (400 hidden units, CD-25, one film an update, 102 000 updates, momentum: two hours a
network on a core that is not shared), "half" and "third" the same with 50 000 and 34 000 updates. "ours" are faster, for three
reasons: ten frames of each of ten films an update, so that the frames of an update differ more, which allows a higher rate; the
number of Gibbs sweeps rises from 1 to 25; and in the negative phase a pixel stands for its own mean (family "pixels"); "quick" is
a quarter of that. They are for the rEFH: a network that learns y given u alone is left, after few sweeps from the data, with no
opinion on what is far from it, and chains from noise end anywhere. Predictions are made in the same ways for all of them, with
pixels drawn as 0 or 1 wherever it says samples.

By default, the baselines and a short rEFH (--quick: the same; under five minutes on two cores). --full: all networks, hours. A network that is
done is kept (in DIR/balls_table) and not trained or tested again; one that is interrupted goes on from its last checkpoint.
--use-saved: the networks kept in examples/weights, with what they had in the test; pictures and predictors without a network are
made anew. Draws balls_table.png (truth, predictions, errors) and balls_table_curves.png (the error while it learns).
"""
# %%
import importlib
import itertools
import os
import time
from dataclasses import replace

import numpy as np

from datasets import bouncing_balls
from datasets.bouncing_balls import RENDERINGS, Box
from examples import _films, _plots, _run, balls_generate
from refh_numpy import families, storage

# %% [markdown]
# ## Rows and settings

# %%
POSTER = {"ORDER 0": 0.0120, "TRBM": 0.0124, "rEFH": 0.0067, "RTRBM": 0.0059}
MODELS = {"ORDER 0": "refh_numpy.efh", "TRBM": "refh_numpy.trbm", "rEFH": "refh_numpy.refh",
          "hybrid, w = 0.03": "refh_numpy.hybrid", "hybrid, falling w": "refh_numpy.hybrid", "RTRBM": "refh_numpy.rtrbm", "rVAE": "rvae_numpy.rvae"}
N_HIDDEN, T = 400, 100
AUTHORS = dict(n_traj=1, chunk=100, n_updates=102_000, rate=0.02, momentum=0.9, k=25)
HALF = AUTHORS | dict(n_updates=50_000)
THIRD = AUTHORS | dict(n_updates=34_000)
TUNED = {"RTRBM": AUTHORS | dict(after="half", n_updates=2000, rate=0.01, noise_fraction=0.15)}
FROM_NOISE = {"TRBM": THIRD | dict(noise_fraction=0.5),
              "hybrid, falling w": THIRD | dict(w=[0.3, 0.003], noise_fraction=0.15)}
OURS = dict(family="pixels", n_traj=10, chunk=10, n_updates=20_000, rate=0.05, momentum=0.9, k=[1, 25])
QUICK = OURS | dict(n_updates=4500, k=[1, 8])
TEST = dict(n_traj=60, T=T)
N_TO_FIT = 400                      # films for the regressions
N_CHAINS, CURVE_CHAINS = 16, 4      # averaged in the test; at a point of the learning curve
WAYS = ["noise_1", f"noise_{N_CHAINS}", "present_1", f"present_{N_CHAINS}", "mean_field"]
CHECKPOINT = 500                    # updates
BETWEEN_POINTS = 2000               # of the learning curve, at least: a point takes as long as some 300 updates


def films(rng, box, n_traj):
    """Endless batches of fresh films (n_traj, 100, 900)"""
    return (bouncing_balls.sample(n_traj, T, rng, box).frames for _ in itertools.count())


def squared_error(prediction, frames):
    """Mean squared error a pixel, of predictions (n_traj, T, n) whose entry at t is about frame t + 1"""
    return float(np.mean((prediction[:, :-1] - frames[:, 1:]) ** 2))


# %% [markdown]
# ## Predictors without a network

# %%
def regression(train, frames, n_frames, strength=10.0):
    """Ridge regression of the next frame on the last n_frames, clipped to [0, 1]; nothing is said about the first frames"""
    def design(films):
        pasts = [films[:, n_frames - 1 - lag:films.shape[1] - 1 - lag] for lag in range(n_frames)]
        pasts = np.concatenate([*pasts, np.ones_like(pasts[0][..., :1])], axis=-1)
        return pasts.reshape(-1, pasts.shape[-1])

    X, Y = design(train), train[:, n_frames:].reshape(-1, train.shape[-1])
    weights = np.linalg.solve(X.T @ X + strength * np.eye(X.shape[1], dtype=X.dtype), X.T @ Y)
    prediction = np.clip(design(frames) @ weights, 0, 1)
    return float(np.mean((prediction - frames[:, n_frames:].reshape(prediction.shape)) ** 2))


def baselines(box, seed):
    """[{"model", "mse"}] of the predictors without a network"""
    train = bouncing_balls.sample(N_TO_FIT, T, np.random.default_rng([seed, 2]), box).frames
    test = test_films(box, seed)
    frames = test.frames
    step = np.diff(test.position, axis=1, prepend=test.position[:, :1] - test.velocity[:, :1])
    straight_on = bouncing_balls.render(np.clip(test.position + step, 0, box.side), box)
    return [{"model": "mean frame", "mse": squared_error(np.broadcast_to(train.mean((0, 1)), frames.shape), frames)},
            {"model": "previous frame", "mse": squared_error(frames, frames)},
            {"model": "regression on one frame", "mse": regression(train, frames, 1)},
            {"model": "regression on two frames", "mse": regression(train, frames, 2)},
            {"model": "constant velocity, true positions", "mse": squared_error(straight_on, frames)}]


# %% [markdown]
# ## Networks
# Each is trained on films that it sees once. The biases of the pixels start at the mean frame, so that no time is spent on
# learning it. The state after the present frame predicts the next one; the static model has no state, and all that it can
# say about the next frame is what it makes of the present one.

# %%
def test_films(box, seed):
    return bouncing_balls.sample(**TEST, rng=np.random.default_rng([seed, 1]), box=box)


def module(name):
    return importlib.import_module(MODELS[name])


def start(name, rng, box, family):
    params = module(name).init(N_HIDDEN, box.resolution**2, family, rng)
    return replace(params, b_y=_films.logit_of_mean(bouncing_balls.sample(200, 10, rng, box).frames))


def train(name, seed, box, settings, path, watch=lambda params, log: None):
    """Parameters after the training; checkpoints at `path` on the way, and on from there if there is one

    settings["after"] : the setting of an earlier training of this network, whose weights this one starts from
    """
    settings = dict(settings)
    after = settings.pop("after", None)
    rng = np.random.default_rng([seed, 5 if after else 3])
    params = start(name, rng, box, settings.pop("family", "bernoulli"))
    if after:
        params, _ = module(name).load(weights_of(name, box.rendering, after, seed, path.parent))
    batches = films(rng, box, settings.pop("n_traj"))
    return _run.learn(module(name), storage, MODELS[name].rpartition(".")[2], params, batches, rng, path, watch, CHECKPOINT, **settings)


def prediction_of(name, params, frames, way, rng):
    """(n_traj, T, 900): the predictions of a network in one way"""
    model, (start, _, n_chains) = module(name), way.partition("_")
    u = model.infer(params, frames)
    if name == "rVAE":
        return model.predict_next(params, u, rng)
    if name == "ORDER 0":
        return model.emission_mean(params, u)
    params = replace(params, family=families.get("bernoulli"))          # whatever it was while it learnt
    if way == "mean_field":
        return model.predict_next_by_means(params, u, frames)
    return model.predict_next(params, u, rng, n_chains=int(n_chains), start=frames if start == "present" else None)


def errors(name, params, frames, rng, n_chains=N_CHAINS):
    """{way of predicting: mean squared error per pixel}; ORDER 0 and the rVAE have but one way"""
    model = module(name)
    if name == "rVAE":                                      # video by video: its Jacobians take room
        found = [model.predict_next(params, model.infer(params, video[None]), rng) for video in frames]
        return {f"noise_{n_chains}": squared_error(np.concatenate(found), frames)}
    params = replace(params, family=families.get("bernoulli"))          # whatever it was while it learnt
    u = model.infer(params, frames)
    if name == "ORDER 0":
        return {"present_1": squared_error(model.emission_mean(params, u), frames)}
    result = {}
    for start, first in (("noise", None), ("present", frames)):
        chains = [model.predict_next(params, u, rng, start=first) for _ in range(n_chains)]
        result[f"{start}_1"] = float(np.mean([squared_error(chain, frames) for chain in chains]))
        result[f"{start}_{n_chains}"] = squared_error(sum(chains) / n_chains, frames)
    return result | {"mean_field": squared_error(model.predict_next_by_means(params, u, frames), frames)}


# %% [markdown]
# ## Runs

# %%
def file(folder, name, rendering, setting, seed, suffix):
    return folder / f"{name.replace(' ', '_').replace(',', '')}_{rendering}_{setting}_{seed}{suffix}"


def weights_of(name, rendering, setting, seed, folder):
    """The file of a network's weights; the rVAE's come from balls_generate, and are kept where that keeps them"""
    if name != "rVAE":
        return file(folder, name, rendering, setting, seed, ".npz")
    kept = folder.parent / "balls_generate.npz"
    return kept if kept.exists() else folder.parent / "balls_generate" / f"rVAE_{seed}_stage_2.npz"


def run(name, seed, rendering, setting, settings, folder):
    """Train and test one network; its row, which is written beside its weights, or was before"""
    row_file = file(folder, name, rendering, setting, seed, ".json")
    if (row := _run.kept(row_file, {"settings": settings})) is not None:
        return row
    box = Box(rendering=rendering)
    params, meta = trained(name, seed, rendering, setting, settings, folder)
    begun = time.monotonic()
    frames = test_films(box, seed).frames
    mse = errors(name, params, frames, np.random.default_rng([seed, 4]))
    row = {"model": name, "seed": seed, "rendering": rendering, "setting": setting, "settings": settings,
           "mse": mse, "curve": meta.get("curve", []),
           "seconds": meta["seconds"], "seconds_of_test": time.monotonic() - begun, "version": meta["version"]}
    _run.keep(row_file, row)
    return row


def trained(name, seed, rendering, setting, settings, folder):
    """params and what is known of them (curve, seconds, version): of a training that is done, made, or gone on with, now"""
    box = Box(rendering=rendering)
    some = test_films(box, seed + 1000).frames[:20]         # the curve is drawn on other films than the test's

    def watch(params, log, past):
        n = log.n_updates[-1]
        if n % max(settings["n_updates"] // 10 // CHECKPOINT * CHECKPOINT, BETWEEN_POINTS) == 0:
            found = errors(name, params, some, np.random.default_rng(seed), CURVE_CHAINS)
            past["curve"].append({"n_updates": n, **found})
            said = ", ".join(f"{way} {error:.4f}" for way, error in found.items())
            print(f"  {name}, {rendering}, seed {seed}: {n} of {settings['n_updates']} updates: {said}", flush=True)

    return _run.trained(module(name), weights_of(name, rendering, setting, seed, folder), {"settings": settings},
                        lambda path, callback: train(name, seed, box, settings, path, callback), watch,
                        {"curve": [], "seconds": 0.0}, seed=seed, rendering=rendering)


def run_all(jobs, n_workers):
    """Rows of all jobs (arguments of run), n_workers at a time"""
    rows = _run.in_parallel("table 2", run, jobs, n_workers, lambda row: (
        f"{row['model']}, {row['rendering']}, seed {row['seed']}: {min(row['mse'].values()):.4f} at best ({row['seconds']:.0f} s)"))
    return sorted(rows, key=lambda row: (list(MODELS).index(row["model"]), row["rendering"], row["setting"], row["seed"]))


# %% [markdown]
# ## The pictures

# %%
def strips(rows, folder, n_shown=12, first=30):
    """[(label, frames (n_shown, 900))] of one unseen film in each rendering: the truth, what each network said a frame
    before, in its best way, and the error; of networks with several seeds, the first"""
    result = []
    rows = {(row["model"], row["rendering"], row["setting"]): row for row in reversed(rows)}.values()
    rows = sorted(rows, key=lambda row: list(MODELS).index(row["model"]))
    shown = slice(first, first + n_shown)
    for rendering in RENDERINGS:
        of_these = [row for row in rows if row["rendering"] == rendering]
        if not of_these:
            continue
        frames = test_films(Box(rendering=rendering), of_these[0]["seed"]).frames[:1, :first + n_shown + 1]
        result.append((f"truth\n({rendering})", frames[0, shown]))
        for row in of_these:
            name, setting, seed = row["model"], row["setting"], row["seed"]
            params, _ = module(name).load(weights_of(name, rendering, setting, seed, folder))
            best = min(row["mse"], key=row["mse"].get)
            prediction = prediction_of(name, params, frames, best, np.random.default_rng(seed))
            prediction = prediction[0, first - 1:first + n_shown - 1]
            result += [(f"{name} ({setting}),\n{best}", prediction), ("error", prediction - frames[0, shown])]
    return result


def draw(shape, strip):
    n_shown = len(strip[0][1])
    figure = _plots.figure(9, 0.62 * len(strip) + 0.4)
    grid = figure.subplots(len(strip), n_shown, squeeze=False)
    for line, (label, frames) in zip(grid, strip):
        signed = label == "error"
        for axes, frame in zip(line, frames):
            picture = axes.imshow(frame.reshape(shape), origin="lower", cmap="RdBu_r" if signed else "Greys_r",
                                  vmin=-1 if signed else 0, vmax=1)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=8)
        figure.colorbar(picture, ax=list(line), pad=0.01, ticks=[-1, 0, 1] if signed else [0, 1])
    figure.suptitle("Frame after frame: what was predicted a frame before", fontsize=10, x=0.01, ha="left")
    return figure


def draw_curves(rows, plain):
    """How far the training goes: the error on films that are not the test's, as it falls. Hollow: Sutskever's rendering"""
    figure = _plots.figure(10, 4.2)
    dashes = {"ours": (0, (4, 2)), "quick": (0, (1, 1))}
    lines = {line["model"]: line["mse"] for line in plain if line["rendering"] == "authors"}
    panels = figure.subplots(1, 2, sharey=True)
    for axes, way, title in zip(panels, ("noise_1", "mean_field"), ("One chain from noise (the poster's cell)", "Mean field")):
        for row in rows:
            if row["curve"] and way in row["mse"]:
                axes.plot([point["n_updates"] / 1000 for point in row["curve"]], [point[way] for point in row["curve"]],
                          marker=_plots.MARKERS[row["model"]], markersize=4,
                          markerfacecolor="white" if row["rendering"] == "sutskever" else None,
                          color=_plots.COLOURS[row["model"]], linestyle=dashes.get(row["setting"], "-"),
                          label=f"{row['model']} ({row['setting']}; {row['rendering']})")
        for line, style in (("previous frame", "--"), ("regression on two frames", ":")):
            axes.axhline(lines[line], color="black", linestyle=style, linewidth=1, label=f"{line} (authors)")
        axes.set(title=title, xlabel="thousand updates", yscale="log")
        axes.set_yticks([0.003, 0.005, 0.01, 0.02, 0.05], ["0.003", "0.005", "0.01", "0.02", "0.05"])
        axes.minorticks_off()
    for name in [name for name in POSTER if any(row["model"] == name for row in rows)]:
        panels[0].plot(1.02, POSTER[name], marker="<", color=_plots.COLOURS[name], clip_on=False,
                       transform=panels[0].get_yaxis_transform())
    panels[0].set_ylabel("MSE a pixel (triangles: the poster's)")
    once = {label: line for axes in panels for line, label in zip(*axes.get_legend_handles_labels())}
    panels[1].legend(once.values(), once, fontsize=8, loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


# %%
def main(argv=None):
    parser = _run.parser("balls_table", __doc__, tuple(_run.SIZES))
    parser.add_argument("--only", metavar="NAME", nargs=2, help="of --full, one network and its settings: --only TRBM noise")
    arguments = _run.parse(parser, argv)
    folder = _run.WEIGHTS / "balls_table" if arguments.use_saved else arguments.out / "balls_table"
    _run.prepare_folder(arguments.out if arguments.use_saved else folder)
    if arguments.use_saved:
        jobs = [(row["model"], row["seed"], row["rendering"], row["setting"], row["settings"], folder)
                for row in (_run.kept(path, {}) for path in sorted(folder.glob("*.json")))]
    elif arguments.full:
        seeds = range(arguments.seed, arguments.seed + 3)               # of what takes less than 20 minutes
        jobs = [("rEFH", seed, "sutskever", "ours", OURS, folder) for seed in seeds]
        jobs += [("ORDER 0", seed, "authors", "quick", QUICK, folder) for seed in seeds]
        jobs += [(name, arguments.seed, "authors", setting, settings, folder) for name, setting, settings in (
            ("TRBM", "third", THIRD), ("rEFH", "authors", AUTHORS),
            ("hybrid, w = 0.03", "half", HALF | dict(w=0.03)), ("RTRBM", "half", HALF),
            *((name, "noise", settings) for name, settings in FROM_NOISE.items()),
            *((name, "tuned", settings) for name, settings in TUNED.items()))]
        rvae_job = "rVAE", arguments.seed, "sutskever", "films", balls_generate.FINISH, folder
        if weights_of("rVAE", *rvae_job[2:4], arguments.seed, folder).exists():
            jobs.append(rvae_job)
        else:
            print("without the rVAE, which python -m examples.balls_generate --full trains (with the same --seed and --out)")
    else:
        jobs = [(name, arguments.seed, "sutskever", "quick", QUICK, folder) for name in ("ORDER 0", "rEFH")]
    if arguments.only:
        jobs = [job for job in jobs if [job[0], job[3]] == arguments.only]
        if not jobs:
            parser.error(f"argument --only: expected a network and its settings in the table, got {' '.join(arguments.only)!r}")
    plain = [row | {"rendering": rendering} for rendering in RENDERINGS
             for row in baselines(Box(rendering=rendering), arguments.seed)]
    print_rows(plain, [])
    rows = run_all(jobs, os.cpu_count())
    _run.write_json(arguments.out / "balls_table.json", plain + rows, arguments.seed)
    written = ["balls_table.json"]
    if rows:
        _plots.save(draw(Box().shape, strips(rows, folder)), arguments.out / "balls_table.png")
        _plots.save(draw_curves(rows, plain), arguments.out / "balls_table_curves.png")
        written += ["balls_table.png", "balls_table_curves.png"]
    print()
    print_rows(plain, rows)
    print(f"\nwritten: {', '.join(written)} in {arguments.out}; weights: {folder}")


def print_rows(plain, rows):
    def error(seeds, way):
        if way not in seeds[0]["mse"]:
            return "-"
        return _run.with_spread(*_run.mean_and_spread([row["mse"][way] for row in seeds]), scale=1, digits=4)

    _run.print_table([("MSE a pixel", lambda row: row["model"]), ("rendering", lambda row: row["rendering"]),
                      ("", lambda row: f"{row['mse']:.4f}")], plain)
    if rows:
        print()
        _run.print_table([
            ("MSE a pixel", lambda seeds: seeds[0]["model"]), ("rendering", lambda seeds: seeds[0]["rendering"]),
            ("settings", lambda seeds: seeds[0]["setting"]), ("seeds", lambda seeds: str(len(seeds))),
            ("poster", lambda seeds: f"{POSTER[seeds[0]['model']]:.4f}" if seeds[0]["model"] in POSTER else "-"),
            *((way, lambda seeds, way=way: error(seeds, way)) for way in WAYS),
            ("seconds", lambda seeds: f"{np.median([row['seconds'] for row in seeds]):.0f}"),
        ], [list(seeds) for _, seeds in itertools.groupby(rows, lambda row: (row["model"], row["rendering"], row["setting"]))])


if __name__ == "__main__":
    main()
