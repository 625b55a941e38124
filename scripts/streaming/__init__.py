"""Publish a stream as an encoder does: a file, or a test pattern with a clock."""
