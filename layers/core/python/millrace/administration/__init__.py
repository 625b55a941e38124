"""Administration: what moderators and admins do, and the log that says so."""
