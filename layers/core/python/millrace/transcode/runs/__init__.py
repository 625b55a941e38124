"""Which transcodes are under way: the list that the watchdog goes by, and whose turn it is to encode."""
