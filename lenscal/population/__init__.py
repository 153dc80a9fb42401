"""Populations: the distribution of blurs that differ from photo to photo."""
