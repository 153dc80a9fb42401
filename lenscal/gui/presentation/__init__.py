"""The window before an audience."""
