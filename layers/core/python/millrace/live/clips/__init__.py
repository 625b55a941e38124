"""Clips: a minute of a stream that somebody keeps."""
