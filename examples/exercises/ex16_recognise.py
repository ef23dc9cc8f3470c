"""Exercise 16: encode, then concatenate.

Minutes: 20. Lines: 6. Before: chapter 4, "The maps"; exercise 5.

The rVAE's recognition model first encodes the observation, and only then joins it with the state.
With one layer, and with the mean of x as the next state, the filter is

    e_t  = tanh(y_t V' + d)                   the encoding knows nothing of u
    u_t  = [e_t, u_{t-1}] N' + c              the mean nu of x, linear in both

Return u_1 .. u_T. The poster's reason: the generative model has u and y independent given x, so
that the effects of u and y on log p(x | u, y) add up. Here they add up in the mean. How does u_t
change with u_{t-1}, and for which other order of the two steps would that depend on y_t?
"""

import numpy as np


def recognise(y, u_0, V, d, N, c):
    """States of the recognition model through time.

    Parameters
    ----------
    y : (n, T, n_y) observations
    u_0 : (n, n_x) initial states
    V, d : (n_e, n_y) and (n_e,) the encoder
    N, c : (n_x, n_e + n_x) and (n_x,) the map of the encoding and the state, in this order

    Returns
    -------
    u (n, T, n_x)
    """
    raise NotImplementedError
