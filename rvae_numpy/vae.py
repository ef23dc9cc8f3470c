"""VAE: the static variational autoencoder, the second architecture's ORDER 0.

The autoencoder (autoencoder.py, P8 to P10) without a previous state: each time step is learnt on
its own, and the latent holds the present observation only (Kingma and Welling 2014).

    V8   L_t = KL(q(x_t | y) || N(0, I)) - E_q[log p(y_t | x_t)]

    the decoder reconstructs:  y                gradient through u_{t-1}:  there is no u

Shapes: y (n_traj, T, n_y); n_u = 0. `infer` returns the recognised means of x (n_traj, T, n_x).
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from rvae_numpy import _boundary, generation, inference, initial, training
from rvae_numpy.autoencoder import chunk_gradient


def gradient(params, u, y, rng, y_input=None):
    """The gradient of V8: y_t is reconstructed, and there is no state.

    Arguments as for chunk_gradient; returns a Gradient, whose value is the loss.
    """
    loss, local, _ = chunk_gradient(params, u, y, rng, y_input)
    return Gradient(local, loss)


init = initial.of(__name__, learn_u=False, static=True)
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next = inference.predict_next
generate, generate_backward = generation.generate, generation.generate_backward
save, load = _boundary.storage.of(__name__)
