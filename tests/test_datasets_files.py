"""Files: written whole or not at all; damaged and hostile ones are a ValueError with the path."""

import io
import json
import os
import stat
import zipfile

import numpy as np
import pytest

from datasets.support import files

ARRAYS = {
    "W": np.arange(6.0, dtype=np.float32).reshape(2, 3),
    "b": np.zeros(0),
    "F": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "n": np.array(3),
}


@pytest.fixture
def path(tmp_path):
    files.write(tmp_path / "a.npz", ARRAYS, model="m", meta={"seed": 1})
    return tmp_path / "a.npz"


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npy_header(shape, descr="<f8"):
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def header(**fields):
    return npy(np.array(json.dumps({"format": files.FORMAT} | fields)))


def pack(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)


def refused(path, match=""):
    """A ValueError with the path"""
    with pytest.raises(ValueError, match=r"expected .*, got ") as error:
        files.read(path)
    assert str(error.value).startswith(f"{path}: ") and match in str(error.value)


def test_what_was_written_is_read(path):
    arrays, header = files.read(path)
    assert header == {"model": "m", "meta": {"seed": 1}, "format": files.FORMAT}
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].dtype == array.dtype and arrays[name].flags.writeable
    assert os.listdir(path.parent) == ["a.npz"]


@pytest.mark.parametrize("meta", [object(), {(1, 2): 3}, np.ones(2), {1}])
def test_a_header_must_be_json(path, meta):
    with pytest.raises(TypeError, match=r"^meta: expected what JSON can hold, got"):
        files.write(path, ARRAYS, seed=1, meta=meta)


@pytest.mark.parametrize("done", [False, True])
def test_an_interruption_stays_an_interruption(path, monkeypatch, done):
    """Ctrl+C inside os.replace, before the file has moved or after."""
    replace = os.replace

    def interrupted(*args):
        if done:
            replace(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.write(path, {"W": np.ones(1)})
    assert os.listdir(path.parent) == ["a.npz"]
    assert files.read(path)[0]["W"].size == (1 if done else 6)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_the_file_has_the_users_permissions(tmp_path):
    before = os.umask(0o077)
    try:
        files.write(tmp_path / "a.npz", ARRAYS)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.npz").stat().st_mode) == 0o600


def test_a_long_name(tmp_path):
    path = tmp_path / ("x" * 251 + ".npz")
    files.write(path, ARRAYS)
    files.read(path)


def test_the_systems_own_words_for_the_systems_errors(tmp_path):
    with pytest.raises(FileNotFoundError):
        files.read(tmp_path / "none.npz")
    with pytest.raises(IsADirectoryError):
        files.read(tmp_path)


def test_files_of_other_versions_are_named(tmp_path):
    np.savez(tmp_path / "old.npz", header=np.array(json.dumps({"model": "refh"})), W=np.ones(2))
    with pytest.raises(
        ValueError,
        match=r"old\.npz: expected a file of version 0\.2, got one of "
        r"version 0\.1\.0",
    ):
        files.read(tmp_path / "old.npz")
    pack(tmp_path / "new.npz", {"header.npy": header(format="0.3")})
    with pytest.raises(ValueError, match=r"new\.npz: expected a file of version 0\.2, got .*0\.3"):
        files.read(tmp_path / "new.npz")


def test_every_truncation_is_refused(path):
    content = path.read_bytes()
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        refused(path)


def test_every_flipped_byte_is_refused_or_harmless(path):
    content, before = path.read_bytes(), files.read(path)
    rng = np.random.default_rng(0)
    for place in rng.choice(len(content), 300, replace=False):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(changed))
        try:
            arrays, header = files.read(path)
        except ValueError as error:
            assert str(error).startswith(f"{path}: expected ")
        else:
            assert header == before[1]
            assert all(np.isfinite(array).all() for array in arrays.values())


class Bomb:
    def __reduce__(self):
        return print, ("executed",)


HOSTILE = {
    "a pickle": {"W.npy": npy(np.array([Bomb()], object))},
    "an object dtype": {"W.npy": npy_header((1,), "|O")},
    "a shape of 8 TB": {"W.npy": npy_header((10**12,))},
    "a shape beyond all integers": {"W.npy": npy_header((10**30, 10**30))},
    "a negative shape": {"W.npy": npy_header((-1,)) + bytes(8)},
    "two negative sizes": {"W.npy": npy_header((-1, -1)) + bytes(8)},
    "less than its shape": {"W.npy": npy_header((4,)) + bytes(8)},
    "a dtype that is none": {"W.npy": npy_header((1,), "rubbish")},
    "a header that is no npy": {"header.npy": b"hello"},
    "no header": {"header.npy": None, "W.npy": npy(np.ones(1))},
    "a header of numbers": {"header.npy": npy(np.ones(3))},
    "a header that is no JSON": {"header.npy": npy(np.array("{"))},
    "a header that is a list": {"header.npy": npy(np.array("[1]"))},
    "a deep header": {"header.npy": npy(np.array("[" * 100_000))},
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_files_are_refused(tmp_path, capfd, what):
    members = {"header.npy": header()} | HOSTILE[what]
    pack(tmp_path / "a.npz", {name: value for name, value in members.items() if value is not None})
    refused(tmp_path / "a.npz")
    assert "executed" not in capfd.readouterr().out


def test_bombs_are_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 30_000_000)
    zeros = npy(np.zeros(4_000_000))  # 32 MB in 30 kB
    pack(tmp_path / "a.npz", {"header.npy": header(), "W.npy": zeros}, zipfile.ZIP_DEFLATED)
    assert (tmp_path / "a.npz").stat().st_size < 100_000
    refused(tmp_path / "a.npz", "more than 30000000")


def test_the_number_of_members_is_bounded(tmp_path):
    pack(tmp_path / "a.npz", {f"{n}.npy": npy(np.zeros(1)) for n in range(1001)})
    refused(tmp_path / "a.npz", "1001 arrays, more than 1000")


def test_the_declared_total_is_bounded(path, monkeypatch):
    monkeypatch.setattr(files, "MAX_BYTES", 100)
    refused(path, "more than 100")
    with pytest.raises(ValueError, match=r"expected at most 100 bytes of arrays, got "):
        files.write(path, {"W": np.ones(100)})


@pytest.mark.parametrize("offset, value", [(8, 1), (10, 99), (6, 99)])
def test_encrypted_and_unknown_members_are_refused(path, offset, value):
    """Flags, compression method and version, in the zip file's central directory."""
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + offset] = value
    path.write_bytes(bytes(content))
    refused(path)
