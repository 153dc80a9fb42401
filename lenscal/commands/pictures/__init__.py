"""Commands for pictures without a lens's profile."""
