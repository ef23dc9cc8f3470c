"""Linear dynamical systems: the Kalman filter, the RTS smoother, and EM."""

from datasets import __version__
from kalman import em, filtering, lds, smoothing
from kalman.em import Fit, constant_velocity, fit, random_walk
from kalman.filtering import Filtered, kalman_filter
from kalman.lds import LDS, simulate
from kalman.smoothing import Smoothed, rts_smoother
