"""What a sensor does to light, and how it is undone: black levels, clipping, damaged sites."""
