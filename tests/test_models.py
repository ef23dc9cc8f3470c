"""What every model of both packages hands out: the same names, shapes, dtypes, errors, copies."""

import copy
import inspect
import subprocess
import sys
import timeit
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler  # what carries jobs to workers
from pathlib import Path

import numpy as np
import pytest

import refh_numpy
import rvae_numpy
from datasets import ppc
from datasets.bouncing_balls import Box
from refh_numpy import efh, families, harmonium, hybrid, initial, refh, refh_bptt, rtrbm, trbm
from rvae_numpy import rvae, rvae_bptt, vae
from rvae_numpy.parameters import FAMILIES, Config
from tests.tiny import AUTOENCODERS, HARMONIUMS, params_of, stream

MODELS = HARMONIUMS + AUTOENCODERS
JOINT = [refh, refh_bptt, hybrid, rvae, rvae_bptt]
EACH = pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
ERRORS = (ValueError, TypeError)
RNG = np.random.default_rng(0)


def names(function):
    return list(inspect.signature(function).parameters)


@EACH
def test_every_model_hands_out_all_names(model):
    package, reference = (refh_numpy, refh) if model in HARMONIUMS else (rvae_numpy, rvae)
    assert getattr(package, model.__name__.rpartition(".")[2]) is model
    offered = (
        "init gradient train infer emission_mean predict_next generate generate_backward save load"
    )
    for name in offered.split() + ["predict_next_mean_field"] * (model in HARMONIUMS):
        assert callable(getattr(model, name)) and getattr(model, name).__doc__
    assert names(model.train)[:3] == ["params", "batches", "rng"]
    assert ("w" in names(model.train)) == (model is hybrid) and "n_updates" in model.train.__doc__
    for name in ("init", "train"):
        own = [one for one in names(getattr(model, name)) if one != "w"]
        assert own == names(getattr(reference, name))
    with pytest.raises(TypeError, match="positional"):
        model.init(2, 2, "poisson", RNG)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "model, family",
    [(model, family) for model in HARMONIUMS for family in families.FAMILIES]
    + [(model, family) for model in AUTOENCODERS for family in FAMILIES],
)
def test_shapes_and_dtypes(model, dtype, family):
    rng = np.random.default_rng(0)
    params = params_of(model, family, n_x=7, dtype=dtype)
    y = rng.integers(0, 2, (2, 4, 3))  # integers are values of every family
    u = model.infer(params, y)
    assert u.shape == (2, 4, 7) and u.dtype == dtype
    more = {"n_sweeps": 2} if model in HARMONIUMS else {}
    outputs = [model.emission_mean(params, u), model.predict_next(params, u, rng, n_samples=3)]
    if model in HARMONIUMS:
        assert (u >= 0).all() and (u <= 1).all()
        outputs.append(model.predict_next_mean_field(params, u, y, n_iterations=2))
    for y_out in outputs:
        assert y_out.shape == (2, 4, 3) and y_out.dtype == dtype
    videos = [model.generate(params, u[:, -1], 5, rng, **more)]
    if model in JOINT:
        more |= {"sample_y": True} if model in HARMONIUMS else {}
        videos.append(model.generate_backward(params, u[:, -1], 5, rng, sample_u=0.5, **more))
    for video in videos:
        assert video.shape == (2, 5, 3) and video.dtype == dtype
    model.infer(params, videos[0])  # what is generated can be observed


@EACH
def test_inference_is_causal_continues_and_remembers_if_there_is_a_state(model):
    rng = np.random.default_rng(3)
    params, y = params_of(model, rng=rng, dtype=np.float64), rng.poisson(2.0, (2, 6, 3))
    changed = y.copy()
    changed[:, 3] += 2
    whole, other = model.infer(params, y), model.infer(params, changed)
    np.testing.assert_array_equal(other[:, :3], whole[:, :3])
    differs = (other != whole).any((0, 2)).tolist()
    assert differs == [False] * 3 + ([True, False, False] if model in (efh, vae) else [True] * 3)
    rest = model.infer(params, y[:, 4:], whole[:, 3])
    np.testing.assert_allclose(rest, whole[:, 4:], atol=1e-12)


