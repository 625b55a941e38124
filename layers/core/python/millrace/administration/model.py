"""What the audit log says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from millrace.comments.model import CommentId
from millrace.platform.ids import AuditEntryId, UserId, VideoId

# Who acts from the operator's command line; everybody else is an account.
OPERATOR = UserId("operator")


class Action(StrEnum):
    """What moderators and admins do."""

    SUSPEND_USER = "suspend_user"
    RESTORE_USER = "restore_user"
    SET_ROLES = "set_roles"
    TAKE_VIDEO_DOWN = "take_video_down"
    RESTORE_VIDEO = "restore_video"
    REMOVE_COMMENT = "remove_comment"
    CLOSE_REPORT = "close_report"


class TargetKind(StrEnum):
    """What they do it to."""

    USER = "user"
    VIDEO = "video"
    COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Target:
    """Whom or what an action is done to."""

    kind: TargetKind
    target_id: str

    @classmethod
    def user(cls, user_id: UserId) -> "Target":
        """Name an account."""
        return cls(TargetKind.USER, user_id)

    @classmethod
    def video(cls, video_id: VideoId) -> "Target":
        """Name a video."""
        return cls(TargetKind.VIDEO, video_id)

    @classmethod
    def comment(cls, comment_id: CommentId) -> "Target":
        """Name a comment."""
        return cls(TargetKind.COMMENT, comment_id)


@dataclass(frozen=True, slots=True)
class Entry:
    """Who ordered what, to whom, when and why. It is written before the order is carried out, and never changed."""

    entry_id: AuditEntryId
    actor_id: UserId
    action: Action
    target: Target
    reason: str
    ordered_at: datetime
    details: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """What else tells one order from another: the roles before and after, say."""
