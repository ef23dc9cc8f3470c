"""Does learning the joint replace backprop through time?

Four rules differ in two things: whether the negative phase gives back the previous state (joint: rEFH) or not
(conditional: TRBM), and whether the gradient goes back through time. Two pictures, in local_vs_bptt.png:

  angle     at checkpoints along the training of an rEFH and of a TRBM, the angle between a local gradient and one with
            backprop through time, on the same data, with the same Gibbs samples, in float64: for the joint (rEFH and
            rEFH + BPTT), for the conditional (TRBM and RTRBM), and across, from the rEFH's rule to the RTRBM's
  curves    the error of the four rules while they learn from the same start on the same data, at equal updates and at
            equal seconds

By default one seed, three minutes on two cores; --full: three seeds and longer curves, a quarter of an hour.
"""
# %%
import os
import time

import numpy as np

from datasets import ppc
from examples import _plots, _ppc, _run
from refh_numpy import harmonium, refh, refh_bptt, rtrbm, trbm

RULES = {"TRBM": trbm, "rEFH": refh, "RTRBM": rtrbm, "rEFH + BPTT": refh_bptt}
LOCAL = ("TRBM", "rEFH")
PAIRS = {"joint": (refh, refh_bptt), "conditional": (trbm, rtrbm), "across": (refh, rtrbm)}    # local, with BPTT
N_HIDDEN = 240
BATCH = dict(n_traj=10, T=200)
CHUNK = 50                          # steps an update, for all four: they see the same data in the same portions
RATE = 1e-3
QUICK, DEFAULT, FULL = ({"n_updates": n, "n_looks": looks} for n, looks in ((6, 2), (10_000, 12), (15_000, 12)))
PROBE = dict(n_traj=20, T=100)      # the data on which gradients are compared
N_CHAINS = 10                       # Gibbs chains a frame: the angle shall be that of the gradients, not of their noise


# %% [markdown]
# ## The angle between two gradients
# Both are computed with the same random numbers. Within one objective, then, what differs is the term of backprop
# through time alone; across, from the joint without it to the conditional with it, the samples of u too.

# %%
def angle(local_model, bptt_model, params, y, seed):
    """Angle between the gradients of a local rule and of one with backprop through time, in degrees"""
    params = params.map(lambda leaf: leaf.astype(float))
    y = y.astype(float)
    x_mean = harmonium.forward(params, np.zeros((len(y), len(params.b_u))), y)
    u = harmonium.previous_states(params, np.zeros((len(y), len(params.b_u))), x_mean)
    local, full = (mean_gradient(module.gradient, params, u, y, x_mean, np.random.default_rng(seed))
                   for module in (local_model, bptt_model))
    cosine = local @ full / np.sqrt((local @ local) * (full @ full))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def mean_gradient(gradient, params, u, y, x_mean, rng):
    """The gradient, one flat vector, averaged over N_CHAINS chains a frame"""
    total = 0
    for _ in range(N_CHAINS):
        g, _ = gradient(params, u, y, x_mean, 1, rng)
        total = total + np.concatenate([leaf.ravel() for leaf in g.leaves().values()])
    return total / N_CHAINS


# %% [markdown]
# ## One rule, from the common start

