import numpy as np


def decode(y, preferred, circumference):
    c = preferred[y.argmax(1)]
    d = preferred - c[:, None]
    d = (d + circumference / 2) % circumference - circumference / 2
    return c + np.sum(y * d, 1) / np.sum(y, 1)
