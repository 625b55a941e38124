"""MiniStack, started with the settings and the patches that Millrace needs."""
