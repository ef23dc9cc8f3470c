"""Exercise 9: backpropagation through time.

Minutes: 40. Lines: 6. Before: chapter 3, H8.

The state is u_t = sigma(a_t) with a_t = W_u u_{t-1} + W_y y_t + b_x. It enters step t + 1 twice:
as data of that step's loss l_{t+1}, with the gradient dl_{t+1}/du_t, and as the input of u_{t+1}.
Backpropagation through time (BPTT) starts at the end:

    H8    dL/du_t = dl_{t+1}/du_t + W_u' dL/da_{t+1}
          dL/da_t = dL/du_t * u_t (1 - u_t)

Nothing follows the last step: dL/du_T = 0. Return dL/da_t for every t. (The local rules of rEFH
and TRBM leave all this out. The poster proposes that this costs little if the joint is learnt.)
"""

import numpy as np


def bptt(dl_du, u, W_u):
    """dL/da_t for every t.

    Parameters
    ----------
    dl_du : (T, n); rows count from 0: row i is dl_{i+1}/du_i, about the state that *enters* step
        i + 1. Row 0 is about u_0, which depends on no parameter
    u : (T, n) states u_1 .. u_T: row i is u_{i+1}, whose own row of dl_du is i + 1
    W_u : (n, n)

    Returns
    -------
    dL/da (T, n): row i is dL/da_{i+1}
    """
    raise NotImplementedError
