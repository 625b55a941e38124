"""Who follows which channel."""
