"""The code of the chapters runs as printed."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def python_blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.S | re.M)


@pytest.mark.parametrize(
    "chapter",
    [
        "datasets/README.md",
        "kalman/README.md",
        "refh_numpy/README.md",
        "rvae_numpy/README.md",
        "README.md",
    ],
)
def test_the_code_of_the_chapters_runs_as_printed(chapter, quick, monkeypatch, capsys):
    """The Python blocks of a page, one after the other, as a reader would paste them."""
    monkeypatch.chdir(quick.parent)
    if chapter == "README.md" and not (quick.parent / "results").exists():
        os.symlink(quick, quick.parent / "results")  # what quickstart left
    blocks = python_blocks(ROOT / chapter)
    assert blocks or chapter == "README.md"
    namespace = {}
    for block in blocks:
        exec(compile(block, chapter, "exec"), namespace)
