"""Linear dynamical systems: the Kalman filter, the RTS smoother, and EM."""
