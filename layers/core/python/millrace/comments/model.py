"""What comments, likes and reports are."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from millrace.platform.ids import UserId, VideoId

CommentId = NewType("CommentId", str)
ReportId = NewType("ReportId", str)

MAX_TEXT_CHARS = 5000
MAX_REPORT_CHARS = 1000


class Reason(StrEnum):
    """Which rule is said to be broken."""

    SPAM = "spam"
    HATE = "hate"
    HARASSMENT = "harassment"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    CHILD_SAFETY = "child_safety"
    COPYRIGHT = "copyright"
    MISINFORMATION = "misinformation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment, or a reply to one; a removed one has lost its text and its author, and stands for its replies."""

    comment_id: CommentId
    video_id: VideoId
    parent_id: CommentId | None
    author_id: UserId | None
    author_name: str
    text: str
    created_at: datetime
    edited_at: datetime | None = None
    removed_at: datetime | None = None
    like_count: int = 0
    reply_count: int = 0


@dataclass(frozen=True, slots=True)
class Target:
    """What can be liked and reported: a comment, or a video where there is none."""

    video_id: VideoId
    comment_id: CommentId | None = None

    @property
    def name(self) -> str:
        """The id of the thing itself."""
        return self.comment_id or self.video_id


@dataclass(frozen=True, slots=True)
class Report:
    """What somebody says about a video or a comment; a moderator resolves it."""

    report_id: ReportId
    target: Target
    reporter_id: UserId
    reason: Reason
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """How often a video was liked and commented on, replies included."""

    likes: int = 0
    comments: int = 0
