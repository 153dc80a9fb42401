"""Parts of the fourth step's page."""