# %%
def learn(rule, seed, n_updates, n_looks):
    """The learning curve of one rule: [(updates, seconds of training, mse)], and angles where the rule is local"""
    rng = np.random.default_rng([seed, 4])          # the same for all rules: the same start, the same trajectories
    params = RULES[rule].init(N_HIDDEN, _ppc.SYSTEM.n_neurons, "poisson", rng)
    data, chains = rng.spawn(2)
    test = ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=np.random.default_rng([seed, 5]))
    probe = ppc.sample(_ppc.SYSTEM, **PROBE, rng=np.random.default_rng([seed, 6]), staggered=True).y
    curve, angles = [], {pair: [] for pair in PAIRS}
    watched = 0.0
    start = time.monotonic()

    def watch(params, log):
        nonlocal watched
        began = time.monotonic()
        error = _ppc.mse(_ppc.network_estimate(RULES[rule], params, test.y), test.z)[0]
        curve.append((log.n_updates[-1], began - start - watched, error))
        if rule in LOCAL:
            for pair, models in PAIRS.items():
                angles[pair].append((log.n_updates[-1], angle(*models, params, probe, seed)))
        watched += time.monotonic() - began

    RULES[rule].train(params, _ppc.training_batches(data, **BATCH), chains, n_updates=n_updates, chunk=CHUNK, rate=RATE,
                      callback=watch, every=n_updates // n_looks)
    return {"model": rule, "seed": seed, "curve": curve, "angles": angles if rule in LOCAL else {}}


def draw(runs):
    figure = _plots.figure(10, 4.2)
    along, updates, seconds = figure.subplots(1, 3)
    styles = {"joint": "-", "conditional": (0, (4, 2)), "across": (0, (1, 1))}
    labels = {"joint": "rEFH's to rEFH + BPTT's", "conditional": "TRBM's to RTRBM's", "across": "rEFH's to RTRBM's"}
    for rule in LOCAL:
        for pair in PAIRS:
            for run in (run for run in runs if run["model"] == rule):
                n, degrees = np.array(run["angles"][pair]).T
                along.plot(n, degrees, color=_plots.COLOURS[rule], linestyle=styles[pair], linewidth=1.2, marker=_plots.MARKERS[rule],
                           markersize=4, markevery=4,
                           label=f"{labels[pair]}, along the {rule}" if run["seed"] == runs[0]["seed"] else None)
    along.axhline(90, color="0.85", linewidth=0.8, zorder=0)
    along.set(xlabel="updates", ylabel="angle (°)", ylim=(0, 120), yticks=[0, 30, 60, 90],
              title="From a local gradient to one with BPTT")
    along.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    for axes, column, label in ((updates, 0, "updates"), (seconds, 1, "seconds, one core")):
        for run in runs:
            curve = np.array(run["curve"])
            axes.plot(curve[:, column], 1e4 * curve[:, 2], color=_plots.COLOURS[run["model"]], marker=_plots.MARKERS[run["model"]],
                      markersize=4, markevery=4, label=run["model"] if run["seed"] == runs[0]["seed"] else None)
        axes.set(xlabel=label, yscale="log", ylabel="MSE (10$^{-4}$ rad²)", ylim=(1.5, 12))
        axes.set_yticks([1.5, 2, 3, 4, 6, 10], labels=["1.5", "2", "3", "4", "6", "10"])
        axes.minorticks_off()
    updates.set(title="Equal updates")
    seconds.set(title="Equal time")
    off = [rule for rule in RULES if min(point[2] for run in runs if run["model"] == rule for point in run["curve"]) > 12e-4]
    updates.text(0.97, 0.97, "".join(f"{rule}: off the scale\n" for rule in off), ha="right", va="top", fontsize=8,
                 transform=updates.transAxes)
    updates.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, fontsize=8)
    return figure


def main(argv=None):
    arguments = _run.parse(_run.parser("local_vs_bptt", __doc__), argv)
    _run.prepare_folder(arguments.out)
    settings = QUICK if arguments.quick else FULL if arguments.full else DEFAULT
    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    jobs = [(rule, seed, *settings.values()) for seed in seeds for rule in reversed(RULES)]
    runs = _run.in_parallel("four rules", learn, jobs, os.cpu_count(), lambda run: (
        f"{run['model']}, seed {run['seed']}: {1e4 * run['curve'][-1][2]:.2f}e-4 rad²"))
    if len(runs) < len(jobs):                   # interrupted: half a comparison is none
        return
    runs.sort(key=lambda run: (run["seed"], list(RULES).index(run["model"])))
    rows = []
    for rule in RULES:
        mine = [run for run in runs if run["model"] == rule]
        mean, spread = _run.mean_and_spread([run["curve"][-1][2] for run in mine])
        rows.append({"model": rule, "mse": mean, "mse_spread": spread, "poster": _ppc.POSTER.get(rule),
                     "seconds": float(np.median([run["curve"][-1][1] for run in mine])),
                     "angles": {pair: np.mean([[degrees for _, degrees in run["angles"][pair]] for run in mine],
                                              axis=0).tolist() for pair in mine[0]["angles"]},
                     "seeds": mine})
    _run.write_json(arguments.out / "local_vs_bptt.json", rows, arguments.seed)
    _plots.save(draw(runs), arguments.out / "local_vs_bptt.png")
    print()
    _run.print_table([
        (f"after {settings['n_updates']} updates", lambda row: row["model"]),
        ("MSE (1e-4 rad²)", lambda row: _run.with_spread(row["mse"], row["mse_spread"], scale=1e4)),
        ("seconds", lambda row: f"{row['seconds']:.0f}"),
        *((f"angle, {pair}", lambda row, pair=pair: f"{np.mean(row['angles'][pair]):.0f}°" if row["angles"] else "-")
          for pair in PAIRS),
    ], rows)
    print(f"\nwritten: local_vs_bptt.png, local_vs_bptt.json in {arguments.out}")


if __name__ == "__main__":
    main()
