"""Python processes of their own."""

import os
import subprocess
import sys

from tests.pages import ROOT


def python(*arguments, cwd=ROOT, **variables):
    """One that has ended; it finds the packages only if they are in its folder"""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=environment | {"OMP_NUM_THREADS": "1"} | variables,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=1800,
    )
