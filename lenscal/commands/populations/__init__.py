"""Commands for populations of kernels."""
