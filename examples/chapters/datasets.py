"""Figures of chapter 1: spikes, their decoder, and strips of both kinds of video.

Samples one trajectory of the oscillator and one video of each kind, and plots
what the chapter says: positions and velocities decoded from spikes, tuning
curves, the likelihood of one time step, the seam of the circle, the frames.

Takes a few seconds; writes chapter1_*.png. Digits are synthetic, on every machine.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import numpy as np

from datasets import bouncing_balls, digits, moving_mnist, ppc
from examples.tools import plots as _plots
from examples.tools import run as _run

N_STEPS = 163  # one oscillation
STEP = 30  # whose likelihood is shown
DECODED = "#C7733A"
SYSTEM = ppc.SYSTEM


def trajectory(seed):
    """(Batch, time in s) of one oscillation from rest: of eight, the largest."""
    batch = ppc.sample(8, N_STEPS, np.random.default_rng(seed))
    largest = np.argmax(abs(batch.z[:, 0, 0]))
    one = ppc.Batch(*(values[largest : largest + 1] for values in batch))
    return one, SYSTEM.dt * np.arange(N_STEPS)


def result(seed):
    """Positions decoded from single time steps, and velocities from pairs of them."""
    batch, time = trajectory(seed)
    z_hat = ppc.decode(batch.y)[0][0]
    velocity = ppc.wrap(np.diff(z_hat)) / SYSTEM.dt
    figure = _plots.figure(7, 2.8)
    panels = figure.subplots(1, 2)
    panels[0].plot(time, z_hat, "o", color=DECODED, markersize=2)
    panels[1].plot(time[1:], velocity, "o", color=DECODED, markersize=2)
    for axes, truth, name in zip(
        panels, batch.z[0].T, ("position (rad)", "velocity (rad/s)"), strict=True
    ):
        axes.plot(time, truth, color=_plots.GROUND_TRUTH)
        axes.set(xlabel="time (s)", title=name)
    panels[0].text(4.1, -0.2, "decoded from\none time step", color=DECODED, ha="center")
    panels[1].text(0.2, 2.6, "from two time steps", color=DECODED)
    panels[1].text(0.1, -2.9, "line: ground truth", color=_plots.GROUND_TRUTH)
    _plots.letters(panels)
    return figure


def spikes(seed):
    """Tuning curves, and the spikes of one oscillation."""
    batch, time = trajectory(seed)
    figure = _plots.figure(7, 3)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.6))
    positions = np.linspace(-SYSTEM.circumference / 2, SYSTEM.circumference / 2, 400)
    curves = 8 * ppc.tuning(positions)
    left.plot(positions, curves, color="0.75", linewidth=1)
    for neuron, colour in ((7, "#0D4390"), (14, "#D40000")):
        left.plot(positions, curves[:, neuron], color=colour)
        left.annotate(
            f"neuron {neuron + 1}",
            (SYSTEM.preferred[neuron], 8.2 if neuron == 7 else 8.9),
            ha="center" if neuron == 7 else "right",
            color=colour,
        )
    left.set(xlabel="position (rad)", ylabel="mean spikes per time step", ylim=(0, 9.6))
    half = SYSTEM.spacing / 2
    image = right.imshow(
        batch.y[0].T,
        origin="lower",
        aspect="auto",
        cmap="Greys",
        interpolation="nearest",
        extent=(0, time[-1], SYSTEM.preferred[0] - half, SYSTEM.preferred[-1] + half),
    )
    right.plot(time, batch.z[0, :, 0], color=_plots.GROUND_TRUTH_ON_SPIKES)
    right.text(2.7, -0.1, "true position", color=_plots.GROUND_TRUTH_ON_SPIKES)
    right.set(xlabel="time (s)", ylabel="preferred position (rad)")
    figure.colorbar(image, ax=right, label="spikes", shrink=0.8)
    _plots.letters((left, right))
    return figure


def likelihood(seed):
    """The spikes of one time step, their likelihood (P2), and the Gaussian of D1 and D2."""
    batch, _ = trajectory(seed)
    y, gain, truth = batch.y[0, STEP], batch.gain[0, STEP], batch.z[0, STEP, 0]
    z = np.linspace(-SYSTEM.circumference / 2, SYSTEM.circumference / 2, 1001)
    rate = gain * ppc.tuning(z)
    log_p = (y * np.log(rate) - rate).sum(-1)
    z_hat, total = (values[0, 0] for values in ppc.decode(batch.y[:, STEP : STEP + 1]))
    variance = ppc.decoder_variance(total)
    figure = _plots.figure(6.4, 3.4)
    above, below = figure.subplots(2, 1, sharex=True)
    above.bar(SYSTEM.preferred, y, width=0.8 * SYSTEM.spacing, color="0.4")
    above.set(ylabel="spikes", title=f"one time step: {total:.0f} spikes")
    below.plot(z, np.exp(log_p - log_p.max()), color="#0D4390", label="likelihood (P2)")
    below.plot(
        z,
        np.exp(-((z - z_hat) ** 2) / (2 * variance)),
        color=DECODED,
        linestyle=(0, (4, 3)),
        label="Gaussian of D1 and D2",
    )
    for axes in (above, below):
        axes.axvline(truth, color=_plots.GROUND_TRUTH, linewidth=0.8, linestyle=":")
    below.annotate(" true position", (truth, 0.1), va="bottom")
    below.set(
        xlabel="position (rad)",
        ylabel="relative to\nits maximum",
        ylim=(0, 1.1),
        xlim=(z_hat - 0.6, z_hat + 0.6),
    )
    below.legend(loc="upper left", bbox_to_anchor=(0, 1.05))
    return figure


def seam(seed):
    """Spikes on both sides of the seam: their plain mean, and their mean on the circle."""
    rng = np.random.default_rng(seed)
    position = SYSTEM.circumference / 2 - 0.02
    y = rng.poisson(8 * ppc.tuning(position))
    plain = (y * SYSTEM.preferred).sum() / y.sum()
    z_hat = ppc.decode(y[None, None])[0][0, 0]
    figure = _plots.figure(6.4, 2.4)
    axes = figure.subplots()
    axes.bar(SYSTEM.preferred, y, width=0.8 * SYSTEM.spacing, color="0.4")
    for place, colour, text, align in (
        (plain, "#0D4390", "plain mean ", "right"),
        (z_hat, DECODED, "D1 ", "right"),
        (position, "black", " true", "left"),
    ):
        axes.axvline(place, color=colour, linestyle=":" if text == " true" else "-")
        axes.annotate(
            text, (place, 1.02), xycoords=("data", "axes fraction"), ha=align, color=colour
        )
    half = SYSTEM.circumference / 2
    axes.set(xlim=(-half, half), xlabel="position (rad); both ends are the same place")
    axes.set(ylabel="spikes")
    return figure


def strip(frames, shape, every, origin):
    """A row of frames, one in `every`."""
    n = 8
    figure = _plots.figure(7, 1.25)
    for k, axes in enumerate(figure.subplots(1, n)):
        axes.imshow(frames[k * every].reshape(shape), cmap="gray", vmin=0, vmax=1, origin=origin)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"t = {1 + k * every}", fontsize=8)
    return figure


def balls(seed):
    """A video of three balls."""
    video = bouncing_balls.sample(1, 57, np.random.default_rng(seed))
    return strip(video.y[0], video.shape, 8, "lower")


def moving_digits(seed):
    """A video of two digits."""
    rng = np.random.default_rng(seed)
    video = moving_mnist.sample(1, 29, rng, digits.load("synthetic"))
    return strip(video.y[0], video.shape, 4, "upper")


FIGURES = (result, spikes, likelihood, seam, balls, moving_digits)


def main(argv=None):
    _plots.save_all("chapters.datasets", __doc__, "chapter1", FIGURES, argv)


if __name__ == "__main__":
    _run.start(main)
