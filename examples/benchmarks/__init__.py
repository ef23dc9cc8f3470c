"""How fast the inner loops are, beside other libraries and beside limits (README.md)."""
