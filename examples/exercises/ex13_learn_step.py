"""Exercise 13: your own rEFH learns to filter spikes.

Minutes: 30. Lines: 12. Before: chapter 3, "The models"; exercise 8.

One update of a recurrent harmonium on the oscillator's spikes, for one time step of a batch. First
the state: x, the mean of the hidden units given the last state u and the spikes y (P4). Then CD-1,
as in exercise 8 with one sweep. Only P5 is another: y counts spikes,

    P5    p(y_t | x_t) = Pois(exp(W_y' x_t + b_y))

Return the gradient and x. The trainer that comes with the check takes a step of Adam, and hands
your x back to you as the u of the next time step. It does so 2000 times, once with clamped=False
(the rEFH) and once with clamped=True (the TRBM). Then it switches the spikes off, and measures how
far each network moves on: 0 if it stays where it is, 1 if it moves at the right speed.

Nothing in your function looks back further than one time step. Predict first: which of the two
networks will move on?
"""

import numpy as np


def learn_step(u, y, W_u, W_y, b_x, b_u, b_y, clamped, rng):
    """The gradient of one update (CD-1, P6), and the next state.

    Parameters
    ----------
    u : (n, n_x) states after the last time step, in [0, 1]
    y : (n, n_y) spikes of this one
    W_u, W_y : (n_x, n_x) and (n_x, n_y)
    b_x, b_u, b_y : (n_x,), (n_x,) and (n_y,)
    clamped : bool; True leaves u as it is in the negative phase
    rng : numpy.random.Generator

    Returns
    -------
    dW_u, dW_y, db_x, db_u, db_y, x
    """
    raise NotImplementedError
