"""Synthetic digits: matplotlib's fonts, distorted. They stand in for MNIST (digits.py)."""

from functools import lru_cache

import numpy as np
from scipy import ndimage

SIZE = 28  # pixels along a side
N_SYNTHETIC = 10_000
FONTS = [
    {"family": family, "style": style, "weight": weight}  # all of them come with matplotlib
    for family, styles, weights in (
        ("DejaVu Sans", ("normal", "oblique"), ("normal", "bold")),
        ("DejaVu Sans Mono", ("normal", "oblique"), ("normal", "bold")),
        ("STIXGeneral", ("normal", "italic"), ("normal", "bold")),
        ("cmss10", ("normal",), ("normal",)),
        ("cmtt10", ("normal",), ("normal",)),
    )
    for style in styles
    for weight in weights
]
CANVAS = 84  # pixels along the side of the stencils, from which images are sampled
BODY = 20  # pixels of the 28 that a digit is high, as in MNIST


@lru_cache(maxsize=1)
def digits():
    """images (N_SYNTHETIC, 28, 28) and labels, read-only: the same ones each time"""
    rng = np.random.default_rng(0)
    labels = rng.permutation(np.arange(N_SYNTHETIC) % 10)
    which = labels * len(FONTS) + rng.integers(len(FONTS), size=N_SYNTHETIC)
    images = _distort(_stencils(), which, rng)
    images.flags.writeable = labels.flags.writeable = False
    return images, labels


def _stencils():
    """(10 * len(FONTS), CANVAS, CANVAS): depth of each point inside a digit's line, in pixels of
    the 28 (negative outside)"""
    # imported here: MNIST needs no matplotlib
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path as Outline
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    centres = (np.arange(CANVAS) + 0.5) * SIZE / CANVAS - SIZE / 2
    grid = np.stack(np.meshgrid(centres, -centres), axis=-1).reshape(-1, 2)  # fonts: y upwards
    result = []
    for digit in range(10):
        for font in FONTS:
            outline = TextPath((0, 0), str(digit), size=BODY, prop=FontProperties(**font))
            corners = outline.get_extents().get_points()
            outline = outline.transformed(
                Affine2D().translate(*-corners.mean(0)).scale(BODY / np.ptp(corners, axis=0).max())
            )
            # the hole of a zero is an outline of its own: ink is inside an odd number of outlines
            ink = np.logical_xor.reduce(
                [Outline(part).contains_points(grid) for part in outline.to_polygons()]
            ).reshape(CANVAS, CANVAS)
            depth = ndimage.distance_transform_edt(ink) - ndimage.distance_transform_edt(~ink)
            result.append(depth * SIZE / CANVAS)
    return np.array(result, np.float32)


def _distort(depth, which, rng):
    """An image (28, 28) of each stencil in `which`: slanted, stretched, rotated, with random waves,
    and with a thinner or thicker line"""
    n = len(which)
    slant, turn = rng.normal(0.15, 0.2, n), rng.normal(0, 0.12, n)
    width, height = rng.uniform(0.7, 1.05, n), rng.uniform(0.9, 1.0, n)
    # pixel of the image -> point of the stencil, about the centre: rotate, slant, stretch
    cos, sin = np.cos(turn), np.sin(turn)
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2

    def each(a):
        return a[:, None, None]

    y = (each(cos) * rows + each(sin) * columns) / each(height)
    x = (each(cos) * columns - each(sin) * rows + each(slant) * rows) / each(width)
    waves = ndimage.gaussian_filter(
        rng.standard_normal((2, n, SIZE, SIZE), dtype=np.float32), (0, 0, 5, 5), mode="constant"
    )
    y, x = (a + 20 * wave for a, wave in zip((y, x), waves, strict=True))
    points = [(a + SIZE / 2) * CANVAS / SIZE - 0.5 for a in (y, x)]
    layer = np.broadcast_to(each(which), y.shape)
    inside = ndimage.map_coordinates(depth, [layer, *points], order=1, mode="nearest")
    thickness = rng.normal(0.1, 0.25, n)
    return np.clip(0.5 + 0.7 * inside + each(thickness), 0, 1).astype(np.float32)
