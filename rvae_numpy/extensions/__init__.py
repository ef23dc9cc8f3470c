"""What is not on the poster: observation masking, one latent state per object, attention windows.

The extensions import the core of rvae_numpy, and the core does not import them.
"""
