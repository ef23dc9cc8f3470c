"""How fast the inner loops are, measured beside their peers. `pip install -e ".[benchmarks]"` brings those."""
