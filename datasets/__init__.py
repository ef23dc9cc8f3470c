"""The poster's data sets, each sampled with a numpy.random.Generator; argument checks; files."""

__version__ = "0.3.0"
