"""What every autoencoder hands out: train, infer, emission_mean, predict_next, generate, save, load."""
import numpy as np
import pytest

from datasets import files, ppc
from rvae_numpy import autoencoder, rvae, rvae_bptt, storage, training, tvae, vae
from rvae_numpy.autoencoder import PHI
from rvae_numpy.mlp import Layer

MODELS = [vae, rvae, tvae, rvae_bptt]
RNG = np.random.default_rng(0)


def stream(rng, n_traj=4, T=30):
    while True:
        yield ppc.sample(ppc.System(), n_traj, T, rng, staggered=True).y


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", autoencoder.FAMILIES)
def test_shapes_and_dtypes(model, dtype, family):
    rng = np.random.default_rng(0)
    params = model.init(3, 2, 5, family, rng, dtype)
    y = rng.integers(0, 4, (2, 4, 3))
    u = model.infer(params, y)
    assert u.shape == (2, 4, 2) and u.dtype == dtype
    for y_out in (model.emission_mean(params, u), model.predict_next(params, u, rng, n_samples=3)):
        assert y_out.shape == (2, 4, 3) and y_out.dtype == dtype
    movie = model.generate(params, u[:, -1], 5, rng)
    assert movie.shape == (2, 5, 3) and movie.dtype == dtype


def test_causal():
    rng = np.random.default_rng(0)
    params = rvae.init(3, 2, 5, "poisson", rng)
    y = rng.poisson(2.0, (1, 6, 3))
    changed = y.copy()
    changed[0, 3] += 2
    a, b = rvae.infer(params, y), rvae.infer(params, changed)
    np.testing.assert_array_equal(a[:, :3], b[:, :3])
    assert (a[:, 3:] != b[:, 3:]).any(-1).all()


def test_the_first_state_is_what_the_joint_expects_given_the_first_observation():
    """D34 in a linear-Gaussian model with its exact posterior, against conditioning the joint of (u, y)."""
    rng = np.random.default_rng(5)
    sigma_u, sigma_y, n = 0.8, 0.5, 2
    params = rvae.init(n, n, n, "normal", rng, np.float64, activation="relu", sigma_u=sigma_u)
    W, c = 0.7 * rng.standard_normal((2, n, n))
    Upsilon = np.linalg.inv(np.eye(n) + W.T @ W / sigma_u**2 + c.T @ c / sigma_y**2)
    params.encode = [Layer(np.eye(n), np.zeros(n)) for _ in range(2)]          # positive y pass the relu as they are
    params.nu = Layer(np.concatenate([Upsilon @ c.T / sigma_y**2, Upsilon @ W.T / sigma_u**2], axis=1), np.zeros(n))
    params.decode_u = Layer(W, np.zeros(n))
    y_1 = rng.random((5, n))
    given = y_1 @ np.linalg.inv(c @ c.T + sigma_y**2 * np.eye(n)) @ c @ W.T
    np.testing.assert_allclose(autoencoder.first_state(params, y_1), given, atol=1e-5)


def test_a_conditional_model_begins_at_zero_and_a_static_one_has_no_state():
    rng = np.random.default_rng(0)
    assert not autoencoder.first_state(tvae.init(3, 2, 5, "poisson", rng), np.ones((4, 3), np.float32)).any()
    assert autoencoder.first_state(vae.init(3, 2, 5, "poisson", rng), np.ones((4, 3), np.float32)).shape == (4, 0)


def test_a_static_model_forgets():
    rng = np.random.default_rng(0)
    params = vae.init(3, 2, 5, "poisson", rng)
    y = rng.poisson(2.0, (2, 6, 3))
    np.testing.assert_allclose(vae.infer(params, y)[:, ::-1], vae.infer(params, y[:, ::-1]), atol=1e-6)


def test_with_phi_frozen_only_the_generative_model_learns():
    rng = np.random.default_rng(0)
    params = rvae.init(15, 2, 8, "poisson", rng)
    learnt, _ = rvae.train(params, stream(rng), rng, n_updates=5, freeze_phi=True)
    theta = [name for name in autoencoder.LAYERS if name not in (*PHI, "prior")]
    for a, b in zip(params.leaves(PHI), learnt.leaves(PHI)):
        np.testing.assert_array_equal(a, b)
    assert all((a != b).any() for a, b in zip(params.leaves(theta), learnt.leaves(theta)))


