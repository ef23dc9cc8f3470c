"""A lecture on the poster, in nine stops: question, prediction, figure.

Each stop asks a question. *Predict first*: let the class commit itself before
the figure is shown. Then it says where to look. The stops: the spikes; the
optimal filter; an energy; contrastive divergence; the spikes are switched off;
which order was learnt; local or through time; an autoencoder; a video.

Every stop prints its result and plots walkthrough_N.png. Run it cell by cell
(VS Code, Spyder, or as a notebook: python -m examples.notebooks), or as a whole.
Every number is of one seed (--seed, 0 by default); the result pages have more.

Takes two minutes. --quick takes half a minute: it shows the same effects, without
the trainings of stops 7 and 8. Stop 7 plots what is kept, stop 8 nothing.
"""

# %%
import examples  # isort: skip  # noqa: F401  path and threads, first of all

import numpy as np

from datasets import bouncing_balls, ppc
from examples import live, ppc_order, quickstart
from examples.balls import tracking
from examples.ppc import oscillator
from examples.tools import plots, run, sequences
from refh_numpy import efh, exact, harmonium
from rvae_numpy import rvae

arguments = run.parse(run.parser("walkthrough", __doc__, ("quick",), jobs=False), None)
run.prepare_folder(arguments.out)


def generator(stop):
    """The random generator of a stop: each stop can be run alone."""
    return np.random.default_rng([arguments.seed, stop])


def save(figure, stop):
    print(f"    {plots.save(figure, arguments.out / f'walkthrough_{stop}.png')}", flush=True)


# %% [markdown]
# ## 1. What do the neurons report?
# A mass oscillates on a damped spring. Fifteen neurons encode its position in a few Poisson spikes
# per time step of 0.05 s (P1, P2; all labels: [symbols and equations](../examples/notation.md)).
# The centre of mass of the spikes decodes the position (D1).
#
# **Predict first.** A tuning curve is 20° wide at half its height, and a time step has about twenty
# spikes. How precise is the position, from one time step?

# %%
test = ppc.sample(n_traj=40, T=1000, rng=generator(1))
z_hat, spikes = ppc.decode(test.y)
mse = oscillator.mse(z_hat, test.z)[0]
print(
    f"1. {spikes.mean():.0f} spikes per time step; from one time step, the error is "
    f"{1e4 * mse:.1f}e-4 rad², or {np.degrees(np.sqrt(mse)):.1f}° (poster, ORDER 0: 12e-4)"
)
save(quickstart.plot_data(test), 1)

# %% [markdown]
# **Look at** the lower panel: the velocity. No neuron encodes it, so a network that has it must
# have computed it from many time steps. And look at the top, at the other end of the circle: the
# neurons tile a circle, so the last one is the first one's neighbour.

# %% [markdown]
# ## 2. What is a velocity good for?
# A filter estimates the present from all observations so far. KF-1 is the best filter whose state
# is a position; KF-2 has a velocity, too. Both are fitted by EM.
#
# **Predict first.** One time step reports a position that is too large by 0.1 rad. How does each
# filter respond, then and later? And what will each say if the spikes end?

# %%
for_em = ppc.sample(n_traj=10, T=400, rng=generator(2), random_phase=True)
filters = {name: oscillator.fit_kalman(for_em.y, name) for name in ("KF-1", "KF-2")}
filter_rows = {
    name: quickstart.filter_row(model, test, arguments.seed) for name, model in filters.items()
}
to_perturb = ppc.sample(n_traj=200, T=360, rng=generator(2), random_phase=True)
y_perturbed = ppc_order.perturbed(to_perturb, generator(20))


def responses(estimators):
    """{model: impulse response} of functions from spikes to positions."""
    return {
        name: ppc_order.impulse_response(estimate, to_perturb, y_perturbed)
        for name, estimate in estimators.items()
    }


def plot_order(found, rows):
    """Impulse responses, and movement without spikes."""
    figure = plots.figure(8, 3.4)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    left.axhline(0, color="grey", linewidth=0.5)
    time_s = np.arange(ppc_order.LAGS) * oscillator.SYSTEM.dt
    for name, response in found.items():
        label = f"{name}: first {response[0]:.2f}, lowest {response.min():.3f}"
        left.plot(time_s, response, **plots.style(name) | {"label": label})
    left.set(
        ylim=(-0.04, 0.2),
        xlabel="time since the perturbed observation (s)",
        ylabel="response / perturbation",
        title="Impulse response (first values cut off)",
    )
    left.legend()
    quickstart.plot_slopes(right, [{"model": name, **row} for name, row in rows.items()])
    plots.letters([left, right])
    return figure


