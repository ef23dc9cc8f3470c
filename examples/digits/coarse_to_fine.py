"""Large frames are learnt from coarse to fine: downsampled frames first, then finer ones.

A network without convolutions learns every digit again at every place, pixel by pixel. On frames
of 64 x 64 pixels that takes long. Coarse pixels are few: places and motion are learnt quickly.
Finer ones show shapes. From stage to stage only the layers that touch pixels change:

    G5   W_encode <- W_encode P,    (W_decode, b_decode) <- (W_decode, b_decode) interpolated
         P: fine pixels -> the means that are the coarse pixels

The network begins each stage with the encoding and the frames of the stage before. sigma_y of a
coarse pixel is sigma_y at full resolution divided by the downsampling factor n, because a coarse
pixel replaces n^2 terms of the log likelihood.

A video is generated at the resolution of the last stage and interpolated to be shown and measured.
After a further, untrained upsampling, each generated frame would be encoded slightly blurred: blur
would accumulate.
"""

from dataclasses import replace

import numpy as np
from scipy.ndimage import zoom

from rvae_numpy.mlp import Layer


def downsampled(frames, side, factor):
    """Means of blocks of factor x factor pixels: (..., (side / factor)^2) from (..., side^2)."""
    n = side // factor
    blocks = frames.reshape(*frames.shape[:-1], n, factor, n, factor)
    return blocks.mean((-3, -1)).reshape(*frames.shape[:-1], n * n)


def upsampled(params, side, factor):
    """An rVAE of frames of side^2 pixels as one of pixels `factor` times finer: its params (G5)."""

    def spread(images, order):
        fine = zoom(
            images.reshape(-1, side, side),
            (1, factor, factor),
            order=order,
            mode="nearest",
            grid_mode=True,
        )
        return fine.reshape(len(images), -1)

    first, *others = params.encode
    *before, last = params.decode_y
    return replace(
        params,
        encode=[Layer(spread(first.W, 0) / factor**2, first.b), *others],
        decode_y=[*before, Layer(spread(last.W.T, 1).T.copy(), spread(last.b[None], 1)[0])],
        config=replace(params.config, sigma_y=params.config.sigma_y * factor),
    )


def interpolated(frames, factor):
    """Frames (..., n^2) with pixels `factor` times finer: (..., (factor n)^2)."""
    if factor == 1:
        return frames
    n = round(frames.shape[-1] ** 0.5)
    fine = zoom(
        frames.reshape(-1, n, n), (1, factor, factor), order=3, mode="nearest", grid_mode=True
    )
    return np.clip(fine, 0, 1).reshape(*frames.shape[:-1], -1)
