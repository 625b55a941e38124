"""Channels: what publishes, who follows, and the keys that streams come with."""
