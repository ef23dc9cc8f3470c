"""The walk-through from its first stop to its last, with networks that have learnt little."""

import re

import pytest

from tests.pages import ROOT
from tests.processes import python


def test_each_stop_asks_lets_predict_and_says_where_to_look():
    text = (ROOT / "examples" / "walkthrough.py").read_text()
    stops = re.split(r"^# ## (?=\d\. )", text, flags=re.M)[1:]
    assert [int(stop[0]) for stop in stops] == list(range(1, 10))
    for stop in stops:
        heading, _, rest = stop.partition("\n")
        assert heading.endswith("?")
        places = [rest.index(part) for part in ("# **Predict first.**", "save(", "# **Look at**")]
        assert places == sorted(places), heading


@pytest.mark.slow
def test_every_stop_prints_its_result_and_plots_its_figure(tmp_path):
    done = python("-m", "examples.walkthrough", "--quick", "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    stops = set(range(1, 10)) - {8}  # --quick trains no autoencoder
    assert {int(stop) for stop in re.findall(r"^(\d)\. ", done.stdout, re.M)} == stops
    for stop in stops:
        assert (tmp_path / f"walkthrough_{stop}.png").stat().st_size > 1000
