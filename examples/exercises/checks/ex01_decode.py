"""Check of exercise 1."""

import numpy as np

from datasets import ppc
from examples.exercises._answers import explanations, fresh, numbers, same
from examples.tools import plots


def parts_of(y, preferred, circumference, centre=None, wrapped=None):
    """The centre c and the mean difference from it, with another centre or another wrapping"""
    c = preferred[y.argmax(1)] if centre is None else centre
    d = preferred - np.reshape(c, (-1, 1))
    half = circumference / 2
    d = (d + half) % circumference - half if wrapped is None else wrapped(d)
    return c, np.sum(y * d, 1) / y.sum(1)


def circular_mean(y, preferred, circumference):
    """The angle of the sum of unit vectors"""
    turn = 2 * np.pi / circumference
    return np.angle(y @ np.exp(1j * turn * preferred)) / turn


def rolled(y, preferred, circumference):
    """Differences by the number of the neuron, as if they stood in order"""
    n = len(preferred)
    number = (np.arange(n) - y.argmax(1)[:, None] + n // 2) % n - n // 2
    return preferred[y.argmax(1)] + (y * number).sum(1) * circumference / n / y.sum(1)


MISTAKES = [
    (
        "the differences are not wrapped: this is the plain average of the c_i",
        lambda y, preferred, circumference: y @ preferred / y.sum(1),
    ),
    (
        "this is only the part after c: add c",
        lambda y, preferred, circumference: parts_of(y, preferred, circumference)[1],
    ),
    (
        "this is only c, the position of the most active neuron",
        lambda y, preferred, circumference: preferred[y.argmax(1)],
    ),
    ("d(c_i, c) is c_i - c, not c - c_i", lambda *a: parts_of(*a)[0] - parts_of(*a)[1]),
    (
        "the sum is divided by the number of neurons, not by the number of spikes",
        lambda y, *a: parts_of(y, *a)[0] + parts_of(y, *a)[1] * y.sum(1) / y.shape[1],
    ),
    (
        "the differences lie between 0 and circumference, not between -1/2 and 1/2 of it",
        lambda y, p, circumference: np.add(
            *parts_of(y, p, circumference, wrapped=lambda d: d % circumference)
        ),
    ),
    (
        "c is the number of the most active neuron, not its position",
        lambda y, preferred, circumference: np.add(
            *parts_of(y, preferred, circumference, centre=y.argmax(1))
        ),
    ),
    ("the angle of a sum of unit vectors is another estimator", circular_mean),
    (
        "the circle has the length `circumference`, not 2 pi",
        lambda y, p, circumference: np.add(
            *parts_of(y, p, circumference, wrapped=lambda d: (d + np.pi) % (2 * np.pi) - np.pi)
        ),
    ),
    ("the neurons need not stand in order: use their positions", rolled),
    (
        "the sum is not divided by the number of spikes",
        lambda y, *a: parts_of(y, *a)[0] + parts_of(y, *a)[1] * y.sum(1),
    ),
]


def check(answer):
    """Against the formula, on the poster's neurons and on others, modulo the circumference."""
    rng = np.random.default_rng(0)
    y = ppc.sample(20, 50, rng).y.reshape(-1, 15)
    system = ppc.SYSTEM
    check_on(answer, rng.poisson(2.0, (200, 9)), rng.permutation(9) * 1.0 - 2, 9.0)
    check_on(answer, y, np.array(system.preferred), system.circumference)


def check_on(answer, y, preferred, circumference):
    """On these neurons; rows with two most active neurons are left out"""
    y = y[(np.sort(y, 1)[:, -1] > np.sort(y, 1)[:, -2])].astype(float)
    arguments = y, preferred, circumference
    expected = np.add(*parts_of(*arguments))

    def turned(got):
        """The same position, at most half a turn from the expected one"""
        off = np.asarray(got) - expected
        return expected + (off + circumference / 2) % circumference - circumference / 2

    got = numbers("z_hat", answer(*fresh(arguments)), expected.shape)
    hints = [(hint, turned(wrong)) for hint, wrong in explanations(MISTAKES, arguments, 0, [got])]
    same("z_hat", turned(got), expected, hints=hints)


LOOK = (
    "The estimate scatters by about two degrees around the true position, and its error has no "
    "memory: each point knows only the spikes of its own time step."
)


def picture(answer):
    """Spikes, and the positions that the answer decodes from them."""
    system, batch = ppc.SYSTEM, ppc.sample(1, 200, np.random.default_rng(1), random_phase=True)
    y, position = batch.y[0].astype(float), batch.z[0, :, 0]
    seen = y.sum(1) > 0
    decoded = np.asarray(answer(y[seen], np.array(system.preferred), system.circumference))
    decoded = position[seen] + ppc.wrap(decoded - position[seen])
    time = np.arange(len(y)) * system.dt
    figure = plots.figure(8, 4.5)
    (above, below) = figure.subplots(2, 1, sharex=True)
    above.imshow(y.T, aspect="auto", origin="lower", cmap="Greys", extent=(0, time[-1], 0, 15))
    above.set(ylabel="neuron", title="spikes per time step")
    below.plot(time, position, "k", label="true position")
    below.plot(time[seen], decoded, ".", label="your estimate")
    below.set(xlabel="time (s)", ylabel="position (rad)")
    below.legend()
    return figure
