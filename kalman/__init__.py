"""Linear dynamical systems: the Kalman filter, the RTS smoother, and EM."""

from datasets import __version__ as __version__
from kalman import em, filtering, lds, smoothing
from kalman.em import Fit, constant_velocity, fit, random_walk
from kalman.filtering import Filtered, kalman_filter
from kalman.lds import LDS, simulate
from kalman.smoothing import Smoothed, rts_smoother

__all__ = [
    "LDS",
    "Filtered",
    "Fit",
    "Smoothed",
    "constant_velocity",
    "em",
    "filtering",
    "fit",
    "kalman_filter",
    "lds",
    "random_walk",
    "rts_smoother",
    "simulate",
    "smoothing",
]
