"""Why the rVAE is hard to learn, and how to start it: the linear rVAE, solved without sampling.

Make everything in the rVAE linear and Gaussian, and the oscillator's decoded position its only observation. Then the local
rule can be followed exactly: no data, no noise, only covariances. Three questions, one picture (linear_rvae.png):

  fixed points   how well does the rVAE filter, and at what order, with 1, 2 or 3 latents and for every sigma_u?
  basins         which starts lead to which fixed point? States that go with their own past lead to second order; states
                 that go against it, to a latent that flips or turns by itself and ignores y
  prediction     do rVAEs trained on spikes, nonlinear and with noise, do what the linear theory says?

The theory alone takes half a minute; the trained models beside it five minutes on two cores, --full (three seeds) a
quarter of an hour. What is trained is kept (in DIR/linear_rvae) and not trained again.
"""
# %%
import os

import numpy as np
from scipy.linalg import solve_discrete_are

from datasets import ppc
from examples import _plots, _ppc, _run
from examples.ppc_order import readout
from examples.ppc_table import NETWORKS, SIZES
from rvae_numpy import rvae

# %% [markdown]
# ## The task, in covariances
# The oscillator as it is (P1), with a little less damping, so that its stationary swing is as wide as the trajectories'
# (0.41 rad); observed through the decoder: the position plus noise of the decoder's variance.

# %%
SYSTEM = ppc.System(damping=0.175)
A, C, Q = SYSTEM.A, SYSTEM.C[0], SYSTEM.Sigma_z
R = 11.8e-4                     # rad^2, the decoder's error: ORDER 0 of table 1


def optimal_filter():
    """MSE of the position, of the best filter that there can be (the Kalman filter, once it has settled)"""
    predicted = solve_discrete_are(A.T, C[:, None], Q, [[R]])
    return float(predicted[0, 0] * R / (predicted[0, 0] + R))


# %% [markdown]
# ## One step of learning, exactly
# The state u_t = F u_{t-1} + G y_t and the oscillator z_t together are one linear system; it has a stationary covariance S.
# Out of S comes the covariance V of what the rVAE sees as its data, (u_{t-1}, y_t). Given V, and with u taken for data, as
# the local rule does, learning is factor analysis with known noises:
#
#     D36   S = M S M' + N,     M = [[A, 0], [G C A, F]],   N: the noises of z and y, as they reach z and u
#     D37   p(u | x) = N(W x, sigma_u^2 I),   p(y | x) = N(c'x, R)
#           M-step   (W, c) = E[v x'] E[x x']^-1,            v = (u_{t-1}, y_t)
#           E-step   Upsilon = (I + W'W / sigma_u^2 + c c' / R)^-1,   F = Upsilon W' / sigma_u^2,   G = Upsilon c / R
#
# One M-step, a fifth of the way to the E-step, and S is computed anew, for the state is another one now. That is what
# "U_{t-1} depends on the parameters, and the gradient ignores it" means: V moves while one learns, and no one looks ahead
# to where. Gradient descent on the same loss (D30) stands still at the same points; the way there is this algorithm's own.
# All arrays have a leading axis: many starts are followed at once.

# %%
STRIDE = 0.2                    # of the way to the E-step's map
EDGE = 0.9999                   # largest modulus that an eigenvalue of F may have: beyond it S would be infinite


def stationary(F, G):
    """S (m, 2 + n, 2 + n), the covariance of (z_t, u_t)                                                       [D36]"""
    m, n = G.shape
    M, N = np.zeros((2, m, 2 + n, 2 + n))
    M[:, :2, :2] = A
    M[:, 2:, :2] = G[:, :, None] * (C @ A)
    M[:, 2:, 2:] = F
    noise = np.concatenate([np.tile(np.eye(2), (m, 1, 1)), G[:, :, None] * C], axis=1)      # of z, to z and to u
    N[:] = noise @ Q @ noise.transpose(0, 2, 1)
    N[:, 2:, 2:] += R * G[:, :, None] * G[:, None, :]
    d = 2 + n                                           # vec(M S M') = (M kron M) vec(S)
    kron = np.einsum("mik,mjl->mijkl", M, M).reshape(m, d * d, d * d)
    return np.linalg.solve(np.eye(d * d) - kron, N.reshape(m, d * d, 1)).reshape(m, d, d)


