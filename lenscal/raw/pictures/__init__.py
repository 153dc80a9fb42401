"""Pictures (PNG, JPEG, TIFF) as photos: scans, microscopes, frames of videos, cameras' JPEGs."""
