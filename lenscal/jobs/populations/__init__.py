"""Populations of kernels, end to end."""
