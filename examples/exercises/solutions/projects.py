"""The measurements behind the model answers of the project questions.

    python -m examples.exercises.solutions.projects damping
    python -m examples.exercises.solutions.projects spikes
    python -m examples.exercises.solutions.projects sweeps

Each prints the position error (1e-4 rad^2, after the first 100 time steps) of TRBM and rEFH, three
seeds each, beside the decoder of single time steps and the Kalman filter with the true parameters.
120 hidden units and 2000 updates, as in quickstart; `damping` has another training, too. A few
minutes on one core.
"""

import argparse

import numpy as np

from datasets import ppc
from kalman import filtering, lds
from refh_numpy import refh, trbm

SEEDS = 3
SETTLED = 100
SHORT = {"n_x": 120, "n_updates": 2000, "learning_rate": 1e-2}
LARGE = {"n_x": 240, "n_updates": 5000, "learning_rate": 1e-3}
QUESTIONS = {
    "damping": [
        *[(f"damping {d:g}", ppc.System(damping=d), SHORT) for d in (0.25, 0.5, 1.0, 2.0)],
        ("damping 1, 240 hidden units, 5000 updates at 1e-3", ppc.System(damping=1.0), LARGE),
    ],
    "spikes": [
        (f"gain times {g:g}", ppc.System(gain_low=6.4 * g, gain_high=9.6 * g), SHORT)
        for g in (0.5, 1, 2, 4)
    ],
    "sweeps": [(f"CD-{k}", ppc.SYSTEM, SHORT | {"n_sweeps": k}) for k in (1, 3, 10)],
}


def test_set(system, seed):
    """New trajectories of this seed."""
    return ppc.sample(40, 1000, np.random.default_rng([seed, 7]), system, random_phase=True)


def network_error(model, system, seed, n_x, **settings):
    """The error of a network that learns from this seed on."""
    rng = np.random.default_rng(seed)

    def batches():
        while True:
            yield ppc.sample(40, 200, rng, system, random_phase=True).y

    params = model.init(n_x=n_x, n_y=system.n_neurons, family="poisson", rng=rng)
    params, _ = model.train(params, batches(), rng, **settings)
    test = test_set(system, seed)
    z_hat, _ = ppc.decode(model.emission_mean(params, model.infer(params, test.y)), system)
    return 1e4 * np.nanmean(ppc.squared_error(z_hat, test.z[..., 0], system)[:, SETTLED:])


def bounds(system):
    """The errors of the decoder, and of the Kalman filter with the true parameters."""
    test = test_set(system, 0)
    position = test.z[..., 0]
    z_hat, total = ppc.decode(test.y, system)
    near = position + ppc.wrap(np.nan_to_num(z_hat) - position, system)
    observed = np.where(np.isnan(z_hat), np.nan, near)[..., None]
    variance = ppc.decoder_variance(total, system)[..., None, None]
    wide = np.diag([0.3, 0.3])
    model = lds.LDS(system.A, system.C, system.Sigma_z, system.mu_0, wide)
    filtered = filtering.kalman_filter(model, observed, variance).mean[..., 0]
    errors = (observed[..., 0] - position) ** 2, (filtered - position) ** 2
    return [1e4 * np.nanmean(error[:, SETTLED:]) for error in errors]


def main(argv=None):
    parser = argparse.ArgumentParser(
        prog="python -m examples.exercises.solutions.projects",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("question", choices=QUESTIONS)
    for label, system, settings in QUESTIONS[parser.parse_args(argv).question]:
        print(label)
        for name, model in (("TRBM", trbm), ("rEFH", refh)):
            errors = [network_error(model, system, seed, **settings) for seed in range(SEEDS)]
            each = " ".join(f"{error:6.2f}" for error in errors)
            print(f"  {name:10s} {np.mean(errors):6.2f}   ({each})", flush=True)
        decoder, optimal = bounds(system)
        print(f"  decoder    {decoder:6.2f}\n  true KF    {optimal:6.2f}", flush=True)


if __name__ == "__main__":
    main()
