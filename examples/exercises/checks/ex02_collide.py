"""Check of exercise 2."""

import numpy as np

from examples.exercises._answers import expect
from examples.tools import plots


def collided(q_i, q_j, v_i, v_j, m_i, m_j, unit=True, factor=2, sign=(-1, 1), swap=False):
    """Both velocities, with a mistake in one place"""
    w = q_i - q_j
    w = w / np.linalg.norm(w) if unit else w
    approach = (v_i - v_j) @ w
    weight_i, weight_j = (m_i, m_j) if swap else (m_j, m_i)
    return (
        v_i + sign[0] * factor * weight_i / (m_i + m_j) * approach * w,
        v_j + sign[1] * factor * weight_j / (m_i + m_j) * approach * w,
    )


def one_after_the_other(q_i, q_j, v_i, v_j, m_i, m_j):
    """The trap: v_i after the collision in the formula of v_j"""
    after = collided(q_i, q_j, v_i, v_j, m_i, m_j)[0]
    return after, collided(q_i, q_j, after, v_j, m_i, m_j)[1]


def only_along(q_i, q_j, v_i, v_j, m_i, m_j):
    """Without the velocity across the line of centres"""
    w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
    return tuple(v @ w * w for v in collided(q_i, q_j, v_i, v_j, m_i, m_j))


MISTAKES = [
    (
        "v_j is computed with v_i *after* the collision: both formulas mean the velocities before",
        one_after_the_other,
    ),
    ("m_i and m_j are exchanged", lambda *a: collided(*a, swap=True)),
    ("w must have length 1", lambda *a: collided(*a, unit=False)),
    ("the factor 2 is missing", lambda *a: collided(*a, factor=1)),
    (
        "the masses are ignored",
        lambda q_i, q_j, v_i, v_j, m_i, m_j: collided(q_i, q_j, v_i, v_j, 1, 1),
    ),
    (
        "the velocities are exchanged; only their parts along w are, for equal masses",
        lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_j, v_i),
    ),
    ("the change has the opposite sign", lambda *a: collided(*a, sign=(1, -1))),
    (
        "both changes have the same sign: momentum is not conserved",
        lambda *a: collided(*a, sign=(-1, -1)),
    ),
    ("the part across the line of centres is lost", only_along),
    (
        "nothing changes: these are the velocities before",
        lambda q_i, q_j, v_i, v_j, m_i, m_j: (v_i, v_j),
    ),
    ("the results are in the other order: v_i first", lambda *a: collided(*a)[::-1]),
    (
        "w is across the line of centres, not along it",
        lambda q_i, q_j, *a: collided(np.stack([q_j[1] - q_i[1], q_i[0] - q_j[0]]), 0 * q_j, *a),
    ),
]


def check(answer):
    """Against a collision in the frame of the centre of mass, where v along w changes its sign."""
    rng = np.random.default_rng(0)
    for m_i, m_j in ((1.0, 3.0), (2.5, 0.5), (1.0, 1.0)):
        for _ in range(3):
            q_i, q_j, v_i, v_j = rng.standard_normal((4, 2))
            if (v_i - v_j) @ (q_i - q_j) > 0:
                v_i, v_j = v_j, v_i
            w = (q_i - q_j) / np.linalg.norm(q_i - q_j)
            centre = (m_i * v_i + m_j * v_j) / (m_i + m_j)
            expected = [v - 2 * (v - centre) @ w * w for v in (v_i, v_j)]
            of = f"masses {m_i:g}, {m_j:g}"
            names = f"v_i after the collision ({of})", f"v_j after the collision ({of})"
            arguments = q_i, q_j, v_i, v_j, m_i, m_j
            expect("collide", answer, arguments, expected, MISTAKES, names)


LOOK = (
    "The heavy ball keeps most of its velocity, the light one is thrown back."
    " Along the dashed line of centres the velocities change, across "
    "it they do not; momentum and energy are those of before."
)


def picture(answer):
    """Two collisions: of equal balls, and of a light one with a heavy one."""
    figure = plots.figure(8, 4)
    axes = figure.subplots(1, 2)
    q_i, q_j = np.array([-0.7, 0.0]), np.array([0.7, 0.5])
    v_i, v_j = np.array([1.0, 0.2]), np.array([-0.6, 0.0])
    for axis, (m_i, m_j) in zip(axes, ((1.0, 1.0), (1.0, 20.0)), strict=True):
        after = answer(*(a.copy() for a in (q_i, q_j, v_i, v_j)), m_i, m_j)
        energy = [
            0.5 * sum(m * np.dot(v, v) for m, v in zip((m_i, m_j), vs, strict=True))
            for vs in ((v_i, v_j), after)
        ]
        for q, before, v, color in ((q_i, v_i, after[0], "C0"), (q_j, v_j, after[1], "C1")):
            axis.plot(*np.transpose([q - 2 * before, q]), ":", color=color)
            axis.annotate("", q + 1.3 * np.asarray(v), q, arrowprops={"color": color, "width": 1})
            axis.plot(*q, "o", color=color, markersize=18)
        axis.plot(*np.transpose([q_j + 2 * (q_i - q_j), q_i + 2 * (q_j - q_i)]), "k--", lw=0.5)
        axis.set(
            title=f"masses {m_i:g}, {m_j:g}; energy {energy[0]:.3f}, then {energy[1]:.3f}",
            xlim=(-3.2, 3.2),
            ylim=(-2.5, 2.5),
            aspect="equal",
        )
    return figure
