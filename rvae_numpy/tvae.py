"""TVAE: the temporal variational autoencoder, without backprop through time.

The poster's row TVAE, which it does not define. Ours is to the rVAE what the TRBM is to the rEFH: the same recognition
model, run forward in the same way, but what is learnt is the observation *given* the previous state, p(y_t | u_{t-1}). So
u_{t-1} is not given back; it sets the prior of x_t.

    D32   L_t = KL(q(x_t | u, y) || p(x_t | u_{t-1})) - E_q[log p(y_t | x_t)],      p(x | u) = N(m(u), e^k(u)), linear m, k

With prior_given_u=False the prior is N(0, I) as in P8, and u is a mere input of the recognition model: p(y_t) is learnt, not
p(y_t | u_{t-1}), and nothing rewards the model for using the past. That is the other thing that a "temporal VAE" may mean;
the table has both, and the poster's figure lies between them.

    the decoder gives back:  y, with u given    gradient through u_{t-1}:  no

Shapes: y (n_traj, T, n_y), u (n_traj, T, n_x): the state is the recognised mean of x.
"""
import numpy as np

from rvae_numpy import autoencoder, storage, training
from rvae_numpy.autoencoder import Model, emission_mean, generate, infer, predict_next

__all__ = ["init", "gradient", "train", "infer", "emission_mean", "predict_next", "generate", "save", "load"]


def init(n_y, n_x, hidden, family, rng, dtype=np.float32, *, activation="tanh", sigma_y=1.0, prior_given_u=True):
    """Weights as autoencoder.init makes them. prior_given_u: learn p(x | u), or keep N(0, I)? (see above)"""
    model = Model(family, activation, sigma_y=sigma_y, learn_u=False, prior_given_u=prior_given_u)
    return autoencoder.init(n_y, n_x, hidden, model, rng, dtype)


def gradient(params, u, y, rng):
    """The local rule: y_t is given back, the previous states taken for data                                [D32]

    u (n_traj, chunk, n_x), y (n_traj, chunk, n_y): previous states, observations
    returns the loss a frame, and its gradient, a Params
    """
    loss, local, _ = autoencoder.frames_gradient(params, u, y, rng)
    return loss, local


def train(params, batches, rng, **settings):
    """Learn from batches (n_traj, T, n_y); the settings are those of training.train."""
    return training.train(gradient, params, batches, rng, **settings)


def save(path, params, **meta):
    """Write a TVAE's weights (.npz), with whatever is worth keeping beside them."""
    storage.save(path, params, "tvae", **meta)


def load(path):
    """params, meta: what `save` wrote."""
    return storage.load(path, "tvae")
