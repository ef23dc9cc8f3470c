"""The walk-through from its first stop to its last, with networks that have learnt little."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_every_stop_prints_its_result_and_plots_its_figure(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "examples.walkthrough", "--quick", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert {int(stop) for stop in re.findall(r"^(\d)\. ", done.stdout, re.M)} == set(range(1, 8))
    for stop in range(1, 8):
        assert (tmp_path / f"walkthrough_{stop}.png").stat().st_size > 1000
