"""Linear dynamical systems: the Kalman filter, the RTS smoother, and EM."""

from datasets import __version__ as __version__
