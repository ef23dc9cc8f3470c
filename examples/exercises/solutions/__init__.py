"""Solutions of the exercises, for lecturers; `python -m examples.exercises.handout` leaves them out."""
