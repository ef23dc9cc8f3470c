"""The recurrent variational autoencoder; its chapter of the tutorial is README.md."""

from datasets import __version__
from rvae_numpy import rvae, rvae_bptt, tvae, vae
from rvae_numpy._boundary import storage
