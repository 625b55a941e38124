"""Object bodies as files: the parts of uploads, and slices of what is read."""
