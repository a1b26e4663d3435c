"""The command line: options in, one call below, an exit code out. No logic of its own."""
