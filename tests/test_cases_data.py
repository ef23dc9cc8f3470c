"""Reports of users of similar projects, tried here: the data, files, and where scripts are run."""

import ast
import gzip
import os

import numpy as np
import pytest

from datasets import digits, moving_mnist
from datasets.support import mnist
from tests.idx_files import five_digits, idx
from tests.pages import ROOT
from tests.processes import python

SAMPLE = (
    "import numpy as np\nfrom datasets import bouncing_balls\n"
    "print(bouncing_balls.sample(1, 2, np.random.default_rng(0)).frames.shape)"
)


# Where things are run


@pytest.mark.parametrize("backend", ["module://no_such_package.backend_inline", "agg"])
def test_scripts_start_in_an_environment_without_jupyters_backend(backend):
    done = python("-m", "examples.quickstart", "--help", MPLBACKEND=backend)
    assert done.returncode == 0 and "--seed" in done.stdout, done.stderr


def test_a_backend_that_is_there_is_kept():
    code = "import os, examples; print(os.environ['MPLBACKEND'])"
    module = "module://matplotlib.backends.backend_svg"
    assert python("-c", code, MPLBACKEND=module).stdout.strip() == module


@pytest.mark.parametrize(
    "command, folder",
    [
        (["examples/quickstart.py", "--help"], "."),
        (["quickstart.py", "--help"], "examples"),
        (["-m", "examples.quickstart", "--help"], "."),
        (["check.py", "--help"], "examples/exercises"),
        (["kalman_filters.py", "--help"], "examples/benchmarks"),
        (["refh.py", "--help"], "examples/chapters"),  # beside a datasets.py and a kalman.py
        (["objects_generate.py", "--help"], "examples/extensions"),
    ],
)
def test_a_script_starts_from_any_folder(command, folder):
    done = python(*command, cwd=ROOT / folder)
    assert done.returncode == 0 and "--help" in done.stdout, done.stderr


def test_the_first_cell_of_a_script_runs_in_its_own_folder():
    """As VS Code and Spyder may run it: exec, with the script's folder as working directory."""
    cells = "# %%".join((ROOT / "examples/quickstart.py").read_text().split("# %%")[:2])
    code = f"import sys\nsys.path.insert(0, '')\nexec(compile({cells!r}, 'cell', 'exec'))"
    done = python("-c", code + "\nprint(ppc.SYSTEM.n_neurons)", cwd=ROOT / "examples")
    assert done.stdout.strip() == "15", done.stderr


def test_every_script_imports_the_package_first():
    """Before NumPy, because of the BLAS threads, and before anything of the repository"""
    folders = [ROOT / "examples" / name for name in (".", "benchmarks", "chapters", "extensions")]
    for path in (path for folder in folders for path in folder.glob("[!_]*.py")):
        lines = ast.parse(path.read_text()).body
        first = next(line for line in lines if isinstance(line, (ast.Import, ast.ImportFrom)))
        assert path.name == "examples.py" or ast.unparse(first) == "import examples", path


def test_a_numba_cache_that_is_broken_or_full_is_done_without(tmp_path):
    full = (  # stands for a full disk
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))\n"
    )
    pytest.importorskip("resource")
    cache = dict(NUMBA_CACHE_DIR=str(tmp_path), PYTHONDONTWRITEBYTECODE="1")
    for code, said in ((full + SAMPLE, 1), (SAMPLE, 0), ("truncated", 1), (SAMPLE, 0)):
        if code == "truncated":
            entries = list(tmp_path.rglob("*.nbc"))
            assert entries
            for path in entries:
                os.truncate(path, 100)
            code = SAMPLE
        done = python("-W", "error", "-c", code, **cache)
        assert done.returncode == 0 and done.stdout.strip() == "(1, 2, 900)", done.stderr
        assert done.stderr.count("functions are compiled again") == said
    for path in tmp_path.rglob("*.nbi"):
        path.write_bytes(b"rubbish")
    done = python("-c", SAMPLE, **cache)
    assert done.stdout.strip() == "(1, 2, 900)" and done.stderr.count("compiled again") == 1


# Digits under other names


@pytest.fixture
def five(monkeypatch):
    """Five images in the place of MNIST's test part: {name of a file: array}"""
    return five_digits(monkeypatch)


