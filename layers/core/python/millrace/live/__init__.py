"""Live streams: sessions, the live edge, playlists, and what stays of a stream."""
