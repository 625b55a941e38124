"""Whose file a key is."""

import pytest

from millrace.platform.ids import UploadId, VideoId, new_id
from millrace.videos.model import Home
from millrace.videos.places import UploadPlace, parse_source_key


def test_a_source_key_leads_back_to_its_upload() -> None:
    place = UploadPlace(VideoId(new_id()), UploadId(new_id()))
    assert parse_source_key(place.source_key) == place


@pytest.mark.parametrize("key", ["", "uploads/a/b/source", "uploads//", "work/x/y/source", "uploads/../../etc/source"])
def test_other_keys_are_nobodys(key: str) -> None:
    assert parse_source_key(key) is None


def test_private_media_never_lies_where_public_media_is_served() -> None:
    place = UploadPlace(VideoId(new_id()), UploadId(new_id()))
    assert place.media_prefix(Home.PRIVATE).startswith("media/private/")
    assert place.media_prefix(Home.PUBLIC).startswith("media/public/")
