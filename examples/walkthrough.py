"""Walk through the poster, for a lecture: each idea once, with a figure.

Seven stops: the spikes; the Kalman filter; the bias of contrastive divergence;
the conditional or the joint; velocity in the states; the same with an
autoencoder; a video that a network generates. Every stop prints its result and
plots walkthrough_N.png. Run it cell by cell (VS Code, Spyder, or as a notebook:
python -m examples.notebooks), or as a whole.

Takes two minutes. --quick shows in half a minute that everything works; its
networks have learnt little.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import numpy as np

from datasets import bouncing_balls, ppc
from examples import ppc_order, quickstart
from examples.balls import tracking as _tracking
from examples.ppc import oscillator as _ppc
from examples.ppc.oscillator import SYSTEM
from examples.tools import plots as _plots
from examples.tools import run as _run
from examples.tools import sequences as _video
from kalman import filtering
from refh_numpy import efh, exact, refh, trbm
from rvae_numpy import rvae

arguments = _run.parse(_run.parser("walkthrough", __doc__, ("quick",), jobs=False), None)
_run.prepare_folder(arguments.out)
rng = np.random.default_rng(arguments.seed)
N_UPDATES = 500 if arguments.quick else 30_000  # of each harmonium: a quarter of a minute


def save(figure, number):
    print(f"    {_plots.save(figure, arguments.out / f'walkthrough_{number}.png')}", flush=True)


# %% [markdown]
# ## 1. The spikes
# A mass oscillates on a damped spring. Fifteen neurons encode its position in a few Poisson spikes
# per time step of 0.05 s (P1, P2). None of them encodes its velocity. The centre of mass of the
# spikes decodes the position (D1).

# %%
test = ppc.sample(n_traj=40, T=1000, rng=rng)
z_hat, spikes = ppc.decode(test.y)
print(
    f"1. {spikes.mean():.0f} spikes per time step; decoded one step at a time, the position has "
    f"an error of {1e4 * _ppc.mse(z_hat, test.z)[0]:.1f}e-4 rad² (poster, ORDER 0: 12e-4)"
)
save(quickstart.plot_data(test), 1)

# %% [markdown]
# ## 2. The optimal filter
# The Kalman filter gives the best estimate from the observations so far. With positions alone
# (KF-1) it can only average; with velocities too (KF-2) it predicts the next position. We perturb
# one observation and plot the impulse responses. The first value is the weight of the current
# observation. Only a filter of order 2 swings back below zero.

# %%
for_em = ppc.sample(n_traj=10 if arguments.quick else 40, T=1000, rng=rng)
filters = {name: _ppc.fit_kalman(for_em.y, name) for name in ("KF-1", "KF-2")}
filter_errors = {}
y_perturbed = ppc_order.perturbed(test, rng)
figure = _plots.figure(6, 3.4)
axes = figure.subplots()
for name, model in filters.items():
    filter_errors[name] = _ppc.mse(_ppc.kalman_estimate(model, test.y), test.z)[0]
    response = ppc_order.impulse_response(
        lambda y, model=model: _ppc.kalman_estimate(model, y), test, y_perturbed
    )
    print(
        f"2. {name}: {1e4 * filter_errors[name]:.2f}e-4 rad²; weight of the current observation "
        f"{response[0]:.2f}"
    )
    axes.plot(np.arange(len(response)) * SYSTEM.dt, response, **_plots.style(name))
axes.axhline(0, color="grey", linewidth=0.5)
axes.set(
    xlabel="time since the perturbed observation (s)",
    ylabel="response / perturbation",
    title="Impulse response",
)
axes.legend()
save(figure, 2)

# %% [markdown]
# ## 3. The bias of contrastive divergence
# The gradient of a harmonium's log likelihood needs samples of the model. CD-k takes them from k
# sweeps of a Gibbs chain that starts at the data (P6). In a model that is small enough to
# enumerate its states, both gradients can be computed exactly. The larger the weights, the slower
# the chain mixes, and the larger the angle between CD-k and the exact gradient.

# %%
steps = [1, 2, 4, 8, 16, 32, 64]
data, no_u = np.array([[1.0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0]]), np.zeros((3, 0))
figure = _plots.figure(6, 3.4)
axes = figure.subplots()
for size, marker, grey in ((0.5, "o", "0.6"), (2.0, "s", "0.35"), (4.0, "v", "black")):
    small = efh.init(n_x=3, n_y=4, family="bernoulli", rng=rng, dtype=np.float64)
    small = small.map(lambda leaf, size=size: size * rng.standard_normal(leaf.shape))
    correct = exact.gradient(small, no_u, data).W_y.ravel()
    angles = []
    for k in steps:
        found = exact.cd_expectation(small, no_u, data, k).W_y.ravel()
        cosine = found @ correct / np.linalg.norm(found) / np.linalg.norm(correct)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    axes.plot(steps, angles, marker=marker, color=grey, label=f"weights of size {size:g}")
    print(
        f"3. weights of size {size:g}: angle of CD-1 {angles[0]:.0f}°, of CD-{steps[-1]} "
        f"{angles[-1]:.1f}°"
    )
axes.set(
    xscale="log",
    xticks=steps,
    xticklabels=steps,
    xlabel="k, Gibbs sweeps",
    ylabel="angle to the exact gradient (°)",
    title="Contrastive divergence",
)
axes.minorticks_off()
axes.legend()
save(figure, 3)

# %% [markdown]
# ## 4. The conditional, or the joint?
# Two networks run in the same way and differ in one thing: the TRBM learns the spikes *given* its
# previous state, the rEFH learns the spikes *and* its previous state. Neither propagates gradients
# back in time. The TRBM ends near KF-1, the rEFH below it.

# %%
networks = {}
figure = _plots.figure(6, 3.6)
axes = figure.subplots()
for name, model in (("TRBM", trbm), ("rEFH", refh)):
    curve = []

    def watch(params, log, model=model, curve=curve):
        z_hat = _ppc.network_estimate(model, params, test.y[:10])
        curve.append((log.n_updates[-1], _ppc.mse(z_hat, test.z[:10])[0]))

    networks[name], _ = model.train(
        model.init(n_x=240, n_y=SYSTEM.n_neurons, family="poisson", rng=rng),
        _ppc.training_batches(rng, n_traj=40, T=200),
        rng,
        n_updates=N_UPDATES,
        learning_rate=1e-3,
        callback=watch,
        every=max(N_UPDATES // 10, 1),
    )
    n_updates, errors = np.array(curve).T
    axes.plot(n_updates, 1e4 * errors, **_plots.style(name) | {"markevery": 1})
    mse = _ppc.mse(_ppc.network_estimate(model, networks[name], test.y), test.z)[0]
    print(f"4. {name}: {1e4 * mse:.2f}e-4 rad²", flush=True)
for name, mse in filter_errors.items():
    axes.axhline(1e4 * mse, **_plots.style(name))
axes.set(
    xlabel="updates",
    ylabel="MSE (10$^{-4}$ rad²)",
    yscale="log",
    ylim=(1, 35),
    title="Error on test trajectories",
)
axes.set_yticks([1, 2, 3, 5, 10, 20], labels=["1", "2", "3", "5", "10", "20"])
axes.minorticks_off()
axes.legend()
save(figure, 4)

# %% [markdown]
# ## 5. Velocity in the states
# The spikes do not encode the velocity. Can it be decoded from the states, by a linear read-out?
# From the rEFH's it can: this is what order 2 means.

# %%
r2 = {
    name: ppc_order.readout(model.infer(networks[name], test.y), test.z[..., 1])
    for name, model in (("TRBM", trbm), ("rEFH", refh))
}
figure = _plots.figure(5, 2.2)
axes = figure.subplots()
axes.barh(list(r2), list(r2.values()), color=[_plots.COLOURS[name] for name in r2])
axes.set(xlabel="R² of a linear read-out of the velocity", xlim=(0, 1))
save(figure, 5)
for name, value in r2.items():
    print(f"5. {name}: R² of the velocity {value:.2f}")

# %% [markdown]
# ## 6. The same with an autoencoder
# The decoder of the rVAE reconstructs the spikes *and* its previous state. Two latent variables
# suffice, for position and velocity. The colours show the true values in the plane of the two.
#
# A short training can fail: the state then follows its own past and ignores the spikes, although
# the loss is low. The prediction of the next spikes reveals it. If its loss on validation data is
# nearer to that of KF-1 than to that of KF-2, we train again from another initialisation, and keep
# the best of at most three trainings.
#
# The preferred positions of the neurons lie on a circle, whose ends meet at ±1.12 rad. A rare
# trajectory swings past that seam and appears at the other end. The state of this rVAE is the sum
# of a map of u and a map of y, and cannot follow it there: such a trajectory has an error a hundred
# times larger. Among forty trajectories it would dominate the mean. So we test on four hundred new
# ones, and print the error with and without those that cross.

# %%
RECIPE = dict(
    n_traj=40,
    T=1000,
    chunk=8,
    learning_rate=4e-3,
    sigmas=[0.09, 0.08, 0.07, 0.06],
    n_updates=200 if arguments.quick else 30_000,
    n_decoder_updates=20 if arguments.quick else 2_500,
)
MAX_TRAININGS = 1 if arguments.quick else 3
validation = ppc.sample(n_traj=40, T=500, rng=rng, random_phase=True).y


def kalman_loss(model):
    """-log p(y_{t+1} | y_1 .. y_t) on the validation data, at the position that is predicted."""
    state = filtering.kalman_filter(model, *_ppc.observations(validation)).mean
    position = (state[:, :-1] @ model.A.T)[..., 0]
    mean = test.gain.mean() * ppc.tuning(position)
    return np.mean(np.sum(mean - validation[:, 1:] * np.log(mean), axis=-1))


losses = {name: kalman_loss(model) for name, model in filters.items()}
candidates, threshold = [], np.mean(list(losses.values()))
for number in range(MAX_TRAININGS):
    autoencoder = rvae.init(n_y=SYSTEM.n_neurons, n_x=2, hidden=64, family="poisson", rng=rng)
    autoencoder = _ppc.train(rvae, autoencoder, rng, RECIPE)
    loss = _ppc.next_step_loss(rvae, autoencoder, validation, rng)
    candidates.append((loss, autoencoder))
    failed = loss > threshold
    print(
        f"6. training {number + 1}: next-step loss {loss:.2f} (KF-1 {losses['KF-1']:.2f}, KF-2 "
        f"{losses['KF-2']:.2f})" + (": failed" if failed else ""),
        flush=True,
    )
    if not failed:
        break
autoencoder = min(candidates, key=lambda candidate: candidate[0])[1]
states = rvae.infer(autoencoder, test.y)
large_test = ppc.sample(n_traj=40 if arguments.quick else 400, T=1000, rng=rng)
estimate = _ppc.network_estimate(rvae, autoencoder, large_test.y)
mse = _ppc.mse(estimate, large_test.z)[1]
print(
    f"6. rVAE: {1e4 * mse:.2f}e-4 rad² after the first 100 time steps; R² of the velocity "
    f"{ppc_order.readout(states, test.z[..., 1]):.2f}"
)
crosses = np.abs(large_test.z[..., 0]).max(1) > SYSTEM.circumference / 2
rest = _ppc.mse(estimate[~crosses], large_test.z[~crosses])[1]
print(
    f"6. rVAE without the {crosses.sum()} of {len(crosses)} trajectories that cross the seam: "
    f"{1e4 * rest:.2f}e-4 rad²"
)
figure = _plots.figure(7.5, 3.2)
panels = figure.subplots(1, 2, sharey=True)
for axes, quantity, unit, column in zip(
    panels, ("position", "velocity"), ("rad", "rad/s"), (0, 1), strict=True
):
    points = axes.scatter(
        *states[:, 100::10].reshape(-1, 2).T,
        s=2,
        cmap="cividis",
        c=test.z[:, 100::10, column].ravel(),
        rasterized=True,
    )
    figure.colorbar(points, ax=axes, label=f"true {quantity} ({unit})")
    axes.set(xlabel="latent variable 1", ylabel="" if column else "latent variable 2")
_plots.letters(panels)
save(figure, 6)

# %% [markdown]
# ## 7. A video that a network generates
# This rVAE was trained on videos of three bouncing balls; its weights come with the project. It
# receives ten context frames of a new video, and then generates frames without observations.

# %%
box = bouncing_balls.Box()
params, _ = rvae.load(_run.WEIGHTS / "balls_generate.npz")
video = bouncing_balls.sample(1, 60, rng, box).frames
context, truth = video[:, :10], video[:, 10:]
generated = rvae.generate(params, rvae.infer(params, context)[:, -1], 50, rng)
valid = _tracking.measures(generated, truth, box)["valid_frames"]
print(f"7. {50 * valid:.0f} of 50 generated frames are valid: three balls, and little else")
figure = _video.strip(
    [("ground truth", truth[0, ::5]), ("generated", generated[0, ::5])],
    box.shape,
    "Every fifth frame",
    np.arange(11, 61, 5),
)
save(figure, 7)
