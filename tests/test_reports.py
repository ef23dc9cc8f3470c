"""The tables of the result pages show the numbers of the JSON that each page names.

A page of examples/reports says above a table where its numbers come from:

    <!-- numbers: figures/NAME.json -->

A row of the table is about the entries of the JSON (of any of its lists) that hold the row's first
cell: a model's name, or a number such as w or sigma_u. Every number in its other cells must be one
of theirs, rounded as in the cell: as it is, in percent, or in units of 1e-4. Columns whose heading
starts with "poster" are not ours, and are skipped.
"""

import json
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
PAGES = sorted((EXAMPLES / "reports").glob("*.md"))
CHAPTERS = [
    page
    for folder in ("datasets", "kalman", "refh_numpy", "rvae_numpy")
    for page in sorted((EXAMPLES.parent / folder).rglob("*.md"))
    if "<!-- numbers:" in page.read_text()
]
SCALES = (1, 1e2, 1e4)
MAX_LIST = 12  # longer lists of numbers are curves, not table entries
NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def tables(text):
    """[(path of the JSON, table as a list of rows of cells)] of a page"""
    found = []
    for name, block in re.findall(r"<!-- numbers: (\S+) -->\s*\n((?:\|.*\n?)+)", text):
        rows = [
            [plain(cell) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
            for line in block.splitlines()
        ]
        found.append((EXAMPLES / name, [rows[0], *rows[2:]]))
    return found


def plain(cell):
    """The text of a cell: no emphasis, links, footnotes, formulas or no-break spaces"""
    cell = re.sub(r"<sup>.*?</sup>|[¹²³⁴⁵]", "", cell)
    cell = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell)
    cell = re.sub(r"&nbsp;|[\u00a0\u2009\u202f]", " ", cell).replace("−", "-")
    return re.sub(r"[*`$]", "", cell).strip()


def leaves(value):
    """All strings and numbers of an entry, seeds and long lists left out"""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name != "seeds":
                yield from leaves(inner)
    elif isinstance(value, list):
        if len(value) <= MAX_LIST:
            for inner in value:
                yield from leaves(inner)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool):
        yield value


def entries(content):
    """All entries (dicts) of the lists of a JSON"""
    return [
        entry
        for value in content.values()
        if isinstance(value, list)
        for entry in value
        if isinstance(entry, dict)
    ]


def is_about(entry, key):
    """Whether one of the entry's strings or numbers is the key"""
    return any(
        leaf == key if isinstance(leaf, str) else f"{leaf:g}" == key for leaf in leaves(entry)
    )


def rounded(values, text):
    """Whether one of the values, in some scale, has this text"""
    digits = len(text.partition(".")[2])
    return any(
        float(f"{scale * value:.{digits}f}") == float(text) for value in values for scale in SCALES
    )


def wrong_cells(path, table):
    """Descriptions of the cells of a table that are not in its JSON"""
    known = entries(json.loads(path.read_text()))
    heading, *rows = table
    for key, *cells in rows:
        mine = [entry for entry in known if is_about(entry, key)]
        if not mine:
            yield f"{path.name} has no entry for {key!r}"
            continue
        values = [leaf for entry in mine for leaf in leaves(entry) if not isinstance(leaf, str)]
        for name, cell in zip(heading[1:], cells, strict=True):
            if not name.startswith("poster"):
                yield from (
                    f"{key}, {name}: {text} is not in {path.name}"
                    for text in NUMBER.findall(cell)
                    if not rounded(values, text)
                )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_tables_of_a_page_have_the_numbers_of_its_json(page):
    text = page.read_text()
    assert "\n| " not in text or tables(text), f"{page.name}: expected <!-- numbers: ... -->"
    assert [wrong for path, table in tables(text) for wrong in wrong_cells(path, table)] == []


@pytest.mark.parametrize("page", CHAPTERS, ids=lambda page: page.parent.name)
def test_the_marked_tables_of_a_chapter_have_the_numbers_of_their_json(page):
    assert [
        wrong for path, table in tables(page.read_text()) for wrong in wrong_cells(path, table)
    ] == []


def test_a_wrong_number_is_found(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(
        json.dumps(
            {
                "rows": [
                    {
                        "model": "rEFH",
                        "mse": 3.1549e-4,
                        "mse_spread": 0.0627e-4,
                        "seeds": [{"mse": 9.0}],
                    },
                    {"model": "KF-2", "mse": 1.44e-4, "share": 0.857, "curve": [7.0] * 50},
                ]
            }
        )
    )

    def found(text):
        head = "<!-- numbers: a.json -->\n| model | poster | ours |\n| --- | --- | --- |\n"
        ((_, table),) = tables(head + text + "\n")
        return list(wrong_cells(path, table))

    assert found("| **rEFH** | 3.3 | **3.15 ± 0.06** ¹ |") == []
    assert found("| KF-2 | 2.2 | 1.44, 86&nbsp;%, - |") == []
    assert found("| rEFH | 3.3 | 3.16 ± 0.06 |") == ["rEFH, ours: 3.16 is not in a.json"]
    assert len(found("| rEFH | 3.3 | 1.44 |")) == 1  # another row's number
    assert len(found("| KF-2 | 2.2 | 7.0 |")) == 1  # a point of a curve
    assert len(found("| rEFH | 3.3 | 9.0 |")) == 1  # a single seed's
    assert len(found("| RTRBM | 3.1 | 1.78 |")) == 1  # no such row
