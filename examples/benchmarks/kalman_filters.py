"""The Kalman filter beside other libraries: the same model, the same result, the cost of each.

The model: one, two or four masses on springs (a state of 2, 4 or 8 numbers), whose positions are
observed with constant noise. First every library must find the same filtered means; then the cost
is measured against the number of time steps, of trajectories, and of state dimensions.

Takes half a minute of CPU time. Draws benchmark_kalman.png.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import importlib

import numpy as np
from scipy.linalg import block_diag

from datasets import ppc
from examples.benchmarks import _timing
from examples.tools import plots, results, run
from kalman import filtering, lds

OURS = "kalman, Numba"
NUMPY = "kalman, NumPy"
BASE = {"T": 300, "n_traj": 2, "n_z": 2}
SHORT = {"T": 100, "n_traj": 2, "n_z": 2}  # while n_traj varies
SIZES = {
    "T": (100, 300, 1000, 3000, 10_000, 30_000),
    "n_traj": (1, 3, 10, 30, 100, 300),
    "n_z": (2, 4, 8),
}
MAX_PYTHON_STEPS = 3000  # in one call, each of about 50 µs
LABELS = {"T": "time steps T", "n_traj": "trajectories n_traj", "n_z": "state dimensions n_z"}
MARKERS = "os^vDPX"
TOLERANCE = 1e-8  # of the filtered means, which are of order 1


def masses(n_z):
    """An LDS of n_z / 2 masses, each heavier than the last, and R, the noise of the positions"""
    systems = [ppc.System(mass=5 * (i + 1)) for i in range(n_z // 2)]
    model = lds.LDS(
        A=block_diag(*(system.A for system in systems)),
        C=np.kron(np.eye(n_z // 2), [[1.0, 0.0]]),
        Sigma_z=block_diag(*(system.Sigma_z for system in systems)),
        mu_0=np.zeros(n_z),
        Sigma_0=0.3 * np.eye(n_z),
    )
    return model, 1e-3 * np.eye(n_z // 2)


# Each function: (library, model, y, R) -> a function that returns the means (n_traj, T, n_z).


def pykalman(library, model, y, R):
    other = library.KalmanFilter(
        model.A,
        model.C,
        model.Sigma_z,
        R,
        initial_state_mean=model.mu_0,
        initial_state_covariance=model.Sigma_0,
    )
    return lambda: np.array([other.filter(one)[0] for one in y])


def step_by_step(make, y, n_z):
    """Of a library whose filter object is moved by predict() and update(y)."""

    def run():
        mean = np.empty((*y.shape[:2], n_z))
        for i in range(len(y)):
            other = make()
            for t in range(y.shape[1]):
                if t > 0:
                    other.predict()
                other.update(y[i, t])
                mean[i, t] = np.ravel(other.x)
        return mean

    return run


def filterpy(library, model, y, R):
    def make():
        other = library.KalmanFilter(dim_x=model.n_z, dim_z=model.n_y)
        other.x, other.P = model.mu_0[:, None].copy(), model.Sigma_0.copy()
        other.F, other.H, other.Q, other.R = model.A, model.C, model.Sigma_z, R
        return other

    return step_by_step(make, y, model.n_z)


def kalman_py(library, model, y, R):
    def make():
        return library.KalmanFilter(
            model.A, model.C, model.Sigma_z, R, x0=model.mu_0, P0=model.Sigma_0
        )

    return step_by_step(make, y, model.n_z)


def simdkalman(library, model, y, R):
    other = library.KalmanFilter(model.A, model.Sigma_z, model.C, R)
    settings = {
        "filtered": True,
        "smoothed": False,
        "initial_value": model.mu_0,
        "initial_covariance": model.Sigma_0,
    }
    return lambda: other.compute(y, 0, **settings).filtered.states.mean


def statsmodels(library, model, y, R):
    def bound(one):
        other = library.KalmanFilter(k_endog=model.n_y, k_states=model.n_z, tolerance=0)
        other["transition"], other["design"] = model.A, model.C
        other["selection"], other["state_cov"] = np.eye(model.n_z), model.Sigma_z
        other["obs_cov"] = R
        other.initialize_known(model.mu_0, model.Sigma_0)
        other.bind(one.copy())
        return other

    others = [bound(one) for one in y]
    return lambda: np.array([other.filter().filtered_state.T for other in others])


LIBRARIES = {
    "statsmodels": ("statsmodels.tsa.statespace.kalman_filter", statsmodels),
    "simdkalman": ("simdkalman", simdkalman),
    "filterpy": ("filterpy.kalman", filterpy),
    "kalman-py": ("kalman_py", kalman_py),
    "pykalman": ("pykalman", pykalman),
}


def installed():
    """{name: (library, function)} of the other libraries that can be imported."""
    found = {}
    for name, (module, function) in LIBRARIES.items():
        try:
            found[name] = importlib.import_module(module), function
        except ImportError:
            _timing.missing(name)
    return found


def candidates(libraries, T, n_traj, n_z, seed):
    """{name: function that returns the filtered means} on the same observations."""
    model, R = masses(n_z)
    y = lds.simulate(model, n_traj, T, R, np.random.default_rng(seed))[1]
    result = {
        OURS: lambda: filtering.kalman_filter(model, y, R).mean,
        NUMPY: lambda: filtering.kalman_filter(model, y, R, compiled=False).mean,
    }
    return result | {
        name: function(library, model, y, R) for name, (library, function) in libraries.items()
    }


def compare(functions):
    """Stop if a library finds other means than ours."""
    means = functions[OURS]()
    for name, function in functions.items():
        difference = np.abs(function() - means).max()
        print(f"{name}: largest difference from {OURS}: {difference:.1e}")
        if not difference < TOLERANCE:
            raise SystemExit(f"{name} and {OURS} disagree")


def python_steps(name, T, n_traj):
    """Steps that the Python interpreter makes in one call; those of compiled code are none"""
    if name in (OURS, "statsmodels"):
        return 0
    return T if name in (NUMPY, "simdkalman") else T * n_traj


def scaling(libraries, seed):
    """Rows {"axis", "name", "sizes", "seconds" per call, "exponent"}."""
    result = []
    for axis, sizes in SIZES.items():
        found = {}
        for size in sizes:
            now = (SHORT if axis == "n_traj" else BASE) | {axis: size}
            functions = {
                name: function
                for name, function in candidates(libraries, **now, seed=seed).items()
                if python_steps(name, now["T"], now["n_traj"]) <= MAX_PYTHON_STEPS
            }
            for row in _timing.rows(_timing.rounds(functions), OURS):
                found.setdefault(row["name"], []).append((size, 1e-6 * row["microseconds"]))
        for name, points in found.items():
            those, seconds = zip(*points, strict=True)
            result.append(
                {
                    "axis": axis,
                    "name": name,
                    "sizes": those,
                    "seconds": seconds,
                    "exponent": _timing.exponent(those, seconds),
                }
            )
    return result


def plot(result):
    """One panel per axis: milliseconds per call, both scales logarithmic."""
    figure = plots.figure(9, 3.4)
    for axes, axis in zip(figure.subplots(1, len(SIZES), sharey=True), SIZES, strict=True):
        for row, marker in zip(
            (row for row in result if row["axis"] == axis), MARKERS, strict=False
        ):
            axes.loglog(
                row["sizes"],
                1e3 * np.array(row["seconds"]),
                marker=marker,
                markersize=4,
                color="black" if row["name"] == OURS else None,
                label=row["name"],
            )
        axes.set(xlabel=LABELS[axis])
        if axis == "n_z":
            axes.set_xticks(SIZES[axis], [str(size) for size in SIZES[axis]])
            axes.minorticks_off()
        if axis == "T":
            axes.set(ylabel="CPU time per call (ms)", title="Cost of the Kalman filter")
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


def print_exponents(result, names):
    """The fitted exponents: a row per library, a column per axis"""
    exponents = {(row["name"], row["axis"]): row["exponent"] for row in result}
    print(f"\nCost of a call = c size^p: p, fitted to the {_timing.N_FIT} largest sizes\n")
    results.print_table(
        [
            ("", lambda name: name),
            *((axis, lambda name, axis=axis: f"{exponents[name, axis]:.2f}") for axis in SIZES),
        ],
        names,
    )


def main(argv=None):
    parser = run.parser("benchmarks.kalman_filters", __doc__, sizes=(), jobs=False)
    arguments = run.parse(parser, argv)
    run.prepare_folder(arguments.out)
    libraries = installed()
    functions = candidates(libraries, **BASE, seed=arguments.seed)
    compare(functions)
    n_steps = BASE["n_traj"] * BASE["T"]
    table = _timing.rows(_timing.rounds(functions, n_steps), OURS)
    _timing.report(
        f"Kalman filter, n_z = 2, {BASE['n_traj']} trajectories of {BASE['T']} steps",
        table,
        "step",
        OURS,
    )
    result = scaling(libraries, arguments.seed)
    print_exponents(result, list(functions))
    plots.save(plot(result), arguments.out / "benchmark_kalman.png")
    _timing.write(arguments.out, "kalman", table + result, arguments.seed)


if __name__ == "__main__":
    run.start(main)
