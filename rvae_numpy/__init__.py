"""The recurrent variational autoencoder; its chapter of the tutorial is README.md."""

from datasets import __version__ as __version__
