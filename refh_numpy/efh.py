"""EFH: the static exponential-family harmonium, the poster's ORDER 0.

The harmonium (harmonium.py, P4 and P5) without a previous state: every time step is learnt as an
example of its own. It uses only the present observation, so it is the baseline of order 0.

    P6    dL/dtheta ~= sum_t E[dE/dtheta](x_t, Y_t)
                           - E[dE/dtheta](x_t, y_hat_t)

Without a state the past carries no information: `predict_next` and `generate` sample p(y).

    resampled in the negative phase:  y             gradient through u_{t-1}:  there is no u

Shapes: y (n_traj, T, n_y); n_u = 0. `infer` returns the hidden means x (n_traj, T, n_x).
`gradient` does not check its arguments.
"""

from refh_numpy import _boundary, generation, inference, initial, training
from refh_numpy.harmonium import cd_gradient, negative_phase


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """CD-k on y_t alone (P6).

    Arguments as for negative_phase; returns a Gradient.
    """
    negative = negative_phase(params, u, y, x_mean, n_sweeps, rng, noise_fraction, clamped=0)
    return cd_gradient(params, u, y, x_mean, negative)


init = initial.init_static
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.not_joint("an EFH, which has no u")
save, load = _boundary.storage.of(__name__)
