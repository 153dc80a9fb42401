"""Parts of the sixth step's page."""
