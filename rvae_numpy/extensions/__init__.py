"""What is not on the poster: further samplers, observation masking, object-wise states, attention.

The extensions import the core of rvae_numpy, and the core does not import them.
"""
