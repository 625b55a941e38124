"""Domain events and the bus that carries them.

An event is published after the state it tells of is stored, at least once, in no promised order: consumers
are idempotent and know an event again by `event_id`. A new optional field keeps the version; a changed
meaning gets the next one.
"""

import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from millrace.platform import clients, settings
from millrace.platform.clock import now
from millrace.platform.errors import Unavailable
from millrace.platform.ids import ChannelId, ClipId, LiveSessionId, UploadId, UserId, VideoId, new_id

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

    _Entries = Sequence[PutEventsRequestEntryTypeDef]

SOURCE = "millrace"
# The most that one PutEvents call takes.
BATCH = 10
# EventBridge fails single entries when it throttles: waits between the tries, in seconds.
RETRY_WAITS_S = (0.1, 0.4)


class EventsNotPublished(Unavailable):
    """The bus refused events after every try; `count` of them are not on it."""

    slug = "events-not-published"

    def __init__(self, count: int) -> None:
        super().__init__("The change is stored, but it could not be announced. Please try again.")
        self.count = count


class UnknownEvent(Exception):
    """A detail type that no event of ours has."""


class DomainEvent(BaseModel):
    """Something that happened; the class name is its detail type on the bus."""

    # Unknown fields are ignored: a producer may be deployed before its consumers.
    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: str = Field(default_factory=new_id)
    occurred_at: AwareDatetime = Field(default_factory=now)
    version: int = 1


class UserRegistered(DomainEvent):
    """A person made an account."""

    user_id: UserId


class EmailVerificationAsked(DomainEvent):
    """A person wants another mail to prove their address."""

    user_id: UserId


class PasswordResetAsked(DomainEvent):
    """Somebody says that they forgot a password; there need not be such an account."""

    user_id: UserId


class AccountDeleted(DomainEvent):
    """A person deleted their account: whatever is theirs has to go, everywhere."""

    user_id: UserId


class PasswordChanged(DomainEvent):
    """A person's password was set anew, and every session ended with it."""

    user_id: UserId


class VideoUploaded(DomainEvent):
    """The whole source file is in the uploads bucket."""

    video_id: VideoId
    owner_id: UserId
    upload_id: UploadId
    size_bytes: int


class VideoPlayable(DomainEvent):
    """The first seconds of the video can be watched; more will follow."""

    video_id: VideoId
    owner_id: UserId


class VideoReady(DomainEvent):
    """Every rendition of the video is complete."""

    video_id: VideoId
    owner_id: UserId
    duration_ms: int


class VideoFailed(DomainEvent):
    """The video could not be processed; the reason is one plain sentence for its owner."""

    video_id: VideoId
    owner_id: UserId
    reason: str


class ChannelCreated(DomainEvent):
    """An account has a new channel."""

    channel_id: ChannelId
    owner_id: UserId


class ChannelChanged(DomainEvent):
    """What a channel shows has changed: handle, name, texts, banner, or whether it is shown at all."""

    channel_id: ChannelId
    owner_id: UserId


class ChannelDeleted(DomainEvent):
    """A channel is gone, with its follows and stream keys."""

    channel_id: ChannelId
    owner_id: UserId


class ChannelFollowed(DomainEvent):
    """Somebody follows a channel who did not before."""

    channel_id: ChannelId
    owner_id: UserId
    follower_id: UserId


class ChannelUnfollowed(DomainEvent):
    """Somebody follows a channel no longer."""

    channel_id: ChannelId
    owner_id: UserId
    follower_id: UserId


# Every event of this module.
class VideoPublished(DomainEvent):
    """The video may appear in lists, feeds and search from now on."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None


class VideoChanged(DomainEvent):
    """Something that its owner says about the video changed; `is_listed` tells whether others may find it."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    is_listed: bool


class VideoUnpublished(DomainEvent):
    """The video may no longer appear anywhere: it is private, a draft, taken down or being deleted."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None


class VideoDeleted(DomainEvent):
    """The video is gone, and its media is being removed."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None


