"""RTRBM: the recurrent temporal restricted Boltzmann machine, with backpropagation through time.

The poster's row RTRBM (Sutskever, Hinton and Taylor 2008). It is the TRBM (trbm.py) with the term
that the local rules leave out: u_{t-1} was computed with the same parameters, so a change of theta
changes u_{t-1} and, through it, the probability of y_t.

    H8    dL/dtheta = [P6', with u as data] + sum_t (dL/da_t) da_t/dtheta,
          a_t = W_u u_{t-1} + W_y y_t + b_x
    H9    dl_t/du_{t-1} = W_u' (E[x_t | u_{t-1}] - E[x_t | u_{t-1}, Y_t]),
          l_t = -log p(y_t | u_{t-1})

harmonium.bptt computes the second sum of H8, back to the start of the chunk. E[x_t | u_{t-1}] in
H9 comes from the negative phase.

    resampled in the negative phase:  y             gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x. b_u is not used and stays 0.
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from refh_numpy import _boundary, generation, inference, initial, training
from refh_numpy.harmonium import bptt, cd_gradient, negative_phase


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """CD-k on y_t given u_{t-1}, and BPTT (H8, H9).

    Arguments as for negative_phase; returns a Gradient.
    """
    negative = negative_phase(params, u, y, x_mean, n_sweeps, rng, noise_fraction, clamped=1)
    local, error = cd_gradient(params, u, y, x_mean, negative)
    dl_du = (negative.x - x_mean) @ params.W_u  # H9
    return Gradient(bptt(params, u, y, x_mean, dl_du, local), error)


init = initial.init
train = training.of(gradient, params=_boundary.with_state)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.not_joint("an RTRBM, which is conditional on u")
save, load = _boundary.storage.of(__name__)
