"""The pages as one file, to read offline and to print.

    python -m examples.book [--out DIR]

Writes DIR/book.html: front page, chapters, appendices, the poster's boxes,
result pages, answers and notation, with a table of contents. Figures are
embedded and formulas are MathML, so the file opens without a network; print it,
or save it as PDF, from a browser. Links to source files become plain text.
Needs the dev extra (pip install -e ".[dev]"). Takes seconds.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

import base64
import html
import html.parser
import importlib
import importlib.resources
import io
import mimetypes
import posixpath
import re
import sys
import unicodedata
from pathlib import Path

from datasets import __version__
from examples.tools import results as _results
from examples.tools import run as _run

ROOT = Path(__file__).resolve().parents[1]
# the parts of the book; result pages stand in the order in which the index of scripts has them
PARTS = {
    "Front page": ["README.md"],
    "Chapters": [
        "datasets/README.md",
        "kalman/README.md",
        "refh_numpy/README.md",
        "rvae_numpy/README.md",
    ],
    "Appendices": [
        "rvae_numpy/linear_theory.md",
        "rvae_numpy/generation.md",
        "rvae_numpy/extensions/README.md",
        "refh_numpy/prediction.md",
    ],
    "The poster": ["examples/rationale.md", "examples/conclusions.md", "examples/poster_map.md"],
    "Results": ["examples/reports/*.md"],
    "Practice": ["examples/own_data.md", "examples/exercises/README.md", "examples/answers.md"],
    "Reference": ["examples/notation.md", "examples/README.md"],
}
FORMULA = re.compile(r"\$\$([^$]+)\$\$|(?<![\w\\$])\$(?![\s$])([^$]*?)(?<![\s\\])\$(?![\w$])")
LABEL = re.compile(r"\s*\\qquad\s*\\text\{\((\w+'*)\)\}\s*$")
JOINER = "\u2060"  # no line ends here
VOID = {"br", "hr", "img", "input"}
STYLE = """
:root { color-scheme: light }
body { font: 17px/1.5 Georgia, "DejaVu Serif", serif; max-width: 46rem; margin: 2rem auto;
       padding: 0 1rem; color: #111; background: white }
h1, h2, h3, h4, nav, table, figcaption { font-family: Helvetica, Arial, "DejaVu Sans", sans-serif }
h1 { font-size: 1.8rem; line-height: 1.2 } h2 { font-size: 1.35rem; margin-top: 2em }
h3 { font-size: 1.1rem; margin-top: 1.6em } h1, h2, h3, h4 { break-after: avoid }
section { break-before: page; border-top: 2px solid #111; margin-top: 4rem; padding-top: 1rem }
nav ol { list-style: none; padding-left: 1.2em } nav > ol { padding-left: 0 }
nav li { margin: .15em 0 } nav .part { font-weight: bold; margin-top: .8em }
a { color: #0b3d91; text-decoration: none } a:hover { text-decoration: underline }
img { max-width: 100%; height: auto; break-inside: avoid }
p:has(> img) { break-inside: avoid; text-align: center }
pre, code { font: 14px/1.4 "DejaVu Sans Mono", Menlo, Consolas, monospace }
code { background: #f3f4f6; padding: 0 .2em } pre code { padding: 0 }
pre { background: #f3f4f6; padding: .7em 1em; overflow-x: auto; break-inside: avoid }
.file { color: #444 }
table { border-collapse: collapse; font-size: .85rem; line-height: 1.35; margin: 1em 0 }
div.table { overflow-x: auto } tr { break-inside: avoid } thead { display: table-header-group }
td, th { border-bottom: 1px solid #ccc; padding: .3em .6em; vertical-align: top; text-align: left }
td[align=right], th[align=right] { text-align: right }
td[align=center], th[align=center] { text-align: center }
details { border-left: 3px solid #bbb; padding-left: 1em } summary { font-weight: bold }
.display { display: grid; grid-template-columns: 1fr auto; align-items: center; margin: .8em 0;
           overflow-x: auto; overflow-y: hidden; break-inside: avoid }
math { font-size: 1.06em } .display math { padding: .2em 0 }
blockquote { border-left: 3px solid #bbb; margin-left: 0; padding-left: 1em; color: #333 }
@page { size: A4; margin: 20mm 18mm 22mm;
        @bottom-center { content: counter(page); font: 9pt Helvetica, Arial, sans-serif } }
@media print { body { font-size: 10.5pt; max-width: none; margin: 0; padding: 0 }
  section { border-top: 0; margin-top: 0 } a { color: inherit }
  pre, code { font-size: 8.3pt } pre { white-space: pre-wrap; overflow: visible }
  table { font-size: 8.5pt } div.table, .display { overflow: visible } }
"""


def library(name):
    """A module of the dev extra, which only this script needs."""
    try:
        return importlib.import_module(name)
    except ImportError:
        sys.exit(
            f'book: expected the dev extra (pip install -e ".[dev]"), got an installation '
            f"without {name.partition('.')[0]}"
        )


def math_font():
    """The rule of style that embeds a font for formulas: browsers bring none of their own."""
    file = importlib.resources.files(library("ziamath.fonts")) / "STIXTwoMath-Regular.ttf"
    font = library("fontTools.ttLib").TTFont(io.BytesIO(file.read_bytes()))
    font.flavor, compressed = "woff", io.BytesIO()
    font.save(compressed)
    source = base64.b64encode(compressed.getvalue()).decode()
    return (
        '@font-face { font-family: "Book Math"; src: url("data:font/woff;base64,'
        f'{source}") }} math {{ font-family: "Book Math", math }}'
    )


def parts():
    """{part: [page]}, patterns replaced by the pages that they match."""
    linked = re.findall(
        r"\((reports/\w+\.md)\)", (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    )
    rank = {f"examples/{page}": number for number, page in reversed(list(enumerate(linked)))}

    def matching(pattern):
        found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob(pattern)]
        return sorted(found, key=lambda page: (rank.get(page, len(rank)), page))

    return {
        part: [p for pattern in pages for p in matching(pattern)] for part, pages in PARTS.items()
    }


def page_id(page):
    """The anchor of a page: refh_numpy/README.md is refh_numpy, examples/notation.md notation."""
    name = page.removesuffix(".md").removesuffix("README").strip("/")
    return re.sub(r"\W+", "-", name.removeprefix("examples/").removeprefix("reports/")) or "top"


def anchor(heading):
    """The anchor of a heading's text, as the hosting sites make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def corrected(mathml):
    """MathML with the roles that the converter leaves out: operators, names of several letters."""

    def operator(match):
        symbol = html.unescape(match[1])
        is_one = unicodedata.category(symbol) == "Sm" and symbol not in "∂∇∞"
        symbol = {"~": "∼"}.get(symbol, symbol)  # ASCII's tilde has no space around it
        return f"<mo>{symbol}</mo>" if is_one else match[0]

    mathml = re.sub(r"<mi>(&#\w+;)</mi>", operator, mathml)
    letters = r'(?:<mi mathvariant="normal">\w</mi>){2,}'
    mathml = re.sub(letters, lambda name: f"<mi>{re.sub('<.*?>', '', name[0])}</mi>", mathml)
    space, function = '<mspace width="0.17em"/>', r"<mi>(?:log|exp)</mi>"
    mathml = re.sub(rf'({function})(?!<mo stretchy="false">|<mo>&#x02061)', rf"\1{space}", mathml)
    return re.sub(rf"(</(?:mi|mn|msub|msup|msubsup)>)({function})", rf"\1{space}\2", mathml)


def formula(latex, display):
    """LaTeX as MathML; the label of a displayed equation stands at the right."""
    convert = library("latex2mathml.converter").convert
    label = LABEL.search(latex) if display else None
    latex = (latex[: label.start()] if label else latex).replace("\\cr", "\\\\").replace("_ ", "_")
    mathml = corrected(convert(latex.strip(), display="block" if display else "inline"))
    if not display:
        return mathml
    return f'<span class="display">{mathml}<span>{f"({label[1]})" if label else ""}</span></span>'


def highlighted(code, language):
    """A block of code as HTML, in colours if it is Python."""
    if language != "python":
        return f"<pre><code>{html.escape(code)}</code></pre>"
    pygments = library("pygments")
    return pygments.highlight(
        code,
        library("pygments.lexers").PythonLexer(),
        library("pygments.formatters").HtmlFormatter(noclasses=True, style="friendly"),
    )


class Page(html.parser.HTMLParser):
    """One page as HTML, with what it needs from other files: links, figures, formulas, colours.

    Parameters
    ----------
    page : its path in the repository
    source : its HTML, from Markdown
    in_book : the pages of the book
    """

    def __init__(self, page, source, in_book):
        super().__init__()
        self.page, self.in_book = page, in_book
        self.out, self.closing, self.headings = [], [], []
        self.code = self.language = self.heading = None
        self.feed(source)
        self.close()

    def link(self, target):
        """The address of a link in the book, or None if the book does not have its target."""
        if target.startswith(("http:", "https:", "mailto:")):
            return target
        path, _, fragment = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.page), path))
        if not target.partition("#")[0]:
            path = self.page
        if path not in self.in_book:
            path = posixpath.normpath(posixpath.join(path, "README.md"))
        if path not in self.in_book:
            return None
        return f"#{page_id(path)}" + (f"--{fragment}" if fragment else "")

    def embedded(self, source):
        """A figure as a data URI."""
        path = ROOT / posixpath.dirname(self.page) / source
        kind = mimetypes.guess_type(path.name)[0]
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "pre":
            self.code, self.language = [], attributes.get("lang", "")
            return
        if self.code is not None:
            return
        closing = f"</{tag}>"
        if tag == "a":
            target = self.link(attributes.get("href", ""))
            if target is None:
                self.out.append('<span class="file">')
                self.closing.append("</span>")
                return
            attributes["href"] = target
        elif tag == "img":
            attributes["src"] = self.embedded(attributes["src"])
        elif tag == "details":
            attributes["open"] = ""
        elif tag == "table":
            self.out.append('<div class="table">')
            closing = "</table></div>"
        elif re.fullmatch("h[1-6]", tag):
            self.heading = (int(tag[1]), len(self.out), [])
        shown = "".join(f' {name}="{html.escape(v or "")}"' for name, v in attributes.items())
        self.out.append(f"<{tag}{shown}>")
        if tag not in VOID:
            self.closing.append(closing)

    def handle_endtag(self, tag):
        if tag == "pre":
            self.out.append(highlighted("".join(self.code), self.language))
            self.code = None
        elif self.code is None and tag not in VOID:
            if self.heading and tag == f"h{self.heading[0]}":
                self.end_heading()
            self.out.append(self.closing.pop())

    def end_heading(self):
        """Give the heading that ends here its anchor."""
        level, start, said = self.heading
        name = anchor("".join(said))
        repeated = sum(name == anchor(text) for _, text, _ in self.headings)
        identity = f"{page_id(self.page)}--{name}" + (f"-{repeated}" if repeated else "")
        self.out[start] = f'<h{level} id="{identity}">'
        self.headings.append((level, "".join(said), identity))
        self.heading = None

    def handle_data(self, data):
        if self.code is not None:
            self.code.append(data)
            return
        if self.heading:
            self.heading[2].append(data)
        if "</code>" in self.closing:
            self.out.append(html.escape(data))
            return
        end = 0
        for match in FORMULA.finditer(data):
            self.out.append(html.escape(data[end : match.start()]))
            self.out.append(JOINER * (data[: match.start()][-1:] == "("))
            self.out.append(formula(match[1] or match[2], match[1] is not None))
            end = match.end()
            self.out.append(JOINER * (data[end : end + 1] in tuple(".,;:)")))
        self.out.append(html.escape(data[end:]))


def convert(page, in_book):
    """A page of the repository as a Page; its line of links to neighbours is left out."""
    cmarkgfm = library("cmarkgfm")
    text = re.sub(r"^Previous: .*$", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M)
    source = cmarkgfm.github_flavored_markdown_to_html(
        text, cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE
    )
    return Page(page, source, in_book)


def book():
    """The whole book, as HTML."""
    contents, sections, chosen = [], [], parts()
    in_book = {page for pages in chosen.values() for page in pages}
    for part, pages in chosen.items():
        contents.append(f'<li class="part">{part}</li>')
        for name in pages:
            page = convert(name, in_book)
            (_, title, identity), *others = page.headings
            seconds = "".join(
                f'<li><a href="#{target}">{html.escape(text)}</a></li>'
                for level, text, target in others
                if level == 2 and part in ("Chapters", "Appendices")
            )
            contents.append(
                f'<li><a href="#{identity}">{html.escape(title)}</a>'
                f"{f'<ol>{seconds}</ol>' if seconds else ''}</li>"
            )
            sections.append(f'<section id="{page_id(name)}">{"".join(page.out)}</section>')
    title = "Learning Recurrent Models with Temporally Local Rules"
    return f"""<!doctype html>
<html lang="en-GB">
<head><meta charset="utf-8"><title>{title}: a reference in NumPy</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{math_font()}{STYLE}</style></head>
<body>
<h1>{title}</h1>
<p>A readable NumPy reference of the poster by Azwar Abdulsalam and Joseph G. Makin, with a tutorial
in four chapters. Version {__version__}.</p>
<nav><h2>Contents</h2><ol>{"".join(contents)}</ol></nav>
{"".join(sections)}
</body>
</html>
"""


def main(argv=None):
    parser = _run.bare_parser("book", __doc__)
    _run.add_out(parser, "results", "of the file")
    arguments = parser.parse_args(argv)
    _run.prepare_folder(arguments.out)
    path = arguments.out / "book.html"
    text = book()
    _results.write_whole(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))
    print(f"{path}: {len(text) / 2**20:.1f} MiB")


if __name__ == "__main__":
    _run.start(main)
