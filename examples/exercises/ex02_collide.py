"""Exercise 2: two balls collide (datasets, D3; about five lines).

Balls i and j of masses m_i and m_j are at q_i and q_j. They touch and approach each other. Along
the line that joins their centres they exchange momentum; across it nothing changes:

    D3    v_i <- v_i - 2 m_j / (m_i + m_j) ((v_i - v_j)'w) w        v_j likewise
          w = (q_i - q_j) / |q_i - q_j|

Momentum and energy must be the same before and after. (A trap: both right-hand sides mean the
velocities *before* the collision.)
"""

import numpy as np

from examples.exercises._answers import Incorrect, parts, same


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


def check(answer):
    """Momentum, energy, and the velocity across the line of centres are conserved."""
    rng = np.random.default_rng(0)
    for m_i, m_j in ((1.0, 1.0), (1.0, 3.0)):
        q_i, q_j, v_i, v_j = rng.standard_normal((4, 2))
        if (v_i - v_j) @ (q_i - q_j) > 0:
            v_i, v_j = v_j, v_i
        result = answer(q_i.copy(), q_j.copy(), v_i.copy(), v_j.copy(), m_i, m_j)
        after_i, after_j = parts("collide", result, ("v_i", "v_j"))
        w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
        across = np.array([-w[1], w[0]])
        for name, before, after in (("v_i", v_i, after_i), ("v_j", v_j, after_j)):
            same(
                f"{name}, the part across the line of centres",
                np.dot(after, across),
                before @ across,
                1e-9,
            )
        same(
            f"momentum (masses {m_i:g}, {m_j:g})",
            m_i * after_i + m_j * after_j,
            m_i * v_i + m_j * v_j,
            1e-9,
        )
        same(
            f"energy (masses {m_i:g}, {m_j:g})",
            m_i * after_i @ after_i + m_j * after_j @ after_j,
            m_i * v_i @ v_i + m_j * v_j @ v_j,
            1e-9,
        )
        if np.allclose(after_i, v_i):
            raise Incorrect("v_i: expected a change, got the velocity before the collision")
