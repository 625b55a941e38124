"""Ask whether a chunk that waits for its account's other films may be encoded now."""

from millrace.platform.steps import step
from millrace.transcode.chunks import wait_for_turn

handler = step(wait_for_turn)
