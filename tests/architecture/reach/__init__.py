"""What an entry point's code can reach, read from the source alone."""
