"""Code blocks of the Markdown pages, and the comments directly before them."""

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SKIPPED = {"results", ".venv", "venv", "build", "notebooks"}
FENCE = re.compile(
    r"^(?:<!-- *(?P<marker>[^\n]*?) *-->\n)?^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```",
    re.S | re.M,
)


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    code: str
    marker: str  # text of the comment in the line before, "" without one


def pages():
    """The Markdown pages of the repository, relative to its root."""
    return sorted(
        path.relative_to(ROOT)
        for path in ROOT.rglob("*.md")
        if not SKIPPED & set(path.relative_to(ROOT).parts)
    )


def blocks(text):
    """The fenced blocks of a page, in order."""
    return [
        Block(match["language"], match["code"], match["marker"] or "")
        for match in FENCE.finditer(text)
    ]
