"""The Kalman filter beside pykalman, filterpy and kalman-py: the same data, the same answer, how long each takes.

    python -m examples.benchmarks.kalman_peers
"""
import importlib

import numpy as np

from datasets import ppc
from examples import _ppc
from examples.benchmarks import _timing
from kalman import filtering

N_TRAJ, T = 2, 1000


def pykalman_filter(pykalman, model, y, R):
    def run():
        means = []
        for y_one, R_one in zip(y, R):
            peer = pykalman.KalmanFilter(model.A, model.C, model.Sigma_z, R_one,
                                         initial_state_mean=model.mu_0, initial_state_covariance=model.Sigma_0)
            means.append(peer.filter(y_one)[0])
        return np.array(means)
    return run


def filterpy_filter(filterpy, model, y, R):
    def run():
        means = np.empty((*y.shape[:2], model.n_z))
        for i in range(len(y)):
            peer = filterpy.KalmanFilter(dim_x=model.n_z, dim_z=model.n_y)
            peer.x, peer.P = model.mu_0[:, None].copy(), model.Sigma_0.copy()
            peer.F, peer.H, peer.Q = model.A, model.C, model.Sigma_z
            for t in range(y.shape[1]):
                if t > 0:
                    peer.predict()
                peer.update(y[i, t], R=R[i, t])
                means[i, t] = peer.x[:, 0]
        return means
    return run


def kalman_py_filter(kalman_py, model, y, R):
    def run():
        means = np.empty((*y.shape[:2], model.n_z))
        for i in range(len(y)):
            peer = kalman_py.KalmanFilter(model.A, model.C, model.Sigma_z, R[i, 0], x0=model.mu_0, P0=model.Sigma_0)
            for t in range(y.shape[1]):
                if t > 0:
                    peer.predict()
                peer.update(y[i, t], R=R[i, t])
                means[i, t] = peer.x
        return means
    return run


PEERS = {"pykalman": ("pykalman", pykalman_filter), "filterpy": ("filterpy.kalman", filterpy_filter),
         "kalman-py": ("kalman_py", kalman_py_filter)}


def main():
    model = _ppc.true_lds()
    y, R = _ppc.observations(ppc.sample(_ppc.SYSTEM, N_TRAJ, T, np.random.default_rng(0)).y)
    ours = "ours, numba"
    candidates = {ours: lambda: filtering.kalman_filter(model, y, R).mean,
                  "ours, NumPy": lambda: filtering.kalman_filter(model, y, R, compiled=False).mean}
    for name, (module, make) in PEERS.items():
        try:
            candidates[name] = make(importlib.import_module(module), model, y, R)
        except ImportError:
            print(f"{name}: not installed, skipped (pip install -e \".[benchmarks]\")")
    answer = candidates[ours]()
    for name, function in candidates.items():
        difference = np.abs(function() - answer).max()
        print(f"{name}: largest difference from ours {difference:.1e}")
        if difference > 1e-8:
            raise SystemExit(f"{name} and ours disagree")
    print()
    _timing.report(f"Kalman filter, two states, {N_TRAJ} trajectories of {T} steps, the noise new at each step",
                   _timing.medians(candidates), N_TRAJ * T, "step", ours)


if __name__ == "__main__":
    main()
