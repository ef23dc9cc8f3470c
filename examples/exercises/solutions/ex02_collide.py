import numpy as np


def collide(q_i, q_j, v_i, v_j, m_i, m_j):
    w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
    approach = (v_i - v_j) @ w
    return v_i - 2 * m_j / (m_i + m_j) * approach * w, v_j + 2 * m_i / (m_i + m_j) * approach * w
