"""The recurrent variational autoencoder. Not here yet: README.md beside this file says what will be."""
