"""The live edge: what of a session can be played, down to the newest part."""
