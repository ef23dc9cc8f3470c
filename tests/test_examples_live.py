"""The live demonstrations, without a display: every knob answers, and what it answers is right."""

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import PIL

from examples import live
from examples.tools import plots, window
from tests.processes import python


def shown(demonstration, **options):
    figure = plots.figure(*demonstration.size)
    FigureCanvasAgg(figure)
    return demonstration(figure, np.random.default_rng(0), **options)


@pytest.fixture
def short(monkeypatch):
    """Networks that have learnt next to nothing."""
    monkeypatch.setattr(live, "N_UPDATES", 20)
    monkeypatch.setattr(live, "N_X", 10)
    monkeypatch.setattr(live.TwoByTwo, "n_updates", 16)
    monkeypatch.setattr(live.Gibbs, "n_chains", 2)
    monkeypatch.setattr(live, "RUNS", dict(n_runs=1, n_sweeps=1))


@pytest.mark.parametrize("letter", live.DEMONSTRATIONS)
def test_every_knob_changes_the_picture(letter, short):
    demonstration = shown(live.DEMONSTRATIONS[letter])
    assert len(demonstration.widgets) == len(demonstration.knobs)
    for said in (demonstration.watch, demonstration.ask):
        assert 40 < len(said) < 220

    def picture():
        return bytes(demonstration.figure.canvas.buffer_rgba())

    for name, knob in demonstration.knobs.items():
        before = picture()
        values = [None] if isinstance(knob, window.Press) else knob.values
        demonstration.turn(name, next(v for v in values if v != demonstration.values.get(name, 0)))
        if (letter, name) not in {("B", "w")}:  # w waits for "learn"
            assert picture() != before, name


def test_a_knob_has_only_its_values(short):
    race = shown(live.Race)
    with pytest.raises(ValueError, match=r"w: expected one of .*, got 0\.7"):
        race.turn("w", 0.7)
    race.turn("w", 0.1)
    assert race.values["w"] == 0.1


def test_turning_a_widget_turns_the_knob(short):
    race = shown(live.Race)
    slider, learn, _ = race.widgets
    slider.set_val(0)
    assert race.values["w"] == 0 and slider.valtext.get_text() == "0"
    n_lines = len(race.panels[0].lines)
    learn._observers.process("clicked", None)
    assert len(race.panels[0].lines) == n_lines + 1
    chain = shown(live.Gibbs)
    chain.widgets[0].set_active(3)
    assert chain.values["network"] == "RTRBM"


def test_a_chain_finds_the_next_frame_only_while_its_state_is_clamped():
    chain = shown(live.Gibbs, with_knobs=False)
    truth, present = chain.frames[0, -1], chain.frames[0, -2]

    def error():
        return np.mean((chain.means[-1].mean(0) - truth) ** 2)

    clamped = error()
    chain.turn("state", "free")
    assert clamped < np.mean((present - truth) ** 2) < 3 * error()
    assert error() > 2 * clamped


def test_saved_pictures_move(short, tmp_path, capsys):
    live.main(["--save", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {
        "live_A.png",
        "live_B.gif",
        "live_C.gif",
        "live_D.gif",
    }
    for letter, n_frames in (("B", 20), ("C", 20), ("D", 26)):
        with PIL.Image.open(tmp_path / f"live_{letter}.gif") as gif:
            assert gif.n_frames >= n_frames


def test_without_a_letter_it_says_what_there_is(capsys):
    live.main([])
    printed = capsys.readouterr().out
    assert all(one.title in printed for one in live.DEMONSTRATIONS.values())


def test_importing_it_opens_nothing_and_trains_nothing():
    code = "import sys; from examples import live; print('matplotlib.pyplot' in sys.modules)"
    done = python("-c", code)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.slow
def test_the_race_shows_the_effect():
    race = shown(live.Race)
    moved = {}
    for w in (0.0, 1.0):
        race.values["w"] = w
        race.answer("learn")
        error, coasts = (axes.lines[-1].get_ydata()[-1] for axes in race.panels[:2])
        moved[w] = coasts
        assert error < 7
    assert moved[0.0] < 0.3 and moved[1.0] > 0.5


@pytest.mark.slow
def test_two_by_two_shows_the_collapse():
    grid = shown(live.TwoByTwo)
    early, late = {}, {}
    for name in grid.models:
        grid.turn(name)
        errors = grid.panels[name].lines[-1].get_ydata()
        early[name], late[name] = errors[len(errors) // 3], errors[-1]
    assert early["rEFH"] > max(early["TRBM"], early["RTRBM"])  # it starts slowly
    assert max(late["rEFH"], late["TRBM"], late["RTRBM"]) < 7
    assert late["rEFH + BPTT"] > 100