def test_a_raster_of_booleans_is_an_array_of_counts():
    params = params_of(refh)
    raster = np.random.default_rng(1).random((2, 4, 3)) < 0.5
    counts = raster.astype(float)
    np.testing.assert_array_equal(refh.infer(params, raster), refh.infer(params, counts))


@pytest.mark.parametrize("model", AUTOENCODERS)
def test_a_short_run_filters_better_than_chance(model):
    """Reconstructed positions (their variance is 1300e-4 rad^2) after 400 updates"""
    rng = np.random.default_rng(0)
    params = model.init(n_y=15, n_x=2, hidden=32, family="poisson", rng=rng)
    settings = dict(n_updates=400, learning_rate=1e-2, every=100)
    params, log = model.train(params, stream(rng, 20, 200), rng, **settings)
    assert log.value[-1] < log.value[0] and log.n_updates == [100, 200, 300, 400]
    test = ppc.sample(20, 300, np.random.default_rng(1))
    y = model.emission_mean(params, model.infer(params, test.y))
    error = ppc.squared_error(ppc.decode(y)[0], test.z[..., 0])
    # the rVAE is of order 1 so early, and its state slow
    assert error[:, 50:].mean() < (300e-4 if model is rvae else 20e-4)


NUMBERS = dict(learning_rate=2.0**-7, final_learning_rate=2.0**-10)
OF_HARMONIUMS = dict(momentum=0.5, noise_fraction=0.25)
OF_AUTOENCODERS = dict(sigma_u=0.125, sigma_y=0.5, noise_u=0.25)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@EACH
def test_numbers_of_any_kind_train_alike_and_keep_the_dtype(model, dtype):
    results = []
    for real, whole in (
        (float, int), (np.float16, np.int16), (np.float32, np.int64),
        (np.float64, np.int64), (np.longdouble, np.uint8),
    ):  # fmt: skip
        rng = np.random.default_rng(0)
        settings = NUMBERS | (OF_HARMONIUMS if model in HARMONIUMS else {"max_norm": 0.5})
        settings |= {"w": 0.25} if model is hybrid else {}
        settings = {name: real(value) for name, value in settings.items()}
        settings |= dict(n_updates=whole(6), chunk=whole(5), every=whole(2))
        sizes = dict(n_x=whole(5), n_y=whole(3), dtype=dtype, rng=rng)
        if model in HARMONIUMS:
            params = model.init(**sizes, family="normal")
            settings |= dict(n_sweeps=(whole(1), whole(2)))
        else:
            more = {name: real(value) for name, value in OF_AUTOENCODERS.items()}
            more |= dict(hidden=whole(4), n_residual=whole(2), sigmoid_mean=True)
            params = model.init(**sizes, family="normal", **more)
        y = np.random.default_rng(1).random((4, 20, 3))
        learnt, log = model.train(params, [y] * 10, rng, **settings)
        for tree in (learnt, log.state.m, log.state.v):
            assert {leaf.dtype for leaf in tree.leaves().values()} == {np.dtype(dtype)}
        results.append(learnt)
    assert all(one == results[0] for one in results)


# Values


@pytest.mark.parametrize(
    "model, family", [(refh, name) for name in families.FAMILIES] + [(rvae, "poisson")]
)
def test_params_are_pickled_copied_and_compared(model, family):
    params, rng = params_of(model, family), np.random.default_rng(0)
    copies = ForkingPickler.loads(ForkingPickler.dumps(params)), copy.deepcopy(params)
    for again in (*copies, copy.copy(params)):
        assert again == params and again is not params
        assert model.train(again, [np.ones((2, 8, 3))], rng, n_updates=1)[0] != params
        assert again == params
    assert params == params_of(model, family) and params != 3
    assert (params == params.map(lambda leaf: leaf + 1)) is False
    for leaf in copies[1].leaves().values():
        leaf += 1
    assert copies[1] != params
    if model is refh:
        assert params != replace(params, b_x=params.b_x[:-1]) and params != params.W_u.tolist()
        assert params != replace(params, family=replace(params.family, name="my own"))
    else:
        assert params != params_of(model, family, sigma_u=0.3)