def test_a_long_gradient_is_cut_short_and_keeps_its_direction():
    rng = np.random.default_rng(0)
    g = rvae.init(15, 2, 8, "poisson", rng)
    flat = np.concatenate([leaf.ravel() for leaf in g.leaves()])
    length = np.linalg.norm(flat)
    cut = np.concatenate([leaf.ravel() for leaf in training.cut_short(g, 0.3 * length).leaves()])
    np.testing.assert_allclose(cut, 0.3 * flat, rtol=1e-5, atol=1e-8)
    assert cut.dtype == np.float32 and training.cut_short(g, 1.01 * length) is g
    # a limit that is never reached changes nothing; one that always is changes what is learnt
    learnt = [rvae.train(g, stream(np.random.default_rng(1)), np.random.default_rng(1), n_updates=3, max_norm=limit)[0].nu.W
              for limit in (None, 1e9, 1e-9)]
    np.testing.assert_array_equal(learnt[0], learnt[1])
    assert np.abs(learnt[2] - learnt[0]).max() > 0
    with pytest.raises(ValueError, match="max_norm: wanted a number in"):
        rvae.train(g, stream(rng), rng, n_updates=3, max_norm=0)


@pytest.mark.parametrize("cut", ["file", "moment"])
def test_a_run_resumes_from_its_checkpoint_to_the_bit(cut, tmp_path):
    settings = dict(n_updates=30, rate=1e-2, chunk=7)

    def start():
        rng = np.random.default_rng(4)
        return rvae.init(15, 2, 8, "normal", rng, blinks=0.5), rng          # in the middle of a film, and of a blink

    params, rng = start()
    whole, _ = rvae.train(params, stream(rng), rng, **settings)
    path = tmp_path / "run.npz"

    def keep(params, log):
        if log.n_updates[-1] == 12:
            storage.save_checkpoint(path, params, log.state, "rvae")

    params, rng = start()
    rvae.train(params, stream(rng), rng, **settings, every=12, callback=keep)
    if cut == "moment":
        with np.load(path) as file:
            arrays = {name: array for name, array in file.items() if name != "m.leaf_3"}
        np.savez(path, **arrays)
        with pytest.raises(ValueError, match="wanted array m.leaf_3 finite"):
            storage.load_checkpoint(path, "rvae")
        return
    rng = np.random.default_rng()
    params, state = storage.load_checkpoint(path, "rvae")
    assert state.is_open.shape == state.y.shape[:2] and 0 < state.is_open.mean() < 1
    resumed, _ = rvae.train(params, stream(rng), rng, **settings, state=state)
    for a, b in zip(whole.leaves(), resumed.leaves()):
        np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="n_updates: wanted more than the 12"):
        rvae.train(params, stream(rng), rng, n_updates=12, state=state)
    with pytest.raises(ValueError, match="state: wanted moments like params"):
        rvae.train(rvae.init(15, 2, 9, "poisson", rng), stream(rng), rng, n_updates=40, state=state)
    with pytest.raises(TypeError, match="state: wanted the State"):
        rvae.train(params, stream(rng), rng, n_updates=40, state=3)


def test_weights_are_no_checkpoint(tmp_path):
    path = tmp_path / "weights.npz"
    rvae.save(path, rvae.init(3, 2, 5, "poisson", np.random.default_rng(0)))
    with pytest.raises(ValueError, match="wanted array m.leaf_0"):
        storage.load_checkpoint(path, "rvae")


@pytest.mark.parametrize("model", MODELS)
def test_inference_goes_on_from_a_state_that_it_is_given(model):
    rng = np.random.default_rng(3)
    params = model.init(3, 2, 5, "poisson", rng, np.float64)
    y = rng.poisson(2.0, (2, 6, 3))
    whole, first = model.infer(params, y), model.infer(params, y[:, :4])
    np.testing.assert_allclose(model.infer(params, y[:, 4:], first[:, -1]), whole[:, 4:])


def test_x_given_u_is_bayes():
    """D31 against importance weights: x from the prior, weighed by p(u | x)."""
    rng = np.random.default_rng(1)
    params = rvae.init(3, 2, 5, "poisson", rng, np.float64, sigma_u=0.5)
    params.decode_u.W += 0.4 * rng.standard_normal((2, 2))
    params.decode_u.b += [0.3, -0.2]
    u = np.array([[0.6, -0.4]])
    x = rng.standard_normal((400_000, 2))
    weights = np.exp(-np.sum((u - x @ params.decode_u.W.T - params.decode_u.b) ** 2, -1) / (2 * 0.5**2))
    weights /= weights.sum()
    mean = weights @ x
    cov = (weights[:, None] * (x - mean)).T @ (x - mean)
    draws = autoencoder.draw_x(params, np.tile(u, (200_000, 1)), rng)
    np.testing.assert_allclose(draws.mean(0), mean, atol=0.01)
    np.testing.assert_allclose(np.cov(draws.T), cov, atol=0.01)


