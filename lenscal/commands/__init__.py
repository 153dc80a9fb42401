"""The command line: one module a group of commands, each a function from parsed arguments to an
exit code."""
