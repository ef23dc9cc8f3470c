"""Figures with knobs, for a class: in a window, in a notebook, or saved as a picture or a GIF."""

import importlib
import io
import re
import textwrap
from typing import NamedTuple

from matplotlib import widgets
from matplotlib.image import PIL  # Pillow comes with Matplotlib

from examples.tools import plots
from examples.tools.results import write_whole

GIF_DPI, N_COLOURS = 80, 64
WATCH, ASK = "#0D4390", "#6C5E00"


class Slide(NamedTuple):
    """A slider over a few values."""

    label: str
    values: list
    start: object


class Choose(NamedTuple):
    """Buttons, of which one is pressed."""

    label: str
    values: list
    start: object


class Press(NamedTuple):
    """A button."""

    label: str


class Demonstration:
    """A figure with knobs.

    A subclass has `title`, `watch` and `ask` (a sentence each), `knobs` {name: Slide, Choose or
    Press}, and two methods: `build`, which makes the panels in self.panels (axes from `axes`), and
    `answer(name)`, which plots what the turned knob changes. self.values has the values of the
    knobs, self.rng the generator. self.refresh() shows the figure while an answer takes time.
    """

    size = (11, 5.8)  # inches

    def __init__(self, figure, rng, with_knobs=True, **values):
        self.figure, self.rng, self.recording = figure, rng, None
        self.with_knobs = with_knobs
        self.values = {
            name: knob.start for name, knob in self.knobs.items() if not isinstance(knob, Press)
        } | values
        figure.set_layout_engine("none")
        figure.text(0.02, 0.965, self.title, fontsize=13, fontweight="bold", va="center")
        for x, word, said, colour in (
            (0.02, "Watch: ", self.watch, WATCH),
            (0.52, "Ask: ", self.ask, ASK),
        ):
            text = textwrap.fill(word + said, 70)
            figure.text(x, 0.015, text, fontsize=9.5, color=colour, va="bottom", linespacing=1.3)
        self.build()
        self.widgets = [
            self._widget(number, name) for number, name in enumerate(self.knobs) if with_knobs
        ]
        self.refresh()

    def axes(self, n_rows, n_columns, **settings):
        """Panels in the part of the figure that texts and knobs leave free."""
        place = dict(left=0.07, bottom=0.23, top=0.88, wspace=0.3, hspace=0.45)
        place["right"] = 0.79 if self.with_knobs else 0.97
        return self.figure.subplots(n_rows, n_columns, gridspec_kw=place | settings)

    def turn(self, name, value=None):
        """Set a knob to a value, or press a button, and answer."""
        knob = self.knobs[name]
        if not isinstance(knob, Press):
            if value not in knob.values:
                raise ValueError(f"{name}: expected one of {knob.values}, got {value!r}")
            self.values[name] = value
        self.answer(name)
        self.refresh()

    def refresh(self):
        """Show the figure as it is now; a frame of the GIF, if one is recorded."""
        if self.recording is not None:
            image = io.BytesIO()
            self.figure.savefig(image, format="png", dpi=GIF_DPI)
            self.recording.append(image)
        elif type(self.figure.canvas).__name__ == "FigureCanvasBase":
            pass  # there is no window
        else:
            self.figure.canvas.draw()
            self.figure.canvas.flush_events()

    def record(self, path, act, hold=12, milliseconds=150):
        """Write a GIF of what act() shows; the last frame stays for `hold` frames."""
        self.recording = []
        act()
        frames = [PIL.Image.open(one).convert("P", colors=N_COLOURS) for one in self.recording]
        self.recording = None
        times = [milliseconds] * (len(frames) - 1) + [milliseconds * hold]
        options = dict(save_all=True, append_images=frames[1:], duration=times, loop=0)
        write_whole(path, lambda temporary: frames[0].save(temporary, **options))
        return path

    def _widget(self, number, name):
        """The matplotlib widget of a knob, at the right of the figure"""
        knob, top = self.knobs[name], 0.86
        for before in list(self.knobs.values())[:number]:
            top -= _height(before) + (0.02 if isinstance(before, Press) else 0.07)
        height = _height(knob)
        axes = self.figure.add_axes([0.83, top - height, 0.15, height])
        if isinstance(knob, Press):
            widget = widgets.Button(axes, knob.label, color="0.9", hovercolor="0.8")
            widget.on_clicked(lambda event: self.turn(name))
            return widget
        texts = [f"{value:g}" if isinstance(value, float) else str(value) for value in knob.values]
        at = knob.values.index(self.values[name])
        axes.set_title(knob.label, fontsize=9)
        axes.spines[:].set_visible(False)
        if isinstance(knob, Choose):
            widget = widgets.RadioButtons(axes, texts, active=at)
            widget.on_clicked(lambda text: self.turn(name, knob.values[texts.index(text)]))
            return widget
        axes.set_position([0.84, top - height, 0.1, height])
        widget = widgets.Slider(axes, "", 0, len(texts) - 1, valinit=at, valstep=1)
        widget.valtext.set_text(texts[at])

        def slide(index):
            widget.valtext.set_text(texts[int(index)])
            self.turn(name, knob.values[int(index)])

        widget.on_changed(slide)
        return widget


def _height(knob):
    """Height of a knob without its title, as a fraction of the figure's"""
    return 0.03 + 0.035 * len(knob.values) if isinstance(knob, Choose) else 0.06


def in_window(demonstration, rng):
    """Open the window, and wait until it is closed."""
    from matplotlib import pyplot

    figure = pyplot.figure(demonstration.__name__, figsize=demonstration.size, dpi=100)
    shown = demonstration(figure, rng)
    pyplot.show()
    return shown


def in_notebook(demonstration, rng):
    """Show the demonstration below the cell, with knobs where ipywidgets is installed.

    Returns
    -------
    the demonstration: its method turn(name, value) turns a knob, without ipywidgets too
    """
    display = importlib.import_module("IPython.display")
    shown = demonstration(plots.figure(*demonstration.size), rng, with_knobs=False)
    output = display.display(_png(shown.figure), display_id=True)
    shown.refresh = lambda: output.update(_png(shown.figure))
    try:
        ipywidgets = importlib.import_module("ipywidgets")
    except ImportError:
        values = {
            name: "a button" if isinstance(knob, Press) else knob.values
            for name, knob in demonstration.knobs.items()
        }
        variable = re.sub(r"(?<!^)(?=[A-Z])", "_", demonstration.__name__).lower()
        print(f"Knobs: {values}. Turn one in a new cell: {variable}.turn(name, value)")
        return shown
    for name, knob in demonstration.knobs.items():
        if isinstance(knob, Press):
            button = ipywidgets.Button(description=knob.label)
            button.on_click(lambda _, name=name: shown.turn(name))
            display.display(button)
            continue
        kind = ipywidgets.SelectionSlider if isinstance(knob, Slide) else ipywidgets.ToggleButtons
        control = kind(options=knob.values, value=knob.start, description=knob.label)
        control.continuous_update = False  # of the slider
        control.observe(lambda change, name=name: shown.turn(name, change["new"]), names="value")
        display.display(control)
    return shown


def _png(figure):
    """The figure as an image that a notebook displays"""
    image = io.BytesIO()
    figure.savefig(image, format="png", dpi=100)
    return importlib.import_module("IPython.display").Image(image.getvalue())
