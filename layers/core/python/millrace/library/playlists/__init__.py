"""Playlists: videos in an order."""
