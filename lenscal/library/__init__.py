"""The lenses of this computer: a folder of profiles, and which of them a photo needs."""
