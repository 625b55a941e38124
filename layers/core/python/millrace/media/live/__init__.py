"""Cut live media into parts and segments; pure, so that a test can feed it from a file."""