def seen(S):
    """V (m, n + 1, n + 1), the covariance of (u_{t-1}, y_t)"""
    n = S.shape[1] - 2
    to_v = np.zeros((n + 1, 2 + n))                     # from (z_{t-1}, u_{t-1})
    to_v[:n, 2:] = np.eye(n)
    to_v[n, :2] = C @ A
    V = to_v @ S @ to_v.T
    V[:, n, n] += C @ Q @ C + R
    return V


def m_step(F, G, Upsilon, V):
    """W (m, n, n) and c (m, n)                                                                                [D37]"""
    n = F.shape[1]
    K = np.concatenate([F, G[:, :, None]], axis=2)      # x = K v + noise of covariance Upsilon
    v_x = V @ K.transpose(0, 2, 1)
    both = v_x @ np.linalg.inv(K @ v_x + Upsilon)
    return both[:, :n], both[:, n]


def e_step(W, c, sigma_u):
    """F (m, n, n), G (m, n), Upsilon (m, n, n)                                                                [D37]"""
    Upsilon = np.linalg.inv(np.eye(W.shape[1]) + W.transpose(0, 2, 1) @ W / sigma_u**2 + c[:, :, None] * c[:, None] / R)
    return Upsilon @ W.transpose(0, 2, 1) / sigma_u**2, (Upsilon @ c[:, :, None])[:, :, 0] / R, Upsilon


def learn(F, G, sigma_u, n_steps):
    """Follow the local rule from these starts: F, G, W, c where it ends"""
    Upsilon = np.tile(sigma_u**2 * np.eye(F.shape[1]), (len(F), 1, 1))
    for _ in range(n_steps):
        W, c = m_step(F, G, Upsilon, seen(stationary(F, G)))
        step = e_step(W, c, sigma_u)
        F, G, Upsilon = (old + STRIDE * (new - old) for old, new in zip((F, G, Upsilon), step))
        modulus = np.abs(np.linalg.eigvals(F)).max(1)
        F = F * np.minimum(1, EDGE / modulus)[:, None, None]
    return F, G, W, c


def loss(W, c, sigma_u, V):
    """D30 a frame (nats, a constant left out), which the exact posterior makes -log p(u, y): (m,)"""
    L = np.concatenate([W, c[:, None]], axis=1)
    noise = np.diag(np.append(np.full(W.shape[1], sigma_u**2), R))
    model = L @ L.transpose(0, 2, 1) + noise
    return 0.5 * (np.linalg.slogdet(model)[1] + np.trace(np.linalg.solve(model, V), axis1=1, axis2=2))


def measure(F, G, W, c, sigma_u):
    """A list of dicts: MSE of the position, R^2 of a linear read-out of velocity, the eigenvalues of F, the loss"""
    S = stationary(F, G)
    zu, uu = S[:, :2, 2:], S[:, 2:, 2:]
    mse = S[:, 0, 0] - 2 * np.einsum("mi,mi->m", c, zu[:, 0]) + np.einsum("mi,mij,mj->m", c, uu, c)
    explained = np.einsum("mi,mij,mj->m", zu[:, 1], np.linalg.pinv(uu, rcond=1e-9, hermitian=True), zu[:, 1])
    values = loss(W, c, sigma_u, seen(S))
    return [{"mse": float(mse[i]), "velocity_r2": float(explained[i] / S[i, 1, 1]), "loss": float(values[i]),
             "eigenvalues": [[float(e.real), float(e.imag)] for e in np.linalg.eigvals(F[i])]} for i in range(len(F))]


def simulate(F, G, c, rng, n_traj=400, T=1000):
    """The same by simulation, for one fixed point: MSE of the position, R^2 of a linear read-out of velocity"""
    S = stationary(F[None], G[None])[0]
    start = rng.multivariate_normal(np.zeros(len(S)), S, size=n_traj, check_valid="ignore")
    z, u = start[:, :2], start[:, 2:]
    noise = rng.standard_normal((T, n_traj, 3)) * np.sqrt(np.append(np.diag(Q), R))
    states, truth = np.empty((T, n_traj, len(G))), np.empty((T, n_traj, 2))
    for t in range(T):
        truth[t] = z = z @ A.T + noise[t, :, :2]
        y = z @ C + noise[t, :, 2]
        states[t] = u = u @ F.T + y[:, None] * G
    states, truth = states.reshape(T * n_traj, -1), truth.reshape(T * n_traj, 2)
    velocity = states @ np.linalg.lstsq(states, truth[:, 1], rcond=None)[0]
    return {"mse": float(np.mean((truth[:, 0] - states @ c) ** 2)),
            "velocity_r2": float(1 - np.mean((truth[:, 1] - velocity) ** 2) / np.mean(truth[:, 1] ** 2))}


