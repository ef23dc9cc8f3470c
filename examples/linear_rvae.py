"""Linear rVAE: why the rVAE is hard to learn, and which initialisation works.

The linear-Gaussian rVAE can be solved without sampling (appendix A). Three
questions, one figure (linear_rvae.png):

  fixed points   how well does the rVAE filter, and at which order, with 1, 2
                 or 3 latent variables, as a function of sigma_u? (panels A, B)
  basins         which initialisations lead to second order, and which to an
                 autonomous mode: a latent that predicts itself and ignores y?
                 (panels C, D)
  predictions    do rVAEs trained on spikes, nonlinear and with noise, do what
                 the linear theory says? (dots in panels A, B, D)

The theory takes half a minute, the trained models five minutes on two cores;
with --full (three seeds), a quarter of an hour. --quick has the theory alone,
from few initialisations, in ten seconds. Trained models are kept in
DIR/linear_rvae and not trained again. Writes linear_rvae.json as well.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import os

import numpy as np

from datasets import ppc
from examples.ppc import coasting, networks, oscillator
from examples.ppc import linear_theory as theory
from examples.ppc.linear_figure import ANGLES, LATENTS, NAMES, SIGMA, SIGMAS, plot
from examples.ppc_order import readout
from examples.ppc_table import NETWORKS
from examples.tools import plots, results, run
from examples.tools.jobs import in_parallel
from rvae_numpy import rvae

ARGUMENTS = ("seed", "sigma_u", "degrees", "settings")  # of a job, before its folder
TRAINED_SIGMAS = [0.05, 0.07, 0.1, 0.14, 0.2]
SETTINGS = {
    name: value
    for name, value in NETWORKS["rVAE"].items()
    if name not in ("model", "sigmas", "n_restarts")
} | dict(n_updates=30_000)
# of the theory: random initialisations, iterations, initialisations per axis of panel C
THEORY = 24, 4000, 19
QUICK = 6, 300, 7

# %% [markdown]
# ## The nonlinear model
# The rVAE of Table 1 on spikes, trained half as long: for several sigma_u; and, for sigma_u = 0.07,
# from initialisations that rotate the state by an angle per time step. Here nothing keeps the
# eigenvalues inside the unit circle. A run whose states grow without bound has diverged.


# %%
def rotated(params, degrees):
    """The same initialisation, with a map of the state that rotates it by this angle (in place)."""
    params.nu.W[:, -2:] = 0.9 * theory.rotation(degrees)
    params.decode_u.W[:] = 0.95 * theory.rotation(-degrees)  # from x_t to u_{t-1}
    return params


def file(seed, sigma_u, degrees, settings, folder):
    """Path of the row of one rVAE."""
    return folder / f"rVAE_{sigma_u:g}_{degrees}_{seed}.json"


def kept(*job):
    """The row of a finished job, or None."""
    row = results.kept(file(*job), dict(zip(ARGUMENTS, job[:-1], strict=True)))
    return row and with_outcome(row)


def train_and_test(*job):
    """Train and test one rVAE on spikes; arguments: ARGUMENTS and the folder.

    Returns
    -------
    the arguments, "mse" and "mse_after_100" (rad^2; None if it diverged), "velocity_r2",
    "coasting", "slope" of the state per rad, "eigenvalues" of the state's map, and "outcome"
    """
    row = dict(zip(ARGUMENTS, job[:-1], strict=True))
    row |= evaluate(**row)
    results.keep(file(*job), row)
    return with_outcome(row)


def with_outcome(row):
    """The row with its "outcome"."""
    return row | {"outcome": "diverged" if row["mse"] is None else theory.outcome(row)}


def evaluate(seed, sigma_u, degrees, settings):
    """What `train_and_test` says about one rVAE, without its arguments."""
    rng = np.random.default_rng([seed, 6])
    params = rvae.init(**networks.SIZES["rvae_numpy"], family="poisson", rng=rng, sigma_u=sigma_u)
    try:
        params = oscillator.train(rvae, rotated(params, degrees), rng, settings)
    except FloatingPointError:
        return {
            "mse": None,
            "mse_after_100": None,
            "velocity_r2": 0.0,
            "coasting": {},
            "slope": None,
            "eigenvalues": [],
        }
    test = ppc.sample(**oscillator.TEST, rng=np.random.default_rng([seed, 7]))
    u = rvae.infer(params, test.y)
    mse, mse_after_100 = oscillator.mse(oscillator.network_estimate(rvae, params, test.y), test.z)
    eigenvalues = np.linalg.eigvals(params.nu.W[:, -2:])
    return {
        "mse": mse,
        "mse_after_100": mse_after_100,
        "velocity_r2": readout(u, test.z[..., 1]),
        "coasting": coasting.network(rvae, params, seed),
        "slope": slope(u, test.z[..., 0]),
        "eigenvalues": [[float(e.real), float(e.imag)] for e in eigenvalues],
    }


def slope(u, position):
    """Length of the curve that the mean state draws as the position changes, per rad.

    A nonlinear encoder may curve that line, and make it longer than a straight line with the
    variance of the prior. sigma_u counts in relation to its length.

    Parameters
    ----------
    u : (n_traj, T, n_x) states
    position : (n_traj, T) rad

    Returns
    -------
    units of u per rad, between -0.9 and 0.9 rad; None without enough data
    """
    u, position = (
        u[:, oscillator.SETTLED :].reshape(-1, u.shape[-1]),
        position[:, oscillator.SETTLED :].ravel(),
    )
    cell = np.digitize(position, np.linspace(-0.9, 0.9, 19))
    cells = [number for number in range(1, 19) if np.sum(cell == number) >= 50]
    if len(cells) < 2:
        return None
    means = np.array([u[cell == number].mean(0) for number in cells])
    centres = np.array([position[cell == number].mean() for number in cells])
    length = np.linalg.norm(np.diff(means, axis=0), axis=1).sum()
    return float(length / (centres[-1] - centres[0]))


# %% [markdown]
# ## Tables


# %%
def print_fixed_points(points, n_inits, optimal):
    results.print_table(
        [
            ("latents", lambda row: str(row["n_x"])),
            ("sigma_u", lambda row: f"{row['sigma_u']:g}"),
            ("MSE (1e-4 rad²)", lambda row: f"{1e4 * row['mse']:.2f}"),
            ("simulated", lambda row: f"{1e4 * row['simulated']['mse']:.2f}"),
            ("velocity R²", lambda row: f"{row['velocity_r2']:.2f}"),
            ("simulated", lambda row: f"{row['simulated']['velocity_r2']:.2f}"),
            ("coasting 5", lambda row: f"{row['coasting']['5']:.2f}"),
            ("slope (1/rad)", lambda row: f"{row['slope']:.1f}"),
            ("eigenvalues of F", eigenvalues),
            *(
                (f"random: {NAMES[name]}", lambda row, name=name: str(row["random_inits"][name]))
                for name in theory.OUTCOMES
            ),
        ],
        points,
    )
    print(
        f"\ninitialised near the identity; random: how many of {n_inits} random initialisations "
        f"have which outcome. The optimal filter: {1e4 * optimal:.2f}e-4 rad²\n"
    )


def print_basins(points):
    """How many initialisations have which outcome, by eigenvalues and by early autocorrelation."""

    def sign(value):
        return np.sign(np.round(value, 9))

    groups = {
        "eigenvalues of F: both positive": lambda p: sign(min(p["initial_eigenvalues"])) > 0,
        "of opposite signs": lambda p: (
            sign(min(p["initial_eigenvalues"])) < 0 < sign(max(p["initial_eigenvalues"]))
        ),
        "both negative": lambda p: sign(max(p["initial_eigenvalues"])) < 0,
        "one of them 0": lambda p: sign(min(np.abs(p["initial_eigenvalues"]))) == 0,
        f"autocorrelation after {theory.N_EARLY} iterations: positive": lambda p: (
            p["early_autocorrelation"] > 0
        ),
        "negative": lambda p: p["early_autocorrelation"] <= 0,
    }
    results.print_table(
        [
            ("initialisation", lambda name: name),
            ("of", lambda name: str(sum(map(groups[name], points)))),
            *(
                (
                    NAMES[end],
                    lambda name, end=end: str(
                        sum(groups[name](p) and p["outcome"] == end for p in points)
                    ),
                )
                for end in theory.OUTCOMES
            ),
        ],
        list(groups),
    )
    best = min(p["loss"] for p in points if p["outcome"] == "second_order")
    losses = [p["loss"] for p in points if p["outcome"] == "autonomous"]
    print(
        f"loss: second order {best:.2f} at best; autonomous modes "
        f"{min(losses, default=np.nan):.2f} at best, and {sum(loss < best for loss in losses)} "
        f"of {len(losses)} have less than any of second order\n",
        flush=True,
    )


def print_trained(trained, points):
    print()
    results.print_table(
        [
            ("rotation", lambda row: f"{row['degrees']}°"),
            ("sigma_u", lambda row: f"{row['sigma_u']:g}"),
            ("seed", lambda row: str(row["seed"])),
            ("MSE after 100 (1e-4 rad²)", lambda row: in_1e4(row["mse_after_100"])),
            ("theory", lambda row: in_1e4(best_in_theory(points, row))),
            ("rescaled", lambda row: in_1e4(row.get("rescaled_theory", {}).get("mse"))),
            ("velocity R²", lambda row: f"{row['velocity_r2']:.2f}"),
            ("coasting 5", lambda row: f"{row['coasting']['5']:.2f}" if row["coasting"] else "-"),
            ("slope (1/rad)", lambda row: "-" if row["slope"] is None else f"{row['slope']:.1f}"),
            ("eigenvalues", eigenvalues),
            ("outcome", lambda row: NAMES[row["outcome"]]),
        ],
        trained,
    )
    print(
        "\ntheory: up to two latents, initialised near the identity; rescaled: first order, for "
        "sigma_u relative to the slope of the trained network's state"
    )


def best_in_theory(points, row):
    """The theory's MSE for up to two latents at the sigma_u of a trained model, or None."""
    values = [
        point["mse"] for point in points if point["sigma_u"] == row["sigma_u"] and point["n_x"] <= 2
    ]
    return min(values, default=None) if row["degrees"] == 0 else None


