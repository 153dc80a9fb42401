"""What the process writes to its standard streams, and what libraries write there."""
