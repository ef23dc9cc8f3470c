"""Weights and checkpoints of harmoniums as .npz files (datasets/support/storage.py).

`of` gives a model its `save` and `load`.
"""

from datasets.support.storage import Storage
from refh_numpy import _boundary

harmoniums = Storage(_boundary.describe, _boundary.rebuild, _boundary.state)
of, save, load = harmoniums.of, harmoniums.save, harmoniums.load
save_checkpoint, load_checkpoint = harmoniums.save_checkpoint, harmoniums.load_checkpoint