def ending(result):
    """What became of a start: second order; a clock; or first order

    A clock is a latent (or a pair) that flips or turns by itself: an eigenvalue near the unit circle, and not near +1.
    """
    if result["velocity_r2"] > 0.5:
        return "second order"
    clock = any(np.hypot(*e) > 0.98 and e[0] < 0.9 for e in result["eigenvalues"])
    return "clock" if clock else "first order"


# %% [markdown]
# ## Starts
# Random ones, their largest eigenvalue scaled to a modulus of 0.9; and ours, 0.9 times the identity.

# %%
LATENTS = [1, 2, 3]
SIGMAS = [0.03, 0.05, 0.07, 0.1, 0.14, 0.2]


def random_starts(m, n, rng):
    F = rng.standard_normal((m, n, n))
    F *= (0.9 / np.abs(np.linalg.eigvals(F)).max(1))[:, None, None]
    return F, 0.5 * rng.standard_normal((m, n))


def start_near_identity(n, rng):
    """One start like autoencoder.init's"""
    return (0.9 * np.eye(n) + 0.02 * rng.standard_normal((n, n)))[None], 0.5 * rng.standard_normal((1, n))


def fixed_points(rng, n_starts, n_steps):
    """Rows: for each number of latents and sigma_u, where our start ends, and how many of the random ones end how"""
    rows = []
    for n in LATENTS:
        for sigma_u in SIGMAS:
            (F, G), (F_ours, G_ours) = random_starts(n_starts, n, rng), start_near_identity(n, rng)
            F, G, W, c = learn(np.concatenate([F_ours, F]), np.concatenate([G_ours, G]), sigma_u, n_steps)
            ours, *others = measure(F, G, W, c, sigma_u)
            endings = [ending(other) for other in others]
            rows.append({"model": "linear rVAE", "n_x": n, "sigma_u": sigma_u, **ours, "ending": ending(ours),
                         "simulated": simulate(F[0], G[0], c[0], rng),
                         "random_starts": {name: endings.count(name) for name in ENDINGS}, "all": others})
    return rows


ENDINGS = {"second order": ("s", "#D55E00"), "first order": ("^", "#E69F00"), "clock": ("o", "#56B4E9")}


# %% [markdown]
# ## What decides where a start leads
# The state is driven by y, which is slow: it hardly changes from one step to the next. A mode of the state that keeps its
# sign adds up what y says; one that flips or turns cancels it, and can only become good at predicting itself. So look at how
# the state goes with its own past: at the trace of its correlation from one step to the next,
#
#     tr E[u_t u_{t-1}'] E[u u']^-1,    E[u_t u_{t-1}'] = F E[u u'] + G C A E[z u']
#
# after the first few steps of learning.

# %%
FIRST_STEPS = 10


def with_its_past(F, G):
    """The trace of the state's correlation with its own past, (m,): n for modes that stay, -n for modes that flip"""
    S = stationary(F, G)
    lagged = F @ S[:, 2:, 2:] + G[:, :, None] * (C @ A @ S[:, :2, 2:])[:, None]
    return np.trace(lagged @ np.linalg.inv(S[:, 2:, 2:]), axis1=1, axis2=2)


def basins(rng, n_points, n_steps, sigma_u):
    """Two latents: the ending from F_0 with eigenvalues (a, b) in random directions, over a grid of a and b"""
    grid = np.linspace(-0.9, 0.9, n_points)
    a, b = (values.ravel() for values in np.meshgrid(grid, grid))
    basis = rng.standard_normal((len(a), 2, 2))
    F = basis @ (np.stack([a, b], 1)[:, :, None] * np.linalg.inv(basis))
    F += 0.02 * rng.standard_normal(F.shape)            # two equal eigenvalues would leave the state one direction only
    G = 0.5 * rng.standard_normal((len(a), 2))
    early = with_its_past(*learn(F, G, sigma_u, FIRST_STEPS)[:2])
    results = measure(*learn(F, G, sigma_u, n_steps), sigma_u)
    return [{"start": [float(x), float(y)], "early": float(e), "ending": ending(result), "mse": result["mse"],
             "loss": result["loss"]} for x, y, e, result in zip(a, b, early, results)]