def test_x_given_u_where_u_sets_the_prior():
    rng = np.random.default_rng(2)
    params = tvae.init(3, 2, 5, "poisson", rng, np.float64)
    params.prior.W += 0.3 * rng.standard_normal((4, 2))
    u = np.array([0.6, -0.4])
    m, log_k = np.split(params.prior.W @ u + params.prior.b, 2)
    draws = autoencoder.draw_x(params, np.tile(u, (100_000, 1)), rng)
    np.testing.assert_allclose(draws.mean(0), m, atol=5 * np.exp(log_k.max() / 2) / np.sqrt(1e5))
    np.testing.assert_allclose(draws.var(0), np.exp(log_k), rtol=5 * np.sqrt(2 / 1e5))


@pytest.mark.parametrize("model", MODELS)
def test_a_short_run_filters_better_than_the_present_observation(model):
    rng = np.random.default_rng(0)
    params = model.init(15, 2, 32, "poisson", rng)
    params, log = model.train(params, stream(rng, 40, 400), rng, n_updates=4000, rate=3e-3, chunk=8, every=1000)
    assert log.loss[-1] < log.loss[0]
    assert log.n_updates == [1000, 2000, 3000, 4000]
    test = ppc.sample(ppc.System(), 20, 300, np.random.default_rng(1))
    y = model.emission_mean(params, model.infer(params, test.y))
    # both see the position, at least: its variance is 1300e-4
    assert ppc.squared_error(ppc.System(), ppc.decode(ppc.System(), y)[0], test.z[..., 0])[:, 50:].mean() < 300e-4


def test_blinks():
    """D53: a third of the frames in the long run, in spells of BLINK frames; never the first ones"""
    rng = np.random.default_rng(0)
    is_open = training.open_eyes(3000, 200, 1 / 3, rng)
    assert is_open.shape == (3000, 200) and is_open.dtype == bool and is_open[:, :training.SEEN_FIRST].all()
    assert is_open[:, 100:].mean() == pytest.approx(2 / 3, abs=0.01)
    assert is_open[:, :50].mean() == pytest.approx(3 / 4, abs=0.02)                 # they all begin open
    shut = ~is_open[:, 50:]
    assert shut[:, :-1].sum() / (shut[:, :-1] & ~shut[:, 1:]).sum() == pytest.approx(training.BLINK, rel=0.03)
    before = rng.bit_generator.state
    assert training.open_eyes(3, 20, 0.0, rng).all() and rng.bit_generator.state == before


@pytest.mark.parametrize("model", [rvae, rvae_bptt])
def test_what_is_told_in_a_blink_is_nothing(model):
    """The loop tells nothing of hidden frames, and computes the states from what is told"""
    told = []

    def gradient(params, u, y, rng, hidden):
        told.append((u, y, hidden))
        return model.gradient(params, u, y, rng, hidden)

    rng = np.random.default_rng(0)
    params = model.init(15, 2, 8, "normal", rng, blinks=0.5)
    y = next(stream(rng, 20, 60))
    training.train(gradient, params, [y], np.random.default_rng(1), n_updates=6, rate=1e-9, chunk=10)
    u, y_back, y_told = (np.concatenate(arrays, axis=1) for arrays in zip(*told))
    np.testing.assert_array_equal(y_back, y.astype(np.float32))
    seen = y_told.any(-1)
    assert 0.3 < seen[:, 20:].mean() < 0.7 and seen[:, :training.SEEN_FIRST].all()
    np.testing.assert_array_equal(y_told[seen], y_back[seen])
    np.testing.assert_allclose(u[:, 1:], autoencoder.forward(params, u[:, 0], y_told)[:, :-1], atol=1e-4)


@pytest.mark.parametrize("chunk, blinks", [(1, 0.0), (7, 0.0), (30, 0.0), (7, 0.5)])
def test_a_run_resumes_to_the_bit(chunk, blinks):
    def start():
        rng = np.random.default_rng(3)
        return rvae.init(15, 2, 8, "normal" if blinks else "poisson", rng, blinks=blinks), rng

    settings = dict(n_updates=40, rate=1e-2, chunk=chunk)
    params, rng = start()
    whole, _ = rvae.train(params, stream(rng), rng, **settings)
    kept = {}

    def keep(params, log):
        state = log.state
        kept.setdefault("params", params.map(np.copy))
        kept.setdefault("state", training.State(state.m.map(np.copy), state.v.map(np.copy), state.n_updates,
                                                state.u.copy(), state.y.copy(), state.is_open.copy(), state.rng))

    params, rng = start()
    rvae.train(params, stream(rng), rng, **settings, every=17, callback=keep)
    rng = np.random.default_rng()
    resumed, _ = rvae.train(kept["params"], stream(rng), rng, **settings, state=kept["state"])
    for a, b in zip(whole.leaves(), resumed.leaves()):
        np.testing.assert_array_equal(a, b)


