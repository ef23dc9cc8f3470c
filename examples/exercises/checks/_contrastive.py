"""What the checks of contrastive divergence (exercises 8 and 13) share: averages, and chance."""

import numpy as np

from examples.exercises._answers import (
    Incorrect,
    averaged,
    fresh,
    near,
    numbers,
    parts,
    rows_are_independent,
    uses_the_generator,
)

NAMES = ("dW_u", "dW_y", "db_x", "db_u", "db_y")
U = np.array([[1.0, 0.0, 1.0], [0.3, 1.0, 0.0], [0.0, 0.8, 0.6], [1.0, 0.4, 0.2]])


class Gradients:
    """The five gradients of an answer on copies of a few examples.

    Parameters
    ----------
    function, names : of the exercise and of its results, the gradients first
    y : observations, one row for each of U
    weights, settings : further arguments of the answer, before rng
    """

    def __init__(self, function, names, y, weights, settings):
        self.function, self.names, self.y = function, names, y
        self.weights, self.settings = weights, settings

    def __call__(self, answer, u, y, rng):
        arguments = fresh((u, y, *self.weights, *self.settings, rng))
        got = parts(self.function, answer(*arguments), self.names)
        pairs = zip(NAMES, got, self.weights, strict=False)  # what follows the gradients is left
        return [numbers(name, g, w.shape) for name, g, w in pairs]

    def of_copies(self, answer, rows, rng):
        """Of so many copies of all examples."""
        return self(answer, np.tile(U, (rows, 1)), np.tile(self.y, (rows, 1)), rng)

    def near(self, answer, expected, names, mistakes):
        """Averaged over many chains they are the expectation; a mistake is a hint, if it fits."""
        got, errors = averaged(lambda rng: self.of_copies(answer, 10, rng))
        for place, name in enumerate(names):

            def hints(place=place):
                for hint, wrong in mistakes:
                    run = lambda rng, wrong=wrong: self.of_copies(wrong, 10, rng)
                    yield hint, averaged(run)[0][place]

            what = f"{name}, averaged over 16000 chains"
            near(what, got[place], expected[place], errors[place] + 5e-5, hints)

    def have_chance(self, answer, clamped):
        """Every random number is from rng, and other examples have other ones."""
        random = [place for place in range(5) if not (clamped and place == 3)]
        uses_the_generator(
            lambda rng: [self.of_copies(answer, 5, rng)[place] for place in random],
            [NAMES[place] for place in random],
        )

        def of_rows(n, rng):
            equal = np.tile(U[1], (n, 1)), np.tile(self.y[1], (n, 1))
            return np.concatenate([np.ravel(g) for g in self(answer, *equal, rng)])

        try:
            rows_are_independent(of_rows, 10)
        except Incorrect as incorrect:
            raise Incorrect(f"clamped = {clamped}: {incorrect}") from None