def turned_starts(rng, n_starts, n_steps, sigma_u):
    """[{"degrees", "second order"}]: the share of starts that end at second order, by how far they turn the state a step"""
    rows = []
    for degrees in range(0, 181, 15):
        F = 0.9 * turn(degrees) + 0.02 * rng.standard_normal((n_starts, 2, 2))
        results = measure(*learn(F, 0.5 * rng.standard_normal((n_starts, 2)), sigma_u, n_steps), sigma_u)
        rows.append({"degrees": degrees, "second order": np.mean([ending(r) == "second order" for r in results])})
    return rows


def turn(degrees):
    """The rotation of the plane by this angle, (2, 2)"""
    t = np.radians(degrees)
    return np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])


def print_basins(points):
    """How many starts end how"""
    def sign(value):
        return np.sign(np.round(value, 9))

    groups = {"eigenvalues of F: both positive": lambda p: sign(min(p["start"])) > 0,
              "of opposite signs": lambda p: sign(min(p["start"])) < 0 < sign(max(p["start"])),
              "both negative": lambda p: sign(max(p["start"])) < 0,
              "(one of them 0)": lambda p: sign(min(np.abs(p["start"]))) == 0,
              f"after {FIRST_STEPS} steps the state goes with its past": lambda p: p["early"] > 0,
              "against it": lambda p: p["early"] <= 0}
    _run.print_table([
        ("start", lambda name: name),
        ("of", lambda name: str(sum(map(groups[name], points)))),
        *((result, lambda name, result=result: str(sum(groups[name](p) and p["ending"] == result for p in points)))
          for result in ENDINGS),
    ], list(groups))
    best = min(p["loss"] for p in points if p["ending"] == "second order")
    clocks = [p["loss"] for p in points if p["ending"] == "clock"]
    print(f"loss: second order {best:.2f} at best; the clocks {min(clocks, default=np.nan):.2f} at best, and "
          f"{sum(loss < best for loss in clocks)} of {len(clocks)} have less than any of second order")


# %% [markdown]
# ## The nonlinear model
# The rVAE of table 1 on spikes, trained half as long: for several sigma_u; and, with the table's sigma_u, from starts that
# turn the state by an angle at each step. Here nothing keeps the eigenvalues inside the unit circle: a run whose states
# explode has diverged.

# %%
TRAINED_SIGMAS = [0.05, 0.07, 0.1, 0.14, 0.2]
ANGLES = [0, 45, 75, 105, 135, 180]                 # degrees
SIGMA = 0.07
SETTINGS = {name: value for name, value in NETWORKS["rVAE"].items() if name not in ("model", "sigmas", "n_starts")}
SETTINGS |= dict(n_updates=30_000)


def turned(params, degrees):
    """The same start, but for the state's map, which turns by this angle"""
    params.nu.W[:, -2:] = 0.9 * turn(degrees)
    params.decode_u.W[:] = 0.95 * turn(-degrees)            # from x_t back to u_{t-1}
    return params


def train(seed, sigma_u, degrees, settings, folder):
    """One rVAE, on spikes: what was asked, and what came of it; kept in the folder, and not trained again"""
    asked = {"seed": seed, "sigma_u": sigma_u, "degrees": degrees, "settings": settings}
    path = folder / f"rVAE_{sigma_u:g}_{degrees}_{seed}.json"
    if (kept := _run.kept(path, asked)) is not None:
        return kept | {"ending": ending_of_trained(kept)}
    rng = np.random.default_rng([seed, 6])
    params = turned(rvae.init(**SIZES["rvae_numpy"], family="poisson", rng=rng, sigma_u=sigma_u), degrees)
    try:
        params = _ppc.learn(rvae, params, rng, **settings)
    except FloatingPointError:
        result = asked | {"mse": None, "mse_after_100": None, "velocity_r2": 0.0, "eigenvalues": []}
    else:
        test = ppc.sample(_ppc.SYSTEM, **_ppc.TEST, rng=np.random.default_rng([seed, 7]))
        u = rvae.infer(params, test.y)
        everywhere, settled = _ppc.mse(_ppc.network_estimate(rvae, params, test.y), test.z)
        result = asked | {"mse": everywhere, "mse_after_100": settled, "velocity_r2": readout(u, test.z[..., 1]),
                          "eigenvalues": [[float(e.real), float(e.imag)] for e in np.linalg.eigvals(params.nu.W[:, -2:])]}
    _run.keep(path, result)
    return result | {"ending": ending_of_trained(result)}


