"""The poster's data sets, each sampled with a numpy.random.Generator; argument checks; files."""
