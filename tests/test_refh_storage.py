"""Weights and checkpoints on disk: written whole, read without surprises, refused by name."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from refh_numpy import _boundary, efh, families, hybrid, refh, refh_bptt, rtrbm, storage, trbm
from tests.tiny import assert_equal

MODELS = [efh, refh, trbm, rtrbm, refh_bptt, hybrid]
HEADER = {"format": "0.2", "model": "refh", "family": "poisson", "meta": {}}


def poisson_refh():
    return refh.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))


@pytest.mark.parametrize("model", MODELS)
def test_save_and_load(model, tmp_path):
    params = model.init(n_x=5, n_y=3, family="poisson", rng=np.random.default_rng(0))
    path = tmp_path / "weights.npz"
    model.save(path, params, seed=3, command="here", model="its own", path="name", params=[1])
    again, meta = model.load(path)
    assert meta == {"seed": 3, "command": "here", "model": "its own", "path": "name", "params": [1]}
    assert again.family is params.family
    assert_equal(again, params)
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


@pytest.mark.parametrize("name", families.FAMILIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_families_and_dtypes_are_kept(name, dtype, tmp_path):
    params = refh.init(n_x=5, n_y=3, family=name, rng=np.random.default_rng(0), dtype=dtype)
    refh.save(tmp_path / "weights.npz", params)
    again, _ = refh.load(tmp_path / "weights.npz")
    assert again.family is params.family and again.b_y.dtype == dtype


def test_loaded_weights_are_c_contiguous(tmp_path):
    params = poisson_refh()
    refh.save(tmp_path / "weights.npz", params.map(np.asfortranarray))
    again, _ = refh.load(tmp_path / "weights.npz")
    assert all(leaf.flags.c_contiguous for leaf in again.leaves().values())
    assert_equal(again, params)


def test_weights_kept_in_float16_are_float32_in_memory(tmp_path):
    halves = poisson_refh().map(lambda leaf: leaf.astype(np.float16))
    halves.b_x = np.full(5, 1e5, np.float32)  # too large for float16
    refh.save(tmp_path / "weights.npz", halves)
    params, _ = refh.load(tmp_path / "weights.npz")
    assert all(leaf.dtype == np.float32 for leaf in params.leaves().values())
    assert_equal(params, halves)


def test_an_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    refh.save(path, poisson_refh(), n=1)

    def fail(file, **arrays):
        file.write(b"half of")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        refh.save(path, poisson_refh(), n=2)
    assert refh.load(path)[1] == {"n": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["weights.npz"]


@pytest.mark.parametrize(
    "leaf",
    [
        np.full(5, np.nan, np.float32),
        np.full(5, np.inf, np.float16),
        np.zeros(4, np.float32),
        np.zeros(5, int),
        np.zeros(5),
        np.array([None] * 5),
        None,
    ],
)
def test_save_refuses_what_load_would_refuse(leaf, tmp_path):
    path = tmp_path / "weights.npz"
    refh.save(path, poisson_refh(), n=1)
    with pytest.raises((ValueError, TypeError), match=r"^params: expected .* got"):
        refh.save(path, replace(poisson_refh(), b_x=leaf))
    assert refh.load(path)[1] == {"n": 1}


def test_bad_arguments_of_save_and_load_are_named(tmp_path):
    path = tmp_path / "weights.npz"
    for call, name in (
        (lambda: refh.save(None, poisson_refh()), "path"),
        (lambda: refh.save(path, None), "params"),
        (lambda: refh.save(path, poisson_refh(), seed=np.zeros(3)), "meta"),
        (lambda: refh.load(3), "path"),
        (lambda: storage.load(path, 3), "model"),
        (lambda: storage.load_checkpoint(path, None), "model"),
        (lambda: storage.save(path, poisson_refh(), 3), "model"),
        (lambda: storage.save_checkpoint(path, poisson_refh(), None, "refh"), "state"),
    ):
        with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
            call()
    assert not path.exists()


def truncated(good):
    return good[: len(good) // 2]


def pickled(_):
    return b"(dp0\nVW_u\np1\nI1\ns."  # {"W_u": 1}, pickled


def pickled_inside(_):
    file = io.BytesIO()
    np.savez(file, header=np.array([object()], dtype=object))
    return file.getvalue()


def other_npz(_):
    file = io.BytesIO()
    np.savez(file, a=np.zeros(3))
    return file.getvalue()


@pytest.mark.parametrize(
    "spoil", [truncated, pickled, pickled_inside, other_npz, lambda good: b"", lambda good: b"text"]
)
def test_a_damaged_file_is_refused_by_name(spoil, tmp_path):
    path = tmp_path / "weights.npz"
    refh.save(path, poisson_refh())
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ValueError, match=r"weights\.npz: expected"):
        refh.load(path)


def test_weights_of_another_model_are_refused(tmp_path):
    path = tmp_path / "weights.npz"
    refh.save(path, poisson_refh())
    message = "expected the weights of model 'efh', got those of 'refh'"
    with pytest.raises(ValueError, match=message):
        efh.load(path)
    with pytest.raises(ValueError, match=r"weights\.npz: .*without state\.u"):
        storage.load_checkpoint(path, "refh")
    with pytest.raises(FileNotFoundError):
        refh.load(tmp_path / "nothing.npz")


@pytest.mark.parametrize(
    "header",
    [
        {"model": "refh", "family": "poisson", "meta": {}},
        HEADER | {"family": "gamma"},
        HEADER | {"family": []},
        HEADER | {"meta": 3},
        HEADER | {"model": ["refh"]},
        [1, 2],
        "refh",
    ],
)
def test_a_foreign_header_is_refused(header, tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, header=np.array(json.dumps(header)), **poisson_refh().leaves())
    with pytest.raises(ValueError, match=r"weights\.npz: .*expected"):
        refh.load(path)


@pytest.mark.parametrize(
    "leaf",
    [
        np.array(1.0),
        np.zeros(5, int),
        np.array(["a"] * 5),
        np.full(5, np.nan, np.float32),
        np.zeros(6, np.float32),
    ],
)
def test_foreign_arrays_are_refused(leaf, tmp_path):
    path = tmp_path / "weights.npz"
    leaves = poisson_refh().leaves() | {"b_x": leaf}
    np.savez(path, header=np.array(json.dumps(HEADER)), **leaves)
    with pytest.raises(ValueError, match=r"weights\.npz: .*expected"):
        refh.load(path)


# Checkpoints


def checkpoint():
    """params and State in the middle of a batch"""
    rng = np.random.default_rng(0)
    params, log = refh.train(poisson_refh(), [rng.poisson(1.0, (4, 10, 3))], rng, n_updates=3)
    return params, log.state


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    params, state = checkpoint()
    storage.save_checkpoint(tmp_path / "run.npz", params, state, "refh", curve=[1, 2], seconds=3.5)
    params_2, state_2, about = storage.load_checkpoint(tmp_path / "run.npz", "refh")
    assert about == {"curve": [1, 2], "seconds": 3.5}
    assert_equal(params, params_2)
    assert_equal(state.m, state_2.m)
    assert_equal(state.v, state_2.v)
    np.testing.assert_array_equal(state.u, state_2.u)
    np.testing.assert_array_equal(state.y, state_2.y)
    assert (state_2.n_updates, state_2.rng) == (state.n_updates, state.rng)
    assert state_2.y.shape == (4, 7, 3)


BAD_STATES = {
    "no moments": lambda s: replace(s, m=None),
    "NaN moments": lambda s: replace(s, m=s.m.map(lambda leaf: leaf * np.nan)),
    "masked moments": lambda s: replace(s, m=s.m.map(np.ma.masked_array)),
    "u as a list": lambda s: replace(s, u=s.u.tolist()),
    "negative second moments": lambda s: replace(s, v=s.v.map(lambda leaf: leaf - 1)),
    "moments of another dtype": lambda s: replace(s, m=s.m.map(lambda leaf: leaf.astype(float))),
    "moments of another shape": lambda s: replace(s, m=replace(s.m, b_x=s.m.b_x[1:])),
    "negative count": lambda s: replace(s, n_updates=-1),
    "fraction of an update": lambda s: replace(s, n_updates=1.5),
    "u outside its range": lambda s: replace(s, u=s.u + 2),
    "infinite u": lambda s: replace(s, u=s.u + np.float32(np.inf)),
    "u of another shape": lambda s: replace(s, u=s.u[:, 1:]),
    "u of another dtype": lambda s: replace(s, u=s.u.astype(float)),
    "y of other trajectories": lambda s: replace(s, y=s.y[1:]),
    "y outside the family": lambda s: replace(s, y=s.y - 1),
    "y without time": lambda s: replace(s, y=s.y[:, 0]),
    "rng without state": lambda s: replace(s, rng={}),
    "rng of another class": lambda s: replace(s, rng=s.rng | {"bit_generator": "default_rng"}),
    "rng not a dictionary": lambda s: replace(s, rng=[1]),
    "rng with a bad state": lambda s: replace(s, rng=s.rng | {"state": {"state": -1, "inc": "a"}}),
    "rng with a huge state": lambda s: replace(s, rng=s.rng | {"uinteger": 2**70}),
}


@pytest.mark.parametrize("name", BAD_STATES)
def test_an_incomplete_state_is_refused_everywhere(name, tmp_path, monkeypatch):
    """By check_state, by train, by save_checkpoint, and by load_checkpoint if a file has it."""
    params, good = checkpoint()
    state = BAD_STATES[name](good)
    rng, path = np.random.default_rng(0), tmp_path / "run.npz"
    batch = rng.poisson(1.0, (4, 10, 3))
    for call in (
        lambda: _boundary.state("state", state, {"params": params}),
        lambda: refh.train(params, [batch], rng, n_updates=9, state=state),
        lambda: storage.save_checkpoint(path, params, state, "refh"),
    ):
        with pytest.raises((ValueError, TypeError), match=r"^state.*: expected .* got"):
            call()
    assert not path.exists()
    if name not in ("no moments", "u as a list", "masked moments"):  # a file has arrays only
        with monkeypatch.context() as context:
            context.setattr(storage, "check_state", lambda name, state, arguments: state)
            storage.save_checkpoint(path, params, state, "refh")
        with pytest.raises(ValueError, match=r"run\.npz: .*expected"):
            storage.load_checkpoint(path, "refh")


def test_a_checkpoint_without_its_rest_is_refused(tmp_path):
    params, state = checkpoint()
    path = tmp_path / "run.npz"
    storage.save_checkpoint(path, params, state, "refh")
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(str(arrays.pop("header")))
    for key in ("n_updates", "rng", "about"):
        rest = {name: value for name, value in header.items() if name != key}
        rest["state"] = {name: value for name, value in header["state"].items() if name != key}
        np.savez(path, header=np.array(json.dumps(rest)), **arrays)
        with pytest.raises(ValueError, match=rf"run\.npz: expected .* without {key}"):
            storage.load_checkpoint(path, "refh")
    for key in ("state.u", "state.y", "m.W_u", "v.b_y"):
        rest = {name: value for name, value in arrays.items() if name != key}
        np.savez(path, header=np.array(json.dumps(header)), **rest)
        with pytest.raises(ValueError, match=r"run\.npz: expected .* (without|none of)"):
            storage.load_checkpoint(path, "refh")
