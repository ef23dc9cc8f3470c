"""Exercise 9: backpropagation through time.

Minutes: 40. Lines: 6. Before: chapter 3, H8.

The state is u_t = sigma(a_t) with a_t = W_u u_{t-1} + W_y y_t + b_x. It enters step t + 1 twice:
as data of that step's loss l_{t+1}, with the gradient dl_{t+1}/du_t, and as the input of u_{t+1}.
Backpropagation through time (BPTT) starts at the end:

    H8    dL/du_t = dl_{t+1}/du_t + W_u' dL/da_{t+1}
          dL/da_t = dL/du_t * u_t (1 - u_t)

Nothing follows the last step: dL/du_T = 0. Return dL/da_t for every t. (The local rules of rEFH
and TRBM leave all this out. That is the poster's proposal.)
"""

import numpy as np


def bptt(dl_du, u, W_u):
    """dL/da_t for every t.

    Parameters
    ----------
    dl_du : (T, n); row t is dl/du of the state that *enters* step t. Row 0 is about u_0, which
        depends on no parameter; the state u[t] enters step t + 1
    u : (T, n) states u_1 .. u_T
    W_u : (n, n)

    Returns
    -------
    dL/da (T, n)
    """
    raise NotImplementedError
