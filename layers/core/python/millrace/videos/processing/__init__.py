"""From an upload to a version that plays: the first one of a video, and those that replace it."""