found = responses(
    {
        name: lambda y, model=model: oscillator.kalman_estimate(model, y)
        for name, model in filters.items()
    }
)
for name, row in filter_rows.items():
    print(
        f"2. {name}: {1e4 * row['mse']:.2f}e-4 rad²; weight of the present observation "
        f"{found[name][0]:.2f}; movement in one second without spikes, relative to the truth: "
        f"{row['coasting']['20']:.2f}"
    )
save(plot_order(found, filter_rows), 2)

# %% [markdown]
# **Look at** three things. KF-1 takes more than half of every new observation, KF-2 an eighth: a
# filter that predicts well need not listen much. KF-2 swings below zero, because it took part of
# the outlier for a change of velocity. And without spikes, KF-1 stays where it is, and KF-2 moves
# on at the right speed. The last one is our measure of *order*, because it can be taken of any
# model.

# %% [markdown]
# ## 3. What is an energy?
# A harmonium has visible units y, the data, and hidden units x. It gives each of their joint states
# an energy, and low energies are probable (H2): $p(x, y) \propto e^{-E(x, y)}$. Summed over x, this
# gives the *free energy* of a visible state (H3). Four visible units have 16 states, which we can
# list; three hidden ones are summed out. Learning digs: it lowers the free energy of the data, and
# raises it wherever the model's own samples are.
#
# **Predict first.** The data are three of the 16 states. What happens to the others, above all to
# those that differ from the data in one unit?

# %%
patterns = np.array([[1.0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 0]])
states = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(float)
is_data = (states[:, None] == patterns).all(-1).any(-1)
rng = generator(3)
before = efh.init(n_x=3, n_y=4, family="bernoulli", rng=rng, dtype=np.float64)
batches = (rng.permutation(np.repeat(patterns, 20, axis=0))[:, None] for _ in iter(int, 1))
after, _ = efh.train(before, batches, rng, n_updates=3000, learning_rate=2e-2)
figure, probability = plots.figure(7.5, 3), []
panels = figure.subplots(1, 2, sharey=True)
for axes, params, title in zip(
    panels, (before, after), ("Before learning", "After 3000 updates"), strict=True
):
    free_energy = harmonium.free_energy(params, np.zeros((16, 0)), states)
    p = np.exp(-free_energy) / np.exp(-free_energy).sum()
    probability.append(p[is_data].sum())
    axes.bar(np.arange(16), p, color=np.where(is_data, plots.COLOURS["rEFH"], "0.75"))
    axes.set_xticks(
        np.arange(16), ["".join(f"{unit:.0f}" for unit in one) for one in states], rotation=90
    )
    axes.set(title=title, xlabel="state of the four visible units")
panels[0].set_ylabel("probability")
print(
    f"3. the three patterns together have the probability {probability[0]:.2f} before learning, "
    f"{probability[1]:.2f} after it"
)
save(figure, 3)

# %% [markdown]
# **Look at** the dark bars, the data. All other states have become improbable, the data's
# neighbours too: samples of the model visited them, and each visit raised their energy. That is the
# negative phase. The three bars should be equal, and are not: see the next stop. A network with a
# *state* has two groups of visible units, the spikes y and its own past u. All that follows is
# about one choice: which of the two is in the negative phase.

# %% [markdown]
# ## 4. How wrong is contrastive divergence?
# The negative phase needs samples of the model. CD-k takes them from k sweeps of a Gibbs chain that
# starts at the data (P6). In so small a model, both gradients can be computed exactly. We take the
# mean angle between them over thirty random harmoniums.
#
# **Predict first.** When does a short chain mislead more: with small weights, or with large ones?

