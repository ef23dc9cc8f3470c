"""An eye that follows what is bright: what it sees there, and where it looks.

A network without convolutions has to learn every digit anew at every place. An eye saves it that: it turns to the thing, and then
sees the same picture wherever the thing is. It says two things: the picture in the middle of its view, and where it looks. For each
coordinate a population of cells reports the latter, as the Poisson neurons report the oscillator's position (ppc.py), but without noise:

    D51   c = sum_p p w_p / sum_p w_p,     w_p = max(0, frame(p) - FLOOR)                where it looks: the middle of what is bright
    D52   what(r) = frame(c + r),  r in the window;     where_i = exp(-(p_i - c)^2 / 2 width^2), of c's x, then of its y

The cells' places p_i are `spacing` apart, and go on BEYOND the frame, so that a place at a wall is reported by as many cells as one in
the middle. What learns from them adds up its error over all of them: the closer they stand, the more it counts where the thing is.

`draw` is the way back: c is read from the populations as in D51, and the picture is put there. Between pixels, pictures are
interpolated (bilinearly, as in moving_mnist), both in looking and in drawing, so what comes back is a little softer.

An eye can look at one place only: the frame should show one thing.

Lengths are in pixels; x to the right, y downwards. Shapes: frames (.., side^2), row after row from the top;
seen (.., n_y), n_y = window^2 + 2 n_cells: what, where in x, where in y; all in [0, 1].
"""
import math
from dataclasses import dataclass

import numpy as np

from datasets import checks
from datasets.moving_mnist import render

FLOOR = 0.05            # brightness, or activity, that counts as none
BEYOND = 2.5            # widths of the tuning by which the cells' places go beyond the frame: farther out they are below FLOOR


@dataclass(frozen=True)
class Eye:
    side: int = 64              # of the square frame
    window: int = 28            # side of the picture in the middle of the view
    width: float = 4.0          # standard deviation of the cells' tuning
    spacing: float = 0.25       # from the place of one cell to the next; a whole number of them fits into a pixel

    def __post_init__(self):
        checks.count("side", self.side)
        checks.count("window", self.window)
        checks.number("width", self.width, low=0, above_low=True)
        if not (1 / checks.number("spacing", self.spacing, low=0, high=1, above_low=True)).is_integer():
            raise ValueError(f"spacing: wanted 1 divided by a whole number, got {self.spacing:g}")

    @property
    def n_pixels(self):
        """Of a frame"""
        return self.side**2

    @property
    def places(self):
        """Of the cells, in pixels from the frame's left or upper edge: (n_cells,)"""
        beyond = math.ceil(BEYOND * self.width)
        return np.arange(-beyond, self.side + beyond, self.spacing) + self.spacing / 2

    @property
    def n_y(self):
        """Numbers that the eye says of a frame"""
        return self.window**2 + 2 * len(self.places)

    def look(self, frames):
        """What the eye says of frames (.., side^2), brightness in [0, 1]: (.., n_y), float32                     [D51, D52]"""
        frames, axes = checked("frames", frames, self.n_pixels)
        pictures = frames.reshape(-1, self.side, self.side)
        bright, pixels = np.maximum(0, pictures - FLOOR), np.arange(self.side) + 0.5
        c = np.stack([middle(pixels, bright.sum(axis)) for axis in (1, 2)], axis=-1)
        what = placed(pictures, self.window / 2 - c, self.window)                   # the frame, moved behind the window
        where = np.exp(-(self.places - c[..., None]) ** 2 / (2 * self.width**2))
        return np.concatenate([what, *np.moveaxis(where, 1, 0)], axis=1, dtype=np.float32).reshape(*axes, self.n_y)

    def draw(self, seen):
        """Frames (.., side^2), float32, in which the eye would see this: (.., n_y), in [0, 1]"""
        seen, axes = checked("seen", seen, self.n_y)
        what, *where = np.split(seen.reshape(-1, self.n_y), [self.window**2, self.window**2 + len(self.places)], axis=1)
        c = np.stack([middle(self.places, np.maximum(0, cells - FLOOR)) for cells in where], axis=-1)
        pictures = np.ascontiguousarray(what).reshape(-1, self.window, self.window)
        return placed(pictures, c - self.window / 2, self.side).reshape(*axes, self.n_pixels)


def checked(name, values, n):
    """Values (.., n) in [0, 1], and the shape of their other axes; or an error."""
    values = checks.array(name, values, (*[".."] * (np.ndim(values) - 1), n))
    return checks.in_range(name, values, 0, 1), values.shape[:-1]


def middle(places, weights):
    """The mean of places (n_places,) under weights (n, n_places): (n,); where there is no weight, their mean              [D51]"""
    weights = weights.astype(float) + 1e-6
    return weights @ places / weights.sum(1)


def placed(pictures, corner, side):
    """Frames (n, side^2), each with its own picture, of which the upper left corner (x, y) is at corner (n, 2)"""
    return render(pictures, np.arange(len(pictures))[:, None], corner[:, None, None], side)[:, 0]
