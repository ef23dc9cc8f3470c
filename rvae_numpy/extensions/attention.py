"""An attention window that follows the bright part of a frame. Not on the poster.

A network without convolutions has to learn every digit again at every place. With a window that
moves with the object, the network sees the same image wherever the object is. The encoding of a
frame has two parts: the image in the window, and the place of the window. A population of units
per coordinate encodes the place, as the Poisson neurons encode the oscillator's position
(datasets/ppc.py), but without noise. (Related: DRAW, Gregor et al. 2015; AIR, Eslami et al. 2016;
SQAIR, Kosiorek et al. 2018. There the window is learnt; here it is computed.)

    X6   c = sum_p p w_p / sum_p w_p,     w_p = max(0, frame(p) - FLOOR)
         the centre of the window: the centre of mass of the brightness
    X7   image(r) = frame(c + r),  r in the window;     place_i = exp(-(p_i - c)^2 / 2 width^2),
         of c's x, then of its y; width: tuning_width

The preferred positions p_i are `spacing` apart and extend MARGIN widths beyond the frame, so that
places at a wall are encoded by as many units as places in the middle. A model's error sums over
these units: the closer they are, the more the place counts.

`decode` is the inverse: it reads c from the populations as in X6 and puts the image there. Images
are interpolated bilinearly between pixels (D6), in both directions, so a decoded frame is slightly
blurred. There is one window per frame: the frame should show one object.

Lengths are in pixels; x to the right, y downwards. Shapes: frames (.., side^2), row by row from the
top; encodings (.., n_y), n_y = window^2 + 2 n_units: image, place in x, place in y; all in [0, 1].
"""

import math
from dataclasses import dataclass

import numpy as np

from datasets.moving_mnist import render
from datasets.support import boundary, checks
from datasets.support.boundary import checked, count, number

FLOOR = 0.05  # brightness, or activity, that counts as none
MARGIN = 2.5  # tuning widths beyond the frame; farther out activity is below FLOOR
MAX_SIDE = 1000
MAX_UNITS_PER_PIXEL = 100


def _spacing(name, value, arguments):
    """1 divided by a whole number"""
    value = checks.number(name, value, 1 / MAX_UNITS_PER_PIXEL, 1)
    if not math.isclose(value * round(1 / value), 1, rel_tol=1e-9):
        raise ValueError(f"{name}: expected 1 divided by a whole number, got {value:g}")
    return value


def _brightness(size):
    """(.., n) values in [0, 1]; size is the property of the window that holds n."""

    def kind(name, value, arguments):
        values = checks.numeric(name, value)
        shape = (*[".."] * max(values.ndim - 1, 0), getattr(arguments["self"], size))
        values = checks.in_range(name, checks.array(name, values, shape), 0, 1)
        return values if values.dtype.kind == "f" else values.astype(float)

    return kind


@dataclass(frozen=True)
@boundary.fields(
    side=count(at_most=MAX_SIDE),
    window=count(at_most=MAX_SIDE),
    tuning_width=number(0, MAX_SIDE, above_low=True),
    spacing=_spacing,
)
class AttentionWindow:
    """The size of the frame, of the window, and the population code of its place."""

    side: int = 64  # of the square frame
    window: int = 28  # side of the square window
    tuning_width: float = 4.0  # standard deviation of the tuning curves
    spacing: float = 0.25  # of preferred positions; 1 divided by a whole number

    @property
    def n_pixels(self):
        """Pixels of a frame"""
        return self.side**2

    @property
    def preferred_positions(self):
        """Of the units, in pixels from the left or upper edge of the frame, (n_units,)"""
        beyond = math.ceil(MARGIN * self.tuning_width)
        n = round((self.side + 2 * beyond) / self.spacing)
        return -beyond + self.spacing * np.arange(n) + self.spacing / 2

    @property
    def n_y(self):
        """Numbers in the encoding of a frame"""
        return self.window**2 + 2 * len(self.preferred_positions)

    @checked(frames=_brightness("n_pixels"))
    def encode(self, frames):
        """The encoding (.., n_y), float32, of frames (.., side^2) in [0, 1] (X6, X7)."""
        axes, frames = frames.shape[:-1], frames.reshape(-1, self.side, self.side)
        bright, pixels = np.maximum(0, frames - FLOOR), np.arange(self.side) + 0.5
        c = np.stack([_centre(pixels, bright.sum(axis)) for axis in (1, 2)], axis=-1)
        # the frame, shifted behind the window
        image = _placed(frames, self.window / 2 - c, self.window)
        distance = self.preferred_positions - c[..., None]
        place = np.exp(-(distance**2) / (2 * self.tuning_width**2))  # X7
        return np.concatenate([image, *np.moveaxis(place, 1, 0)], axis=1, dtype=np.float32).reshape(
            *axes, self.n_y
        )

    @checked(encoding=_brightness("n_y"))
    def decode(self, encoding):
        """Frames (.., side^2), float32, that have this encoding (.., n_y), in [0, 1]."""
        positions, n = self.preferred_positions, self.window**2
        image, *place = np.split(encoding.reshape(-1, self.n_y), [n, n + len(positions)], axis=1)
        c = np.stack(
            [_centre(positions, np.maximum(0, activity - FLOOR)) for activity in place], axis=-1
        )
        images = np.ascontiguousarray(image).reshape(-1, self.window, self.window)
        return _placed(images, c - self.window / 2, self.side).reshape(
            *encoding.shape[:-1], self.n_pixels
        )


def _centre(positions, weights):
    """The mean of positions (n_positions,) under weights (n, n_positions): (n,); without any
    weight, the plain mean                                                                  [X6]"""
    weights = weights.astype(float) + 1e-6
    return weights @ positions / weights.sum(1)


def _placed(images, corner, side):
    """Frames (n, side^2), each with its own image, whose upper left corner is at corner (n, 2)"""
    return render(images, np.arange(len(images))[:, None], corner[:, None, None], side)[:, 0]
