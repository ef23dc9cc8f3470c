"""TVAE: the temporal variational autoencoder, without backpropagation through time.

The poster's row TVAE, which it does not define. Ours is to the rVAE what the TRBM is to the rEFH:
the same recognition model, run forward in the same way, but it learns the observation *given* the
previous state, p(y_t | u_{t-1}). u_{t-1} is not reconstructed; it sets the prior of x_t.

    V10  L_t = KL(q(x_t | u, y) || p(x_t | u_{t-1})) - E_q[log p(y_t | x_t)],
         p(x | u) = N(m(u), e^k(u)),   m and k linear

With prior_given_u=False the prior is N(0, I) (P8), and u is only an input of the recognition
model: the model learns p(y_t), and no term of the loss rewards it for using the past. "Temporal
VAE" may mean either; the table has both, and the poster's figure lies between them.

    the decoder reconstructs:  y, with u given  gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
`gradient` does not check its arguments.
"""

from datasets.support.loop import Gradient
from rvae_numpy import _boundary, generation, inference, initial, training
from rvae_numpy.autoencoder import chunk_gradient


def gradient(params, u, y, rng, y_input=None):
    """The local rule: y_t is reconstructed, u_{t-1} taken as data (V10).

    Arguments as for chunk_gradient; returns a Gradient, whose value is the loss.
    """
    loss, local, _ = chunk_gradient(params, u, y, rng, y_input)
    return Gradient(local, loss)


init = initial.of(__name__, learn_u=False, prior_given_u=True)
train = training.of(gradient)
infer, emission_mean = inference.infer, inference.emission_mean
predict_next = inference.predict_next
generate, generate_backward = generation.generate, generation.generate_backward
save, load = _boundary.storage.of(__name__)
