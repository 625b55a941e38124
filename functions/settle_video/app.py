"""Bring everything else in line with a video's record: bus, media, leftovers, schedule."""

from millrace.platform.steps import step
from millrace.videos.settling.service import settle

handler = step(settle)
