"""A walk through the poster, for a lecture: each idea once, with a picture.

Seven stops: the spikes; what could be known at best; what contrastive divergence gets wrong; the conditional or the joint; what
the states know; the same with an autoencoder; a film that a network dreams. Every stop prints what one should see and draws
walkthrough_N.png. Run it cell by cell (VS Code, Spyder, or as a notebook: python -m examples.notebooks), or as a whole: a
minute or two. --quick: half of it, to see that everything works; its networks have learnt nothing much.
"""
# %%
import numpy as np

from datasets import bouncing_balls, ppc
from examples import _films, _plots, _ppc, _run, ppc_order, quickstart
from examples._ppc import SYSTEM
from refh_numpy import efh, exact, refh, trbm
from rvae_numpy import dreaming, rvae

arguments = _run.parse(_run.parser("walkthrough", __doc__, ("quick",)), None)
_run.prepare_folder(arguments.out)
rng = np.random.default_rng(arguments.seed)
N_UPDATES = 500 if arguments.quick else 30_000      # of each harmonium: a quarter of a minute or so


def keep(figure, number):
    path = arguments.out / f"walkthrough_{number}.png"
    _plots.save(figure, path)
    print(f"    {path}")


# %% [markdown]
# ## 1. The spikes
# A mass swings on a damped spring. Fifteen neurons report where it is, with a few Poisson spikes in each step of 0.05 s (poster P1, P2).
# None of them reports its velocity. Where do the spikes say that it is? At their centre of mass (D1).

# %%
test = ppc.sample(SYSTEM, n_traj=40, T=1000, rng=rng)
z_hat, spikes = ppc.decode(SYSTEM, test.y)
print(f"1. {spikes.mean():.0f} spikes a step; read off one step at a time, the position is wrong by "
      f"{1e4 * _ppc.mse(z_hat, test.z)[0]:.1f}e-4 rad² (poster, ORDER 0: 12e-4)")
figure = quickstart.draw_data(test)
keep(figure, 1)

# %% [markdown]
# ## 2. What could be known
# The Kalman filter is the best that can be done with what has been seen so far. One that knows only positions (KF-1) can do no more than
# average; one that knows velocities too (KF-2) knows where the mass will be next. Move one observation aside, and see how they answer: the first value is
# the weight of the present observation, and a filter of order 2 swings back below zero.

# %%
for_em = ppc.sample(SYSTEM, n_traj=10 if arguments.quick else 40, T=1000, rng=rng)
filters = {name: _ppc.fit_kalman(for_em.y, name) for name in ("KF-1", "KF-2")}
moved = ppc_order.pushed(test, rng)
figure = _plots.figure(5, 3)
axes = figure.subplots()
for name, model in filters.items():
    error = _ppc.mse(_ppc.kalman_estimate(model, test.y), test.z)[0]
    response = ppc_order.impulse_response(lambda y, model=model: _ppc.kalman_estimate(model, y), test, moved)
    print(f"2. {name}: {1e4 * error:.2f}e-4 rad²; weight of the present observation {response[0]:.2f}")
    axes.plot(np.arange(len(response)) * SYSTEM.dt, response, **_plots.style(name))
axes.axhline(0, color="grey", linewidth=0.5)
axes.set(xlabel="time since one observation was moved aside (s)", ylabel="how far the estimate follows")
axes.legend()
keep(figure, 2)

# %% [markdown]
# ## 3. What contrastive divergence gets wrong
# The gradient of a harmonium's log likelihood needs samples of the model; CD-k takes k sweeps of a Gibbs chain that starts at the data (P6).
# In a model small enough to list all its states, both can be computed. The larger the weights, the slower the chain, and the
# farther CD-k points from where it should.

# %%
steps = [1, 2, 4, 8, 16, 32, 64]
data, no_u = np.array([[1.0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0]]), np.zeros((3, 0))
figure = _plots.figure(5, 3)
axes = figure.subplots()
for strength, marker in ((0.5, "o"), (2.0, "s"), (4.0, "v")):
    small = efh.init(3, 4, "bernoulli", rng, dtype=np.float64)
    small = small.map(lambda leaf, strength=strength: strength * rng.standard_normal(leaf.shape))
    right = exact.gradient(small, no_u, data).W_y.ravel()
    angles = []
    for k in steps:
        found = exact.cd_expectation(small, no_u, data, k).W_y.ravel()
        cosine = found @ right / np.linalg.norm(found) / np.linalg.norm(right)
        angles.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    axes.plot(steps, angles, marker=marker, label=f"weights of size {strength:g}")
    print(f"3. weights of size {strength:g}: CD-1 is {angles[0]:.0f}° off, CD-{steps[-1]} {angles[-1]:.1f}°")
axes.set(xscale="log", xticks=steps, xticklabels=steps, xlabel="k, Gibbs sweeps", ylabel="angle to the exact gradient (°)")
axes.minorticks_off()
axes.legend()
keep(figure, 3)

