"""Weights and checkpoints in files: written whole, read back exactly, refused when altered."""

import numpy as np
import pytest

from datasets.support import files
from rvae_numpy import rvae, rvae_bptt, storage, tvae, vae
from tests.test_rvae_models import stream
from tests.test_rvae_training import assert_same, half_masked
from tests.tiny import autoencoder_of

MODELS = [vae, rvae, tvae, rvae_bptt]


def params_of(model=rvae, **settings):
    return autoencoder_of(model, **settings)


@pytest.mark.parametrize("model", MODELS)
def test_save_and_load(model, tmp_path):
    path = tmp_path / "weights.npz"
    params = params_of(model)
    model.save(path, params, seed=3, name="mine", path="there")
    again, meta = model.load(path)
    assert meta == {"seed": 3, "name": "mine", "path": "there"} and again.config == params.config
    assert_same(params, again)
    other = MODELS[MODELS.index(model) - 1]
    with pytest.raises(ValueError, match=r"weights.npz: expected the weights of model"):
        other.load(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ValueError, match=r"weights.npz: expected"):
        model.load(path)


def test_half_precision_and_memory_order(tmp_path):
    path = tmp_path / "weights.npz"
    params = params_of(n_residual=4)
    rvae.save(path, params.map(lambda leaf: np.asfortranarray(leaf.astype(np.float16))))
    again, _ = rvae.load(path)
    for a, b in zip(params.leaves().values(), again.leaves().values(), strict=True):
        np.testing.assert_array_equal(a.astype(np.float16).astype(np.float32), b)
        assert b.dtype == np.float32 and b.flags.c_contiguous


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda leaf: leaf * np.nan, "params: expected finite numbers in encode.0.W"),
        (lambda leaf: leaf.astype(object), "params: expected encode.0.W to be a plain array"),
        (np.ma.masked_array, "params: expected encode.0.W to be a plain array"),
        (
            lambda leaf: leaf.astype(float) if leaf.ndim == 1 else leaf,
            "params: expected encode.0.W to be a plain array",
        ),
        (lambda leaf: leaf[:1], "params: expected"),
        (lambda leaf: leaf.astype(int), "params: expec"),
    ],
)
def test_save_refuses_what_load_would_refuse(change, error, tmp_path):
    path = tmp_path / "weights.npz"
    rvae.save(path, params_of())
    before = path.read_bytes()
    with pytest.raises((ValueError, TypeError), match=error):
        rvae.save(path, params_of().map(change))
    with pytest.raises(TypeError, match="meta: expected"):
        rvae.save(path, params_of(), about=object())
    assert path.read_bytes() == before


GOOD = {"model": "rvae", "config": {}, "meta": {}}


@pytest.mark.parametrize(
    "change, error",
    [
        ({"model": None}, "expected the weights of model 'rvae', got those of None"),
        ({"config": 3}, "config: expected dict"),
        ({"config": {"sigma_z": 1.0}}, "sigma_z"),
        ({"config": {"family": []}}, "family: expected"),
        ({"config": {"sigma_u": -1}}, "sigma_u: exp"),
        ({"config": {"learn_u": "yes"}}, "learn_u: expected True or False"),
        ({"meta": 3}, "meta: expected dict, got"),
    ],
)
def test_a_file_with_another_header_is_refused(change, error, tmp_path):
    path = tmp_path / "weights.npz"
    params = rvae.init(n_y=3, n_x=2, hidden=5, family="poisson", rng=np.random.default_rng(0))
    files.write(path, params.leaves(), **GOOD)
    rvae.load(path)
    files.write(path, params.leaves(), **(GOOD | change))
    with pytest.raises(ValueError, match=r"weights\.npz: ") as raised:
        rvae.load(path)
    assert error in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda leaves: leaves.pop("nu.W"),
        lambda leaves: leaves.update({"extra.W": np.zeros(3)}),
        lambda leaves: leaves.update({"nu.b": np.zeros((2, 1))}),
        lambda leaves: leaves.update({"nu.b": np.zeros(2, int)}),
    ],
)
def test_a_file_with_other_arrays_is_refused(change, tmp_path):
    path = tmp_path / "weights.npz"
    leaves = autoencoder_of(family="poisson").leaves()
    change(leaves)
    files.write(path, leaves, **GOOD)
    with pytest.raises(ValueError, match=r"weights.npz: .*expected .* got"):
        rvae.load(path)


# Checkpoints

SETTINGS = dict(n_updates=30, learning_rate=1e-2, chunk=7)


def begin():
    rng = np.random.default_rng(4)
    return rvae.init(n_y=15, n_x=2, hidden=8, family="normal", rng=rng), rng


def checkpoint(path, corrupt=None):
    params, rng = begin()

    def keep(params, log):
        if log.n_updates[-1] == 12:  # in the middle of a batch
            storage.save_checkpoint(path, params, log.state, "rvae", seconds=3.5)

    return rvae.train(
        params, stream(rng), rng, **SETTINGS, every=12, callback=keep, corrupt=corrupt
    )[0]


@pytest.mark.parametrize("corrupt", [None, half_masked])
def test_a_run_resumes_from_its_checkpoint_bit_for_bit(corrupt, tmp_path):
    path = tmp_path / "run.npz"
    whole = checkpoint(path, corrupt)
    params, state, about = storage.load_checkpoint(path, "rvae")
    assert about == {"seconds": 3.5} and state.n_updates == 12
    assert (state.y_input is None) == (corrupt is None)
    rng = np.random.default_rng()
    resumed, _ = rvae.train(params, stream(rng), rng, **SETTINGS, state=state, corrupt=corrupt)
    assert_same(whole, resumed)
    with pytest.raises(ValueError, match="n_updates: expected more than the 12"):
        rvae.train(params, stream(rng), rng, n_updates=12, state=state)


@pytest.mark.parametrize(
    "change, error",
    [
        (lambda a, h: a.pop("m.nu.W"), "arrays: expected those of an autoencoder"),
        (
            lambda a, h: a.update({"state.u": np.zeros((4, 3), np.float32)}),
            "state: expected u to be a plain",
        ),
        (
            lambda a, h: a.update({"state.y_input": a["state.y"][:, :1]}),
            "state: expected y_input to be a plain",
        ),
        (lambda a, h: a.update({"v.nu.b": -np.ones(2, np.float32)}), "state.v: expected second"),
    ],
)
def test_a_checkpoint_is_checked_whole(change, error, tmp_path):
    path = tmp_path / "run.npz"
    checkpoint(path)
    arrays, header = files.read(path)
    header.pop("format")
    change(arrays, header)
    files.write(path, arrays, **header)
    with pytest.raises(ValueError, match=r"run\.npz: ") as raised:
        storage.load_checkpoint(path, "rvae")
    assert error in str(raised.value)


def test_weights_are_no_checkpoint_and_a_checkpoint_no_weights(tmp_path):
    path = tmp_path / "weights.npz"
    rvae.save(path, params_of())
    with pytest.raises(ValueError, match=r"weights.npz: expected the checkpoint of a run"):
        storage.load_checkpoint(path, "rvae")
    checkpoint(path)
    with pytest.raises(ValueError, match=r"weights.npz: meta: expected dict, got"):
        rvae.load(path)
