"""Check of exercise 16."""

import numpy as np

from datasets import ppc
from examples.exercises._answers import expect
from examples.exercises.checks import _oscillator
from examples.tools import plots


def run(y, u_0, V, d, N, c, encode=np.tanh, join=None, after=None, carried=True, moved=0):
    """States through time, with a mistake in one place"""
    join = join or (lambda e, u: np.concatenate([e, u], axis=1))
    u, states = u_0, []
    for t in range(y.shape[1]):
        joined = join(encode(y[:, t] @ V.T + d), u if carried else u_0)
        new = joined @ N.T + c
        u = after(new) if after else new
        states.append(u)
    states = np.stack(states, axis=1)
    return np.concatenate([u_0[:, None], states[:, :-1]], axis=1) if moved else states


MISTAKES = [
    (
        "the encoding comes first: [e, u], not [u, e]",
        lambda *a: run(*a, join=lambda e, u: np.concatenate([u, e], axis=1)),
    ),
    ("tanh is missing in the encoder", lambda *a: run(*a, encode=lambda v: v)),
    ("the map of [e, u] is linear: no tanh there", lambda *a: run(*a, after=np.tanh)),
    (
        "u goes through a tanh too: only y is encoded",
        lambda *a: run(*a, join=lambda e, u: np.concatenate([e, np.tanh(u)], axis=1)),
    ),
    ("the state is not carried on: every step starts from u_0", lambda *a: run(*a, carried=False)),
    ("d is missing", lambda y, u_0, V, d, N, c: run(y, u_0, V, 0 * d, N, c)),
    ("c is missing", lambda y, u_0, V, d, N, c: run(y, u_0, V, d, N, 0 * c)),
    ("these are u_0 .. u_{T-1}: the results are u_1 .. u_T", lambda *a: run(*a, moved=1)),
    ("V and V' are exchanged", lambda y, u_0, V, d, N, c: run(y, u_0, V.T, d, N, c)),
    (
        "u_{t-1} is missing",
        lambda *a: run(*a, join=lambda e, u: np.concatenate([e, 0 * u], axis=1)),
    ),
    ("y_t is missing", lambda *a: run(*a, join=lambda e, u: np.concatenate([0 * e, u], axis=1))),
    ("sigma in the place of tanh", lambda *a: run(*a, encode=lambda v: 1 / (1 + np.exp(-v)))),
    ("time runs backward: start with y_1", lambda y, *a: run(y[:, ::-1], *a)[:, ::-1]),
    ("u_0 is missing: the first state starts from it", lambda y, u_0, *a: run(y, 0 * u_0, *a)),
    (
        "u_t needs y_t, not y_{t-1}: one step is lost",
        lambda y, *a: run(np.concatenate([0 * y[:, :1], y[:, :-1]], axis=1), *a),
    ),
    (
        "the tanh belongs to the encoding, before u joins it",
        lambda *a: run(*a, encode=lambda v: v, after=np.tanh),
    ),
]


def check(answer):
    """Against the formula written as two sums; as many units everywhere, and different numbers."""
    rng = np.random.default_rng(0)
    for n, T, n_y, n_e, n_x in ((4, 6, 3, 3, 3), (2, 5, 4, 2, 3), (3, 1, 2, 5, 1)):
        y, u_0 = rng.standard_normal((n, T, n_y)), rng.standard_normal((n, n_x))
        V, d = rng.standard_normal((n_e, n_y)), rng.standard_normal(n_e)
        N, c = rng.standard_normal((n_x, n_e + n_x)), rng.standard_normal(n_x)
        N[:, n_e:] *= 0.5
        u, expected = u_0, np.empty((n, T, n_x))
        for t in range(T):
            u = expected[:, t] = (
                np.einsum("xe,ne->nx", N[:, :n_e], np.tanh(np.einsum("ey,ny->ne", V, y[:, t]) + d))
                + np.einsum("xu,nu->nx", N[:, n_e:], u)
                + c
            )
        expect("u", answer, (y, u_0, V, d, N, c), expected, MISTAKES)


LOOK = (
    "One fixed encoding of the spikes and one linear map make a filter: your states follow the "
    "position. With a small weight of y_t they scatter less, and lag more: a filter of first order "
    "must choose. What would a second state have to hold?"
)


def picture(answer):
    """Your filter with an encoding of spikes that least squares finds, and an update by hand."""
    rng = np.random.default_rng(3)
    train, batch = (ppc.sample(n, 200, rng, random_phase=True) for n in (60, 1))
    V, d = 0.1 * rng.standard_normal((200, 15)), rng.standard_normal(200)
    coded = np.tanh(train.y @ V.T + d).reshape(-1, 200)
    target = train.z[..., 0].ravel()
    read = np.linalg.lstsq(np.c_[coded, np.ones(len(coded))], target, rcond=None)[0]
    figure = plots.figure(8, 3.5)
    axis = figure.subplots()
    position = batch.z[0, :, 0]
    time = np.arange(200) * ppc.SYSTEM.dt
    decoded = _oscillator.near_to(position, ppc.decode(batch.y)[0][0])
    axis.plot(time, decoded, ".", color=".7", label="decoded from one time step")
    axis.plot(time, position, "k", label="true position")
    for weight in (0.6, 0.1):
        N = np.concatenate([weight * read[None, :-1], [[1 - weight]]], axis=1)
        c = np.array([weight * read[-1]])
        u = answer(batch.y.astype(float), np.zeros((1, 1)), V.copy(), d.copy(), N, c)
        axis.plot(time, np.asarray(u, float)[0, :, 0], label=f"yours, weight of y_t {weight:g}")
    axis.set(xlabel="time (s)", ylabel="position (rad)")
    axis.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1))
    return figure
