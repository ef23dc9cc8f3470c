#!/usr/bin/env bash
# Build wheel and sdist, check what they hold, and install each in a new environment:
# bash .ci/packages.sh [FOLDER]   (needs the `dev` extra; FOLDER keeps what is built)
set -euo pipefail
cd "$(dirname "$0")/.."
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1
unset PYTHONPATH

# built from a copy, so that nothing is left in this one
git ls-files -z --cached --others --exclude-standard -- '*.py' '*.md' '*.cfg' '*.toml' '*.in' '*.cff' LICENSE \
    | xargs -0 cp --parents -t "$here" 2> /dev/null
python3 -m build --outdir "$here/dist" "$here" > "$here/build.log" 2>&1 || { cat "$here/build.log"; exit 1; }
[[ $# -gt 0 ]] && cp -r "$here/dist/." "$1"

python3 - "$here/dist" <<'PY'
import pathlib, sys, tarfile, zipfile
folder = pathlib.Path(sys.argv[1])
(wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
held = zipfile.ZipFile(wheel)
tops = {name.split("/")[0] for name in held.namelist()}
info = next(top for top in tops if top.endswith(".dist-info"))
if tops != {"datasets", "kalman", "refh_numpy", "rvae_numpy", info}:
    raise SystemExit(f"wheel: expected the four packages, got {sorted(tops)}")
for package in ("datasets", "kalman", "refh_numpy", "rvae_numpy"):
    missing = {str(path) for path in pathlib.Path(package).rglob("*.py")} - set(held.namelist())
    if missing:
        raise SystemExit(f"wheel: expected all modules, got none of {sorted(missing)}")
metadata = held.read(f"{info}/METADATA").decode()
for field in ("Author:", "Home-page:", "License", "Requires-Python:", "Classifier:", "Requires-Dist: numpy"):
    if f"\n{field}" not in metadata:
        raise SystemExit(f"metadata: expected {field}, got none")
names = [name.partition("/")[2] for name in tarfile.open(sdist).getnames()]
for name in ("LICENSE", "README.md", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md", "setup.cfg", "pyproject.toml"):
    if name not in names:
        raise SystemExit(f"sdist: expected {name}, got none")
parts = [name for name in names if name.startswith(("tests/", "examples/"))]
if parts:
    raise SystemExit(f"sdist: expected neither tests nor examples, got {parts}")
print(f"{wheel.name}: {len(held.namelist())} files; {sdist.name}: {len(names)} files")
PY

cat > "$here/check.py" <<'PY'
import importlib, importlib.metadata, importlib.util, pkgutil, sys
expected = importlib.metadata.version("temporally-local-rules")
count = 0
for name in ("datasets", "kalman", "refh_numpy", "rvae_numpy"):
    package = importlib.import_module(name)
    if package.__version__ != expected or not package.__file__.startswith(sys.prefix):
        raise SystemExit(f"{name}: expected {expected} in {sys.prefix}, got {package.__version__} in {package.__file__}")
    for module in pkgutil.walk_packages(package.__path__, f"{name}."):
        importlib.import_module(module.name)
        count += 1
if importlib.util.find_spec("examples"):
    raise SystemExit("examples: expected none in an installed package")
print(f"version {expected} in all four packages, {count} modules imported")
PY
for file in "$here"/dist/*; do
    rm -rf "$here/venv"
    python3 -m venv "$here/venv"
    "$here/venv/bin/pip" install -q "$file"
    "$here/venv/bin/pip" check
    (cd / && "$here/venv/bin/python" -I "$here/check.py")
done