class VideoTakenDown(DomainEvent):
    """A moderator took the video down; the reason is for its owner."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    reason: str


class VideoViewed(DomainEvent):
    """Somebody asked to play the video; `viewer` tells viewers of one day apart, and not who they are."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    viewer: str


class DownloadAsked(DomainEvent):
    """Its owner wants a version of a video as one file."""

    video_id: VideoId
    upload_id: UploadId
    rendition: str


class VideoReported(DomainEvent):
    """A viewer says that the video breaks a rule."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    report_id: str
    reason: str


class CommentPosted(DomainEvent):
    """Somebody wrote a comment on a video, or a reply to the comment `parent_id`."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    comment_id: str
    author_id: UserId
    parent_id: str | None = None


class CommentRemoved(DomainEvent):
    """A comment is gone: its author, the video's owner or a moderator removed it."""

    video_id: VideoId
    comment_id: str


class CommentReported(DomainEvent):
    """A reader says that a comment breaks a rule."""

    video_id: VideoId
    owner_id: UserId
    channel_id: ChannelId | None = None
    comment_id: str
    report_id: str
    reason: str


class StreamEvent(DomainEvent):
    """Something that happened to a live session; `is_listed` tells whether others may find it."""

    session_id: LiveSessionId
    channel_id: ChannelId
    owner_id: UserId
    video_id: VideoId
    is_listed: bool


class StreamStarted(StreamEvent):
    """A stream can be watched."""


class StreamInterrupted(StreamEvent):
    """The publisher is gone; the stream goes on if they come back in time."""


class StreamResumed(StreamEvent):
    """The publisher is back."""


class StreamChanged(StreamEvent):
    """What a stream says about itself has changed."""


class StreamEnded(StreamEvent):
    """The stream is over; where it was no test, its recording becomes a video."""


class ClipCreated(DomainEvent):
    """Somebody made a clip of a stream."""

    clip_id: ClipId
    session_id: LiveSessionId
    channel_id: ChannelId
    owner_id: UserId
    author_id: UserId


def _leaves(event: type[DomainEvent]) -> list[type[DomainEvent]]:
    """Return the events themselves: what others are made of is none."""
    below = event.__subclasses__()
    return [leaf for each in below for leaf in _leaves(each)] if below else [event]


EVENTS: dict[str, type[DomainEvent]] = {event.__name__: event for event in _leaves(DomainEvent)}


def publish(*events: DomainEvent) -> None:
    """Put the events on the bus, trying refused entries again; raises EventsNotPublished.

    Not idempotent by itself: a repeated call repeats the events under their `event_id`.
    """
    refused = 0
    for batch in _batches([_entry(event) for event in events]):
        refused += len(_put(batch))
    if refused:
        raise EventsNotPublished(refused)


def parse(detail_type: str, detail: object) -> DomainEvent:
    """Read an event as the bus delivers it; raises UnknownEvent, or pydantic's ValidationError."""
    try:
        event = EVENTS[detail_type]
    except KeyError as error:
        raise UnknownEvent(detail_type) from error
    return event.model_validate(detail)


def _entry(event: DomainEvent) -> "PutEventsRequestEntryTypeDef":
    return {
        "EventBusName": settings.require("EVENT_BUS"),
        "Source": SOURCE,
        "DetailType": type(event).__name__,
        "Detail": event.model_dump_json(),
        "Time": event.occurred_at,
    }


def _batches(entries: "_Entries") -> "Iterator[_Entries]":
    for start in range(0, len(entries), BATCH):
        yield entries[start : start + BATCH]


def _put(entries: "_Entries") -> "_Entries":
    """Put one batch and return the entries that are still refused after the last try."""
    for wait_s in (*RETRY_WAITS_S, None):
        try:
            results = clients.events().put_events(Entries=entries)["Entries"]
        except (BotoCoreError, ClientError):
            # The client has tried again by itself already.
            return entries
        entries = [entry for entry, result in zip(entries, results, strict=True) if result.get("ErrorCode")]
        if not entries or wait_s is None:
            break
        time.sleep(wait_s)
    return entries
