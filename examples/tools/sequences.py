"""What the scripts on generated videos share: training, rows of several seeds, strips, GIFs."""

import itertools
import json

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import PIL  # Pillow comes with Matplotlib

from examples.tools import plots, results, run, training
from rvae_numpy import rvae

CHECKPOINT = 500  # updates
CONTEXT, GENERATED = "#BDBDBD", "#E0218A"  # borders of the frames of a GIF
GIF_DPI, N_COLOURS = 100, 128
AFTER = (1, 5, 20)  # generated frames after which errors are listed
IDENTITY = ("model", "rendering", "direction", "sampler", "n_refine")  # of a row


# The rVAE of videos


def train(
    start,
    batches,
    seed,
    settings,
    path,
    watch=lambda params, log: None,
    checkpoint=None,
    stage=1,
    corrupt=None,
):
    """Train an rVAE, with checkpoints at `path`.

    Parameters
    ----------
    start : function rng -> params
    batches : function (rng, n_traj, T) -> endless videos (n_traj, T, n_y)
    settings : n_traj and T of `batches`, and the settings of rvae.train
    watch, checkpoint : see training.learn
    stage : number of the training, if it continues an earlier one
    corrupt : of rvae.train

    Returns
    -------
    the trained params
    """
    rng = np.random.default_rng([seed, 2 + stage])
    params = start(rng)
    settings = dict(settings)
    videos = batches(rng, settings.pop("n_traj"), settings.pop("T"))
    return training.learn(
        rvae, params, videos, rng, path, watch, CHECKPOINT, checkpoint, corrupt=corrupt, **settings
    )


def trained(start, batches, seed, settings, about, folder, stage=1, before=0.0, corrupt=None):
    """Params and seconds of a training: of one finished in the folder, or made or continued now.

    Parameters
    ----------
    start, batches, seed, settings, stage, corrupt : of `train`
    about : {"sizes": ..., "config": ..., ...}, what else must be the same for a training to be the
        same; kept with the weights
    before : seconds that the earlier stages took
    """
    name = f"rVAE_{seed}" if stage == 1 else f"rVAE_{seed}_stage_{stage}"
    progress = results.Progress(f"rVAE, stage {stage}", settings["n_updates"])

    def watch(params, log, past):
        progress(log.n_updates[-1], f"loss {log.value[-1]:.1f}", log.n_updates[0] - CHECKPOINT)

    try:
        params, meta = training.trained(
            rvae,
            folder / f"{name}.npz",
            {"settings": settings} | about,
            lambda path, callback, checkpoint: train(
                start, batches, seed, settings, path, callback, checkpoint, stage, corrupt
            ),
            watch,
            {"seconds": before},
            seed=seed,
        )
    except KeyboardInterrupt:
        progress.stop()
        raise SystemExit(
            "stopped; what is learnt is kept, and the next call goes on from there"
        ) from None
    return params, meta["seconds"]


# Rows of one or several seeds


def kept_runs(name, excluding=None, **same):
    """Rows of each training that are kept in WEIGHTS/NAME_seed_SEED.json.

    Parameters
    ----------
    excluding : seed of a training whose rows are not asked for
    same : entries that the file must have for its rows to be comparable

    Returns
    -------
    [rows of one seed]
    """
    paths = sorted(run.WEIGHTS.glob(f"{name}_seed_*.json"))
    runs = [json.loads(path.read_text()) for path in paths]
    return [run["rows"] for run in runs if run["seed"] != excluding and run.items() >= same.items()]


def seeded(identity, seed, measured, true_speed):
    """A row of one seed.

    Parameters
    ----------
    identity : what identifies the row
    measured : measures of a video
    true_speed : speed of the ground truth

    Returns
    -------
    the identity and "seeds", a list with one dictionary: the seed, its measures, the speed relative
    to the ground truth's, and single entries of the lists among the measures
    """
    more = {"speed_ratio": measured["speed"] / true_speed}
    more |= {
        f"error_after_{n}": measured["error"][n - 1] for n in AFTER if n <= len(measured["error"])
    }
    if "identified_by_frame" in measured:
        more["identified_at_end"] = measured["identified_by_frame"][-1]
    return {**identity, "seeds": [{"seed": seed, **measured, **more}]}


def merged(runs):
    """Rows of several runs as one list; rows with the same identity become one, with all seeds."""
    rows = {}
    for row in itertools.chain.from_iterable(runs):
        identity = tuple(row.get(name) for name in IDENTITY)
        seeds = rows[identity]["seeds"] + row["seeds"] if identity in rows else row["seeds"]
        rows[identity] = row | {"seeds": seeds}
    return list(rows.values())


def summary(rows):
    """Rows with their label, and with mean and spread of every measure over their seeds."""
    return [
        {"label": label(row), **row, "n_seeds": len(row["seeds"])} | averages(row["seeds"])
        for row in rows
    ]


