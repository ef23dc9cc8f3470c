"""Digits: MNIST's files read as they should be, every way in which they can be broken named, drawn ones like them."""
import gzip
import os
import urllib.error

import numpy as np
import pytest

from datasets import digits


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Five small pictures in the place of MNIST's test part, with their checksums; no MNIST anywhere else"""
    rng = np.random.default_rng(0)
    images, labels = idx(rng.integers(256, size=(5, 28, 28))), idx(np.arange(5))
    monkeypatch.setattr(digits, "MD5", digits.MD5 | {
        "t10k-images-idx3-ubyte": digits.hashlib.md5(images).hexdigest(),
        "t10k-labels-idx1-ubyte": digits.hashlib.md5(labels).hexdigest()})
    monkeypatch.delenv("MNIST_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(images)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels))
    return tmp_path


def test_plain_and_packed_files_are_read(folder):
    got = digits.load("mnist", folder)
    assert got.source == "MNIST" and got.images.shape == (5, 28, 28) and got.images.dtype == np.float32
    assert got.labels.tolist() == [0, 1, 2, 3, 4]
    raw = np.random.default_rng(0).integers(256, size=(5, 28, 28))
    np.testing.assert_allclose(got.images, raw / 255, atol=1e-7)


def test_where_digits_come_from(folder, monkeypatch):
    assert digits.load("auto").source == "drawn"                            # no folder, no variable, an empty cache
    with pytest.raises(FileNotFoundError, match="folder: wanted MNIST.* found none"):
        digits.load("mnist")
    monkeypatch.setenv("MNIST_DIR", str(folder))
    assert digits.load("auto").source == "MNIST"
    monkeypatch.setenv("MNIST_DIR", str(folder / "elsewhere"))
    with pytest.raises(FileNotFoundError):                                  # asked for by name, so not replaced in silence
        digits.load("auto")
    with pytest.raises(ValueError, match="^source: wanted .* got 'emnist'"):
        digits.load("emnist")


def damage(content, how):
    if how == "truncated":
        return content[:-100]
    if how == "magic":
        return b"\x00\x00\x09" + content[3:]
    if how == "header alone":
        return content[:6]
    if how == "empty":
        return b""
    if how == "a flipped bit":
        return content[:-1] + bytes([content[-1] ^ 1])
    if how == "gzip cut off":
        return gzip.compress(content)[:-50]
    packed = bytearray(gzip.compress(content))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


@pytest.mark.parametrize("how", ["truncated", "magic", "header alone", "empty", "a flipped bit", "gzip cut off",
                                 "gzip corrupt"])
def test_damaged_files_are_refused(folder, how):
    path = folder / "t10k-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes(), how))
    with pytest.raises(ValueError, match=r"t10k-images-idx3-ubyte: wanted .*, got "):
        digits.load("mnist", folder)


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
    contents = {name: idx(np.full((2, 28, 28) if "images" in name else 2, 7)) for name in digits.MD5}
    monkeypatch.setattr(digits, "MD5", {name: digits.hashlib.md5(c).hexdigest() for name, c in contents.items()})

    def answer(url, timeout):
        asked.append(url)
        if url.startswith(digits.MIRRORS[0]):
            raise urllib.error.URLError("not today")
        return Answer(gzip.compress(contents[url.rsplit("/", 1)[1].removesuffix(".gz")]))

    monkeypatch.setattr(digits.urllib.request, "urlopen", answer)
    said = []
    where = digits.download(say=said.append)
    assert where == digits.cache() and len(said) == 4 and len(asked) == 8
    assert digits.load("auto").images.shape == (4, 28, 28)
    asked.clear()
    digits.download(say=said.append)
    assert not asked


@pytest.mark.parametrize("content", [b"<html>not here</html>", gzip.compress(idx(np.zeros((2, 28, 28))))])
def test_a_failed_download_leaves_nothing_behind(folder, monkeypatch, content):
    monkeypatch.setattr(digits.urllib.request, "urlopen", lambda url, timeout: Answer(content))
    with pytest.raises(ConnectionError, match="MNIST_DIR"):
        digits.download(folder / "new", say=lambda line: None)
    assert os.listdir(folder / "new") == []


def test_drawn_digits_are_like_mnist():
    drawn = digits.load("drawn")
    assert drawn.source == "drawn" and drawn.images.shape == (digits.N_DRAWN, 28, 28) and drawn.images.dtype == np.float32
    assert np.array_equal(np.bincount(drawn.labels), np.full(10, digits.N_DRAWN // 10))
    # MNIST: mean 0.131, standard deviation 0.308
    assert 0.115 < drawn.images.mean() < 0.145 and 0.29 < drawn.images.std() < 0.325
    assert drawn.images.min() == 0 and (drawn.images.max((1, 2)) > 0.9).mean() > 0.99
    assert drawn.images[:, :2].mean() < 0.02                                # a border that is all but empty
    # the nearest neighbour of 1500 mostly knows which digit it is (chance: 0.1), and no two are the same
    flat = drawn.images[:1500].reshape(1500, -1)
    distance = np.sum(flat**2, 1)[:, None] + np.sum(flat**2, 1) - 2 * flat @ flat.T + 1e9 * np.eye(1500)
    assert (drawn.labels[distance.argmin(1)] == drawn.labels[:1500]).mean() > 0.8
    assert distance.min() > 0.1


def test_split_keeps_them_apart():
    drawn = digits.load("drawn")
    train, test = digits.split(drawn, one_in=5)
    assert len(train.images) == 4 * len(test.images) and train.source == "drawn"
    assert np.array_equal(test.images[1], drawn.images[5]) and np.array_equal(train.images[4], drawn.images[6])
    with pytest.raises(ValueError, match="^one_in: wanted"):
        digits.split(drawn, one_in=1)
