"""Exercises: a text, a function to fill in, and a check that says where an answer is incorrect."""
