"""What the chapters point to is there: files, headings, functions."""
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CHAPTERS = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.md")
                  if not {"results", ".venv", "venv", "build"} & set(path.relative_to(ROOT).parts))
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")


def anchors(path):
    """The anchors of a chapter's headings, as the hosting sites make them"""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", path.read_text(), flags=re.S | re.M), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_every_link_leads_somewhere(chapter):
    text = (ROOT / chapter).read_text()
    for shown, target in LINK.findall(text) + [("", picture) for picture in re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text)]:
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / chapter).parent / path if path else ROOT / chapter
        assert file.exists(), f"{chapter}: [{shown}]({target})"
        if anchor:
            assert anchor in anchors(file / "README.md" if file.is_dir() else file), f"{chapter}: [{shown}]({target})"


def the_map():
    section = re.search(r"^## Where everything is$(.*?)^## ", (ROOT / "README.md").read_text(), re.S | re.M)[1]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in re.findall(r"^\|.*\|$", section, re.M)[2:]]


def test_the_map_names_functions_that_exist():
    found = 0
    for row in the_map():
        for name, path in LINK.findall(row[2]) + LINK.findall(row[3]):
            module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
            name = name.strip("`")
            assert name == module.__name__.rsplit(".", 1)[-1] or callable(getattr(module, name, None)), f"{name} in {path}"
            found += 1
    assert found > 40


def test_nothing_on_the_poster_is_without_a_row():
    firsts = " ".join(row[0] for row in the_map())
    for number in range(1, 13):
        assert re.search(rf"\bP{number}\b", firsts)
    for said in ("LTI system", "Bouncing balls", "Moving MNIST", "rEFH", "rVAE", "Rationale", "Architecture/Training",
                 "table 1", "table 2", "Bouncing-ball frame sequence", "MovingMNIST frame sequence", "Conclusions", "BPTT"):
        assert said in firsts


def test_every_equation_number_is_explained_and_used():
    """D1, D2, ...: each stands in a chapter and in the code, and none is missing."""
    chapters = " ".join((ROOT / chapter).read_text() for chapter in CHAPTERS)
    code = " ".join(path.read_text() for folder in ("datasets", "kalman", "refh_numpy", "rvae_numpy", "examples")
                    for path in (ROOT / folder).rglob("*.py"))
    numbers = {int(n) for n in re.findall(r"\bD(\d{1,2})\b", code)}
    assert numbers == set(range(1, max(numbers) + 1))
    for letter, last in (("P", 12), ("D", max(numbers))):
        for n in range(1, last + 1):
            spelt = re.search(rf"\b{letter}{n}\b", chapters) or any(
                int(a) <= n <= int(b) for a, b in re.findall(rf"\b{letter}(\d+) to {letter}(\d+)\b", chapters))
            assert spelt, f"{letter}{n} is in no chapter"
            assert re.search(rf"\b{letter}{n}\b", code), f"{letter}{n} is not in the code"