# %%
steps, no_u, rng = [1, 2, 4, 8, 16, 32, 64], np.zeros((3, 0)), generator(4)
N_HARMONIUMS = 30  # random ones per size of weights: the mean angle
figure = plots.figure(6, 3.4)
axes = figure.subplots()
for size, marker, grey in ((0.5, "o", "0.6"), (2.0, "s", "0.35"), (4.0, "v", "black")):
    angles = np.zeros(len(steps))
    for _ in range(N_HARMONIUMS):
        small = efh.init(n_x=3, n_y=4, family="bernoulli", rng=rng, dtype=np.float64)
        small = small.map(lambda leaf, size=size: size * rng.standard_normal(leaf.shape))
        correct = exact.gradient(small, no_u, patterns).W_y.ravel()
        for i, k in enumerate(steps):
            cd = exact.cd_expectation(small, no_u, patterns, k).W_y.ravel()
            cosine = cd @ correct / np.linalg.norm(cd) / np.linalg.norm(correct)
            angles[i] += np.degrees(np.arccos(np.clip(cosine, -1, 1))) / N_HARMONIUMS
    axes.plot(steps, angles, marker=marker, color=grey, label=f"weights of size {size:g}")
    print(
        f"4. weights of size {size:g}: mean angle of CD-1 {angles[0]:.0f}°, of CD-{steps[-1]} "
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
save(figure, 4)

# %% [markdown]
# **Look at** k = 1, which all networks on the oscillator use: with small weights its direction is
# nearly right. With large weights the chain mixes slowly and stays near the data.

# %% [markdown]
# ## 5. Which network moves on when the spikes are switched off?
# Two networks of 120 hidden units learn for 2000 updates, from equally many spikes. Both run in the
# same way (P4): the mean of $x_t$ is the next u. Neither propagates a gradient back in time. They
# differ in one line. The TRBM's negative phase leaves u as it is: it learns p(y | u). The rEFH's
# samples u as well (P3): it learns p(u, y).
#
# **Predict first.** Learning p(y | u) looks like learning to predict. Learning p(u, y) asks the
# network to explain its own past. Which of the two will know the velocity?

# %%
learnt = quickstart.train_networks(arguments.seed, **quickstart.DEFAULT)
network_rows = {
    name: quickstart.network_row(name, params, test, arguments.seed)
    for name, (params, _, _) in learnt.items()
    if name != "ORDER 0"
}
for name, row in network_rows.items():
    print(
        f"5. {name}: {1e4 * row['mse']:.2f}e-4 rad² (KF-1 {1e4 * filter_rows['KF-1']['mse']:.2f}, "
        f"KF-2 {1e4 * filter_rows['KF-2']['mse']:.2f}), {learnt[name][2]:.1f} s of training"
    )
figure = plots.figure(7, 3.8)
quickstart.plot_free_run(figure.subplots(), *quickstart.free_run(arguments.seed, learnt))
save(figure, 5)

# %% [markdown]
# **Look at** the left half first: with spikes, both follow the position, and their errors differ
# little. Then at the right half. To predict y well *now*, a position is almost enough. To explain
# its own state u, $x_t$ must keep what u had, and what u had that y lacks is the movement.

# %% [markdown]
# ## 6. Which order was learnt?
# The two measures of stop 2, now of both networks.
#
# **Predict first.** Where are the two networks between KF-1 and KF-2: in the impulse response, and
# in the movement without spikes?

# %%
found |= responses(
    {
        name: lambda y, name=name: oscillator.network_estimate(
            quickstart.NETWORKS[name], learnt[name][0], y
        )
        for name in network_rows
    }
)
for name, row in network_rows.items():
    print(
        f"6. {name}: weight of the present observation {found[name][0]:.2f}, lowest response "
        f"{found[name].min():.3f}; movement in one second without spikes, relative to the truth: "
        f"{row['coasting']['20']:.2f}"
    )
save(plot_order(found, filter_rows | network_rows), 6)

# %% [markdown]
# **Look at** the right panel: the TRBM stays, as KF-1 does; the rEFH moves on at most of the right
# speed. In the left panel, see which responses fall below 0, as KF-2's does. (Velocity can be
# *decoded* from the TRBM's state, and even from a random network's: being decodable is not being
# used. So we measure what a network does, not what can be read from it.)

# %% [markdown]
# ## 7. And backpropagation through time?
# The poster's question: can the joint replace BPTT? Two choices make four rules. Rows: p(y | u) or
# p(u, y). Columns: no gradient through u, or BPTT.
#
# **Predict first.** BPTT follows the gradient further than a local rule, so it should win: early?
# late? in both rows?

# %%
grid = live.TwoByTwo(plots.figure(*live.TwoByTwo.size), generator(7), with_knobs=False)
if not arguments.quick:
    for name in grid.models:
        grid.turn(name)
        error = grid.panels[name].lines[-1].get_ydata()[-1]
        said = f"{live.rounded(error)}e-4 rad² after {grid.n_updates} updates"
        print(f"7. {name}: {said}", flush=True)
grid.turn("later")
for name, axes in grid.panels.items():
    n_updates, error = (values[-1] for values in axes.lines[-1].get_data())
    print(f"7. {name}, kept: {live.rounded(error)}e-4 rad² after {n_updates} updates")
save(grid.figure, 7)

# %% [markdown]
# **Look at** three panels. In the first few hundred updates the rEFH has the larger error. In the
# kept trainings (grey, 240 units) it has caught up with the RTRBM near 4000 updates; at the end the
# RTRBM, BPTT of the conditional, wins: the joint obviates BPTT for a while, and in part. BPTT of
# the joint collapses: with a gradient through u, the cheapest way to make u predictable is to make
# it constant.

# %% [markdown]
# ## 8. Does it depend on harmoniums?
# The decoder of the rVAE reconstructs the spikes *and* its previous state (P7 to P12), again with
# no gradient through u. Two latent variables suffice, for a position and a velocity.
#
# **Predict first.** What will position and velocity look like in the plane of the two latent
# variables?

# %%
if not arguments.quick:
    rng = generator(8)
    autoencoder = rvae.init(n_x=2, n_y=15, hidden=64, family="poisson", rng=rng)
    recipe = dict(n_traj=40, T=1000, chunk=8, n_updates=12_000, learning_rate=4e-3)
    recipe |= dict(sigmas=[0.09, 0.08, 0.07, 0.06], n_decoder_updates=500)
    autoencoder = oscillator.train(rvae, autoencoder, rng, recipe)
    u = rvae.infer(autoencoder, test.y)
    mse = oscillator.mse(oscillator.network_estimate(rvae, autoencoder, test.y), test.z)[1]
    velocity = ppc_order.readout(u, test.z[..., 1])
    print(f"8. rVAE: {1e4 * mse:.2f}e-4 rad² after 100 steps; R² of the velocity {velocity:.2f}")
    figure = plots.figure(7.5, 3.2)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, quantity, column in zip(
        panels, ("position (rad)", "velocity (rad/s)"), (0, 1), strict=True
    ):
        points = axes.scatter(
            *u[:, 100::10].reshape(-1, 2).T,
            s=2,
            cmap="cividis",
            c=test.z[:, 100::10, column].ravel(),
            rasterized=True,
        )
        figure.colorbar(points, ax=axes, label=f"true {quantity}")
        axes.set(xlabel="latent variable 1", ylabel="" if column else "latent variable 2")
    plots.letters(panels)
    save(figure, 8)

# %% [markdown]
# **Look at** the directions in which the colours change: two different ones, so the plane holds
# both. With seed 0 the error is still above that of KF-1; the long training of Table 1 is below it.
# A short training can even fail, with a low loss; how to see that is in
# [chapter 4](../rvae_numpy/README.md), with what else is special about the rVAE.

# %% [markdown]
# ## 9. Does it work on videos?
# An rVAE was trained on videos of three bouncing balls; its weights come with the project. It
# receives ten frames of a new video, and then generates frames alone.
#
# **Predict first.** What will go wrong first: shape, number, or movement of the balls?

# %%
box = bouncing_balls.Box()
params, _ = rvae.load(run.WEIGHTS / "balls_generate.npz")
video = bouncing_balls.sample(1, 60, generator(9), box).frames
context, truth = video[:, :10], video[:, 10:]
generated = rvae.generate(params, rvae.infer(params, context)[:, -1], 50, generator(90))
valid = tracking.measures(generated, truth, box)["valid_frames"]
print(f"9. {50 * valid:.0f} of 50 generated frames are valid: three balls, and little else")
figure = sequences.strip(
    [("ground truth", truth[0, ::5]), ("generated", generated[0, ::5])],
    box.shape,
    "Every fifth frame",
    np.arange(11, 61, 5),
)
save(figure, 9)
run.end()

# %% [markdown]
# **Look at** the first frames: the balls go where they must, so a state learnt from single time
# steps, without BPTT, has position *and* velocity. Later the paths part, as any two
# simulations of colliding balls would. What holds, and what does not, is on the
# [front page](../README.md).
