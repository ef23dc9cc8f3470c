"""What every model file hands out: infer, emission_mean, predict_next, generate, save, load."""
import io
import json

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from refh_numpy import efh, exact, harmonium, hybrid, refh, refh_bptt, rtrbm, storage, trbm
from tests.tiny import Y_MAX, harmonium_of

MODELS = [efh, refh, trbm, rtrbm, refh_bptt, hybrid]
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("family", ["bernoulli", "poisson", "normal"])
def test_shapes_and_dtypes(model, dtype, family):
    rng = np.random.default_rng(0)
    params = model.init(7, 3, family, rng, dtype)
    y = rng.integers(0, 2, (2, 4, 3))                           # integers are values of every family
    u = model.infer(params, y)
    assert u.shape == (2, 4, 7) and u.dtype == dtype and (0 <= u).all() and (u <= 1).all()
    for y_out in (model.emission_mean(params, u), model.predict_next(params, u, rng, n_sweeps=2)):
        assert y_out.shape == (2, 4, 3) and y_out.dtype == dtype
    movie = model.generate(params, u[:, -1], 5, rng, n_sweeps=2)
    assert movie.shape == (2, 5, 3) and movie.dtype == dtype
    params.family.check("movie", movie)


def test_the_recurrent_model_is_causal_and_remembers():
    rng = np.random.default_rng(0)
    params = harmonium_of("poisson", rng, n_x=4, n_u=4)
    y = rng.poisson(1.0, (1, 6, 2)).astype(float)
    changed = y.copy()
    changed[0, 3] += 2
    a, b = refh.infer(params, y), refh.infer(params, changed)
    np.testing.assert_array_equal(a[:, :3], b[:, :3])
    assert (a[:, 3:] != b[:, 3:]).any(-1).all()


def test_the_static_model_forgets():
    rng = np.random.default_rng(0)
    params = harmonium_of("poisson", rng, n_x=4, n_u=0)
    y = rng.poisson(1.0, (1, 6, 2)).astype(float)
    np.testing.assert_allclose(efh.infer(params, y)[:, 4:], efh.infer(params, y[:, 4:]))


def given(params, u):
    """All observations y, and their exact probabilities given u"""
    y = np.unique(exact.enumerate_states(params, y_max=Y_MAX[params.family.name]).y, axis=0)
    log_p = -harmonium.free_energy(params, np.tile(u, (len(y), 1)), y)
    return y, np.exp(log_p - logsumexp(log_p))


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_predict_next_is_the_clamped_chain_with_one_last_pass_of_means(family):
    """Against enumeration: sum_y p(y | u) E[y | x = E[x | u, y]]."""
    rng, n = np.random.default_rng(1), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3)
    u = rng.random(3)
    y, p = given(params, u)
    wanted = p @ harmonium.y_mean(params, harmonium.hidden_mean(params, np.tile(u, (len(y), 1)), y))
    chains = refh.predict_next(params, np.tile(u, (1, n, 1)), rng)[0]
    np.testing.assert_allclose(chains.mean(0), wanted, atol=5 * chains.std(0).max() / np.sqrt(n))


def test_chains_forget_where_they_started_and_averaging_them_makes_the_prediction_steadier():
    rng, n = np.random.default_rng(1), 4000
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    u = np.tile(rng.random(3), (1, n, 1))
    one = refh.predict_next(params, u, rng)[0]
    for start in (np.zeros((1, n, 2)), np.ones((1, n, 2))):
        elsewhere = refh.predict_next(params, u, rng, start=start)[0]
        np.testing.assert_allclose(elsewhere.mean(0), one.mean(0), atol=5 * one.std(0).max() * np.sqrt(2 / n))
    four = refh.predict_next(params, u, rng, n_chains=4)[0]
    np.testing.assert_allclose(four.mean(0), one.mean(0), atol=5 * one.std(0).max() * np.sqrt(1.25 / n))
    np.testing.assert_allclose(four.var(0), one.var(0) / 4, rtol=0.2)


