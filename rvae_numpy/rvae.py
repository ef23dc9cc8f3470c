"""rVAE: the recurrent variational autoencoder, learnt without backpropagation through time.

The poster's box "rVAE" (Abdulsalam and Makin). The autoencoder (autoencoder.py, P7 to P10)
reconstructs from its latent x_t both the present observation y_t and its own previous state
u_{t-1}, with no gradient through u_{t-1}.

    V8   L_t = KL(q(x_t | u, y) || N(0, I)) - E_q[log p(u_{t-1} | x_t)] - E_q[log p(y_t | x_t)]

    the decoder reconstructs:  u and y          gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from rvae_numpy import _boundary, generation, inference, initial, training
from rvae_numpy.autoencoder import chunk_gradient


def gradient(params, u, y, rng, y_input=None):
    """The local rule: u_{t-1} and y_t are reconstructed, u_{t-1} taken as data (P12).

    Arguments as for chunk_gradient; returns a Gradient, whose value is the loss.
    """
    loss, local, _ = chunk_gradient(params, u, y, rng, y_input)
    return Gradient(local, loss)


init = initial.of(__name__, learn_u=True)
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next = inference.predict_next
generate, generate_backward = generation.generate, generation.generate_backward
save, load = _boundary.storage.of(__name__)