def test_adam_takes_the_papers_first_step():
    """At step 1 the unbiased moments are g and g^2: the step is rate * sign(g)."""
    theta, g = np.zeros(3), np.array([2.0, -0.5, 1e-3])
    training.adam(theta, g, np.zeros(3), np.zeros(3), 0.1, 1)
    np.testing.assert_allclose(theta, -0.1 * np.sign(g), rtol=1e-4)


def test_ctrl_c_keeps_what_was_learnt_and_divergence_is_said():
    rng = np.random.default_rng(0)

    def interrupt(params, log):
        raise KeyboardInterrupt

    _, log = rvae.train(rvae.init(15, 2, 8, "poisson", rng), stream(rng), rng, n_updates=100, every=10, callback=interrupt)
    assert log.interrupted and log.state.n_updates == 10
    with pytest.raises(FloatingPointError, match="training diverged at update .* smaller rate"):
        rvae.train(rvae.init(15, 2, 8, "poisson", rng), stream(rng), rng, n_updates=100, rate=1e9)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("call, name", [
    (lambda m, p: m.infer(p, np.zeros((2, 3))), "y"), (lambda m, p: m.infer(p, np.full((1, 1, 15), 0.5)), "y"),
    (lambda m, p: m.infer(p, np.full((1, 1, 15), np.nan)), "y"), (lambda m, p: m.infer(p, np.ones((1, 1, 15)), np.zeros((2, 2))), "u0"),
    (lambda m, p: m.emission_mean(p, np.zeros((1, 2))), "u"),
    (lambda m, p: m.predict_next(p, np.zeros((1, 3, 2)), RNG, 0), "n_samples"),
    (lambda m, p: m.predict_next(p, np.zeros((1, 3, 2)), 0), "rng"),
    (lambda m, p: m.generate(p, np.zeros((1, 3)), 2, RNG), "u0"), (lambda m, p: m.generate(p, np.zeros((1, 2)), 0, RNG), "T"),
    (lambda m, p: m.train(p, [np.zeros((1, 2, 3))], RNG, n_updates=1), "batches"),
    (lambda m, p: m.train(p, [], RNG, n_updates=1), "batches"), (lambda m, p: m.train(p, [], RNG, n_updates=0), "n_updates"),
    (lambda m, p: m.init(15, 2, 8, "gamma", RNG), "family"), (lambda m, p: m.init(15, 2, 8, "poisson", RNG, int), "dtype")])
def test_bad_input_is_named(model, call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .*(got|ended after)"):
        call(model, model.init(15, 2, 8, "poisson", np.random.default_rng(0)))


@pytest.mark.parametrize("model", MODELS)
def test_save_and_load(model, tmp_path):
    path = tmp_path / "weights.npz"
    params = model.init(3, 2, 5, "normal", np.random.default_rng(0))
    model.save(path, params, seed=3)
    again, meta = model.load(path)
    assert meta == {"seed": 3} and again.model == params.model
    for a, b in zip(params.leaves(), again.leaves()):
        np.testing.assert_array_equal(a, b)
    other = MODELS[MODELS.index(model) - 1]
    with pytest.raises(ValueError, match="wanted the weights of model"):
        other.load(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match="weights.npz: wanted"):
        model.load(path)


def test_a_file_with_another_header_says_so(tmp_path):
    path = tmp_path / "weights.npz"
    for header in ({"model": {}}, {"model": {}, "sizes": {}}, {"model": {"sigma_z": 1.0}, "sizes": {"n_y": 3, "n_x": 2, "hidden": 5}}):
        files.write(path, {}, name="rvae", **header)
        with pytest.raises(ValueError, match="weights.npz: wanted the sizes and the model"):
            rvae.load(path)
    params = rvae.init(3, 2, 5, "poisson", np.random.default_rng(0))
    rvae.save(path, params.map(lambda leaf: leaf.astype(int)))
    with pytest.raises(ValueError, match="leaf_0 finite, of shape .* and of floats, got .* int64"):
        rvae.load(path)


def test_models_that_contradict_themselves_and_pixels_that_are_none():
    with pytest.raises(ValueError, match="prior_given_u: wanted False"):
        autoencoder.Model(learn_u=True, prior_given_u=True)
    params = rvae.init(3, 2, 5, "normal", np.random.default_rng(0), pixels=True)
    with pytest.raises(ValueError, match=r"y: wanted values in \[0, 1\], got 0 to 255"):
        rvae.infer(params, np.array([[[0.0, 255.0, 3.0]]]))
