"""Weights and checkpoints of both packages: read back exactly, refused by name when altered."""

import json
from dataclasses import replace

import numpy as np
import pytest

import refh_numpy
import rvae_numpy
from datasets.support import files
from refh_numpy import families, refh
from rvae_numpy import rvae
from tests.tiny import AUTOENCODERS, HARMONIUMS, assert_equal, half_masked, params_of

STORAGES = {refh: refh_numpy.storage, rvae: rvae_numpy.storage}
BOTH = pytest.mark.parametrize("model", STORAGES, ids=["refh", "rvae"])


def last(model):
    """A leaf of every model"""
    return "b_x" if model in HARMONIUMS else "nu.b"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "weights.npz"


@pytest.mark.parametrize("model", HARMONIUMS + AUTOENCODERS)
def test_save_and_load(model, path):
    params = params_of(model)
    meta = dict(seed=3, command="here", model="its own", path="name", params=[1])
    model.save(path, params, **meta)
    again, found = model.load(path)
    assert found == meta and again == params
    models = HARMONIUMS if model in HARMONIUMS else AUTOENCODERS
    with pytest.raises(ValueError, match=r"weights\.npz: expected the weights of model '.*got"):
        models[models.index(model) - 1].load(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"weights\.npz: expected"):
        model.load(path)


