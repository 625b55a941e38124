"""Videos: uploads, their life cycle, and who may watch them."""