@pytest.mark.parametrize("within", [".", "MNIST/raw", "raw", "its name"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("dot", [False, True])
def test_mnist_under_the_names_of_other_unpackers(five, tmp_path, within, packed, dot):
    """train-images.idx3-ubyte (a dot), torchvision's folder, and a folder for each file"""
    for name, array in five.items():
        name = name.replace("-idx", ".idx") if dot else name
        folder = tmp_path / (name if within == "its name" else within)
        folder.mkdir(parents=True, exist_ok=True)
        content = gzip.compress(idx(array)) if packed else idx(array)
        (folder / (name + ".gz" * packed)).write_bytes(content)
    got = digits.load("mnist", tmp_path)
    assert got.source == "MNIST" and got.labels.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(got.images * 255, five["t10k-images-idx3-ubyte"])


def test_mnist_as_keras_has_it(tmp_path, monkeypatch):
    images, labels = np.zeros((3, 28, 28), np.uint8), np.arange(3, dtype=np.uint8)
    names = dict(zip(mnist.MD5, (images, labels, images[:2], labels[:2]), strict=True))
    known = {name: mnist.idx.md5_of(array) for name, array in names.items()}
    monkeypatch.setattr(mnist, "MD5", known)
    keras = {key: names[name] for name, key in mnist.IN_NPZ.items()}
    np.savez_compressed(tmp_path / "mnist.npz", **keras)
    assert digits.load("mnist", tmp_path).labels.tolist() == [0, 1, 2, 0, 1]
    np.savez(tmp_path / "mnist.npz", **(keras | {"x_test": images[:2] + np.uint8(1)}))
    with pytest.raises(ValueError, match=r"mnist.npz: expected MNIST's own bytes as x_test, got"):
        digits.load("mnist", tmp_path)


def test_an_empty_file_under_another_name_is_named(tmp_path):
    (tmp_path / "train-images.idx3-ubyte").write_bytes(b"")
    with pytest.raises(ValueError, match=r"train-images.idx3-ubyte: .* got an empty file"):
        digits.load("mnist", tmp_path)
    (tmp_path / "train-images.idx3-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match=r"expected MNIST's files .* got none in "):
        digits.load("mnist", tmp_path)


# Other sets in MNIST's format


def test_letters_have_labels_beyond_nine():
    rng = np.random.default_rng(0)
    images = rng.random((50, 28, 28)).astype(np.float32)
    letters = digits.Digits(images, rng.integers(1, 27, 50), "EMNIST letters")
    video = moving_mnist.sample(1, 2, rng, letters)
    assert video.labels.max() > 9 and video.labels.dtype == np.int64
    assert len(digits.split(letters)[0].images) == 40


@pytest.mark.parametrize("n", [240_000, 697_932])
def test_the_header_of_a_large_set_sets_the_limit(tmp_path, n):
    """EMNIST's digits and byclass: more bytes than MNIST, and here none of them"""
    head = bytes([0, 0, 8, 3]) + np.array([n, 28, 28], ">u4").tobytes()
    (tmp_path / "images").write_bytes(head)
    with pytest.raises(ValueError, match=f"expected {n * 784} bytes .*, got 0: truncated"):
        digits.read_idx(tmp_path / "images", 3)


@pytest.mark.parametrize("transposed", [False, True])
def test_images_that_are_stored_column_by_column(tmp_path, transposed):
    images = np.random.default_rng(0).integers(256, size=(5, 28, 28)).astype(np.uint8)
    stored = images.swapaxes(1, 2) if transposed else images
    (tmp_path / "images.gz").write_bytes(gzip.compress(idx(stored)))
    (tmp_path / "labels").write_bytes(idx(np.array([1, 26, 3, 4, 5])))
    letters = digits.from_idx(
        tmp_path / "images.gz", tmp_path / "labels", "EMNIST letters", transposed=transposed
    )
    np.testing.assert_array_equal(letters.images, np.float32(images) / 255)
    assert letters.labels.tolist() == [1, 26, 3, 4, 5] and letters.source == "EMNIST letters"


def test_an_archive_is_named(tmp_path):
    (tmp_path / "images.zip").write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ValueError, match=r"images.zip: expected an IDX file .* got a zip archive"):
        digits.read_idx(tmp_path / "images.zip", 3)


def test_images_and_labels_that_do_not_fit(tmp_path):
    (tmp_path / "images").write_bytes(idx(np.zeros((5, 28, 28))))
    (tmp_path / "labels").write_bytes(idx(np.zeros(4)))
    with pytest.raises(ValueError, match=r"^labels: expected shape \(5,\), got \(4,\)"):
        digits.from_idx(tmp_path / "images", tmp_path / "labels", "mine")
