"""Parts of the third step's page."""
