"""What DNG files say of their own pixels: shading maps, crops, exposure, white."""
