"""Slides: fifteen, of one size, with messages that fit."""

import importlib
import re

import matplotlib.image
from matplotlib.backends.backend_agg import FigureCanvasAgg

from examples import slides


def test_fifteen_slides_of_one_size(tmp_path, capsys):
    slides.main(["--out", str(tmp_path)])
    assert "15 slides" in capsys.readouterr().out
    paths = sorted(tmp_path.glob("slide_*.png"))
    assert len(paths) == 15 == len({path.name for path in paths})
    assert {matplotlib.image.imread(path).shape[:2] for path in paths} == {(1080, 1920)}
    # a page for every slide, whatever the compression of the file
    pdf = (tmp_path / "slides.pdf").read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == 15


def test_messages_fit_and_name_scripts_that_exist():
    for number, content in enumerate(slides.SLIDES, 1):
        figure = slides.slide(number, *content)
        renderer = FigureCanvasAgg(figure).get_renderer()
        for text in figure.texts:
            box = text.get_window_extent(renderer)
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1, text.get_text()
        assert importlib.util.find_spec(f"examples.{content[3]}")
