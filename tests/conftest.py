"""The tests' matrices are tiny: one BLAS thread, set (by examples/__init__.py) before anything imports numpy."""
import examples  # noqa: F401
