"""Code that a page quotes stands in the file that it is quoted from.

A comment directly before a block of Python says where its lines come from:

    <!-- code: refh_numpy/harmonium.py hidden_mean y_mean -->

That is a file, then functions, classes, methods (Class.method) or constants of it, in the order in
which the block quotes them; without names, the whole file. The block's lines must be lines of
these definitions, in the same order and with the same indentation relative to one another. Only
docstrings, comments, decorators and blank lines of the file may be missing between two of them. A
line `...` of the block stands for any number of other lines that are left out. A quotation may
begin and end anywhere in a definition.
"""

import ast
import textwrap

import pytest

from tests.pages import ROOT, blocks, pages

PAGE = """
def scale(x):
    \"\"\"Twice x.

    And a line more.
    \"\"\"
    factor = 2
    # a comment

    if x > 0:
        x = factor * x
    return x


class Pair:
    @property
    def first(self):
        return 1


LIMIT = 3
"""


def definition(source, name):
    """(first, last) line numbers of a function, class, method or constant; 1-based."""
    body = ast.parse(source).body
    for part in name.split("."):
        found = [
            node
            for node in body
            if getattr(node, "name", None) == part
            or part in [getattr(target, "id", None) for target in getattr(node, "targets", [])]
            or getattr(getattr(node, "target", None), "id", None) == part
        ]
        if len(found) != 1:
            raise ValueError(f"expected one definition of {name}, got {len(found)}")
        body = getattr(found[0], "body", [])
    return found[0].lineno, found[0].end_lineno


def optional_lines(source):
    """Numbers of the lines that a quotation may leave out."""
    left_out = {
        number
        for number, line in enumerate(source.splitlines(), 1)
        if not line.strip() or line.lstrip().startswith("#")
    }
    for node in ast.walk(ast.parse(source)):
        for decorator in getattr(node, "decorator_list", []):
            left_out |= set(range(decorator.lineno, decorator.end_lineno + 1))
        first = getattr(node, "body", None)
        first = first[0] if isinstance(first, list) and first else None
        if isinstance(first, ast.Expr) and isinstance(getattr(first.value, "value", None), str):
            left_out |= set(range(first.lineno, first.end_lineno + 1))
    return left_out


def indent(line):
    return len(line) - len(line.lstrip())


def is_quoted(code, source, names):
    """Whether a block quotes the definitions of these names, as the module's docstring says."""
    lines, optional = source.splitlines(), optional_lines(source)
    spans = [definition(source, name) for name in names] or [(1, len(lines))]
    quoted = [line.rstrip() for line in textwrap.dedent(code).splitlines() if line.strip()]

    def fits(q, span, number, shift, skips):
        """The lines of the block from q on, against the lines of the file from number on.

        shift : difference of indentation, None before the first line of a definition
        skips : any line of the file may be passed over, after `...`
        """
        if q == len(quoted):
            return span == len(spans) - 1
        if quoted[q].strip() == "...":
            return fits(q + 1, span, number, shift, True)
        for here in range(number, spans[span][1] + 1):
            line = lines[here - 1]
            moved = indent(line) - indent(quoted[q])
            if line.strip() == quoted[q].strip() and shift in (None, moved):
                if fits(q + 1, span, here + 1, moved, False):
                    return True
            if here not in optional and shift is not None and not skips:
                break
        if shift is not None and span + 1 < len(spans):  # on to the next definition
            return fits(q, span + 1, spans[span + 1][0], None, False)
        return False

    return bool(quoted) and fits(0, 0, spans[0][0], None, False)


MARKED = [
    (page, block)
    for page in pages()
    for block in blocks((ROOT / page).read_text())
    if block.marker.startswith("code:")
]


@pytest.mark.parametrize("page, block", MARKED, ids=[f"{p}: {b.marker}" for p, b in MARKED])
def test_quoted_code_stands_in_its_file(page, block):
    assert block.language == "python"
    path, *names = block.marker.removeprefix("code:").split()
    assert is_quoted(block.code, (ROOT / path).read_text(), names), (
        f"{page}: this is not in {path}, {' '.join(names)}:\n{block.code}"
    )


@pytest.mark.parametrize("page", pages(), ids=str)
def test_every_marker_stands_directly_before_a_block(page):
    text = (ROOT / page).read_text()
    markers = [block for block in blocks(text) if block.marker.startswith("code:")]
    assert text.count("<!-- code:") == len(markers)


@pytest.mark.parametrize(
    "code, names",
    [
        ("def scale(x):\n    factor = 2\n    if x > 0:\n        x = factor * x\n", "scale"),
        ("if x > 0:\n    x = factor * x\n", "scale"),
        ("factor = 2\n...\nreturn x\n", "scale"),
        ("def scale(x):\n    factor = 2\n\nLIMIT = 3\n", "scale LIMIT"),
        ("def first(self):\n    return 1\n", "Pair.first"),
        ("    return x\n\n\nclass Pair:\n    def first(self):\n", ""),
    ],
)
def test_a_faithful_quotation_passes(code, names):
    assert is_quoted(code, PAGE, names.split())


@pytest.mark.parametrize(
    "code, names",
    [
        ("factor = 3\n", "scale"),  # another line
        ("factor = 2\nreturn x\n", "scale"),  # a line is missing
        ("if x > 0:\nx = factor * x\n", "scale"),  # another indentation
        ("x = factor * x\nif x > 0:\n", "scale"),  # another order
        ("return 1\n", "scale"),  # another function
        ("factor = 2\n", "scale LIMIT"),  # nothing of the second name
        ("factor = 2  # twice\n", "scale"),  # a comment that is not in the file
        ("return x\nreturn x\n", "scale"),
        ("...\n", "Pair.first LIMIT"),
        ("", "scale"),
    ],
)
def test_an_unfaithful_quotation_fails(code, names):
    assert not is_quoted(code, PAGE, names.split())


def test_a_name_that_is_not_defined_is_an_error():
    with pytest.raises(ValueError, match="expected one definition of missing, got 0"):
        is_quoted("x = 1\n", PAGE, ["missing"])
