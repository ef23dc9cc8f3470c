"""The loop that all autoencoders share: chunks carried over time, one AdaM step a chunk.

As in refh_numpy/training.py, with a loss that is descended: the states of `chunk` steps are computed forward with the
present weights, the gradient of all chunk * n_traj frames is taken at once, AdaM makes one step, and the last states are
carried into the next chunk. Every batch begins where `infer` does, at autoencoder.first_state.

    D18   m <- beta_1 m + (1 - beta_1) g,    v <- beta_2 v + (1 - beta_2) g^2            (Kingma and Ba 2015)
          theta <- theta - rate * (m / (1 - beta_1^n)) / (sqrt(v / (1 - beta_2^n)) + epsilon)

A few frames at which the states have gone astray can make a gradient a hundred times as long as its neighbours, and a step in
its direction leads further astray. Where that happens (large frames, high rates), long gradients are cut short:

    D46   g <- g min(1, max_norm / |g|),     |g|: all of g as one vector                 (Pascanu, Mikolov and Bengio 2013)

A model that is to do without observations for a while (in a dream it has none) can learn that too: while it learns, it blinks
(`blinks` of the Model). In frames in which its eye is shut, the recognition model is told 0 in place of y, both where the states are
computed and in the gradient; what is to be given back is y. The first SEEN_FIRST frames of a film are always seen. After them, with b
the fraction of frames that are hidden in the long run (in 50 frames, b = 1/3 hides a quarter),

    D53   p(shut | it was open) = b / ((1 - b) BLINK),     p(open | it was shut) = 1 / BLINK

The states are data that move while one learns: what p(u | x) and p(y | x) have learnt of them is always a little out of
date. So a run is best ended with phi frozen: the states stand still, and the generative model catches up with them. (The wake
phase of Hinton, Dayan, Frey and Neal 1995 learns in this way throughout.)
"""
from dataclasses import dataclass, field

import numpy as np

from datasets import checks
from rvae_numpy import autoencoder
from rvae_numpy.autoencoder import LAYERS, PHI, Params

BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-8
BLINK = 10              # frames that a blink lasts, on average
SEEN_FIRST = 5          # first frames of a film, in which the eye is open: a state must have seen where a thing is, and how it moves


def open_eyes(n_traj, T, blinks, rng):
    """In which frames of films the eye is open: (n_traj, T) of bools                                            [D53]"""
    is_open = np.ones((n_traj, T), bool)
    if blinks == 0:
        return is_open
    chance = rng.random((n_traj, T))
    for t in range(SEEN_FIRST, T):
        is_open[:, t] = np.where(is_open[:, t - 1], chance[:, t] >= blinks / ((1 - blinks) * BLINK), chance[:, t] < 1 / BLINK)
    return is_open


def cut_short(g, max_norm):
    """The gradient g, a Params, or one of its direction and of the length max_norm if g is longer                [D46]"""
    length = np.sqrt(sum(float(np.vdot(leaf, leaf)) for leaf in g.leaves()))
    return g if length <= max_norm else g.map(lambda leaf: leaf * leaf.dtype.type(max_norm / length))


@dataclass
class State:
    """With the parameters, all that a run needs to go on to the bit from where it stopped."""
    m: Params               # AdaM's first moments
    v: Params               # AdaM's second moments
    n_updates: int          # updates made
    u: np.ndarray           # (n_traj, n_u) the states carried to the next chunk
    y: np.ndarray           # (n_traj, T_left, n_y) what is left of the present batch
    is_open: np.ndarray     # (n_traj, T_left) in which of its frames the eye is open
    rng: dict               # the generator's state


@dataclass
class Log:
    """The learning curve, and where the run stopped."""
    n_updates: list = field(default_factory=list)       # at the end of each stretch of `every` updates
    loss: list = field(default_factory=list)            # mean loss a frame (nats) over that stretch
    interrupted: bool = False                           # by Ctrl+C
    state: State = None


def adam(theta, gradient, m, v, rate, step):
    """One AdaM step downhill, in place: theta, m and v of one array of parameters                           [D18]"""
    m += (1 - BETA_1) * (gradient - m)
    v += (1 - BETA_2) * (gradient**2 - v)
    theta -= rate * (m / (1 - BETA_1**step)) / (np.sqrt(v / (1 - BETA_2**step)) + EPSILON)