def test_a_start_is_where_the_chain_starts():
    """Units that hold on to each other strongly stay for a sweep where they were put."""
    params = refh.init(2, 2, "bernoulli", np.random.default_rng(0), np.float64)
    params.W_y[:] = 40 * np.eye(2)
    params.b_x[:] = params.b_y[:] = -20
    start = np.array([[[1.0, 0], [0, 1]]])
    y = refh.predict_next(params, np.zeros((1, 2, 2)), np.random.default_rng(0), n_sweeps=1, start=start)
    np.testing.assert_allclose(y, start, atol=1e-6)
    np.testing.assert_allclose(refh.predict_next_by_means(params, np.zeros((1, 2, 2)), start), start, atol=1e-6)


def test_mean_field_ends_where_it_stands_still_and_is_exact_for_units_that_are_not_coupled():
    rng = np.random.default_rng(2)
    params = harmonium_of("bernoulli", rng, n_x=3, n_u=3)
    u, start = rng.random((1, 1, 3)), rng.random((1, 1, 2))
    y = refh.predict_next_by_means(params, u, start, n_rounds=500)
    again = harmonium.y_mean(params, harmonium.hidden_mean(params, u, y))
    np.testing.assert_allclose(again, y, atol=1e-9)
    params.W_y[:] = 0
    np.testing.assert_allclose(refh.predict_next_by_means(params, u, start), expit(params.b_y)[None, None])


@pytest.mark.parametrize("model", MODELS)
def test_inference_goes_on_from_a_state_that_it_is_given(model):
    rng = np.random.default_rng(3)
    params = model.init(5, 3, "poisson", rng, np.float64)
    y = rng.poisson(2.0, (2, 6, 3))
    whole, first = model.infer(params, y), model.infer(params, y[:, :4])
    np.testing.assert_allclose(model.infer(params, y[:, 4:], first[:, -1]), whole[:, 4:])


@pytest.mark.parametrize("family", ["bernoulli", "poisson"])
def test_generated_steps_are_drawn_from_the_model(family):
    """The first free-running step is a sample of y given u_0; the second, of y given the u_1 that the first led to."""
    rng, n = np.random.default_rng(2), 40000
    params = harmonium_of(family, rng, n_x=3, n_u=3)
    u0 = rng.random(3)
    movie = refh.generate(params, np.tile(u0, (n, 1)), 2, rng)
    y, p = given(params, u0)
    first = p @ y
    second = np.zeros_like(first)
    for y_1, p_1 in zip(y, p):
        y_2, p_2 = given(params, harmonium.hidden_mean(params, u0, y_1))
        second += p_1 * (p_2 @ y_2)
    for t, wanted in enumerate((first, second)):
        np.testing.assert_allclose(movie[:, t].mean(0), wanted, atol=5 * movie.std() / np.sqrt(n))


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("call, name", [
    (lambda m, p: m.infer(p, np.zeros((2, 3))), "y"), (lambda m, p: m.infer(p, np.zeros((2, 3, 4))), "y"),
    (lambda m, p: m.infer(p, np.zeros((2, 0, 3))), "y"), (lambda m, p: m.infer(p, np.zeros((0, 2, 3))), "y"),
    (lambda m, p: m.infer(p, np.full((2, 2, 3), np.nan)), "y"), (lambda m, p: m.infer(p, np.full((2, 2, 3), -1)), "y"),
    (lambda m, p: m.infer(p, np.full((2, 2, 3), 0.5)), "y"), (lambda m, p: m.infer(p, [[["a"]]]), "y"),
    (lambda m, p: m.emission_mean(p, np.zeros((2, 3, 6))), "u"),
    (lambda m, p: m.emission_mean(p, np.full((1, 1, 5), 2)), "u"),
    (lambda m, p: m.predict_next(p, np.zeros((3, 5)), RNG), "u"),
    (lambda m, p: m.predict_next(p, np.zeros((1, 3, 5)), 1), "rng"),
    (lambda m, p: m.predict_next(p, np.zeros((1, 3, 5)), RNG, 0), "n_sweeps"),
    (lambda m, p: m.predict_next(p, np.zeros((1, 3, 5)), RNG, n_chains=0), "n_chains"),
    (lambda m, p: m.predict_next(p, np.zeros((1, 3, 5)), RNG, start=np.zeros((1, 2, 3))), "start"),
    (lambda m, p: m.predict_next_by_means(p, np.zeros((1, 3, 5)), np.full((1, 3, 3), -1)), "start"),
    (lambda m, p: m.infer(p, np.zeros((1, 3, 3)), np.zeros((2, 5))), "u0"),
    (lambda m, p: m.generate(p, np.zeros((1, 3, 5)), 3, RNG), "u0"),
    (lambda m, p: m.generate(p, np.zeros((1, 5)), 0, RNG), "T"),
    (lambda m, p: m.generate(p, np.zeros((1, 5)), 2, None), "rng"),
    (lambda m, p: m.generate(p, np.zeros((1, 5)), 2, RNG, 0), "n_sweeps")])
