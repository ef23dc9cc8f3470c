"""Linear dynamical systems: the Kalman filter, the RTS smoother, and EM. What an optimal filter makes of the spikes."""
