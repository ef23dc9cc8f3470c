"""numba twins of functions whose NumPy versions stand, readable, where the equations are.

Same arguments, same numbers, explicit loops; compiled when first called. Kept because examples/benchmarks/refh_step.py
shows what each one earns.
"""
import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def adam(theta, gradient, m, v, rate, step, beta_1, beta_2, epsilon):
    """Twin of training.adam: one pass over memory where NumPy makes ten."""
    real = theta.dtype.type
    unbiased_1 = real(1 / (1 - beta_1**step))
    unbiased_2 = real(1 / (1 - beta_2**step))
    one, rate = real(1), real(rate)
    beta_1, beta_2, epsilon = real(beta_1), real(beta_2), real(epsilon)
    theta, gradient, m, v = theta.ravel(), gradient.ravel(), m.ravel(), v.ravel()      # views: all are contiguous
    for i in range(theta.size):
        m[i] += (one - beta_1) * (gradient[i] - m[i])
        v[i] += (one - beta_2) * (gradient[i] * gradient[i] - v[i])
        theta[i] += rate * (m[i] * unbiased_1) / (np.sqrt(v[i] * unbiased_2) + epsilon)
