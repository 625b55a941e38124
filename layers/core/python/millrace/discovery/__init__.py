"""Discovery: search, feeds, trending and related videos."""