def test_bad_input_is_named(model, call, name):
    params = model.init(5, 3, "poisson", np.random.default_rng(0))
    with pytest.raises((ValueError, TypeError), match=f"^{name}: wanted .* got"):
        call(model, params)


# Weights on disk

@pytest.mark.parametrize("model", MODELS)
def test_save_and_load(model, tmp_path):
    params = model.init(5, 3, "poisson", np.random.default_rng(0))
    path = tmp_path / "weights.npz"
    model.save(path, params, seed=3, command="here")
    again, meta = model.load(path)
    assert meta == {"seed": 3, "command": "here"} and again.family is params.family
    for name, leaf in params.leaves().items():
        np.testing.assert_array_equal(leaf, getattr(again, name))
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    params = refh.init(5, 3, "poisson", np.random.default_rng(0))
    refh.save(path, params, n=1)

    def fail(file, **arrays):
        file.write(b"half of")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        refh.save(path, params, n=2)
    assert refh.load(path)[1] == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


def truncated(good):
    return good[:len(good) // 2]


def pickled(_):
    return b"(dp0\nVW_u\np1\nI1\ns."                # {"W_u": 1}, pickled


def pickled_inside(_):
    file = io.BytesIO()
    np.savez(file, header=np.array([object()], dtype=object))
    return file.getvalue()


def other_npz(_):
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize("spoil", [truncated, pickled, pickled_inside, other_npz, lambda good: b"", lambda good: b"text"])
def test_a_spoilt_file_is_refused_by_name(spoil, tmp_path):
    path = tmp_path / "weights.npz"
    refh.save(path, refh.init(5, 3, "poisson", np.random.default_rng(0)))
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match="weights.npz: wanted"):
        refh.load(path)


def test_weights_of_another_model_or_shape_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    params = refh.init(5, 3, "poisson", np.random.default_rng(0))
    refh.save(path, params)
    with pytest.raises(ValueError, match="wanted the weights of model 'efh', got those of 'refh'"):
        efh.load(path)
    with pytest.raises(ValueError, match="m.W_u"):
        storage.load_checkpoint(path, "refh")
    for bad in (np.zeros(4, np.float32), np.full(5, np.nan, np.float32)):
        params.b_u = bad
        refh.save(path, params)
        with pytest.raises(ValueError, match="W_u|b_u"):
            refh.load(path)
    with pytest.raises(FileNotFoundError):
        refh.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize("header", [{"model": "refh"}, {"model": "refh", "family": "gamma", "meta": {}}, [1, 2], "refh"])
def test_a_header_that_is_not_ours_is_refused(header, tmp_path):
    path = tmp_path / "weights.npz"
    leaves = refh.init(5, 3, "poisson", np.random.default_rng(0)).leaves()
    np.savez(path, header=np.array(json.dumps(header)), **leaves)
    with pytest.raises(ValueError, match="wanted"):
        refh.load(path)


@pytest.mark.parametrize("leaf", [np.array(1.0), np.zeros(5, int), np.array(["a"] * 5)])
def test_arrays_that_are_not_ours_are_refused(leaf, tmp_path):
    path = tmp_path / "weights.npz"
    leaves = refh.init(5, 3, "poisson", np.random.default_rng(0)).leaves()
    header = json.dumps({"model": "refh", "family": "poisson", "meta": {}})
    np.savez(path, header=np.array(header), **(leaves | {"b_x": leaf}))
    with pytest.raises(ValueError, match="weights.npz: wanted"):
        refh.load(path)


def test_a_raster_of_booleans_is_an_array_of_counts():
    params = refh.init(5, 3, "poisson", np.random.default_rng(0))
    raster = np.random.default_rng(1).random((2, 4, 3)) < 0.5
    np.testing.assert_array_equal(refh.infer(params, raster), refh.infer(params, raster.astype(float)))
