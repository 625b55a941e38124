"""Choose the ladder and cut the film into chunks."""

from millrace.platform.steps import step
from millrace.transcode.plan import plan_encode

handler = step(plan_encode)
