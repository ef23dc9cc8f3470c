"""Exercises: a text, a function to fill in, and a check that says right, or wrong and where."""
