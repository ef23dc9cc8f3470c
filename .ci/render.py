"""Check that the formulas of all pages and notebooks arrive unchanged: python .ci/render.py

Needs the `dev` extra. Two orders in which clients work are checked.

  Markdown first   (GitHub) a page becomes HTML by cmark-gfm; then formulas are sought in the text
                   between two tags, and must be those of the source
  math first       (GitLab, VS Code, Jupyter) formulas are taken from the source, and KaTeX must
                   accept them in its strict mode; only with --modules DIR, a node_modules that
                   holds the npm package katex

With --screenshots FOLDER, Chromium renders every page with MathJax (the npm package mathjax, 3.x,
in --modules DIR), Markdown first.
"""

import argparse
import collections
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

try:
    import cmarkgfm
except ImportError:
    sys.exit(
        'render: expected the dev extra (pip install -e ".[dev]"), got an installation '
        "without cmarkgfm"
    )

from examples import notebooks  # noqa: E402

SKIPPED = {"results", ".venv", "venv", "build", "notebooks"}
FORMULA = re.compile(r"\$\$[^$]+\$\$|(?<![\w\\$])\$(?![\s$])[^$]*?(?<![\s\\])\$(?![\w$])")
SILENT = ("a", "code", "pre")  # formulas in links are lost, too
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.S | re.M)
KATEX = """
const katex = require("katex"), bad = [];
for (const source of JSON.parse(require("fs").readFileSync(0))) {
  const display = source.startsWith("$$"), n = display ? 2 : 1;
  try {
    katex.renderToString(source.slice(n, -n),
                         {displayMode: display, strict: "error", throwOnError: true});
  } catch (error) { bad.push(source + ": " + error.message); }
}
console.log(JSON.stringify(bad));
"""
PAGE = """<!doctype html><meta charset="utf-8"><base href="{base}/">
<style>body {{ font: 16px/1.5 sans-serif; width: 936px; margin: 20px auto }}
img {{ max-width: 100% }}
table {{ border-collapse: collapse }} td, th {{ border: 1px solid #ccc; padding: 6px 13px }}
pre, code {{ background: #f0f1f2; font-size: 85% }} pre {{ padding: 16px; overflow: auto }}</style>
<script>MathJax = {{tex: {{inlineMath: [["$", "$"]], displayMath: [["$$", "$$"]]}}}};</script>
<script src="{modules}/mathjax/es5/tex-svg.js"></script>
{body}"""


class Text(html.parser.HTMLParser):
    """The formulas in the text between two tags of an HTML page, code and links left out."""

    def __init__(self, page):
        super().__init__()
        self.found, self.in_code = [], 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.in_code += tag in SILENT

    def handle_endtag(self, tag):
        self.in_code -= tag in SILENT

    def handle_data(self, data):
        if not self.in_code:
            self.found += FORMULA.findall(data)


def pages():
    """{name: Markdown} of the pages of the repository and of the cells of the notebooks."""
    found = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
        for path in sorted(ROOT.rglob("*.md"))
        if not any(part in SKIPPED or part.startswith(".") for part in path.relative_to(ROOT).parts)
    }
    for name, path in notebooks.scripts().items():
        found[f"{name}.ipynb"] = "\n\n".join(
            text
            for kind, text in notebooks.cells(path.read_text(encoding="utf-8"))
            if kind == "markdown"
        )
    return found


def to_html(text):
    """A page as cmark-gfm renders it."""
    return cmarkgfm.github_flavored_markdown_to_html(text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE)


def in_source(text):
    """The formulas of a page as written, with the bars in cells of tables not escaped."""
    text = re.sub(r"^\|.*$", lambda row: row[0].replace(r"\|", "|"), CODE.sub("", text), flags=re.M)
    return re.findall(r"\$\$[^$]+\$\$|\$[^$\n]+\$", text)


def wrong_markdown_first(text):
    """The formulas of the source that are not in the HTML, and those in the HTML alone."""
    source = collections.Counter(in_source(text))
    shown = collections.Counter(Text(to_html(text)).found)
    return [
        *(source - shown).elements(),
        *(f"only in the HTML: {one}" for one in (shown - source).elements()),
    ]


def wrong_math_first(formulas, modules):
    """What KaTeX does not accept."""
    done = subprocess.run(
        ["node", "-e", KATEX],
        input=json.dumps(formulas),
        text=True,
        capture_output=True,
        check=True,
        env=os.environ | {"NODE_PATH": str(modules.resolve())},
    )
    return json.loads(done.stdout)


def screenshot(name, text, modules, folder):
    """FOLDER/NAME.png and .html of a page."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        sys.exit("--screenshots: expected Chromium, got none on the path")
    folder.mkdir(parents=True, exist_ok=True)
    page = folder.resolve() / f"{name.replace('/', '-')}.html"
    page.write_text(
        PAGE.format(
            base=(ROOT / name).parent.as_uri(),
            body=to_html(text),
            modules=modules.resolve().as_uri(),
        )
    )
    height = 800 + 40 * len(text.splitlines()) + 500 * text.count("![")
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--disable-background-networking",
            "--virtual-time-budget=20000",
            f"--window-size=1000,{height}",
            f"--screenshot={page.with_suffix('.png')}",
            page.as_uri(),
        ],
        check=True,
        capture_output=True,
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--modules", type=Path, metavar="DIR")
    parser.add_argument("--screenshots", type=Path, metavar="FOLDER")
    arguments = parser.parse_args()
    if arguments.screenshots and not arguments.modules:
        parser.error("--screenshots: expected --modules too, got none")
    total, failed = 0, [0, 0]
    for name, text in pages().items():
        formulas = in_source(text)
        first = wrong_markdown_first(text)
        second = wrong_math_first(formulas, arguments.modules) if arguments.modules else []
        total, failed = total + len(formulas), [failed[0] + len(first), failed[1] + len(second)]
        print(f"{name:40} {len(formulas):4} formulas", *first, *second, sep="\n    wrong: ")
        if arguments.screenshots:
            screenshot(name, text, arguments.modules, arguments.screenshots)
    print(
        f"{total} formulas; wrong, Markdown first: {failed[0]}; wrong, math first: "
        f"{failed[1] if arguments.modules else 'not checked (--modules)'}"
    )
    sys.exit(1 if any(failed) else 0)


if __name__ == "__main__":
    main()
