"""Numba counterparts of functions whose readable NumPy versions stand where the equations are.

Same arguments, same numbers up to rounding, explicit loops; compiled when first called. Each is
kept because examples/benchmarks/refh_step.py shows what it saves.
"""

import math

import numpy as np

from datasets.support.jit import njit


def adam(theta, gradient, m, v, learning_rate, step, beta_1, beta_2, epsilon):
    """Counterpart of training.adam: one pass over memory in place of ten."""
    new = np.empty_like(theta), np.empty_like(theta), np.empty_like(theta)
    flat = [a.ravel() for a in (theta, gradient, m, v, *new)]  # views: contiguous
    _adam(*flat, learning_rate, step, beta_1, beta_2, epsilon)
    return new


@njit(error_model="numpy")
def _adam(
    theta, gradient, m, v, new_theta, new_m, new_v, learning_rate, step, beta_1, beta_2, epsilon
):
    real = theta.dtype.type
    unbiased_1 = real(1 / (1 - beta_1**step))
    unbiased_2 = real(1 / (1 - beta_2**step))
    one, rate = real(1), real(learning_rate)
    beta_1, beta_2, epsilon = real(beta_1), real(beta_2), real(epsilon)
    for i in range(theta.size):
        # as numbers, not read back from new_m and new_v: twice as fast
        m_i = m[i] + (one - beta_1) * (gradient[i] - m[i])
        v_i = v[i] + (one - beta_2) * (gradient[i] * gradient[i] - v[i])
        new_m[i], new_v[i] = m_i, v_i
        m_hat, v_hat = m_i * unbiased_1, v_i * unbiased_2
        new_theta[i] = theta[i] - rate * m_hat / (np.sqrt(v_hat) + epsilon)


# exp(x) = 2^n exp(r) with n = round(x / log 2), r = x - n log 2. |r| <= log(2) / 2, where Taylor's
# series of degree 7 has float32's precision. log 2 is the sum of two numbers: n HIGH is exact.
LOG2_E, LN2_HIGH, LN2_LOW = map(np.float32, (1.44269504, 0.693359375, -2.12194440e-4))
C2, C3, C4, C5, C6, C7 = (np.float32(1 / math.factorial(n)) for n in range(2, 8))
ONE, HALF, MAX_EXPONENT = map(np.float32, (1, 0.5, 80))


@njit(error_model="numpy", fastmath={"contract"})
def sample_logistic(eta, bias, uniform):
    """Counterpart of families.sample_logistic; the samples take the place of `uniform`.

    The exponential is written out because LLVM vectorises this loop, but not one that calls expf. A
    sample may differ from NumPy's where uniform is within rounding of the mean.
    """
    for i in range(eta.shape[0]):
        for j in range(eta.shape[1]):
            x = min(max(-(eta[i, j] + bias[j]), -MAX_EXPONENT), MAX_EXPONENT)
            n = np.floor(x * LOG2_E + HALF)
            r = x - n * LN2_HIGH - n * LN2_LOW
            exp_r = ONE + r + r * r * (C2 + r * (C3 + r * (C4 + r * (C5 + r * (C6 + r * C7)))))
            two_to_n = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)
            below_mean = uniform[i, j] * (ONE + exp_r * two_to_n) < ONE
            uniform[i, j] = ONE if below_mean else np.float32(0)
    return uniform
