"""Restoring single photos whose blur nobody knows, by what is known of a rig's blurs."""
