"""Pictures by Qt: pixmaps from arrays, PDF reports, plots as files."""
