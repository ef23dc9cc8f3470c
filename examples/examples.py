"""Lets a script, or a cell of one, run with its own folder as working directory.

There, `import examples` finds this file. It puts the top of the repository on the path and gives
way to the package of the same name.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
del sys.modules["examples"]
importlib.import_module("examples")
