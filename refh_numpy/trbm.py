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

from refh_numpy import _boundary, generation, inference, initial, training
from refh_numpy.harmonium import cd_gradient, negative_phase


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """The local rule (P6'): CD-k on y_t given u_{t-1}.

    Arguments as for negative_phase; returns a Gradient.
    """
    negative = negative_phase(params, u, y, x_mean, n_sweeps, rng, noise_fraction, clamped=1)
    return cd_gradient(params, u, y, x_mean, negative)


init = initial.init
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.not_joint("a TRBM, which is conditional on u")
save, load = _boundary.storage.of(__name__)
