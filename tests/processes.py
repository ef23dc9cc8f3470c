"""Python processes of their own."""

import os
import subprocess
import sys

from tests.pages import ROOT


def python(*arguments, cwd=ROOT, **variables):
    """Run one to its end. It finds the packages only in `cwd`, or by a PYTHONPATH that is given"""
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
