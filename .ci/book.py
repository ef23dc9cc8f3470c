"""Check the printable edition in a browser: python .ci/book.py [--out DIR]

Needs the `dev` extra. Builds book.html, opens it in headless Chromium without a network, and
counts what is broken: images that do not load, formulas with an error or without a size, links
whose anchor is missing, remains of LaTeX in the text. Then prints it to book.pdf. Without Chromium
on the path it says so, and only tests/test_book.py has looked at the file.
"""

import argparse
import html
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from examples import book  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--virtual-time-budget=60000",
)
PROBE = """<script>addEventListener("load", () => {
  const all = selector => [...document.querySelectorAll(selector)];
  const text = node => node.outerHTML.slice(0, 200);
  const body = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), left = [];
  while (body.nextNode()) {
    const node = body.currentNode;
    const isText = !node.parentElement.closest("pre, code, script, style, a");
    if (isText && /\\$[^\\s$][^$]*\\$|\\\\[a-zA-Z]{2,}/.test(node.data))
      left.push(node.data.slice(0, 200));
  }
  const found = {
    images: all("img").length, formulas: all("math").length, links: all("a").length,
    "broken image": all("img").filter(one => !one.complete || !one.naturalWidth)
                              .map(one => one.alt),
    "broken formula": all("math").filter(one => one.querySelector("merror")
        || !one.getBoundingClientRect().width || /\\\\[a-zA-Z]/.test(one.textContent)).map(text),
    "broken anchor": all("a[href^='#']").map(one => one.getAttribute("href"))
        .filter(one => !document.getElementById(one.slice(1))),
    "LaTeX in the text": left,
    "wider than the page": all(".display").filter(one => one.scrollWidth > one.clientWidth + 2)
        .map(one => one.textContent.slice(0, 120)),
  };
  const result = document.createElement("pre");
  result.id = "probe";
  result.textContent = JSON.stringify(found);
  document.body.append(result);
});</script>"""


def probed(browser, page, folder):
    """What the script in the page has found, as a dictionary."""
    path = folder / "probe.html"
    path.write_text(page.replace("</body>", f"{PROBE}</body>"), encoding="utf-8")
    done = subprocess.run(
        [browser, *OPTIONS, "--window-size=1000,1400", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    result = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)
    if result is None:
        sys.exit("book: expected a page that loads, got none of its results")
    return json.loads(html.unescape(result[1]))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="keep book.html and book.pdf here")
    arguments = parser.parse_args()
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (arguments.out or Path(temporary)).resolve()
        book.main(["--out", str(folder)])
        if browser is None:
            print("book: no Chromium on the path, not checked in a browser")
            return
        found = probed(browser, (folder / "book.html").read_text(encoding="utf-8"), Path(temporary))
        subprocess.run(
            [
                browser,
                *OPTIONS,
                "--no-pdf-header-footer",
                f"--print-to-pdf={folder / 'book.pdf'}",
                (folder / "book.html").as_uri(),
            ],
            capture_output=True,
            check=True,
            timeout=300,
        )
        size = (folder / "book.pdf").stat().st_size / 2**20
    counts = {name: n for name, n in found.items() if isinstance(n, int)}
    print(", ".join(f"{n} {name}" for name, n in counts.items()), f"PDF {size:.1f} MiB", sep="; ")
    problems = [(name, one) for name, ones in found.items() if name not in counts for one in ones]
    for name, one in problems:
        print(f"    {name}: {one}")
    sys.exit(1 if problems or not all(counts.values()) else 0)


if __name__ == "__main__":
    main()
