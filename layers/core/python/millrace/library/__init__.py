"""What a viewer keeps: the history, what to watch later, and playlists."""
