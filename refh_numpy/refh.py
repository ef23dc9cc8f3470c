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

from datasets.support.loop import Gradient
from refh_numpy import _boundary, generation, harmonium, inference, initial, training


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """The local rule (P6): CD-k on the joint of u_{t-1} and y_t.

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
        params, u, y, x_mean, n_sweeps, rng, clamped=0, noise_fraction=noise_fraction
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
generate_backward = generation.generate_backward
save, load = _boundary.storage.of(__name__)
