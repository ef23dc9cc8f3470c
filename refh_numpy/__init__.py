"""Recurrent exponential-family harmoniums in plain NumPy: one module per model.

harmonium.py, inference.py and generation.py hold what the models share.
"""

from datasets import __version__
from refh_numpy import efh, hybrid, refh, refh_bptt, rtrbm, trbm
from refh_numpy._boundary import storage
