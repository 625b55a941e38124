"""Use cases of captions. What follows a change, files and playlists, is `settling`'s business, or the packager's."""

import hashlib
import re

from millrace.media import webvtt
from millrace.media.webvtt import CaptionError
from millrace.platform import clients, settings
from millrace.platform.errors import Invalid
from millrace.platform.ids import UserId, VideoId
from millrace.videos import service
from millrace.videos.caption import Caption, CaptionKind, with_caption
from millrace.videos.details import LANGUAGE_PATTERN
from millrace.videos.model import Video


def put(video_id: VideoId, owner_id: UserId, language: str, *, label: str, kind: CaptionKind, text: str) -> Video:
    """Give the owner's video captions in a language, instead of those that it had; natural to repeat.

    Raises VideoGone, ChangedMeanwhile, or Invalid that names the line at fault.
    """
    if not re.fullmatch(LANGUAGE_PATTERN, language):
        raise Invalid("language", "A language is written like en, pt-BR or zh-Hant.")
    try:
        written = webvtt.write(webvtt.parse(text))
    except CaptionError as error:
        raise Invalid("text", str(error)) from error
    caption = Caption(language=language, label=label, kind=kind, revision=_revision(label, kind, written))
    before = service.owned(video_id, owner_id)
    with_caption(before.captions, caption)
    # Stored first: whoever reads the record finds the text.
    clients.s3().put_object(
        Bucket=settings.require("UPLOADS_BUCKET"),
        Key=caption.source_key(video_id),
        Body=written.encode(),
        ContentType="text/vtt",
    )
    after = service.edit(
        video_id,
        owner_id,
        lambda video: video.model_copy(update={"captions": with_caption(video.captions, caption)}),
    )
    _forget(before, after)
    return after


def remove(video_id: VideoId, owner_id: UserId, language: str) -> None:
    """Take the captions in a language away; natural to repeat. Raises VideoGone or ChangedMeanwhile."""

    def without(video: Video) -> Video:
        kept = tuple(caption for caption in video.captions if caption.language != language)
        return video.model_copy(update={"captions": kept})

    before = service.owned(video_id, owner_id)
    _forget(before, service.edit(video_id, owner_id, without))


def _forget(before: Video, after: Video) -> None:
    """Delete the texts that no record names any more."""
    for caption in before.captions:
        if caption not in after.captions:
            key = caption.source_key(before.video_id)
            clients.s3().delete_object(Bucket=settings.require("UPLOADS_BUCKET"), Key=key)


def _revision(label: str, kind: str, text: str) -> str:
    """Return a name that the same captions have again, and no others."""
    return hashlib.sha256(f"{label}\0{kind}\0{text}".encode()).hexdigest()[:16]
