"""A network that was trained for one lens, and what it makes of a photo."""
