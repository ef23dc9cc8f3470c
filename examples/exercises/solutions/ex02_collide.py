"""In the frame of the centre of mass both balls only change the sign of their velocity
along w. That conserves momentum and energy; the formula D3 is the same, seen from the wall.

Students get wrong: the new v_i in the formula of v_j; the masses exchanged; w not of length 1.
"""

import numpy as np


def collide(q_i, q_j, v_i, v_j, m_i, m_j):
    w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
    approach = (v_i - v_j) @ w
    return v_i - 2 * m_j / (m_i + m_j) * approach * w, v_j + 2 * m_i / (m_i + m_j) * approach * w
