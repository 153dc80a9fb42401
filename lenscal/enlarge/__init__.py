"""Enlarging pictures that were made smaller: the kernel they went through, and what undoes it."""
