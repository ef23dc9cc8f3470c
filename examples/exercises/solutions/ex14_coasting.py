"""A filter of order 1 has 0 by definition, because its best forecast is its last estimate. A
forecast that jumps to the middle of the oscillation at once has about .5 for every k: look at the
curve, not at one number. The slope has no intercept, because a model that never moves must get 0.

Students get wrong: differences on the circle not wrapped; NaN counted as 0; wrapped true positions.
"""

import numpy as np


def coasting(runs, last, true, circumference):
    half = circumference / 2
    moved = (runs - last[:, None] + half) % circumference - half
    moved = np.nanmean(moved, axis=0)
    truly = true[:, 1:] - true[:, :1]
    return np.sum(moved * truly, axis=0) / np.sum(truly**2, axis=0)
