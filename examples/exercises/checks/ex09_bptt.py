"""Check of exercise 9."""

import numpy as np

from examples.exercises._answers import expect, numerical_gradient, sigmoid
from examples.tools import plots


def backward(
    dl_du,
    u,
    W_u,
    early=1,
    transposed=True,
    derivative=None,
    last=False,
    through=True,
    inner=True,
    sign=1,
):
    """dL/da, with a mistake in one place"""
    T = len(u)
    derivative = u * (1 - u) if derivative is None else derivative
    given = np.concatenate([dl_du[early:], np.zeros((early, u.shape[1]))])
    if last:
        given[-1] = dl_du[-1]
    W, d_a, after = W_u if transposed else W_u.T, np.zeros(u.shape), np.zeros(u.shape[1])
    for t in range(T - 1, -1, -1):
        d_u = given[t] + sign * through * after @ W
        d_a[t] = d_u * derivative[t]
        after = d_a[t] if inner else d_u
    return d_a


MISTAKES = [
    ("W_u in the place of W_u'", lambda *a: backward(*a, transposed=False)),
    (
        "this is the local part only: nothing comes back from later steps",
        lambda *a: backward(*a, through=False),
    ),
    (
        "the state u[t] enters step t + 1: dl_du[t + 1] belongs to it, not dl_du[t]",
        lambda *a: backward(*a, early=0),
    ),
    (
        "sigma' = u (1 - u) is missing",
        lambda dl_du, u, W_u: backward(dl_du, u, W_u, derivative=np.ones(u.shape)),
    ),
    (
        "1 - u^2 is the derivative of tanh; that of the sigmoid is u (1 - u)",
        lambda dl_du, u, W_u: backward(dl_du, u, W_u, derivative=1 - u**2),
    ),
    ("nothing follows the last step: dL/du_T = 0", lambda *a: backward(*a, last=True)),
    (
        "sigma' of another step: dL/da_t needs u_t (1 - u_t)",
        lambda dl_du, u, W_u: backward(dl_du, u, W_u, derivative=np.roll(u * (1 - u), -1, 0)),
    ),
    ("W_u' multiplies dL/da_{t+1}, not dL/du_{t+1}", lambda *a: backward(*a, inner=False)),
    ("W_u' dL/da_{t+1} is subtracted", lambda *a: backward(*a, sign=-1)),
    (
        "this is dL/du, not dL/da: sigma' is missing in the result",
        lambda dl_du, u, W_u: backward(dl_du, u, W_u) / (u * (1 - u)),
    ),
    (
        "the state u[t] enters step t + 1: dl_du[t + 1] belongs to it, not dl_du[t]",
        lambda dl_du, u, W_u: backward(np.concatenate([dl_du[:1], dl_du[:-1]]), u, W_u),
    ),
    (
        "time runs backward: begin with the last step",
        lambda dl_du, u, W_u: backward(dl_du[::-1], u[::-1], W_u)[::-1],
    ),
]


def check(answer):
    """Against central differences of L(a_1 .. a_T) = sum_t dl_du_t u_{t-1}, along each a_t."""
    rng = np.random.default_rng(0)
    for T, n in ((6, 3), (9, 5)):
        W_u, drive = rng.standard_normal((n, n)), rng.standard_normal((T, n))
        u_0, dl_du = rng.random(n), rng.standard_normal((T, n))

        def states(added, W_u=W_u, drive=drive, past=u_0):
            u = []
            for a, more in zip(drive, added, strict=True):
                past = sigmoid(W_u @ past + a + more)
                u.append(past)
            return np.array(u)

        def L(added, states=states, dl_du=dl_du):
            return np.sum(dl_du[1:] * states(added)[:-1])

        nothing = np.zeros((T, n))
        expected = numerical_gradient(L, nothing)
        expect("dL/da", answer, (dl_du, states(nothing), W_u), expected, MISTAKES)


LOOK = (
    "Only the last loss has a gradient. Backward from there, every step multiplies it by about the "
    "same factor: with small weights it vanishes within a few steps, with large ones it explodes."
)


def picture(answer):
    """How far back a gradient reaches, for recurrent weights of several sizes."""
    rng = np.random.default_rng(0)
    T, n = 40, 50
    noise, direction = rng.standard_normal((T, n)), rng.standard_normal((n, n)) / np.sqrt(n)
    figure = plots.figure(6, 3.5)
    axis = figure.subplots()
    for gain in (1.0, 3.0, 6.0, 12.0):
        u, past = np.zeros((T, n)), np.full(n, 0.5)
        for t in range(T):
            past = u[t] = sigmoid(gain * direction @ (past - 0.5) + 0.3 * noise[t])
        dl_du = np.zeros((T, n))
        dl_du[-1] = rng.standard_normal(n)
        d_a = np.asarray(answer(dl_du, u.copy(), gain * direction), float)
        size = np.linalg.norm(d_a, axis=1)[:-1]
        axis.semilogy(np.arange(T - 1) - (T - 2), size / size[-1], label=f"gain {gain:g}")
    axis.set(xlabel="time step, from the last state", ylabel="|dL/da|, relative", ylim=(1e-8, 1e8))
    axis.legend(title="weights")
    return figure
