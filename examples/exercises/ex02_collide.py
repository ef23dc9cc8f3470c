"""Exercise 2: two balls collide.

Minutes: 20. Lines: 5. Before: chapter 1, D3.

Balls i and j of masses m_i and m_j are at q_i and q_j. They touch and approach each other. Along
the line that joins their centres they exchange momentum; across it nothing changes:

    D3    v_i <- v_i - 2 m_j / (m_i + m_j) ((v_i - v_j)'w) w        v_j likewise
          w = (q_i - q_j) / |q_i - q_j|

Momentum and energy must be the same before and after. (A trap: both right-hand sides mean the
velocities *before* the collision.)
"""

import numpy as np


def collide(q_i, q_j, v_i, v_j, m_i, m_j):
    """Velocities after an elastic collision.

    Parameters
    ----------
    q_i, q_j, v_i, v_j : (2,) positions and velocities
    m_i, m_j : masses

    Returns
    -------
    v_i, v_j : (2,) velocities after the collision
    """
    raise NotImplementedError