@pytest.mark.parametrize("name", families.FAMILIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_families_and_dtypes_are_kept(name, dtype, path):
    refh.save(path, params_of(refh, family=name, dtype=dtype))
    again, _ = refh.load(path)
    assert again.family is families.FAMILIES[name] and again.b_y.dtype == dtype


@BOTH
def test_loaded_weights_are_contiguous_and_of_single_precision(model, path):
    params = params_of(model).map(lambda leaf: np.asfortranarray(leaf.astype(np.float16)))
    if model is refh:
        params.b_x = np.full(5, 1e5, np.float32)  # too large for float16
    model.save(path, params)
    again, _ = model.load(path)
    assert_equal(again, params)
    assert all(l.dtype == np.float32 and l.flags.c_contiguous for l in again.leaves().values())


SPOILT = {
    "NaN": lambda leaf: leaf * np.nan,
    "infinite": lambda leaf: leaf + np.float16(np.inf),
    "another shape": lambda leaf: leaf[:1],
    "integers": lambda leaf: leaf.astype(int),
    "objects": lambda leaf: np.array([None] * leaf.size).reshape(leaf.shape),
    "masked": np.ma.masked_array,
    "one dtype of two": lambda leaf: leaf.astype(float) if leaf.ndim == 1 else leaf,
    "lists": list,
}


@BOTH
@pytest.mark.parametrize("what", SPOILT)
def test_save_refuses_what_load_would_refuse(model, what, path):
    params = params_of(model)
    model.save(path, params, n=1)
    with pytest.raises((ValueError, TypeError), match=r"^params: expected .* got"):
        model.save(path, params.map(SPOILT[what]))
    with pytest.raises(TypeError, match=r"^meta: expected"):
        model.save(path, params, about=object())
    assert model.load(path)[1] == {"n": 1}


HEADERS = {
    refh: {"model": "refh", "family": "poisson", "meta": {}},
    rvae: {"model": "rvae", "config": {}, "meta": {}},
}


@pytest.mark.parametrize(
    "model, change, error",
    [
        (refh, {"family": "gamma"}, "expected"),
        (refh, {"family": []}, "expected"),
        (refh, {"meta": 3}, "meta: expected dict, got"),
        (refh, {"model": ["refh"]}, "expected the weights of model 'refh'"),
        (rvae, {"model": None}, "expected the weights of model 'rvae', got those of None"),
        (rvae, {"config": 3}, "config: expected dict"),
        (rvae, {"config": {"sigma_z": 1.0}}, "sigma_z"),
        (rvae, {"config": {"family": []}}, "family: expected"),
        (rvae, {"config": {"sigma_u": -1}}, "sigma_u: exp"),
        (rvae, {"config": {"learn_u": "yes"}}, "learn_u: expected True or False"),
    ],
)
def test_another_header_is_refused(model, change, error, path):
    leaves = params_of(model, family="poisson").leaves()
    files.write(path, leaves, **HEADERS[model])
    model.load(path)
    files.write(path, leaves, **(HEADERS[model] | change))
    with pytest.raises(ValueError, match=r"weights\.npz: ") as raised:
        model.load(path)
    assert error in str(raised.value)


ARRAYS = {
    "none": None,
    "a number": np.array(1.0),
    "integers": np.zeros(2, int),
    "texts": np.array(["a"] * 2),
    "NaN": np.full(2, np.nan, np.float32),
    "another shape": np.zeros(6, np.float32),
    "another number of axes": np.zeros((2, 1), np.float32),
}


@BOTH
@pytest.mark.parametrize("what", ARRAYS)
def test_other_arrays_are_refused(model, what, path):
    params = params_of(model, family="poisson", n_x=2)
    leaves = params.leaves() | {last(model): ARRAYS[what]}
    arrays = {name: leaf for name, leaf in leaves.items() if leaf is not None}
    header = HEADERS[model] | {"format": files.FORMAT}
    np.savez(path, header=np.array(json.dumps(header)), **arrays)
    with pytest.raises(ValueError, match=r"weights\.npz: .*expected"):
        model.load(path)


def test_further_arrays_are_refused(path):
    leaves = params_of(rvae).leaves() | {"extra.W": np.zeros(3)}
    files.write(path, leaves, **HEADERS[rvae])
    with pytest.raises(ValueError, match=r"weights\.npz: .*expected .* got"):
        rvae.load(path)


# Checkpoints


def checkpoint(model, corrupt=None):
    """params and State in the middle of a batch"""
    rng = np.random.default_rng(0)
    more = {"corrupt": corrupt} if corrupt else {}
    params, log = model.train(
        params_of(model, family="poisson"),
        [rng.poisson(1.0, (4, 10, 3))],
        rng,
        n_updates=3,
        chunk=1,
        **more,
    )
    return params, log.state


@pytest.mark.parametrize("model, corrupt", [(refh, None), (rvae, None), (rvae, half_masked)])
def test_a_checkpoint_is_read_as_it_was_written(model, corrupt, path):
    """Runs that go on from one are in tests/test_training.py"""
    (params, state), storage = checkpoint(model, corrupt), STORAGES[model]
    storage.save_checkpoint(path, params, state, "m", curve=[1, 2], seconds=3.5)
    again, found, about = storage.load_checkpoint(path, "m")
    assert about == {"curve": [1, 2], "seconds": 3.5} and again == params
    assert (found.m, found.v, found.n_updates, found.rng) == (state.m, state.v, 3, state.rng)
    np.testing.assert_array_equal(found.u, state.u)
    np.testing.assert_array_equal(found.y, state.y)
    assert found.y.shape == (4, 7, 3) and (found.y_input is None) == (corrupt is None)
    if corrupt:
        np.testing.assert_array_equal(found.y_input, state.y_input)


def leaf_changed(change):
    return lambda tree: tree.map(change)


BAD_STATES = {
    "no moments": dict(m=lambda m: None),
    "NaN moments": dict(m=leaf_changed(lambda leaf: leaf * np.nan)),
    "masked moments": dict(m=leaf_changed(np.ma.masked_array)),
    "negative second moments": dict(v=leaf_changed(lambda leaf: leaf - 1)),
    "moments of another dtype": dict(m=leaf_changed(lambda leaf: leaf.astype(float))),
    "moments of another shape": dict(m=leaf_changed(lambda leaf: leaf[1:])),
    "negative count": dict(n_updates=lambda n: -1),
    "fraction of an update": dict(n_updates=lambda n: 1.5),
    "u as a list": dict(u=np.ndarray.tolist),
    "infinite u": dict(u=lambda u: u + np.float32(np.inf)),
    "u of another shape": dict(u=lambda u: u[:, 1:]),
    "u of another dtype": dict(u=lambda u: u.astype(float)),
    "y of other trajectories": dict(y=lambda y: y[1:]),
    "y outside the family": dict(y=lambda y: y - 1),
    "fractions of spikes": dict(y=lambda y: y + 0.5),
    "y without time": dict(y=lambda y: y[:, 0]),
    "rng without state": dict(rng=lambda rng: {}),
    "rng of another class": dict(rng=lambda rng: rng | {"bit_generator": "default_rng"}),
    "rng not a dictionary": dict(rng=lambda rng: [1]),
    "rng with a bad state": dict(rng=lambda rng: rng | {"state": {"state": -1, "inc": "a"}}),
    "rng with a huge state": dict(rng=lambda rng: rng | {"uinteger": 2**70}),
}
OF_ONE = {
    "u outside its range": (refh, dict(u=lambda u: u + 2)),
    "one layer of moments": (rvae, dict(m=lambda m: replace(m, nu=3))),
    "y_input of another shape": (rvae, dict(y_input=lambda _: np.zeros((4, 1, 3), np.float32))),
}
ARRAYS_ONLY = ("no moments", "u as a list", "masked moments", "one layer of moments")


@pytest.mark.parametrize(
    "model, name",
    [(model, name) for model in STORAGES for name in BAD_STATES]
    + [(model, name) for name, (model, _) in OF_ONE.items()],
)
def test_an_incomplete_state_is_refused_everywhere(model, name, path, monkeypatch):
    """By train, by save_checkpoint, and by load_checkpoint if a file has it"""
    params, good = checkpoint(model)
    changes, storage = BAD_STATES.get(name) or OF_ONE[name][1], STORAGES[model]
    state = replace(good, **{part: change(getattr(good, part)) for part, change in changes.items()})
    rng = np.random.default_rng(0)
    batch = rng.poisson(1.0, (4, 10, 3))
    for call in (
        lambda: model.train(params, [batch], rng, n_updates=9, state=state),
        lambda: storage.save_checkpoint(path, params, state, "m"),
    ):
        with pytest.raises((ValueError, TypeError), match=r"^state.*: expected .* got"):
            call()
    assert not path.exists()
    if name not in ARRAYS_ONLY:  # a file has arrays only
        with monkeypatch.context() as context:
            context.setattr(storage, "check_state", lambda name, state, arguments: state)
            storage.save_checkpoint(path, params, state, "m")
        with pytest.raises(ValueError, match=r"weights\.npz: .*expected"):
            storage.load_checkpoint(path, "m")


@BOTH
def test_a_checkpoint_without_its_rest_is_refused(model, path):
    (params, state), storage = checkpoint(model), STORAGES[model]
    storage.save_checkpoint(path, params, state, "m")
    arrays, header = files.read(path)
    del header["format"]
    for key in ("n_updates", "rng", "about"):
        rest = {name: value for name, value in header.items() if name != key}
        rest["state"] = {name: value for name, value in header["state"].items() if name != key}
        files.write(path, arrays, **rest)
        with pytest.raises(ValueError, match=rf"weights\.npz: expected .* without {key}"):
            storage.load_checkpoint(path, "m")
    for key in ("state.u", "state.y", f"m.{last(model)}", f"v.{last(model)}"):
        rest = {name: value for name, value in arrays.items() if name != key}
        files.write(path, rest, **header)
        with pytest.raises(ValueError, match=r"weights\.npz: .*expected"):
            storage.load_checkpoint(path, "m")


@BOTH
def test_weights_are_no_checkpoint_and_a_checkpoint_no_weights(model, path):
    name, storage = model.__name__.rpartition(".")[2], STORAGES[model]
    model.save(path, params_of(model))
    with pytest.raises(ValueError, match=r"weights\.npz: expected the checkpoint of a run"):
        storage.load_checkpoint(path, name)
    storage.save_checkpoint(path, *checkpoint(model), name)
    with pytest.raises(ValueError, match=r"weights\.npz: meta: expected dict, got"):
        model.load(path)
