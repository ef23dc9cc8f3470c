"""Solutions of the exercises, for lecturers; examples.exercises.handout leaves them out."""
