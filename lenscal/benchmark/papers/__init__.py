"""Protocols of the papers that lenscal follows, at a size that the machine allows."""
