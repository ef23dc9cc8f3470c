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

from datasets.support.loop import Gradient
from refh_numpy import _boundary, generation, harmonium, inference, initial, training


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """CD-k on y_t alone (P6).

    Parameters
    ----------
    u, x_mean : (n_traj, chunk, 0) nothing; (n_traj, chunk, n_x) hidden means
    y : (n_traj, chunk, n_y) observations
    n_sweeps, noise_fraction : Gibbs sweeps; fraction of the chains that start from noise (Q2)

    Returns
    -------
    Gradient: of the loss, and the reconstruction error
    """
    negative = harmonium.negative_phase(
        params, u, y, x_mean, n_sweeps, rng, clamped=0, noise_fraction=noise_fraction
    )
    return Gradient(
        harmonium.cd_gradient(params, u, y, x_mean, negative),
        harmonium.reconstruction_error(y, negative),
    )


init = initial.init_static
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.not_joint("an EFH, which has no u")
save, load = _boundary.storage.of(__name__)
