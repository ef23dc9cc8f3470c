"""rEFH + BPTT: a control that the poster lacks.

The rEFH (refh.py) with backpropagation through time, as the RTRBM (rtrbm.py) is the TRBM with it
(the authors' code has the same model: rEFH-BPTT in RBM/EFH.m). It is far worse than either;
README.md, in this folder, says why.

    H8    dL/dtheta = [P6, with u as data] + sum_t (dL/da_t) da_t/dtheta,
          a_t = W_u u_{t-1} + W_y y_t + b_x
    H10   dl_t/du_{t-1} = -W_u' E[x_t | u_{t-1}, Y_t] - b_u,    l_t = -log p(u_{t-1}, y_t)

harmonium.bptt computes the second sum of H8, back to the start of the chunk. H10 has no term from
the model, unlike H9: the partition function of the joint does not depend on the data's u.

    resampled in the negative phase:  u and y       gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_u) with n_u = n_x.
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from refh_numpy import _boundary, generation, inference, initial, training
from refh_numpy.harmonium import bptt, cd_gradient, negative_phase


def gradient(params, u, y, x_mean, n_sweeps, rng, noise_fraction=0.0):
    """CD-k on the joint of u_{t-1} and y_t, and BPTT (H8, H10).

    Arguments as for negative_phase; returns a Gradient.
    """
    negative = negative_phase(params, u, y, x_mean, n_sweeps, rng, noise_fraction, clamped=0)
    local, error = cd_gradient(params, u, y, x_mean, negative)
    dl_du = -(x_mean @ params.W_u + params.b_u)  # H10
    return Gradient(bptt(params, u, y, x_mean, dl_du, local), error)


init = initial.init
train = training.of(gradient, params=_boundary.with_state)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next, predict_next_mean_field = inference.predict_next, inference.predict_next_mean_field
generate = generation.generate
generate_backward = generation.generate_backward
save, load = _boundary.storage.of(__name__)
