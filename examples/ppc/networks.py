"""The models of Table 1: how they are trained or fitted, how they are tested, what is kept."""

import importlib
import time
from dataclasses import asdict, replace

import numpy as np

from datasets import ppc
from examples.ppc import coasting, oscillator
from examples.tools import results
from rvae_numpy import autoencoder
from rvae_numpy.mlp import Layer

SIZES = {"refh_numpy": dict(n_x=240, n_y=15), "rvae_numpy": dict(n_x=2, n_y=15, hidden=64)}

# Of the linear theory (appendix A) with sigma_u = (0.05, 0.10): the state's part of nu, mu_u, and
# the first latent's gain, per rad of the decoded position
FIXED_POINT = {"nu": [[0.73, 0.0285], [-0.039, 0.99]], "mu_u": [[1.0, -0.039], [0.039, 1.0]]}
GAIN, RIDGE = 0.27 / 0.41, 1e-3


def test_data(seed):
    """The trajectories on which every model of this seed is tested."""
    return ppc.sample(**oscillator.TEST, rng=np.random.default_rng([seed, 1]))


def train_and_test(row, seed, folder):
    """Train (or fit) and test one model; write FOLDER/NAME_SEED.json, and the weights beside it.

    Parameters
    ----------
    row : {"model": its name, "settings": ...}; settings["model"] is the module of a network, and a
        Kalman filter has none; "n_free_runs": of coasting, if not N_RUNS

    Returns
    -------
    row with "mse" and "mse_after_100" in rad^2, "coasting", "seconds" of CPU time, ...; of several
    restarts, the network that predicts the next spikes best, on validation trajectories
    """
    start, settings = time.process_time(), dict(row["settings"])
    if "model" not in settings:
        found = test_filter(*fitted_filter(row, seed), seed)
        return finish(row, seed, folder, found, start)
    model, n_restarts = module(settings), settings.pop("n_restarts", 1)
    rng, runs = np.random.default_rng([seed, 2]), []
    for _ in range(n_restarts):
        params = initialised(model, settings, rng)
        params = oscillator.train(model, params, rng, settings)
        runs.append((params, test_network(model, params, seed, row.get("n_free_runs"))))
    if n_restarts > 1:
        for params, found in runs:
            found["next_step_loss"] = validation_loss(model, params, seed)
        runs.sort(key=lambda run: run[1]["next_step_loss"])
    params, found = runs[0]
    restarts = {"restarts": [found for _, found in runs]} if n_restarts > 1 else {}
    meta = {"seed": seed, "settings": row["settings"], "version": results.version()}
    results.keep_weights(file(folder, row["model"], seed, ".npz"), model, params, **meta)
    return finish(row, seed, folder, found | restarts, start)


def finish(row, seed, folder, found, start):
    """The row with what was found, kept in the folder."""
    row = {**row, "seed": seed, "system": asdict(oscillator.SYSTEM), **found}
    row |= {"seconds": time.process_time() - start, "version": results.version()}
    results.keep(file(folder, row["model"], seed, ".json"), row)
    return row


def kept(row, seed, folder):
    """The row, if it has been run with these settings on this system; otherwise None."""
    asked = row | {"system": asdict(oscillator.SYSTEM)}
    return results.kept(file(folder, row["model"], seed, ".json"), asked)


def said(row):
    """What the line of progress says about a row."""
    return (
        f"{row['model']}, seed {row['seed']}: {1e4 * row['mse']:.2f}e-4 rad² "
        f"({row['seconds']:.0f} s)"
    )


def file(folder, name, seed, suffix):
    """Path of what is kept of one row and seed."""
    name = name.replace(" ", "_").replace(",", "")
    return folder / f"{name}_{seed}{suffix}"


# Networks


def module(settings):
    """The module that settings["model"] names."""
    return importlib.import_module(settings["model"])


def initialised(model, settings, rng):
    """Params before training."""
    options = {name: settings[name] for name in ("prior_given_u",) if name in settings}
    if settings.get("at_fixed_point"):
        options["sigma_u"] = settings["sigmas"][0]
    params = model.init(**SIZES[model.__package__], family="poisson", rng=rng, **options)
    return at_fixed_point(params, rng) if settings.get("at_fixed_point") else params


def at_fixed_point(params, rng):
    """Params of an rVAE whose recognition model begins at a fixed point of the linear theory.

    The first latent is driven by the position, which a ridge regression reads from the initial
    encoding of the spikes; the second by the first alone, so that it holds velocity.
    """
    y = ppc.sample(40, 200, rng, random_phase=True).y
    position = ppc.decode(y)[0]
    seen = np.isfinite(position)
    code = autoencoder.encode(params, y[seen].astype(params.nu.b.dtype))[0].astype(float)
    code = np.column_stack([code, np.ones(len(code))])
    ridge = RIDGE * len(code) * np.eye(code.shape[1])
    weights = np.linalg.solve(code.T @ code + ridge, code.T @ (GAIN * position[seen]))
    from_y, from_u = np.zeros((2, code.shape[1] - 1)), FIXED_POINT["nu"]
    from_y[0], b = weights[:-1], np.array([weights[-1], 0])
    return replace(
        params,
        nu=Layer(np.concatenate([from_y, from_u], axis=1), b),
        decode_u=Layer(np.array(FIXED_POINT["mu_u"]), np.zeros(2)),
    ).map(lambda leaf: leaf.astype(params.nu.b.dtype))


def load(name, seed, settings, folder):
    """Module and params of a network that was trained before; None, None if there is none."""
    model = module(settings)
    try:
        return model, model.load(file(folder, name, seed, ".npz"))[0]
    except FileNotFoundError:
        return None, None


def test_network(model, params, seed, n_free_runs=None):
    """{"mse", "mse_after_100": rad^2, "coasting"} of a network."""
    test = test_data(seed)
    mse, after = oscillator.mse(oscillator.network_estimate(model, params, test.y), test.z)
    return {
        "mse": mse,
        "mse_after_100": after,
        "coasting": coasting.network(model, params, seed, n_runs=n_free_runs),
    }


def validation_loss(model, params, seed):
    """Loss (nats) of the next spikes, on trajectories that no row is tested on."""
    y = ppc.sample(**oscillator.TEST, rng=np.random.default_rng([seed, 10])).y
    return oscillator.next_step_loss(model, params, y, np.random.default_rng(seed))


# Kalman filters


def fitted_filter(row, seed):
    """The LDS of a Kalman filter, and R if it is learnt: the true parameters, or fitted by EM."""
    if row["model"] == "true parameters":
        return oscillator.true_lds(), None
    rng = np.random.default_rng([seed, 2])
    y = ppc.sample(**oscillator.TEST, rng=rng).y
    if row["settings"]:
        return oscillator.fit_from_random_starts(y, rng, **row["settings"])
    return oscillator.fit_kalman(y, row["model"]), None


def test_filter(model, R, seed):
    """{"mse", "mse_after_100": rad^2, "coasting"} of a Kalman filter."""
    test = test_data(seed)
    mse, after = oscillator.mse(oscillator.kalman_estimate(model, test.y, R), test.z)
    return {"mse": mse, "mse_after_100": after, "coasting": coasting.kalman(model, seed, R)}
