"""Numba counterparts of filtering._recursion and smoothing._backward, with explicit loops.

Same arguments, same numbers; they do not check their arguments. For the two or three numbers of a
small state, a call of LAPACK costs far more than the arithmetic. Here the trajectories are
processed one after the other, without any call of a library. Compiled at the first call. Timings:
examples/benchmarks.
"""

import numpy as np

from datasets.support.jit import njit

ROUNDING = 1e-13  # a variance that is smaller, relative to its prior variance, is rounding only

# Inlined by LLVM: a call would pass seven numbers per array, and cost as much as the arithmetic
inlined = njit(error_model="numpy", forceinline=True)


@njit(error_model="numpy")
def recursion(A, C, Sigma_z, mu_0, Sigma_0, y, R, period):
    """Counterpart of filtering._recursion (K2 to K6)"""
    n_traj, T, n_y = y.shape
    n_z = len(A)
    mean, predicted_mean = np.empty((n_traj, T, n_z)), np.empty((n_traj, T, n_z))
    cov, predicted_cov = np.empty((n_traj, T, n_z, n_z)), np.empty((n_traj, T, n_z, n_z))
    gain = np.empty((n_traj, T, n_z, n_y))
    log_likelihood = np.zeros(n_traj)
    log_2_pi = np.log(2 * np.pi)
    C_t, CP, K_T = np.empty((n_y, n_z)), np.empty((n_y, n_z)), np.empty((n_y, n_z + 1))
    I_KC, product = np.empty((n_z, n_z)), np.empty((n_z, n_z))
    e, S, L = np.empty(n_y), np.empty((n_y, n_y)), np.empty((n_y, n_y))
    for i in range(n_traj):
        for t in range(T):
            m, P = predicted_mean[i, t], predicted_cov[i, t]
            # K2
            if t == 0:
                for a in range(n_z):  # m[:] = mu_0 would compile for three seconds
                    m[a] = mu_0[a]
                    for b in range(n_z):
                        P[a, b] = Sigma_0[a, b]
            else:
                predict(A, Sigma_z, mean[i, t - 1], cov[i, t - 1], m, P, product)
            # K3
            n_observed = innovate(C, y[i, t], R[i, t], period, m, P, e, C_t, CP, S)
            # K4: K' = S^-1 C P, and S^-1 e in one more column
            log_det = cholesky(S, L, 0.0)
            for a in range(n_y):
                for b in range(n_z):
                    K_T[a, b] = CP[a, b]
                K_T[a, n_z] = e[a]
            solve(L, K_T)
            for a in range(n_z):
                for b in range(n_y):
                    gain[i, t, a, b] = K_T[b, a]
            # K5
            update(m, P, e, C_t, K_T, R[i, t], mean[i, t], cov[i, t], I_KC, product)
            # K6
            squared = 0.0
            for a in range(n_y):
                squared += e[a] * K_T[a, n_z]
            log_likelihood[i] -= 0.5 * (squared + log_det + n_observed * log_2_pi)
    return mean, cov, predicted_mean, predicted_cov, log_likelihood, gain


@inlined
def predict(A, Sigma_z, m_old, P_old, m, P, product):
    """m = A m_old, P = A P_old A' + Sigma_z (K2)"""
    n_z = len(A)
    for a in range(n_z):
        m[a] = 0.0
        for b in range(n_z):
            m[a] += A[a, b] * m_old[b]
    sandwich(A, P_old, product, P)
    for a in range(n_z):
        for b in range(n_z):
            P[a, b] += Sigma_z[a, b]


@inlined
def innovate(C, y, R, period, m, P, e, C_t, CP, S):
    """e = y - C m, CP = C P, S = C P C' + R, zeros where y is missing; number of components (K3)"""
    n_y, n_z = C.shape
    n_observed = 0
    for a in range(n_y):
        if np.isnan(y[a]):
            e[a] = 0.0
            C_t[a] = 0.0
        else:
            n_observed += 1
            e[a] = y[a]
            for b in range(n_z):
                C_t[a, b] = C[a, b]
                e[a] -= C[a, b] * m[b]
            if np.isfinite(period[a]):
                e[a] = (e[a] + period[a] / 2) % period[a] - period[a] / 2
    for a in range(n_y):
        for b in range(n_z):
            CP[a, b] = 0.0
            for c in range(n_z):
                CP[a, b] += C_t[a, c] * P[c, b]
    for a in range(n_y):
        for b in range(n_y):
            S[a, b] = R[a, b]
            for c in range(n_z):
                S[a, b] += CP[a, c] * C_t[b, c]
    return n_observed


