"""Recurrent exponential-family harmoniums in plain NumPy: one module a model, and what they share in harmonium.py."""
