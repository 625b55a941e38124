"""Weigh views, rank what is trending, and store the search index, every few minutes."""

from millrace.discovery.refreshing import refresh
from millrace.platform.observability import logger


def handler(_event: object, _context: object) -> dict[str, int]:
    """Take a tick of the schedule; idempotent, because everything is worked out from what is stored."""
    done = refresh()
    counts = {
        "trending": done.trending_count,
        "changed": done.changed_count,
        "indexed": done.snapshot.video_count if done.snapshot else 0,
        "size_bytes": done.snapshot.size_bytes if done.snapshot else 0,
    }
    logger().info("discovery refreshed", extra=counts)
    return counts
