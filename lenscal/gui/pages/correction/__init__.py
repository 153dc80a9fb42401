"""Parts of the fifth step's page."""
