"""Files of populations of kernels."""
