"""Numba counterparts of functions whose readable NumPy versions stand where the equations are.

Same arguments, same numbers, explicit loops; compiled when first called. Each is kept because
examples/benchmarks/refh_step.py shows what it saves.
"""
import numpy as np

from datasets._jit import njit


def adam(theta, gradient, m, v, learning_rate, step, beta_1, beta_2, epsilon):
    """Counterpart of training.adam: one pass over memory in place of ten."""
    new_theta, new_m, new_v = (np.empty(theta.shape, theta.dtype) for _ in range(3))
    _adam(theta.ravel(), gradient.ravel(), m.ravel(), v.ravel(), learning_rate, step, beta_1,
          beta_2, epsilon, new_theta.ravel(), new_m.ravel(), new_v.ravel())     # views: contiguous
    return new_theta, new_m, new_v


@njit(error_model="numpy")
def _adam(theta, gradient, m, v, learning_rate, step, beta_1, beta_2, epsilon,
          new_theta, new_m, new_v):
    real = theta.dtype.type
    unbiased_1 = real(1 / (1 - beta_1**step))
    unbiased_2 = real(1 / (1 - beta_2**step))
    one, rate = real(1), real(learning_rate)
    beta_1, beta_2, epsilon = real(beta_1), real(beta_2), real(epsilon)
    for i in range(theta.size):
        new_m[i] = m[i] + (one - beta_1) * (gradient[i] - m[i])
        new_v[i] = v[i] + (one - beta_2) * (gradient[i] * gradient[i] - v[i])
        m_hat, v_hat = new_m[i] * unbiased_1, new_v[i] * unbiased_2
        new_theta[i] = theta[i] + rate * m_hat / (np.sqrt(v_hat) + epsilon)
