"""Commands for several calibrations: of one lens, and of all lenses."""
