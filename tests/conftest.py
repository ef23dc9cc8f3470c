"""Environment of the tests."""

import pytest

import examples  # noqa: F401


@pytest.fixture(scope="session")
def quick(tmp_path_factory):
    """The folder that quickstart has written into, seed 3"""
    from examples import quickstart

    out = tmp_path_factory.mktemp("results")
    quickstart.main(["--seed", "3", "--out", str(out)])
    return out
