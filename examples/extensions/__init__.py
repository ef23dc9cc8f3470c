"""Scripts of what is not on the poster (rvae_numpy/extensions)."""
