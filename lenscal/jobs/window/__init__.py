"""The window's jobs, and the work around them. No Qt; heavy imports wait for the job's thread."""
