"""The code of the pages runs as printed, and prints what the page says."""

import os
import re

import pytest

from tests.pages import ROOT, Block, blocks

NUMBER = re.compile(r"[-−]?\d+(?:\.\d+)?(?:e[-+]?\d+)?|\bnan\b")


def same_output(printed, expected, tolerance):
    """Whether two outputs have the same words, and numbers within a relative tolerance."""
    if [line.split() for line in printed.strip().splitlines()] == [
        line.split() for line in expected.strip().splitlines()
    ]:
        return True
    if NUMBER.sub("0", printed).split() != NUMBER.sub("0", expected).split():
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True)
    return all(float(a) == pytest.approx(float(b), rel=tolerance, abs=tolerance) for a, b in pairs)


def tolerance_of(block):
    """Of an output, from the comment before it: <!-- output: within 20 % -->."""
    found = re.fullmatch(r"output: within (\d+) %", block.marker)
    return float(found[1]) / 100 if found else 0.0


@pytest.mark.parametrize(
    "chapter",
    [
        "datasets/README.md",
        "kalman/README.md",
        pytest.param("refh_numpy/README.md", marks=pytest.mark.slow),  # these two train
        pytest.param("refh_numpy/prediction.md", marks=pytest.mark.slow),
        "rvae_numpy/README.md",
        pytest.param("examples/answers.md", marks=pytest.mark.slow),
        "examples/own_data.md",
        "README.md",
    ],
)
def test_the_code_of_the_chapters_runs_as_printed(chapter, quick, monkeypatch, capsys):
    """The Python blocks of a page, one after the other, as a reader would paste them.

    Blocks that quote a file (tests/test_quoted_code.py) are not run, nor are those that the
    comment before them leaves to a reader. A block of text directly
    after a block of Python is its output. Numbers that differ between machines may differ by as
    much as the comment before the output says; without one, it must be the same.
    """
    monkeypatch.chdir(quick.parent)
    if chapter == "README.md" and not (quick.parent / "results").exists():
        os.symlink(quick, quick.parent / "results")  # what quickstart left
    found = blocks((ROOT / chapter).read_text())
    left_out = "code:", "not tested:"
    runs = [b for b in found if b.language == "python" and not b.marker.startswith(left_out)]
    assert runs or chapter == "README.md"
    namespace = {}
    for block, after in zip(found, [*found[1:], Block("", "", "")], strict=True):
        if block not in runs:
            continue
        exec(compile(block.code, chapter, "exec"), namespace)
        printed = capsys.readouterr().out
        if after.language == "text":
            assert same_output(printed, after.code, tolerance_of(after)), printed


@pytest.mark.parametrize(
    "printed, expected, tolerance, same",
    [
        ("a 1.0\nb 2\n", "a  1.0\nb 2", 0, True),
        ("a 1.0", "b 1.0", 0.5, False),
        ("a 1.0", "a 1.1", 0.2, True),
        ("a 1.0", "a 1.3", 0.2, False),
        ("a 1.0", "a 1.0 2", 0.2, False),
    ],
)
def test_outputs_are_compared_by_words_and_numbers(printed, expected, tolerance, same):
    assert same_output(printed, expected, tolerance) is same
