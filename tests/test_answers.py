"""Every question of a page has an answer, in order and with its source; both pages are linked."""

import itertools
import re

import pytest

from tests.pages import ROOT, pages

ANSWERS = "examples/answers.md"
KINDS = ("To try", "To think about")
# where a number is from: lines to run, here or in a neighbour, a command, a page; or it is open
SOURCE = re.compile(
    r"^```python|`python -m |\]\(|\*[Oo]pen\*"
    r"|\([^)]*\b(?:above|block|lines|rows?)\b[^)]*\)"
    r"|is an argument, not a measurement",
    re.M,
)


def after(marks, text, ends):
    """[(mark, text from it to the next of the marks or ends)]."""
    pattern = re.compile("|".join([*marks, *ends]), re.M)
    found = [*pattern.finditer(text), None]
    for match, following in itertools.pairwise(found):
        part = text[match.end() : following.start() if following else len(text)]
        for mark in marks:
            if re.match(mark, match[0], re.M):
                yield mark, part


def questions(text):
    """{kind: number of questions} of a page: the items of its lists, or one paragraph."""
    marks = {rf"^(?:## |\*\*){kind}\.?(?:\*\*)?$": kind for kind in KINDS}
    found = dict.fromkeys(KINDS, 0)
    for mark, part in after(marks, text, ["^## ", r"^\[Answers\]", "^Previous: ", r"^\*\*To "]):
        found[marks[mark]] += len(re.findall("^- ", part, re.M)) or 1
    return found


def sections():
    """{anchor: text} of the page of answers."""
    parts = re.split(r"^## (.*)\n", (ROOT / ANSWERS).read_text(encoding="utf-8"), flags=re.M)[1:]
    anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in parts[::2]]
    return dict(zip(anchors, parts[1::2], strict=True))


def answers(section):
    """{kind: [text of an answer]}; an answer begins with a line in bold."""
    marks = {rf"^\*{kind}\*$": kind for kind in KINDS}
    found = {kind: [] for kind in KINDS}
    for mark, part in after(marks, section, []):
        found[marks[mark]] += re.split(r"^(?=\*\*[^*]+\*\*)", part, flags=re.M)[1:]
    return found


def asking():
    """The pages with questions."""
    texts = {page: (ROOT / page).read_text(encoding="utf-8") for page in pages()}
    return [page for page, text in texts.items() if any(questions(text).values())]


@pytest.mark.parametrize("page", asking(), ids=str)
def test_every_question_is_answered_and_linked(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    link = re.search(r"\[Answers\]\([./a-z]*answers\.md#([\w-]+)\)", text)
    assert link, f"{page}: expected a link [Answers](...answers.md#...) after its questions"
    section = sections()[link[1]]
    back = re.search(r"^Questions: \[[^\]]+\]\(([^)]+)\)", section, re.M)
    assert (ROOT / ANSWERS).parent.joinpath(back[1]).resolve() == ROOT / page
    found = answers(section)
    assert {kind: len(found[kind]) for kind in KINDS} == questions(text)
    for answer in found["To try"]:
        assert SOURCE.search(answer), f"expected lines, a command, a link or *open*, got {answer}"


def test_no_answer_is_without_a_page():
    assert len(asking()) == len(sections()) >= 20


def test_questions_are_counted():
    text = "## To try\n\n- One?\n- Two?\n  More.\n\n## To think about\n\nThree?\n\nPrevious: x\n"
    assert questions(text) == {"To try": 2, "To think about": 1}
    assert questions("**To try.**\n\n- One?\n\n## A\n\n**To try.**\n\n- Two?\n")["To try"] == 2


def test_an_answer_without_a_source_is_found():
    assert not SOURCE.search("**A question.**\nThe error is 3.\n")
    assert SOURCE.search("**A question.**\nThis is *open*.\n")