def averages(seeds):
    """{measure: mean, measure_spread: standard deviation} over the seeds, of single numbers."""
    result = {}
    for name, value in seeds[0].items():
        if name != "seed" and not isinstance(value, list):
            values = [one[name] for one in seeds]
            mean_and_spread = (None, None) if None in values else results.mean_and_spread(values)
            result[name], result[f"{name}_spread"] = mean_and_spread
    return result


def label(row):
    """The name of a row in tables and legends."""
    words = [row["model"], row.get("direction"), row.get("sampler")]
    if row.get("n_refine"):
        words.append(f"refined {row['n_refine']}x")
    text = ", ".join(word for word in words if word and word != "forward")
    return text + (" (authors' rendering)" if row.get("rendering") == "authors" else "")


def print_measures(columns, rows):
    """Print a line for each row of `summary`: mean and spread over its seeds.

    columns : [(heading, name of the measure, decimals)]; without decimals it is in percent
    """

    def text(row, name, digits):
        mean, spread = row[name], row[f"{name}_spread"]
        if mean is None:
            return "-"
        if digits == 0:
            return results.with_spread(mean, spread, scale=100, digits=0) + " %"
        return results.with_spread(mean, spread, scale=1, digits=digits)

    results.print_table(
        [("video", lambda row: row["label"]), ("seeds", lambda row: str(row["n_seeds"]))]
        + [
            (heading, lambda row, name=name, digits=digits: text(row, name, digits))
            for heading, name, digits in columns
        ],
        rows,
    )


# Figures


def as_image(frame, shape):
    """A frame (n_pixels,), or (n_pixels, 3) in colour, as imshow expects it."""
    return frame.reshape(*shape, *frame.shape[1:])


def show(axes, frame, shape, origin):
    """Draw one frame, brightness 0 to 1, without ticks; the image."""
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    return axes.imshow(as_image(frame, shape), origin=origin, cmap="Greys_r", vmin=0, vmax=1)


def strip(rows, shape, title, numbers, origin="lower"):
    """A figure with one row of frames for each video.

    Parameters
    ----------
    rows : [(label, frames (n, n_pixels), or (n, n_pixels, 3) in colour)]
    shape : of a frame, in pixels
    numbers : [n] what stands under the last row: the number of each frame
    """
    figure = plots.figure(0.62 * len(numbers) + 1.1, 0.66 * len(rows) + 0.7)
    grid = figure.subplots(len(rows), len(numbers), squeeze=False)
    for line, (name, frames) in zip(grid, rows, strict=True):
        for axes, frame in zip(line, frames, strict=True):
            show(axes, frame, shape, origin)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    for axes, number in zip(grid[-1], numbers, strict=True):
        axes.set_xlabel(f"{number}", fontsize=9)
    figure.supxlabel("frame", fontsize=9)
    figure.suptitle(title, fontsize=10, x=0.01, ha="left")
    return figure


def animate(videos, shape, path, n_context, origin="lower", fps=12):
    """Write an animated GIF of videos side by side, context frames first.

    Parameters
    ----------
    videos : [(label, frames (T, n_pixels), or (T, n_pixels, 3) in colour)]
    n_context : number of context frames; their border is grey, that of generated frames magenta
    """
    figure = plots.figure(1.6 * len(videos), 2.1)
    figure.set_dpi(GIF_DPI)
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(1, len(videos), squeeze=False)[0])
    images = [
        show(axes, frames[0], shape, origin)
        for axes, (_, frames) in zip(panels, videos, strict=True)
    ]
    for axes, (name, _) in zip(panels, videos, strict=True):
        axes.set_xlabel(name, fontsize=9)
        for spine in axes.spines.values():
            spine.set(visible=True, linewidth=3)
    heading = figure.suptitle("generated: frame 00", fontsize=9)
    figure.canvas.draw()
    figure.set_layout_engine("none")  # the panels stay where they are from here on

    def image_of(t):
        generated = t >= n_context
        heading.set_text(
            f"generated: frame {t - n_context + 1}" if generated else f"context: frame {t + 1}"
        )
        for axes, image, (_, frames) in zip(panels, images, videos, strict=True):
            image.set_data(as_image(frames[t], shape))
            for spine in axes.spines.values():
                spine.set_edgecolor(GENERATED if generated else CONTEXT)
        figure.canvas.draw()
        image = PIL.Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB")
        return image.quantize(N_COLOURS)

    first, *others = [image_of(t) for t in range(len(videos[0][1]))]
    results.write_or_hold(
        path,
        lambda temporary: first.save(
            temporary, save_all=True, append_images=others, duration=round(1000 / fps), loop=0
        ),
    )
