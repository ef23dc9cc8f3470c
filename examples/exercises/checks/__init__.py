"""The exercises' checks: what is correct, typical mistakes, and a picture of the student's result.

Every module has check(answer), MISTAKES [(hint, function)], picture(answer) and LOOK, a sentence
about the picture. They give answers away: do the exercise first.
"""
