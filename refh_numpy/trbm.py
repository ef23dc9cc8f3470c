"""TRBM: the temporal restricted Boltzmann machine, without backpropagation through time.

The poster's row TRBM (Sutskever and Hinton 2007). The same harmonium (harmonium.py, P3 to P5), run
forward in the same way, learns the observation *given* its previous state: p(y_t | u_{t-1}).

    P6'   dL/dtheta ~= sum_t E[dE/dtheta](x_t, Y_t, U_{t-1})
                           - E[dE/dtheta](x_t, y_hat_t, U_{t-1})

x_t needs to keep of u_{t-1} only what helps with y_t at once. Without observations
the trained model stays where it is: order 1.

    resampled in the negative phase:  y             gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x. b_u is not used and stays 0.
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from refh_numpy import _boundary, generation, harmonium, inference, initial, training


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """The local rule (P6'): CD-k on y_t given u_{t-1}.

    Parameters
    ----------
    u, x_mean : (n_traj, chunk, n_x) previous states and hidden means
    y : (n_traj, chunk, n_y) observations
    n_sweeps, noise_fraction : Gibbs sweeps; fraction of the chains that start from noise (Q2)

    Returns
    -------
    Gradient: of the loss, and the reconstruction error
    """
    negative = harmonium.negative_phase(
        params, u, y, x_mean, n_sweeps, rng, clamped=1, noise_fraction=noise_fraction
    )
    return Gradient(
        harmonium.cd_gradient(params, u, y, x_mean, negative),
        harmonium.reconstruction_error(y, negative),
    )


init = initial.init
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.not_joint("a TRBM, which is conditional on u")
save, load = _boundary.storage.of(__name__)