def ending_of_trained(result):
    return "diverged" if result["mse"] is None else ending(result)


def run_all(jobs, n_workers):
    """Results of train for all jobs (its arguments), n_workers at a time"""
    results = _run.in_parallel("rVAEs on spikes", train, jobs, n_workers, lambda result: (
        f"sigma_u {result['sigma_u']:g}, {result['degrees']:3d}°: {result['ending']}"))
    return sorted(results, key=lambda result: (result["degrees"], result["sigma_u"], result["seed"]))


# %% [markdown]
# ## The picture

# %%
OFF_SCALE = 14                      # 1e-4 rad^2
STYLES = {1: dict(color="#E69F00", linestyle=(0, (6, 2))), 2: dict(color="#D55E00"),
          3: dict(color="black", linestyle=(0, (1, 2)))}


def draw(points, map_of_basins, by_turn, trained, floor):
    figure = _plots.figure(9, 7.5)
    (error, velocity), (basin, turns) = figure.subplots(2, 2)
    for n in LATENTS:
        rows = [row for row in points if row["n_x"] == n]
        sigmas = [row["sigma_u"] for row in rows]
        error.plot(sigmas, [1e4 * row["mse"] for row in rows], **STYLES[n], label=f"{n} latent{'s' * (n > 1)}")
        velocity.plot(sigmas, [row["velocity_r2"] for row in rows], **STYLES[n], label=f"{n} latent{'s' * (n > 1)}")
    upright = [result for result in trained if result["degrees"] == 0 and result["mse"] is not None]
    for axes, measure_of in ((error, lambda result: min(1e4 * result["mse_after_100"], OFF_SCALE)),
                             (velocity, lambda result: result["velocity_r2"])):
        axes.plot([result["sigma_u"] for result in upright], [measure_of(result) for result in upright], "o",
                  color="#0072B2", label="rVAE on spikes, 2 latents")
        axes.set(xscale="log", xlabel=r"$\sigma_u$")
        axes.set_xticks(SIGMAS, labels=[f"{s:g}" for s in SIGMAS])
        axes.minorticks_off()
    error.axhline(1e4 * floor, color=_plots.COLOURS["KF-2"], linestyle=_plots.DASHES["KF-2"], label="optimal filter")
    error.set(ylabel="MSE (10$^{-4}$ rad²); at the top: more", ylim=(0, OFF_SCALE + 0.3),
              title="How well it filters, from our start")
    error.legend(fontsize=8)
    velocity.set(ylabel="R² of velocity", ylim=(-0.05, 1.05), title="How well it knows velocity")

    for name, (marker, colour) in ENDINGS.items():
        where = np.array([point["start"] for point in map_of_basins if point["ending"] == name]).reshape(-1, 2)
        basin.scatter(*where.T, s=14, marker=marker, color=colour, label=name)
    basin.axhline(0, color="black", linewidth=1)
    basin.axvline(0, color="black", linewidth=1)
    basin.set(xlabel="one eigenvalue of $F$ at the start", ylabel="the other", aspect="equal",
              xticks=[-0.9, 0, 0.9], yticks=[-0.9, 0, 0.9], title="Where a start leads (2 latents, linear)")
    basin.legend(loc="upper left", bbox_to_anchor=(1, 1), fontsize=8)

    turns.plot([row["degrees"] for row in by_turn], [row["second order"] for row in by_turn], color="#D55E00",
               label="linear theory")
    for degrees in ANGLES:
        results = [result for result in trained if result["degrees"] == degrees and result["sigma_u"] == SIGMA]
        if results:
            turns.plot(degrees, np.mean([result["ending"] == "second order" for result in results]), "o", color="#0072B2",
                       label="rVAE on spikes" if degrees == 0 else None)
            n_lost = sum(result["ending"] == "diverged" for result in results)
            if n_lost:
                turns.annotate(f"{n_lost} of {len(results)}\ndiverged", (degrees, 0), (0, 6), ha="center", fontsize=7,
                               textcoords="offset points", color="#0072B2")
    turns.axvline(90, color="black", linewidth=1)
    turns.set(xlabel="turn of the state's map at the start (° a step)", ylabel="share that ends at second order",
              xlim=(-10, 190), ylim=(-0.04, 1.04), title="Starts that turn")
    turns.set_xticks(ANGLES)
    turns.legend(loc="upper right")
    return figure


