"""Right arguments of the extensions' public functions; tests/test_fuzz.py finds them here."""

import numpy as np

from rvae_numpy.extensions import masking, objects
from tests.fuzz_entries import named, rng, states
from tests.fuzz_entries_rvae import autoencoder_params


def extension_entries():
    def bright():
        return autoencoder_params(n_y=4, sigmoid_mean=True)

    frames = rng().random((2, 3, 4)).astype(np.float32)
    halves = np.stack([frames[:, 0] / 2] * 2)[None]
    yield masking.sample_mask, lambda _: dict(n_traj=2, T=3, mask_rate=0.3, rng=rng())
    yield masking.observation_mask, lambda _: dict(mask_rate=0.3)
    yield masking.input_noise, lambda _: dict(sd=0.3)
    yield masking.forecast_open_loop, lambda _: dict(params=autoencoder_params(), u=states(5, 2))
    yield (
        masking.generate_open_loop,
        lambda _: dict(params=autoencoder_params(), u0=states(2, 2), T=3),
    )
    yield objects.responsibilities, lambda _: dict(y=frames[:, 0], expected=halves[0])
    yield objects.infer, lambda _: dict(params=bright(), y=frames, partitions=halves)
    yield objects.emission_mean, lambda _: dict(params=bright(), u=states(2, 2, 3, 2))
    yield objects.generate, lambda _: dict(params=bright(), u0=states(2, 2, 2), T=3, rng=rng())


ENTRIES = named(extension_entries())
