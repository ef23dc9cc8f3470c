"""Lets a script of this folder run with this folder as working directory: see ../examples.py."""

import runpy
from pathlib import Path

runpy.run_path(str(Path(__file__).resolve().parents[1] / "examples.py"))