@inlined
def update(m, P, e, C_t, K_T, R, m_new, P_new, I_KC, product):
    """m_new = m + K e, P_new = (I - K C) P (I - K C)' + K R K' (K5)"""
    n_y, n_z = C_t.shape
    for a in range(n_z):
        m_new[a] = m[a]
        for b in range(n_y):
            m_new[a] += K_T[b, a] * e[b]
        for b in range(n_z):
            I_KC[a, b] = 1.0 if a == b else 0.0
            for c in range(n_y):
                I_KC[a, b] -= K_T[c, a] * C_t[c, b]
    sandwich(I_KC, P, product, P_new)
    for a in range(n_z):
        for b in range(a + 1):
            for c in range(n_y):
                for d in range(n_y):
                    P_new[a, b] += K_T[c, a] * R[c, d] * K_T[d, b]
            P_new[b, a] = P_new[a, b]


@njit(error_model="numpy")
def backward(A, Sigma_z, mean, cov, predicted_mean, predicted_cov):
    """Counterpart of smoothing._backward (K7, K8)"""
    n_traj, T, n_z = mean.shape
    smoothed_mean, smoothed_cov = mean.copy(), cov.copy()
    lag_one_cov = np.empty((n_traj, T - 1, n_z, n_z))
    J_T, J, L = np.empty((n_z, n_z)), np.empty((n_z, n_z)), np.empty((n_z, n_z))
    I_JA, noise, product = np.empty((n_z, n_z)), np.empty((n_z, n_z)), np.empty((n_z, n_z))
    P, P_noise = np.empty((n_z, n_z)), np.empty((n_z, n_z))
    for i in range(n_traj):
        for t in range(T - 2, -1, -1):
            # K7: J' = P_{t+1|t}^-1 A P_t
            cholesky(predicted_cov[i, t + 1], L, ROUNDING)
            for b in range(n_z):
                for a in range(n_z):
                    J_T[a, b] = 0.0
                    for c in range(n_z):
                        J_T[a, b] += A[a, c] * cov[i, t, c, b]
            solve(L, J_T)
            for a in range(n_z):
                for b in range(n_z):
                    J[a, b] = J_T[b, a]
                    noise[a, b] = Sigma_z[a, b] + smoothed_cov[i, t + 1, a, b]
                    smoothed_mean[i, t, a] += J[a, b] * (
                        smoothed_mean[i, t + 1, b] - predicted_mean[i, t + 1, b]
                    )
            for a in range(n_z):
                for b in range(n_z):
                    I_JA[a, b] = 1.0 if a == b else 0.0
                    for c in range(n_z):
                        I_JA[a, b] -= J[a, c] * A[c, b]
            sandwich(I_JA, cov[i, t], product, P)
            sandwich(J, noise, product, P_noise)
            for a in range(n_z):
                for b in range(a + 1):
                    symmetric = (P[a, b] + P[b, a] + P_noise[a, b] + P_noise[b, a]) / 2
                    smoothed_cov[i, t, a, b] = smoothed_cov[i, t, b, a] = symmetric
            # K8
            for a in range(n_z):
                for b in range(n_z):
                    lag_one_cov[i, t, a, b] = 0.0
                    for c in range(n_z):
                        lag_one_cov[i, t, a, b] += smoothed_cov[i, t + 1, a, c] * J[b, c]
    return smoothed_mean, smoothed_cov, lag_one_cov


@inlined
def sandwich(M, P, product, out):
    """out = M P M', with scratch space for M P"""
    n = len(M)
    for a in range(n):
        for b in range(n):
            product[a, b] = 0.0
            for c in range(n):
                product[a, b] += M[a, c] * P[c, b]
    for a in range(n):
        for b in range(n):
            out[a, b] = 0.0
            for c in range(n):
                out[a, b] += product[a, c] * M[b, c]


@inlined
def cholesky(S, L, rounding):
    """Lower triangular L with L L' = S; returns log det S.

    A pivot that is at most `rounding` times its variance is 0, and `solve` leaves it out. Without
    that, rounding = 0, a singular S leaves NaN.
    """
    log_det = 0.0
    for a in range(len(S)):
        for b in range(a + 1):
            total = S[a, b]
            for c in range(b):
                total -= L[a, c] * L[b, c]
            if a > b:
                L[a, b] = total / L[b, b] if L[b, b] != 0 else 0.0
            elif total <= rounding * S[a, a]:
                L[a, a] = 0.0 if rounding > 0 else np.nan
            else:
                L[a, a] = np.sqrt(total)
                log_det += np.log(total)
    return log_det


@inlined
def solve(L, V):
    """V <- (L L')^-1 V, in place, column by column; 0 where a pivot is 0"""
    n, n_columns = V.shape
    for b in range(n_columns):
        for a in range(n):
            for c in range(a):
                V[a, b] -= L[a, c] * V[c, b]
            V[a, b] = V[a, b] / L[a, a] if L[a, a] != 0 else 0.0
        for a in range(n - 1, -1, -1):
            for c in range(a + 1, n):
                V[a, b] -= L[c, a] * V[c, b]
            V[a, b] = V[a, b] / L[a, a] if L[a, a] != 0 else 0.0
