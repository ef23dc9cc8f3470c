"""The data sets of the poster, each a generator that takes a numpy.random.Generator."""
