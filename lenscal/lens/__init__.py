"""One lens at all its apertures and focal lengths, from the calibrations that there are of it."""