def in_1e4(mse):
    return "-" if mse is None else f"{1e4 * mse:.2f}"


def eigenvalues(row):
    return " ".join(
        f"{real:.3f}" + (f"{imaginary:+.3f}i" if imaginary else "")
        for real, imaginary in row["eigenvalues"]
    )


# %%
def main(argv=None):
    arguments = run.parse(run.parser("linear_rvae", __doc__), argv)
    folder = arguments.out / "linear_rvae"
    run.prepare_folder(folder)
    rng = np.random.default_rng([arguments.seed, 8])
    n_inits, n_iterations, n_points = QUICK if arguments.quick else THEORY

    points = theory.fixed_points(LATENTS, SIGMAS, rng, n_inits, n_iterations)
    basins = theory.basins(rng, n_points, n_iterations, SIGMA)
    by_rotation = theory.rotated_inits(rng, n_inits, n_iterations, SIGMA)
    optimal = theory.optimal_filter()
    figure = write(arguments, points, basins, by_rotation, [], optimal)
    print_fixed_points(points, n_inits, optimal)
    print_basins(basins)
    if arguments.quick:
        print(f"\nthe theory alone, no rVAE; written: {figure.name}, linear_rvae.json")
        return

    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    jobs = [(seed, sigma_u, 0, SETTINGS, folder) for seed in seeds for sigma_u in TRAINED_SIGMAS]
    jobs += [(seed, SIGMA, degrees, SETTINGS, folder) for seed in seeds for degrees in ANGLES[1:]]
    trained = in_parallel(
        "rVAEs on spikes",
        train_and_test,
        jobs,
        os.cpu_count(),
        lambda row: f"sigma_u {row['sigma_u']:g}, {row['degrees']:3d}°: {NAMES[row['outcome']]}",
        arguments.scheduler,
        kept,
    )
    trained.sort(key=lambda row: (row["degrees"], row["sigma_u"], row["seed"]))
    for row in trained:
        if row["outcome"] == "first_order" and row["slope"]:
            row["rescaled_theory"] = theory.rescaled(row["sigma_u"], row["slope"], n_iterations)
    figure = write(arguments, points, basins, by_rotation, trained, optimal)
    print_trained(trained, points)
    print(f"\nwritten: {figure.name}, linear_rvae.json in {arguments.out}")


def write(arguments, points, basins, by_rotation, trained, optimal):
    """Write the JSON and the figure of what is known so far; the figure's path."""
    results.write_json(
        arguments.out / "linear_rvae.json",
        points,
        arguments.seed,
        basins=basins,
        rotated=by_rotation,
        trained=trained,
        optimal_filter=optimal,
    )
    return plots.save(
        plot(points, basins, by_rotation, trained, optimal), arguments.out / "linear_rvae.png"
    )


if __name__ == "__main__":
    run.start(main)
