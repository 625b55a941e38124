"""Playlists of live streams, made from what the edge shows."""
