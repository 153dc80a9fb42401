"""Rings that a correction made: found on the photo's own edges, and taken back."""
