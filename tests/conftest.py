"""The tests' matrices are tiny: examples/__init__.py sets one BLAS thread before NumPy is loaded."""
import examples  # noqa: F401
