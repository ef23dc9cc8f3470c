"""Recurrent exponential-family harmoniums in plain NumPy: one module a model (efh, refh), one file a box of the poster."""
