"""How all autoencoders are trained: chunks carried over time, one step of Adam each.

A **chunk** is the truncation window: the time steps of one update. Each update computes the states
of a chunk with the present weights and takes the gradient of all its chunk * n_traj time steps at
once. Adam makes one step, and the last states are carried into the next chunk. Every batch begins
where `infer` does, at infer_u0.

    V12   m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2
          theta <- theta - rate * (m / (1 - beta_1^i)) / (sqrt(v / (1 - beta_2^i)) + epsilon)

V12 is Adam (Kingma and Ba 2015), rate the learning rate at update i. theta moves along -g, because
the loss is minimised. A few outlying states can make a gradient a hundred times as long as usual,
and a step along it makes them worse. Large frames therefore need gradient-norm clipping:

    V13   g <- g min(1, max_norm / |g|),     |g|: all of g as one vector

(Pascanu, Mikolov and Bengio 2013). The states are data that change during training, so p(u | x) and
p(y | x) lag a little behind. It helps to end with decoder-only updates (freeze_phi): the states are
fixed, and the generative model catches up. (It is the wake phase of the wake-sleep algorithm of
Hinton, Dayan, Frey and Neal 1995.) What is not mathematics of an autoencoder (batches, Ctrl+C,
resuming) is in datasets/support/loop.py.

The functions of this module do not check their arguments; the `train` that `of` makes does.
"""

import numpy as np

from datasets.support import boundary, loop
from datasets.support.boundary import number
from datasets.support.loop import State
from rvae_numpy import _boundary, autoencoder
from rvae_numpy.inference import infer_u0
from rvae_numpy.parameters import LAYERS, PHI, unflatten

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8


def adam(theta, gradient, m, v, learning_rate, step):
    """New theta, m, v after one step of Adam (V12)."""
    m = m + (1 - BETA_1) * (gradient - m)
    v = v + (1 - BETA_2) * (gradient**2 - v)
    m_hat, v_hat = m / (1 - BETA_1**step), v / (1 - BETA_2**step)
    return theta - learning_rate * m_hat / (np.sqrt(v_hat) + EPSILON), m, v


def clip_by_norm(g, max_norm):
    """The gradient g (Params), shortened to the length max_norm if it is longer (V13)."""
    leaves, unit = g.leaves().values(), 1.0
    with np.errstate(over="ignore"):
        norm = np.sqrt(sum(float(np.vdot(leaf, leaf)) for leaf in leaves))
    if norm == np.inf:  # the squares overflow: in units of the largest entry they do not
        unit = max(float(np.abs(leaf).max(initial=0)) for leaf in leaves)
        norm = np.sqrt(sum(float(np.vdot(leaf / unit, leaf / unit)) for leaf in leaves))
    if norm * unit <= max_norm:
        return g
    return g.map(lambda leaf: leaf / unit * leaf.dtype.type(max_norm / norm))


def step(params, g, state, rate, learnt):
    """params, m and v after one step of Adam for the layers of these names (V12)."""
    trees = [tree.leaves() for tree in (params, state.m, state.v)]
    for name, g_leaf in g.leaves(learnt).items():
        theta, m, v = (tree[name] for tree in trees)
        # in the dtype of the weights, where NumPy 1 would make float64 of a rate that overflows it
        stepped = adam(theta, g_leaf, m, v, theta.dtype.type(rate), state.n_updates + 1)
        for tree, leaf in zip(trees, stepped, strict=True):
            tree[name] = leaf
    return (unflatten(tree, params.config) for tree in trees)


def rule(
    gradient, params, rng, n_updates, *, chunk=8, freeze_phi=False, max_norm=None, corrupt=None
):
    """The Rule of a training with these settings; the other arguments of `train` are those of
    loop.run.

    Parameters
    ----------
    chunk : time steps per update
    freeze_phi : True for decoder-only updates, which learn the generative model alone
    max_norm : longer gradients are clipped to this norm (V13); None leaves them as they are
    corrupt : function (y, rng) -> y_input, called once per batch (n_traj, T, n_y): the recognition
        model receives y_input, and the reconstruction target stays y. None for y_input = y
    """
    learnt = [name for name in LAYERS if not (freeze_phi and name in PHI)]

    def start(params, y, rng):
        given = {"params": params}
        y = given["y"] = _boundary.observations("n_traj", "T")("batches", y, given)
        y_input = (
            None if corrupt is None else _boundary.y_input("corrupt", corrupt(y.copy(), rng), given)
        )
        return infer_u0.unchecked(params, (y if y_input is None else y_input)[:, 0]), y, y_input

    def update(params, state, rate):
        """(params, state) after one update, and its loss.

        Nothing is changed in place, so an interruption leaves the arguments whole.
        """
        y, y_input, left = state.y[:, :chunk], state.y_input, None
        if y_input is not None:
            y_input, left = y_input[:, :chunk], y_input[:, chunk:]
        states = autoencoder.forward(params, state.u, y if y_input is None else y_input)
        states = states[:, :, : params.n_u]
        u_prev = np.concatenate([state.u[:, None], states[:, :-1]], axis=1)
        g, loss = loop.check_gradient(gradient(params, u_prev, y, rng, y_input), params)
        if not np.isfinite(loss):
            raise FloatingPointError("the loss is no longer finite")
        g = g if max_norm is None else clip_by_norm(g, max_norm)
        params, m, v = step(params, g, state, rate, learnt)
        rest, random = state.y[:, chunk:], rng.bit_generator.state
        return (params, State(m, v, state.n_updates + 1, states[:, -1], rest, random, left)), loss

    sizes = params.n_u, params.n_y, params.nu.b.dtype
    return loop.Rule(sizes, start, update, max_scale=_boundary.max_scale(params.config))


def of(gradient, params=_boundary.autoencoder):
    """The `train` of the model with this gradient.

    gradient : function (params, u, y, rng, y_input) -> Gradient, of arrays (n_traj, chunk, n)
    params : kind of the params that it takes
    """
    kinds = dict(
        params=params,
        freeze_phi=boundary.flag,
        max_norm=number(loop.MIN_RATE),
        corrupt=boundary.function,
        state=_boundary.state,
    )
    return loop.of(rule, gradient, kinds)