def train(gradient, params, batches, rng, *, n_updates, rate=1e-3, final_rate=0.0, chunk=8, freeze_phi=False, max_norm=None,
          state=None, callback=None, every=1000):
    """Descend for n_updates in all, the rate going in a straight line from `rate` to `final_rate`.

    gradient : (params, u, y, rng) -> (loss, Params), of arrays (n_traj, chunk, n); for a model that blinks
        (params, u, y, rng, told), with what the recognition model is told of y
    params : where to start; not changed
    batches : iterable of (n_traj, T, n_y); one that is endless is read only as far as needed
    freeze_phi : True learns the generative model alone
    max_norm : a longer gradient is cut to this length (D46); None leaves it as it is
    state : log.state of an earlier call, to go on from there with the params that it returned and *further* batches
    callback : called as callback(params, log) after every `every` updates and at the end; what it is shown goes on
        changing, so it copies what it keeps
    returns new params and a Log. Ctrl+C ends the run early, keeping what was learnt (log.interrupted tells); resumed
    from there it goes on learning, but only a state seen by a callback, or the last, goes on to the bit. A run that
    diverges raises FloatingPointError.
    """
    checks.generator("rng", rng)
    n_updates, every = checks.count("n_updates", n_updates), checks.count("every", every)
    chunk = checks.count("chunk", chunk)
    rate = checks.number("rate", rate, low=0, above_low=True)
    final_rate = checks.number("final_rate", final_rate, low=0)
    if max_norm is not None:
        checks.number("max_norm", max_norm, low=0, above_low=True)

    params = params.map(np.copy)
    log = Log()
    if state is None:
        m, v, step = params.map(np.zeros_like), params.map(np.zeros_like), 0
        u = y = is_open = None
    else:
        check_state(state, params, n_updates)
        m, v, step = state.m.map(np.copy), state.v.map(np.copy), state.n_updates
        u, y, is_open = state.u, state.y, state.is_open
        rng.bit_generator.state = state.rng
    batches, blinks = iter(batches), params.model.blinks
    learnt = [name for name in LAYERS if not (freeze_phi and name in PHI)]
    losses = []

    def report():
        log.n_updates.append(step)
        log.loss.append(float(np.mean(losses)))
        log.state = State(m, v, step, u, y, is_open, rng.bit_generator.state)
        losses.clear()
        if callback is not None:
            callback(params, log)

    try:
        with np.errstate(over="ignore", invalid="ignore"):          # of a diverging run: the error below says more
            while step < n_updates:
                if y is None or y.shape[1] == 0:
                    y = autoencoder.check_observations("batches", next_batch(batches, step, n_updates), params)
                    u = autoencoder.first_state(params, y[:, 0])
                    is_open = open_eyes(len(y), y.shape[1], blinks, rng)
                y_now = y[:, :chunk]
                told = y_now * is_open[:, :chunk, None] if blinks else y_now                                       # D53
                states = autoencoder.forward(params, u, told)
                u_prev = np.concatenate([u[:, None], states[:, :-1, :params.n_u]], axis=1)
                loss, g = gradient(params, u_prev, y_now, rng, *([told] if blinks else []))
                if not np.isfinite(loss):
                    raise FloatingPointError("the loss is no longer finite")
                if max_norm is not None:
                    g = cut_short(g, max_norm)
                step += 1
                now = rate + (final_rate - rate) * (step - 1) / n_updates
                for leaf, g_leaf, m_leaf, v_leaf in zip(*(tree.leaves(learnt) for tree in (params, g, m, v))):
                    adam(leaf, g_leaf, m_leaf, v_leaf, now, step)
                u, y, is_open = states[:, -1, :params.n_u], y[:, chunk:], is_open[:, chunk:]
                losses.append(loss)
                if step % every == 0 or step == n_updates:
                    report()
    except KeyboardInterrupt:
        log.interrupted = True
        if y is not None:
            log.state = State(m, v, step, u, y, is_open, rng.bit_generator.state)
    except FloatingPointError as error:
        raise FloatingPointError(f"training diverged at update {step + 1} of {n_updates} (rate {rate:g}): {error}; "
                                 "take a smaller rate") from error
    return params, log


def check_state(state, params, n_updates):
    """The state must be that of a run of these params which is not finished."""
    if not isinstance(state, State):
        raise TypeError(f"state: wanted the State of an earlier run (log.state), got {state!r}")
    wanted = [(leaf.shape, leaf.dtype) for leaf in params.leaves()]
    for moments in (state.m, state.v):
        got = [(leaf.shape, leaf.dtype) for leaf in moments.leaves()]
        if got != wanted:
            raise ValueError(f"state: wanted moments like params, {wanted}, got {got}")
    if state.n_updates >= n_updates:
        raise ValueError(f"n_updates: wanted more than the {state.n_updates} that state has made, got {n_updates}")


def next_batch(batches, step, n_updates):
    try:
        return next(batches)
    except StopIteration:
        raise ValueError(f"batches: wanted enough for {n_updates} updates, but they ended after {step}") from None
