"""The recurrent variational autoencoder; its chapter of the tutorial is README.md."""
