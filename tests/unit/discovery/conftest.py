"""An index in a folder of its own, and videos to put into it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from millrace.discovery.index import Index
from millrace.discovery.model import Entry
from millrace.platform.ids import ChannelId, VideoId, new_id

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def entry(title: str, **changes: Any) -> Entry:
    """Return a video published an hour ago."""
    values: dict[str, Any] = {
        "video_id": VideoId(new_id()),
        "tags": (),
        "description": "",
        "channel_id": ChannelId(new_id()),
        "channel_name": "",
        "category": None,
        "published_at": NOW - timedelta(hours=1),
        **changes,
    }
    return Entry(title=title, **values)


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path)


@pytest.fixture
def found(index: Index) -> Callable[[str], list[str]]:
    """Search, and return the ids that were found."""
    return lambda text: [hit.video_id for hit in index.search(text, NOW)]
