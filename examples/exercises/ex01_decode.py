"""Exercise 1: where do the spikes say that the mass is?                     (datasets, D1; about five lines)

Fifteen neurons sit on a circle, each at its preferred position, evenly spaced; y counts their spikes in one time step. The best
estimate of the position is the spikes' centre of mass,

    D1    z_hat = c + sum_i y_i d(p_i, c) / sum_i y_i

where c is the preferred position of the most active neuron, p_i that of neuron i, and d(a, b) is a - b, the short way round the
circle: between -circumference / 2 and circumference / 2.

Why c? Try a plain average of the p_i first, with spikes on either side of the seam; the check will tell. (The result need not be
brought back into the circle: the check looks at it modulo the circumference.)
"""
import numpy as np

from datasets import ppc
from examples.exercises._right import Wrong, same


def decode(y, preferred, circumference):
    """z_hat (n,) in rad, from counts y (n, n_neurons) and preferred (n_neurons,), with at least one spike in every row"""
    raise NotImplementedError


def check(answer):
    system = ppc.System()
    y = ppc.sample(system, 20, 50, np.random.default_rng(0)).y
    y = y[y.sum(-1) > 0].astype(float)
    wanted, _ = ppc.decode(system, y[None])
    got = answer(y, system.preferred, system.circumference)
    if np.shape(got) != (len(y),) or not np.isfinite(got).all():
        same("z_hat", got, wanted[0])
    off = ppc.short_way(system, np.asarray(got) - wanted[0])
    if not np.abs(off).max() < 1e-9:
        worst = int(np.argmax(np.abs(off)))
        raise Wrong(f"z_hat: wanted {wanted[0, worst]:.4f} rad, got {got[worst]:.4f} rad, where the most active neuron is number "
                    f"{y[worst].argmax()} of 0 to 14; {np.mean(np.abs(off) < 1e-9):.0%} of the positions are right")
