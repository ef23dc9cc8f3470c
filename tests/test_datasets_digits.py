"""Digits: MNIST's files are read, damaged ones are named, synthetic ones are like them."""

import gzip
import hashlib
import os
import time
import tracemalloc
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from datasets import digits
from datasets.support import mnist
from tests.idx_files import five_digits, idx


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Five images in the place of MNIST's test part, with their checksums; no other MNIST"""
    images, labels = map(idx, five_digits(monkeypatch).values())
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(images)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return tmp_path


def test_plain_and_packed_files_are_read(folder):
    got = digits.load("mnist", folder)
    assert got.source == "MNIST" and got.images.shape == (5, 28, 28)
    assert got.images.dtype == np.float32
    assert got.labels.tolist() == [0, 1, 2, 3, 4]
    raw = np.random.default_rng(0).integers(256, size=(5, 28, 28))
    np.testing.assert_allclose(got.images, raw / 255, atol=1e-7)


def test_where_digits_come_from(folder, monkeypatch):
    assert digits.load("auto").source == "synthetic"  # no folder, no variable, an empty cache
    with pytest.raises(FileNotFoundError, match=r"folder: expected MNIST.* got none"):
        digits.load("mnist")
    monkeypatch.setenv("MNIST_DIR", str(folder))
    assert digits.load("auto").source == "MNIST"
    monkeypatch.setenv("MNIST_DIR", str(folder / "elsewhere"))
    with pytest.raises(FileNotFoundError):  # asked for by name: no silent replacement
        digits.load("auto")
    with pytest.raises(ValueError, match=r"^source: expected .* got 'emnist'"):
        digits.load("emnist")


def test_without_a_home_that_can_be_read_digits_are_synthetic(folder, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "is_file", denied)
        assert digits.load("auto").source == "synthetic"
        with pytest.raises(PermissionError):
            digits.load("mnist")

    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", staticmethod(no_home))
    assert digits.load("auto").source == "synthetic"
    with pytest.raises(FileNotFoundError, match=r"^folder: expected a home directory .*got none"):
        digits.load("mnist")


def test_a_damaged_file_in_the_cache_is_not_replaced_in_silence(folder, monkeypatch):
    digits.cache().mkdir(parents=True)
    (digits.cache() / "t10k-images-idx3-ubyte").write_bytes(b"rubbish")
    with pytest.raises(ValueError, match="t10k-images-idx3-ubyte: expected"):
        digits.load("auto")


def corrupt(content):
    packed = bytearray(gzip.compress(content))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


DAMAGE = {
    "truncated": lambda content: content[:-100],
    "magic": lambda content: b"\x00\x00\x09" + content[3:],
    "header alone": lambda content: content[:6],
    "empty": lambda content: b"",
    "a flipped bit": lambda content: content[:-1] + bytes([content[-1] ^ 1]),
    "gzip cut off": lambda content: gzip.compress(content)[:-50],
    "gzip corrupt": corrupt,
}


@pytest.mark.parametrize("how", DAMAGE)
def test_damaged_files_are_refused(folder, how):
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(DAMAGE[how](path.read_bytes()))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte: expected .*, got "):
        digits.load("mnist", folder)


def test_every_truncation_is_refused(tmp_path):
    whole = idx(np.arange(60).reshape(3, 4, 5))
    for content in (whole, gzip.compress(whole)):
        for size in range(len(content)):
            (tmp_path / "a").write_bytes(content[:size])
            with pytest.raises(ValueError, match=r"/a: expected .*, got "):
                digits.read_idx(tmp_path / "a", 3)
        (tmp_path / "a").write_bytes(content)
        assert digits.read_idx(tmp_path / "a", 3).sum() == np.arange(60).sum()


@pytest.fixture(scope="module")
def packed_zeros():
    """100 MB in 0.5 MB; a gzip file may have several parts, one after the other"""
    return gzip.compress(bytes(100_000_000), compresslevel=1)


@pytest.mark.parametrize(
    "shape",
    [
        (2**31, 2**31, 4),
        (2**32 - 1, 2**32 - 1, 2**32 - 1),
        (60_000, 28, 60),
        (10, 28, 28),
        (0, 0, 0),
    ],
)
def test_bombs_are_not_unpacked(tmp_path, packed_zeros, shape):
    """The header is read first, then no more than it announces, and that is bounded."""
    header = bytes([0, 0, 8, 3]) + np.array(shape, ">u4").tobytes()
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(header) + packed_zeros)
    tracemalloc.start()
    start = time.process_time()
    with pytest.raises(ValueError, match=r"bomb: expected .* bytes.*, got "):
        digits.read_idx(path, 3)
    assert time.process_time() - start < 0.5 and tracemalloc.get_traced_memory()[1] < 1e6
    tracemalloc.stop()


def test_images_without_labels(folder):
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(FileNotFoundError, match="t10k-labels-idx1-ubyte"):
        digits.load("auto", folder)


