"""rVAE + BPTT: the rVAE's objective, *with* the gradient through u_{t-1}. A control of ours.

The rVAE (rvae.py) with the term that "letting the derivative pass through the expectations" (P12)
leaves out: u_{t-1} was computed with the same parameters, so a change of phi changes u_{t-1}, and
with it the loss of every later step.

    V11  dL/du_t = dL_{t+1}/du_t + F' dL/du_{t+1},      F: d nu / d u_t at step t + 1

    the decoder reconstructs:  u and y          gradient through u_{t-1}:  yes

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from rvae_numpy import _boundary, generation, inference, initial, training
from rvae_numpy.autoencoder import bptt, chunk_gradient


def gradient(params, u, y, rng, y_input=None):
    """The gradient of V8, with backpropagation through time (V11).

    Arguments as for chunk_gradient; returns a Gradient, whose value is the loss.
    """
    loss, local, d_u = chunk_gradient(params, u, y, rng, y_input)
    y_input = y if y_input is None else y_input
    return Gradient(bptt(params, u, y_input, d_u, local), loss)


init = initial.of(__name__, learn_u=True)
train = training.of(gradient, params=_boundary.joint)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next = inference.predict_next
generate, generate_backward = generation.generate, generation.generate_backward
save, load = _boundary.storage.of(__name__)
