"""Commands that write what a profile holds: as files for others, and as a report."""
