"""Windows over the window: preferences, keys, questions."""
