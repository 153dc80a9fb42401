"""Many lenses at once."""
