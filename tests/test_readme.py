"""What the pages promise: links, anchors, functions, equation labels, formulas that render."""

import importlib
import re

import pytest

from tests.pages import ROOT, pages

CHAPTERS = pages()
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
LABELS = {
    "D": "datasets/README.md",
    "K": "kalman/README.md",
    "H": "refh_numpy/README.md",
    "V": "rvae_numpy/README.md",
    "L": "rvae_numpy/linear_theory.md",
    "G": "rvae_numpy/generation.md",
    "X": "rvae_numpy/extensions/README.md",
    "Q": "refh_numpy/prediction.md",
}


def text_of(chapter):
    """A page without its code blocks"""
    return re.sub(r"^```.*?^```", "", (ROOT / chapter).read_text(), flags=re.S | re.M)


def anchors(path):
    """The anchors of a page's headings, as the hosting sites make them"""
    headings = re.findall(r"^#+ (.*)$", text_of(path), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_every_link_leads_somewhere(chapter):
    text = text_of(chapter)
    for shown, target in LINK.findall(text) + IMAGE.findall(text):
        if target.startswith("http"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / chapter).parent / path if path else ROOT / chapter
        assert file.exists(), f"{chapter}: [{shown}]({target})"
        if anchor:
            page = file / "README.md" if file.is_dir() else file
            assert anchor in anchors(page), f"{chapter}: [{shown}]({target})"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_an_image_says_its_message(chapter):
    for said, target in IMAGE.findall(text_of(chapter)):
        assert len(said.split()) >= 5, (
            f"{chapter}: expected a sentence as the alt text of {target}, got {said!r}"
        )


def poster_map():
    rows = re.findall(r"^\|.*\|$", (ROOT / "examples" / "poster_map.md").read_text(), re.M)[2:]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def test_the_map_names_functions_that_exist():
    found = 0
    for row in poster_map():
        for name, path in LINK.findall(row[2]) + LINK.findall(row[3]):
            file = (ROOT / "examples" / path).resolve().relative_to(ROOT)
            module = importlib.import_module(".".join(file.with_suffix("").parts))
            name = name.strip("`")
            last = module.__name__.rsplit(".", 1)[-1]
            assert name == last or callable(getattr(module, name, None)), f"{name} in {path}"
            found += 1
    assert found > 40


def test_nothing_on_the_poster_is_without_a_row():
    firsts = " ".join(row[0] for row in poster_map())
    for number in range(1, 13):
        assert re.search(rf"\bP{number}\b", firsts)
    parts = (
        "LTI system, Bouncing balls, Moving MNIST, rEFH, rVAE, Rationale, table 1, table 2, BPTT"
    )
    parts += ", Architecture/Training, Bouncing-ball frame sequence, MovingMNIST frame sequence"
    for said in (*parts.split(", "), "Conclusions"):
        assert said in firsts


def numbers(letter, text):
    """The numbers of the labels with this letter, in the order of first appearance; ranges too"""
    found = []
    for first, last in re.findall(
        rf"(?<![\w'-]){letter}(\d{{1,2}})\b(?: to {letter}(\d{{1,2}})\b)?", text
    ):
        found += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(found))


@pytest.mark.parametrize("letter", LABELS)
def test_equation_labels_stand_in_text_and_code_in_reading_order(letter):
    in_text = numbers(letter, text_of(LABELS[letter]))
    assert in_text == list(range(1, len(in_text) + 1)), (
        f"{LABELS[letter]}: labels in this order: {in_text}"
    )
    code = " ".join(
        path.read_text()
        for folder in ("datasets", "kalman", "refh_numpy", "rvae_numpy", "examples")
        for path in (ROOT / folder).rglob("*.py")
    )
    assert set(numbers(letter, code)) == set(in_text)


def test_the_posters_equations_stand_in_text_and_code():
    code = " ".join(
        path.read_text()
        for folder in ("datasets", "refh_numpy", "rvae_numpy")
        for path in (ROOT / folder).rglob("*.py")
    )
    text = " ".join(text_of(chapter) for chapter in LABELS.values())
    for where in (code, text):
        assert set(range(1, 13)) <= set(numbers("P", where))


def blocks(text):
    """What Markdown reads as one: paragraphs, and the cells of tables"""
    for paragraph in re.split(r"\n\s*\n", text):
        lines = paragraph.splitlines()
        for line in lines:
            if line.startswith("|"):
                yield from re.split(r"(?<!\\)\|", line)
        yield "\n".join(line for line in lines if not line.startswith("|"))


def formulas(chapter):
    """[(block, formula)] of a page, inline and displayed"""
    text = re.sub(r"`[^`\n]*`", "", text_of(chapter))
    return [
        (block, formula)
        for block in blocks(text)
        for formula in re.findall(r"\$\$.+?\$\$|\$[^$\n]+\$", block, re.S)
    ]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_formulas_survive_markdown(chapter):
    """Markdown removes a backslash before punctuation, and reads `}_x ... _{` as emphasis."""
    for block, formula in formulas(chapter):
        assert not re.search(r"\\[,;:!_{}|*#]", formula), (
            f"{chapter}: backslash before punctuation in {formula}"
        )
        for match in re.finditer(r"[}\])]_(?=\S)", formula):
            after = block[block.index(formula) + match.end() :]
            assert "_{" not in after, f"{chapter}: '{match[0]}' before a later '_{{' in {formula}"
    for shown, _ in LINK.findall(text_of(chapter)):
        assert "$" not in shown, f"{chapter}: a formula in the link text {shown!r}"


def test_the_first_screen_has_the_picture_and_the_boxes_of_the_poster():
    """Someone with the poster in hand finds each box before any term that needs an explanation."""
    head = (ROOT / "README.md").read_text().partition("## Quick start")[0]
    assert "figures/quickstart.png" in head
    boxes = "Abstract, LTI system + PPC, Bouncing balls, Moving MNIST, rEFH, rVAE, Rationale"
    boxes += ", Architecture/Training, Quantitative results, Qualitative results, Conclusions"
    for box in boxes.split(", "):
        assert re.search(rf"^\|[^|]*{re.escape(box)}[^|]*\|.*\]\(", head, re.M), box


def test_the_front_page_can_be_read_at_once():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150