# %% [markdown]
# ## 4. The conditional, or the joint?
# Two networks that run in the same way and differ in one thing: the TRBM learns the spikes *given* its previous state, the rEFH learns the
# spikes *and* its previous state. Neither looks back in time. The TRBM ends near KF-1, the rEFH passes below it.

# %%
networks, curves = {}, {}
for name, model in (("TRBM", trbm), ("rEFH", refh)):
    curves[name] = []

    def watch(params, log, name=name, model=model):
        z_hat = _ppc.network_estimate(model, params, test.y[:10])
        curves[name].append((log.n_updates[-1], _ppc.mse(z_hat, test.z[:10])[0]))

    learnt, _ = model.train(model.init(240, SYSTEM.n_neurons, "poisson", rng), _ppc.training_batches(rng, n_traj=40, T=200), rng,
                            n_updates=N_UPDATES, rate=1e-3, callback=watch, every=max(N_UPDATES // 10, 1))
    networks[name] = learnt
    print(f"4. {name}: {1e4 * _ppc.mse(_ppc.network_estimate(model, learnt, test.y), test.z)[0]:.2f}e-4 rad²")
figure = _plots.figure(5, 3)
axes = figure.subplots()
for name, curve in curves.items():
    n_updates, errors = np.array(curve).T
    axes.plot(n_updates, 1e4 * errors, **_plots.style(name))
for name, model in filters.items():
    axes.axhline(1e4 * _ppc.mse(_ppc.kalman_estimate(model, test.y), test.z)[0], **_plots.style(name))
axes.set(xlabel="updates", ylabel="MSE (10⁻⁴ rad²)", yscale="log")
axes.legend()
keep(figure, 4)

# %% [markdown]
# ## 5. What do the states know?
# Nobody reported the velocity. Can it be read off the states, by a linear map? From the rEFH's it can: that is what order 2 means.

# %%
known = {name: ppc_order.readout(model.infer(networks[name], test.y), test.z[..., 1])
         for name, model in (("TRBM", trbm), ("rEFH", refh))}
figure = _plots.figure(4, 2.6)
axes = figure.subplots()
axes.barh(list(known), list(known.values()), color=[_plots.COLOURS[name] for name in known])
axes.set(xlabel="velocity, read linearly from the state (R²)", xlim=(0, 1))
keep(figure, 5)
for name, r2 in known.items():
    print(f"5. {name}: R² of the velocity {r2:.2f}")

# %% [markdown]
# ## 6. The same with an autoencoder
# The rVAE: its decoder gives back the spikes *and* its previous state. Two latents are enough, for position and velocity. Coloured by
# what is true, the plane of the two latents shows what they stand for. (It learns for a short time here; table 1's learns longer and with more care.)

# %%
n_updates = 200 if arguments.quick else 12_000
autoencoder = rvae.init(SYSTEM.n_neurons, 2, 64, "poisson", rng)
autoencoder, _ = rvae.train(autoencoder, _ppc.training_batches(rng, n_traj=40, T=1000), rng, n_updates=n_updates, rate=2e-3, chunk=8)
states = rvae.infer(autoencoder, test.y)
print(f"6. rVAE: {1e4 * _ppc.mse(_ppc.network_estimate(rvae, autoencoder, test.y), test.z)[1]:.2f}e-4 rad² after the first 100 "
      f"steps; R² of the velocity {ppc_order.readout(states, test.z[..., 1]):.2f}")
figure = _plots.figure(7, 3)
for axes, quantity, unit, column in zip(figure.subplots(1, 2, sharey=True), ("position", "velocity"), ("rad", "rad/s"), (0, 1)):
    points = axes.scatter(*states[:, 100::10].reshape(-1, 2).T, c=test.z[:, 100::10, column].ravel(), s=2, cmap="cividis")
    figure.colorbar(points, ax=axes, label=f"true {quantity} ({unit})")
    axes.set(xlabel="latent 1", ylabel="latent 2" if column == 0 else "")
keep(figure, 6)

# %% [markdown]
# ## 7. A film that a network dreams
# An rVAE has seen films of three bouncing balls (its weights come with the project). It is shown ten frames of a new one, and goes on by itself.

# %%
box = bouncing_balls.Box()
params, _ = rvae.load(_run.WEIGHTS / "balls_generate.npz")
film = bouncing_balls.sample(1, 60, rng, box).frames
dreamt = dreaming.dream(params, rvae.infer(params, film[:, :10])[:, -1], 50, rng)
measured = _films.measures(dreamt, film[:, 10:], box)
print(f"7. of 50 dreamt frames, {50 * measured['three_balls']:.0f} have three balls and nothing else")
figure = _films.strip([("what happened", film[0, 10::5]), ("dreamt", dreamt[0, ::5])], box.shape, "Every fifth frame")
keep(figure, 7)