@pytest.mark.parametrize("settings", [ppc.System(dt=0.02), Box(n_balls=2), Config(family="normal")])
def test_settings_are_copied_without_what_is_derived_from_them(settings):
    if isinstance(settings, ppc.System):
        settings.A, settings.preferred  # noqa: B018, computed once and kept
    pickled = ForkingPickler.loads(ForkingPickler.dumps(settings))
    for again in (pickled, copy.deepcopy(settings), copy.copy(settings)):
        assert again == settings
        arrays = [value for value in vars(again).values() if isinstance(value, np.ndarray)]
        assert not any(array.flags.writeable for array in arrays)


def test_a_family_of_ones_own_can_be_copied_too():
    own = replace(families.POISSON, name="my own")
    assert copy.deepcopy(own) == own and copy.deepcopy(own) != families.POISSON


def test_states_of_runs_compare_without_an_error():
    _, log = refh.train(params_of(refh), [np.ones((2, 9, 3))], RNG, n_updates=3)
    assert log.state == log.state and log.state != copy.deepcopy(log.state)


# Bad input


def learn(model, params, batches):
    return model.train(params, batches, RNG, n_updates=1, **({"w": 1} if model is hybrid else {}))


U, Y = np.zeros((1, 3, 5)), np.zeros((1, 3, 3))
BAD_CALLS = [
    (lambda m, p: m.infer(p, Y[:0]), "y"),
    (lambda m, p: m.infer(p, Y - 1), "y"),
    (lambda m, p: m.infer(p, Y + 0.5), "y"),
    (lambda m, p: m.infer(p, Y, np.zeros((2, 5))), "u0"),
    (lambda m, p: m.infer(p.map(lambda leaf: leaf[:-1]), Y), "params"),
    (lambda m, p: m.infer(p.map(lambda leaf: leaf * np.nan), Y), "params"),
    (lambda m, p: m.generate_backward(p, np.zeros((1, 4)), 2, RNG), "(x_T|params|model)"),
    (lambda m, p: learn(m, p, [np.zeros((1, 2, 4))]), "batches"),
    (lambda m, p: learn(m, p, []), "batches"),
]
OF_HARMONIUM = [
    (lambda m, p: m.infer(replace(p, W_y=p.W_y.astype(float)), Y), "params"),
    (lambda m, p: m.infer(replace(p, b_y=[0.0] * 3), Y), "params"),
    (lambda m, p: m.infer(replace(p, family="poisson"), Y), "params.family"),
    (lambda m, p: m.emission_mean(p, U + 2), "u"),
    (lambda m, p: m.predict_next(p, U, RNG, start=Y[:, 1:]), "start"),
    (lambda m, p: m.predict_next_mean_field(p, U, Y - 1), "start"),
]


@pytest.mark.parametrize(
    "model, call, name",
    [(model, *bad) for model in MODELS for bad in BAD_CALLS]
    + [(model, *bad) for model in HARMONIUMS for bad in OF_HARMONIUM],
)
def test_bad_input_is_named(model, call, name):
    with pytest.raises(ERRORS, match=rf"^{name}: expected .*got"):
        call(model, params_of(model))


@pytest.mark.parametrize("name", ["b_x", "b_u", "b_y", "W_u", "W_y"])
def test_the_array_that_does_not_fit_is_named(name, tmp_path):
    params = params_of(refh)
    wrong = replace(params, **{name: np.concatenate([params.leaves()[name]] * 2)})
    for call in (lambda: refh.infer(wrong, Y), lambda: refh.save(tmp_path / "a.npz", wrong)):
        with pytest.raises(ValueError, match=rf"^params: expected {name} to be a plain"):
            call()


