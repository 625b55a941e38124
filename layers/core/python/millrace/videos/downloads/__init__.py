"""A video as one MP4 file, for its owner."""
