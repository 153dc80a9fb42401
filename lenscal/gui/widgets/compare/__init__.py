"""Before and after: where a photo lies on the screen, and the view of it."""
