"""The printable edition: whole by a parser; .ci/book.py looks at it in a browser."""

import html.parser
import importlib

import pytest

from examples import book
from tests.pages import ROOT


class Parsed(html.parser.HTMLParser):
    """What a page refers to, and its text outside code and formulas."""

    def __init__(self, text):
        super().__init__()
        self.ids, self.links, self.sources, self.text, self.open = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids += [attributes["id"]] if "id" in attributes else []
        self.links += [attributes["href"]] if tag == "a" else []
        self.sources += [attributes["src"]] if "src" in attributes else []
        if tag not in book.VOID and tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in book.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "code", "pre", "math"} & set(self.open):
            self.text.append(data)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    for name in ("cmarkgfm", "latex2mathml", "ziamath", "pygments"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("book")
    book.main(["--out", str(folder)])
    return (folder / "book.html").read_text(encoding="utf-8")


def test_the_book_is_self_contained(whole):
    parsed = Parsed(whole)
    assert not parsed.open
    assert len(set(parsed.ids)) == len(parsed.ids)
    assert parsed.sources and all(source.startswith("data:image/") for source in parsed.sources)
    for link in parsed.links:
        assert link.startswith("http") or link[1:] in parsed.ids, link
    assert "<link" not in whole and "<script" not in whole and "url(http" not in whole


def test_every_formula_becomes_mathml(whole):
    formulas = sum(
        len(list(book.FORMULA.finditer(part)))
        for pages in book.parts().values()
        for page in pages
        for part in Parsed(html_of(page)).text
    )
    assert whole.count("<math ") == formulas > 500
    assert "<merror" not in whole
    assert not [text for text in Parsed(whole).text if book.FORMULA.search(text)]


def html_of(page):
    cmarkgfm = importlib.import_module("cmarkgfm")

    text = (ROOT / page).read_text()
    option = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    return cmarkgfm.github_flavored_markdown_to_html(text, option)


def test_every_chapter_appendix_and_result_is_in_the_book():
    pages = {page for pages in book.parts().values() for page in pages}
    folders = ("datasets", "kalman", "refh_numpy", "rvae_numpy", "examples/reports")
    expected = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*.md")
    }
    assert expected | {"README.md", "examples/notation.md"} <= pages


def test_links_lead_to_the_section_of_their_page():
    page = book.Page("kalman/README.md", "", {"datasets/README.md", "kalman/README.md"})
    assert page.link("../datasets/README.md#bouncing-balls") == "#datasets--bouncing-balls"
    assert page.link("../datasets") == "#datasets"
    assert page.link("#the-model") == "#kalman--the-model"
    assert page.link("em.py") is None
    assert page.link("https://arxiv.org/") == "https://arxiv.org/"


def test_a_displayed_equation_keeps_its_label():
    pytest.importorskip("latex2mathml")
    shown = book.formula(r"E = -x' W y \qquad \text{(H2)}", display=True)
    assert shown.endswith("</math><span>(H2)</span></span>") and "H2" not in shown[:-30]


def test_without_the_dev_extra_the_book_says_what_is_missing(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(SystemExit, match=r"expected the dev extra .* without latex2mathml"):
        book.library("latex2mathml.converter")