def main(argv=None):
    arguments = _run.parse(_run.parser("linear_rvae", __doc__), argv)
    folder = arguments.out / "linear_rvae"
    _run.prepare_folder(folder)
    rng = np.random.default_rng([arguments.seed, 8])
    n_starts, n_steps, n_points = (6, 300, 7) if arguments.quick else (24, 4000, 19)
    settings = SETTINGS | (dict(n_updates=60, wake=20) if arguments.quick else {})

    points = fixed_points(rng, n_starts, n_steps)
    map_of_basins = basins(rng, n_points, n_steps, SIGMA)
    by_turn = turned_starts(rng, n_starts, n_steps, SIGMA)
    floor = optimal_filter()
    write(arguments, points, map_of_basins, by_turn, [], floor)
    _run.print_table([
        ("latents", lambda row: str(row["n_x"])), ("sigma_u", lambda row: f"{row['sigma_u']:g}"),
        ("MSE (1e-4 rad²)", lambda row: f"{1e4 * row['mse']:.2f}"),
        ("simulated", lambda row: f"{1e4 * row['simulated']['mse']:.2f}"),
        ("velocity R²", lambda row: f"{row['velocity_r2']:.2f}"),
        ("simulated", lambda row: f"{row['simulated']['velocity_r2']:.2f}"),
        ("eigenvalues of F", lambda row: " ".join(eigenvalue(*e) for e in row["eigenvalues"])),
        *((f"random: {name}", lambda row, name=name: str(row["random_starts"][name])) for name in ENDINGS),
    ], points)
    print(f"\nfrom our start; and how many of {n_starts} random starts end how. "
          f"The optimal filter: {1e4 * floor:.2f}e-4 rad²\n")
    print_basins(map_of_basins)
    print(flush=True)

    seeds = range(arguments.seed, arguments.seed + (3 if arguments.full else 1))
    jobs = [(seed, sigma_u, 0, settings, folder) for seed in seeds for sigma_u in TRAINED_SIGMAS]
    jobs += [(seed, SIGMA, degrees, settings, folder) for seed in seeds for degrees in ANGLES[1:]]
    trained = run_all(jobs, os.cpu_count())
    write(arguments, points, map_of_basins, by_turn, trained, floor)
    print()
    _run.print_table([
        ("turn", lambda row: f"{row['degrees']}°"), ("sigma_u", lambda row: f"{row['sigma_u']:g}"),
        ("seed", lambda row: str(row["seed"])), ("MSE after 100 (1e-4 rad²)", lambda row: in_1e4(row["mse_after_100"])),
        ("velocity R²", lambda row: f"{row['velocity_r2']:.2f}"),
        ("eigenvalues", lambda row: " ".join(eigenvalue(*e) for e in row["eigenvalues"])),
        ("ending", lambda row: row["ending"]),
    ], trained)
    print(f"\nwritten: linear_rvae.png, linear_rvae.json in {arguments.out}")


def in_1e4(mse):
    return "-" if mse is None else f"{1e4 * mse:.2f}"


def eigenvalue(real, imaginary):
    return f"{real:.3f}" + (f"{imaginary:+.3f}i" if imaginary else "")


def write(arguments, points, map_of_basins, by_turn, trained, floor):
    """What is known so far"""
    _run.write_json(arguments.out / "linear_rvae.json", points, arguments.seed, basins=map_of_basins, turned=by_turn,
                    trained=trained, optimal_filter=floor)
    _plots.save(draw(points, map_of_basins, by_turn, trained, floor), arguments.out / "linear_rvae.png")


if __name__ == "__main__":
    main()
