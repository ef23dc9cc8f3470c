"""The recurrent variational autoencoder; README.md beside this file is its chapter of the tutorial."""
