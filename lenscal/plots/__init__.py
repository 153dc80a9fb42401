"""Plots of lens figures as lists of primitives, drawn by SVG in reports and by Qt in the window."""