@pytest.mark.parametrize("model", [refh, refh_bptt, hybrid])
def test_states_that_are_no_probabilities_are_named(model):
    with pytest.raises(ValueError, match=r"^x_T: expected values in \[0, 1\], got"):
        model.generate_backward(params_of(model), U[0] + 1.5, 2, RNG)


@pytest.mark.parametrize("model, static", [(rtrbm, efh), (refh_bptt, efh), (rvae_bptt, vae)])
def test_backpropagation_through_time_needs_a_state(model, static):
    with pytest.raises(
        ValueError, match=r"^params: expected a .*model.* got (a static|one without)"
    ):
        model.train(params_of(static), [Y], RNG, n_updates=1, chunk=3)


def test_only_a_state_of_all_hidden_units_runs_through_time():
    rng = np.random.default_rng(0)
    params = initial.harmonium(n_x=4, n_u=3, n_y=2, family="bernoulli", rng=rng)
    message = r"params: expected as many units of u as of x \(4\), or none, got 3"
    with pytest.raises(ValueError, match=message):
        refh.infer(params, np.zeros((1, 1, 2)))
    with pytest.raises(ValueError, match=message):
        refh.generate_backward(params, np.zeros((1, 4)), 1, RNG)


def test_weights_that_overflow_are_reported():
    params = params_of(refh)
    with pytest.raises(FloatingPointError, match="params: expected"):
        refh.emission_mean(replace(params, b_y=params.b_y + np.float32(1e4)), U)


@pytest.mark.parametrize("model", HARMONIUMS)
def test_no_sweeps_are_refused_by_name(model):
    params, y = params_of(model, "bernoulli"), np.ones((2, 3, 3), np.float32)
    u0 = np.zeros((2, len(params.b_u)), np.float32)
    x_mean = harmonium.forward(params, u0, y)
    u, more = harmonium.previous_states(params, u0, x_mean), {"w": 0.5} if model is hybrid else {}
    for n_sweeps in (0, -1, 1.5, None):
        with pytest.raises(ERRORS, match=r"^n_sweeps: expected .* got"):
            model.gradient(params, u, y, x_mean, n_sweeps, RNG, **more)


# Pages and speed


def test_a_package_alone_has_its_models_and_functions():
    """import refh_numpy; refh_numpy.refh works in a process that imports nothing else"""
    code = "import kalman, refh_numpy, rvae_numpy; refh_numpy.refh.train; refh_numpy.storage.load; "
    code += "rvae_numpy.rvae.train; rvae_numpy.storage.load; kalman.kalman_filter; kalman.em.fit"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("model", HARMONIUMS)
def test_a_model_is_one_page(model):
    """A docstring, the gradient, and at most ten lines of assembly."""
    lines = Path(model.__file__).read_text().splitlines()
    end = lines.index("init = initial.init_static" if model is efh else "init = initial.init")
    assert len([line for line in lines[end:] if line]) <= 10
    assert len(lines) <= 100


def test_trbm_and_refh_differ_in_one_number():
    pages = [inspect.getsource(model.gradient).splitlines() for model in (trbm, refh)]
    bodies = [page[-2:] for page in pages]
    assert all("negative = negative_phase(" in body[0] for body in bodies)
    (a, b), *more = [pair for pair in zip(*bodies, strict=True) if pair[0] != pair[1]]
    assert not more and a.replace("clamped=1", "clamped=0") == b


def test_inference_of_one_step_costs_little_more_than_its_sums():
    """240 units, one step: checked once per call. The bound is above the 6 to 7 times of a slow
    machine, and below the 13 times of a check in every function called."""
    params = params_of(refh, n_x=240, n_y=15)
    y = np.random.default_rng(0).poisson(1.0, (1, 1, 15)).astype(np.float32)
    u = refh.infer(params, y)[:, -1]

    def least(function):
        return min(timeit.repeat(lambda: function(params, y, u), number=10, repeat=300))

    assert least(refh.infer) < 9 * least(refh.infer.unchecked)
