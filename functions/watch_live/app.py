"""Look after live sessions that nobody looks after, once a minute."""

from millrace.live.sweeping import sweep
from millrace.platform.observability import logger


def handler(_event: object, _context: object) -> dict[str, int]:
    """Take a tick of the schedule; idempotent, because everything is worked out from what is stored."""
    done = dict(sweep())
    logger().info("live sessions looked after", extra={"sessions": done})
    return done