class Answer:
    """An HTTP answer with this content"""

    def __init__(self, content):
        self.content = content

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read(self, n):
        block, self.content = self.content[:n], self.content[n:]
        return block


def test_download_fetches_what_is_missing_and_only_that(folder, monkeypatch):
    asked = []
    contents = {name: idx(np.full((2, 28, 28) if "images" in name else 2, 7)) for name in mnist.MD5}
    monkeypatch.setattr(
        mnist, "MD5", {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    )

    def answer(url, timeout):
        asked.append(url)
        if url.startswith(mnist.MIRRORS[0]):
            raise urllib.error.URLError("not today")
        return Answer(gzip.compress(contents[url.rsplit("/", 1)[1].removesuffix(".gz")]))

    monkeypatch.setattr(mnist.urllib.request, "urlopen", answer)
    said = []
    where = digits.download(log=said.append)
    assert where == digits.cache() and len(said) == 4 and len(asked) == 8
    assert digits.load("auto").images.shape == (4, 28, 28)
    asked.clear()
    digits.download(log=said.append)
    assert not asked


@pytest.mark.parametrize(
    "content", [b"<html>not here</html>", gzip.compress(idx(np.zeros((2, 28, 28))))]
)
def test_a_failed_download_leaves_nothing_behind(folder, monkeypatch, content):
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda url, timeout: Answer(content))
    with pytest.raises(ConnectionError, match="MNIST_DIR"):
        digits.download(folder / "new", log=lambda line: None)
    assert not (folder / "new").exists()
    (folder / "there").mkdir()
    (folder / "there" / "mine").write_text("mine")
    with pytest.raises(ConnectionError):
        digits.download(folder / "there", log=lambda line: None)
    assert os.listdir(folder / "there") == ["mine"]


def test_a_mirror_that_never_ends(folder, monkeypatch):
    class Endless(Answer):
        def read(self, n):
            return bytes(n)

    monkeypatch.setattr(mnist, "MAX_DOWNLOAD", 10**7)
    monkeypatch.setattr(mnist.urllib.request, "urlopen", lambda url, timeout: Endless(b""))
    with pytest.raises(ConnectionError, match="expected at most 10000000 bytes"):
        digits.download(folder / "new", log=lambda line: None)


def test_the_command(folder, monkeypatch, capsys):
    def never(url, timeout):
        raise AssertionError("a download was started")

    monkeypatch.setattr(mnist.urllib.request, "urlopen", never)
    with pytest.raises(SystemExit) as stop:
        digits.main(["--help"])
    assert stop.value.code == 0 and "MNIST" in capsys.readouterr().out
    assert not digits.cache().exists()

    def offline(url, timeout):
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(mnist.urllib.request, "urlopen", offline)
    with pytest.raises(SystemExit, match="no network"):
        digits.main(["--folder", str(folder / "new")])


def test_synthetic_digits_are_like_mnist():
    synthetic = digits.load("synthetic")
    images, labels, n = synthetic.images, synthetic.labels, len(synthetic.images)
    assert synthetic.source == "synthetic" and images.shape == (n, 28, 28) and n == 10_000
    assert images.dtype == np.float32 and np.array_equal(np.bincount(labels), np.full(10, n // 10))
    # MNIST: mean 0.131, standard deviation 0.308
    assert 0.115 < images.mean() < 0.145 and 0.29 < images.std() < 0.325
    assert images.min() == 0 and (images.max((1, 2)) > 0.9).mean() > 0.99
    assert images[:, :2].mean() < 0.02  # a border that is almost empty
    # the nearest neighbour of 1500 mostly has the same label (chance: 0.1), and no two are the same
    flat = images[:1500].reshape(1500, -1)
    squares = np.sum(flat**2, 1)
    distance = squares[:, None] + squares - 2 * flat @ flat.T + 1e9 * np.eye(1500)
    assert (labels[distance.argmin(1)] == labels[:1500]).mean() > 0.8
    assert distance.min() > 0.1


def test_split_keeps_them_apart():
    synthetic = digits.load("synthetic")
    train, test = digits.split(synthetic)
    assert len(train.images) == 4 * len(test.images) and train.source == "synthetic"
    assert np.array_equal(test.images[1], synthetic.images[5])
    assert np.array_equal(train.images[4], synthetic.images[6])


FEW = digits.Digits(np.zeros((4, 8, 8)), np.zeros(4, int), "synthetic")


@pytest.mark.parametrize(
    "call, name",
    [
        (lambda: digits.split(FEW._replace(labels=np.zeros(3))), "digits"),
        (lambda: digits.split(FEW._replace(images=np.zeros((1, 8, 8)), labels=[1])), "digits"),
        (lambda: digits.load("mnist", 3), "folder"),
        (lambda: digits.download(3), "folder"),
        (lambda: digits.download(".", log=None), "log"),
    ],
)
def test_bad_arguments_are_named(call, name):
    with pytest.raises((ValueError, TypeError), match=f"^{name}: expected .* got"):
        call()
