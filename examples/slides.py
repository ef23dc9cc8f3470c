"""Fifteen slides for a lecture: the pages' figures, one per slide, with a message.

    python -m examples.slides [--out DIR]

Writes DIR/slide_01.png to slide_15.png, 1920 by 1080 pixels, and all of them as
DIR/slides.pdf, in the order of the lecture. The figures are those of
examples/figures, which `python -m examples.figures` plots again. Each slide
says below what to look at, and which command made its figure. Takes seconds.
"""

import examples  # isort: skip  # noqa: F401  path and threads, first of all

from pathlib import Path

import matplotlib.image
from matplotlib.image import PIL  # Pillow comes with Matplotlib

from examples.tools import plots, run

KEPT = Path(__file__).parent / "figures"
# (figure, message, what to look at, script that makes it)
SLIDES = (
    (
        "quickstart",
        "Learn the joint, and the network knows where things are going",
        "The spikes end: one network stays, the other moves on and turns round.",
        "quickstart",
    ),
    (
        "quickstart_data",
        "The data: fifteen neurons report a position, none reports velocity",
        "Could you tell from one column of spikes in which direction the mass moves?",
        "quickstart",
    ),
    (
        "chapter2_weighted_mean",
        "A filter weights two uncertain numbers",
        "The result is narrower than both, and nearer to the more certain one.",
        "chapters.kalman",
    ),
    (
        "chapter2_impulse_response",
        "Order 1 and order 2 answer an outlier differently",
        "Only the filter of order 2 falls below zero: it had inferred a velocity.",
        "chapters.kalman",
    ),
    (
        "chapter2_coasting",
        "Without observations, order 1 stays and order 2 moves on",
        "This difference will measure what a network has learnt.",
        "chapters.kalman",
    ),
    (
        "schematic",
        "The poster in one picture: conditional or joint",
        "The lower row also reconstructs the previous state. Nothing else changes.",
        "schematic",
    ),
    (
        "chapter3_two_by_two",
        "What the negative phase does, in a harmonium of four units",
        "Without it the energy falls for all patterns, without bound.",
        "chapters.refh",
    ),
    (
        "chapter3_cd_angle",
        "Contrastive divergence is biased, and close enough",
        "Look at large weights: one sweep is off in angle and in length.",
        "chapters.refh",
    ),
    (
        "chapter3_unrolled",
        "Where BPTT would flow back, and where the rEFH cuts it",
        "In the lower panel no red arrow leaves a time step.",
        "chapters.refh",
    ),
    (
        "chapter3_learning",
        "Is it learning? A good, a saturated and a collapsed training",
        "The reconstruction error alone does not tell the first two apart.",
        "chapters.refh",
    ),
    (
        "ppc_table",
        "Table 1: the joint rules lie between order 1 and order 2",
        "One dot per seed. Where are our dots far from the poster's bars?",
        "ppc_table",
    ),
    (
        "hybrid_weight",
        "Between TRBM and rEFH: how much weight does the past need?",
        "A small weight of log p(u) is better than none, and better than one.",
        "hybrid_weight",
    ),
    (
        "local_vs_bptt",
        "The local rule does not follow the BPTT of its own objective",
        "Lower panels: the rEFH starts behind, draws level, and the RTRBM wins at the end.",
        "local_vs_bptt",
    ),
    (
        "chapter4_plane",
        "What the two latent variables of the rVAE hold",
        "Which direction is the position, which the velocity?",
        "chapters.rvae",
    ),
    (
        "balls_generate",
        "The rVAE runs on by itself: generated videos",
        "Find the frame in which a generated video leaves the true one.",
        "balls_generate",
    ),
)


def slide(number, name, message, look, script):
    """The Figure of one slide."""
    figure = plots.figure(12.8, 7.2)
    figure.set_layout_engine("none")
    figure.text(0.03, 0.93, message, fontsize=21, fontweight="bold", va="center")
    figure.text(0.03, 0.055, look, fontsize=17, va="center")
    figure.text(
        0.97, 0.02, f"python -m examples.{script}     {number}", fontsize=9, color=".5", ha="right"
    )
    axes = figure.add_axes((0.03, 0.1, 0.94, 0.78))
    axes.imshow(matplotlib.image.imread(KEPT / f"{name}.png"))
    axes.set_axis_off()
    return figure


def main(argv=None):
    parser = run.bare_parser("slides", __doc__)
    run.add_out(parser, "results", "for the slides")
    out = parser.parse_args(argv).out
    run.prepare_folder(out)
    paths = []
    for number, content in enumerate(SLIDES, 1):
        paths.append(out / f"slide_{number:02d}.png")
        slide(number, *content).savefig(paths[-1], dpi=150)
    first, *rest = (PIL.Image.open(path).convert("RGB") for path in paths)
    first.save(out / "slides.pdf", save_all=True, append_images=rest, resolution=150)
    print(f"{len(SLIDES)} slides and slides.pdf in {out}")


if __name__ == "__main__":
    run.start(main)
