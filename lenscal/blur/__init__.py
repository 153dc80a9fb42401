"""What a lens does to light: the operator A and its adjoint, and the blur of patches."""
