"""The recurrent variational autoencoder; its chapter of the tutorial is README.md."""

from datasets import __version__ as __version__
from rvae_numpy import rvae as rvae
from rvae_numpy import rvae_bptt as rvae_bptt
from rvae_numpy import tvae as tvae
from rvae_numpy import vae as vae
