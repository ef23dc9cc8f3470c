"""rEFH: the recurrent exponential-family harmonium, learnt without backpropagation through time.

The poster's box "rEFH" (Abdulsalam and Makin; Makin, Dichter and Sabes 2016). The harmonium
(harmonium.py, P3 to P5) has the observation y_t and its own previous state u_{t-1} for visible
units, and learns their *joint* distribution p(u_{t-1}, y_t).

    P6    dL/dtheta ~= sum_t E[dE/dtheta](x_t, Y_t, U_{t-1})
                           - E[dE/dtheta](x_t, y_hat_t, u_hat_{t-1})

U_{t-1} depends on theta too, because the model computed it; the gradient ignores that path.
To model u_{t-1} well, x_t must keep the information in u_{t-1}. This pressure takes the place of
backpropagation through time.

    resampled in the negative phase:  u and y       gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
`gradient` does not check its arguments.
"""

from refh_numpy import _boundary, generation, inference, initial, training
from refh_numpy.harmonium import cd_gradient, negative_phase


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """The local rule (P6): CD-k on the joint of u_{t-1} and y_t.

    Arguments as for negative_phase; returns a Gradient.
    """
    negative = negative_phase(params, u, y, x_mean, n_sweeps, rng, noise_fraction, clamped=0)
    return cd_gradient(params, u, y, x_mean, negative)


init = initial.init
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.generate_backward
save, load = _boundary.storage.of(__name__)
