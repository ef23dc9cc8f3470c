"""numba twins of filtering.recursion and smoothing.backward: same arguments, same numbers, explicit loops.

For the two or three numbers of a small state, calling LAPACK costs far more than the arithmetic; one trajectory after
the other, in plain loops, nothing is called at all. Compiled when first called. What it earns:
examples/benchmarks/kalman_peers.py.
"""
import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def recursion(A, C, Sigma_z, mu_0, Sigma_0, y, R, period):
    """Twin of filtering.recursion                                                                    [D4 to D8]"""
    n_traj, T, n_y = y.shape
    n_z = len(A)
    mean, predicted_mean = np.empty((n_traj, T, n_z)), np.empty((n_traj, T, n_z))
    cov, predicted_cov = np.empty((n_traj, T, n_z, n_z)), np.empty((n_traj, T, n_z, n_z))
    log_likelihood = np.zeros(n_traj)
    C_t, CP, K_T = np.empty((n_y, n_z)), np.empty((n_y, n_z)), np.empty((n_y, n_z))
    I_KC, product = np.empty((n_z, n_z)), np.empty((n_z, n_z))
    e, e_white, S, L = np.empty(n_y), np.empty(n_y), np.empty((n_y, n_y)), np.empty((n_y, n_y))
    log_2_pi = np.log(2 * np.pi)
    for i in range(n_traj):
        for t in range(T):
            m_old, P_old = mean[i, t - 1], cov[i, t - 1]        # not looked at when t is 0
            m, P = predicted_mean[i, t], predicted_cov[i, t]
            m_new, P_new = mean[i, t], cov[i, t]
            # D4: m = A m, P = A P A' + Sigma_z
            if t == 0:
                m[:] = mu_0
                P[:] = Sigma_0
            else:
                for a in range(n_z):
                    m[a] = 0.0
                    for b in range(n_z):
                        m[a] += A[a, b] * m_old[b]
                sandwich(A, P_old, product, P)
                for a in range(n_z):
                    for b in range(n_z):
                        P[a, b] += Sigma_z[a, b]
            # D5: e = y - C m, S = C P C' + R; zeros where y is missing
            n_observed = 0
            for a in range(n_y):
                if np.isnan(y[i, t, a]):
                    e[a] = 0.0
                    C_t[a] = 0.0
                else:
                    n_observed += 1
                    e[a] = y[i, t, a]
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
                    S[a, b] = R[i, t, a, b]
                    for c in range(n_z):
                        S[a, b] += CP[a, c] * C_t[b, c]
            # D6: K' = S^-1 C P
            log_det = cholesky(S, L)
            for b in range(n_z):
                for a in range(n_y):
                    K_T[a, b] = CP[a, b]
                solve(L, K_T[:, b])
            # D7: m = m + K e, P = (I - K C) P (I - K C)' + K R K'
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
                            P_new[a, b] += K_T[c, a] * R[i, t, c, d] * K_T[d, b]
                    P_new[b, a] = P_new[a, b]
            # D8
            squared = 0.0
            for a in range(n_y):
                e_white[a] = e[a]
            solve(L, e_white)
            for a in range(n_y):
                squared += e[a] * e_white[a]
            log_likelihood[i] -= 0.5 * (squared + log_det + n_observed * log_2_pi)
    return mean, cov, predicted_mean, predicted_cov, log_likelihood


@njit(cache=True, error_model="numpy")
def backward(A, mean, cov, predicted_mean, predicted_cov):
    """Twin of smoothing.backward                                                                    [D9, D10]"""
    n_traj, T, n_z = mean.shape
    smoothed_mean, smoothed_cov = mean.copy(), cov.copy()
    lag_one_cov = np.empty((n_traj, T - 1, n_z, n_z))
    J_T, J, L = np.empty((n_z, n_z)), np.empty((n_z, n_z)), np.empty((n_z, n_z))
    change, product, P = np.empty((n_z, n_z)), np.empty((n_z, n_z)), np.empty((n_z, n_z))
    for i in range(n_traj):
        for t in range(T - 2, -1, -1):
            # D9: J' = P_{t+1|t}^-1 A P_t
            cholesky(predicted_cov[i, t + 1], L)
            for b in range(n_z):
                for a in range(n_z):
                    J_T[a, b] = 0.0
                    for c in range(n_z):
                        J_T[a, b] += A[a, c] * cov[i, t, c, b]
                solve(L, J_T[:, b])
            for a in range(n_z):
                for b in range(n_z):
                    J[a, b] = J_T[b, a]
                    change[a, b] = smoothed_cov[i, t + 1, a, b] - predicted_cov[i, t + 1, a, b]
                    smoothed_mean[i, t, a] += J[a, b] * (smoothed_mean[i, t + 1, b] - predicted_mean[i, t + 1, b])
            sandwich(J, change, product, P)
            for a in range(n_z):
                for b in range(a + 1):
                    smoothed_cov[i, t, a, b] += (P[a, b] + P[b, a]) / 2
                    smoothed_cov[i, t, b, a] = smoothed_cov[i, t, a, b]
            # D10
            for a in range(n_z):
                for b in range(n_z):
                    lag_one_cov[i, t, a, b] = 0.0
                    for c in range(n_z):
                        lag_one_cov[i, t, a, b] += smoothed_cov[i, t + 1, a, c] * J[b, c]
    return smoothed_mean, smoothed_cov, lag_one_cov


@njit(cache=True, error_model="numpy")
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


@njit(cache=True, error_model="numpy")
def cholesky(S, L):
    """Lower triangular L with L L' = S; returns log det S"""
    log_det = 0.0
    for a in range(len(S)):
        for b in range(a + 1):
            total = S[a, b]
            for c in range(b):
                total -= L[a, c] * L[b, c]
            if a > b:
                L[a, b] = total / L[b, b]
            elif total > 0:
                L[a, a] = np.sqrt(total)
                log_det += np.log(total)
            else:
                raise ValueError("a covariance is not positive definite: the model's Sigma_z or Sigma_0 is singular")
    return log_det


@njit(cache=True, error_model="numpy")
def solve(L, v):
    """v <- (L L')^-1 v, in place"""
    n = len(L)
    for a in range(n):
        for c in range(a):
            v[a] -= L[a, c] * v[c]
        v[a] /= L[a, a]
    for a in range(n - 1, -1, -1):
        for c in range(a + 1, n):
            v[a] -= L[c, a] * v[c]
        v[a] /= L[a, a]
