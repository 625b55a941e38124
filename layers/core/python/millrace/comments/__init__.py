"""Comments: what viewers write below videos and like, and what they report."""
