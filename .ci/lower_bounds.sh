#!/usr/bin/env bash
# The tests of the library on the lower bounds of setup.cfg: bash .ci/lower_bounds.sh [PYTHON]
# PYTHON (default: python3.10) should be the oldest that setup.cfg allows.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 OMP_NUM_THREADS=1
"${1:-python3.10}" -m venv "$here/venv"

# "numpy >= 1.25" becomes numpy==1.25.*
"$here/venv/bin/python" - > "$here/bounds.txt" <<'PY'
import configparser
setup = configparser.ConfigParser()
setup.read("setup.cfg")
for line in (setup["options"]["install_requires"] + setup["options.extras_require"]["test"]).splitlines():
    name, _, bound = line.partition(">=")
    if bound:
        print(f"{name.strip()}=={bound.strip()}.*")
PY
tr '\n' ' ' < "$here/bounds.txt"
"$here/venv/bin/pip" install -q -r "$here/bounds.txt"
"$here/venv/bin/pip" install -q --no-deps -e .
"$here/venv/bin/python" --version
"$here/venv/bin/python" -m pytest -q -p no:cacheprovider tests/test_datasets_*.py tests/test_kalman_*.py tests/test_refh_*.py \
    tests/test_rvae_*.py
