"""What moderators and admins send and get."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from millrace.accounts.model import Account, Role
from millrace.administration.model import Action, Entry, Target, TargetKind
from millrace.comments.model import CommentId, Report, ReportId
from millrace.comments.model import Reason as BrokenRule
from millrace.comments.model import Target as Reported
from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output, decode_cursor, encode_cursor
from millrace.platform.http.cursors import FOREIGN
from millrace.platform.ids import ID_PATTERN, AuditEntryId, UserId, VideoId, is_id
from millrace.platform.text import paragraphs
from millrace.videos.model import Video, VideoState, Visibility

MAX_REASON_CHARS = 1000
# What a position in the index of accounts is made of: the table's key, and the index's.
POSITION_KEYS = ({"pk", "listed", "email"}, {"pk", "listed", "name_key"})

Reason = Annotated[
    str,
    Field(max_length=MAX_REASON_CHARS, examples=["Repeated spam under other people's videos."]),
    AfterValidator(paragraphs),
    Field(min_length=1),
]


class Order(Input):
    """An order of a moderator or admin, and why."""

    reason: Reason = Field(description="The person concerned reads it, and the audit log keeps it.")


class RolesOrder(Input):
    """All roles that somebody has from now on, and why."""

    roles: Annotated[frozenset[Role], Field(examples=[["creator", "moderator", "viewer"]])]
    reason: Reason = Field(description="The audit log keeps it.")


class UserSearch(Input):
    """Whom to look for: an id, or the beginning of an address or a shown name; nothing lists everybody."""

    query: Annotated[str, Field(max_length=254)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None


class SuspensionView(Output):
    """Why somebody is kept out, and since when."""

    reason: str
    since: AwareDatetime


class UserView(Output):
    """An account as admins see it."""

    user_id: UserId = Field(pattern=ID_PATTERN)
    email: str
    display_name: str
    roles: tuple[Role, ...]
    is_verified: bool
    suspension: SuspensionView | None
    created_at: AwareDatetime

    @classmethod
    def of(cls, account: Account) -> Self:
        """Show an account."""
        suspension = account.suspension
        return cls(
            user_id=account.user_id,
            email=account.email,
            display_name=account.display_name,
            roles=tuple(sorted(account.roles)),
            is_verified=account.is_verified,
            suspension=SuspensionView(reason=suspension.reason, since=suspension.since) if suspension else None,
            created_at=account.created_at,
        )


class TakeDownDecision(Output):
    """Why a video is down, since when, and by whom."""

    reason: str
    at: AwareDatetime
    by: UserId


class ModeratedVideo(Output):
    """A video as moderators see it after an order."""

    video_id: VideoId = Field(pattern=ID_PATTERN)
    owner_id: UserId = Field(pattern=ID_PATTERN)
    title: str
    visibility: Visibility
    state: VideoState
    taken_down: TakeDownDecision | None

    @classmethod
    def of(cls, video: Video) -> Self:
        """Show a video."""
        down = video.taken_down
        return cls(
            video_id=video.video_id,
            owner_id=video.owner_id,
            title=video.title,
            visibility=video.visibility,
            state=video.state,
            taken_down=TakeDownDecision(reason=down.reason, at=down.at, by=down.by) if down else None,
        )


class ReportList(Input):
    """Which page of the open reports, oldest first."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None


class ReportView(Output):
    """What somebody says about a video, or about a comment on it."""

    report_id: ReportId = Field(pattern=ID_PATTERN)
    video_id: VideoId = Field(pattern=ID_PATTERN)
    comment_id: CommentId | None
    reporter_id: UserId = Field(pattern=ID_PATTERN)
    broken_rule: BrokenRule
    text: str
    reported_at: AwareDatetime

    @classmethod
    def of(cls, report: Report) -> Self:
        """Show a report to a moderator."""
        return cls(
            report_id=report.report_id,
            video_id=report.target.video_id,
            comment_id=report.target.comment_id,
            reporter_id=report.reporter_id,
            broken_rule=report.reason,
            text=report.text,
            reported_at=report.created_at,
        )


class ReportDecision(Input):
    """Which report is closed, as the list names it, and why."""

    video_id: Annotated[str, Field(pattern=f"^{ID_PATTERN}$", examples=["01kc3v9m5t3q8x5f0h2j4n6p8r"])]
    comment_id: Annotated[str | None, Field(pattern=f"^{ID_PATTERN}$")] = None
    reporter_id: Annotated[str, Field(pattern=f"^{ID_PATTERN}$", examples=["01kc3v9m5t3q8x5f0h2j4n6p8s"])]
    reason: Reason = Field(description="The audit log keeps it.")

    @property
    def reported(self) -> Reported:
        """Return what the report is about."""
        return Reported(VideoId(self.video_id), CommentId(self.comment_id) if self.comment_id else None)


class AuditQuery(Input):
    """Which part of the audit log, newest first: all, or of one target, or of one actor."""

    target_kind: TargetKind | None = None
    target_id: Annotated[str | None, Field(pattern=f"^{ID_PATTERN}$")] = None
    actor_id: Annotated[
        str | None,
        Field(min_length=1, max_length=26, description='An account\'s id, or "operator" for the command line.'),
    ] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    cursor: str | None = None

    @model_validator(mode="after")
    def _asks_one_thing(self) -> Self:
        if (self.target_kind is None) != (self.target_id is None):
            raise ValueError("A target has a kind and an id")
        if self.target_id is not None and self.actor_id is not None:
            raise ValueError("Ask for a target or for an actor, not for both")
        return self

    @property
    def target(self) -> Target | None:
        """Return the target that is asked for."""
        if self.target_kind is None or self.target_id is None:
            return None
        return Target(self.target_kind, self.target_id)


class AuditEntry(Output):
    """Who ordered what, to whom, when and why."""

    entry_id: AuditEntryId = Field(pattern=ID_PATTERN)
    actor_id: UserId = Field(description='An account, or "operator" for the command line.')
    action: Action
    target_kind: TargetKind
    target_id: str
    reason: str
    details: dict[str, tuple[str, ...]] = Field(examples=[{"before": ["viewer"], "after": ["moderator", "viewer"]}])
    ordered_at: AwareDatetime

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Show an entry."""
        return cls(
            entry_id=entry.entry_id,
            actor_id=entry.actor_id,
            action=entry.action,
            target_kind=entry.target.kind,
            target_id=entry.target.target_id,
            reason=entry.reason,
            details={name: tuple(values) for name, values in entry.details.items()},
            ordered_at=entry.ordered_at,
        )


def read_user_cursor(cursor: str | None) -> dict[str, Any] | None:
    """Return where a search goes on; a cursor that no search gave out raises Invalid."""
    position = decode_cursor(cursor)
    if position is None:
        return None
    after = position.get("after")
    fits = after is None or (
        isinstance(after, dict)
        and set(after) in POSITION_KEYS
        and all(isinstance(value, dict) and list(value) == ["S"] and _is_text(value["S"]) for value in after.values())
    )
    if set(position) != {"in", "after"} or position["in"] not in ("emails", "names") or not fits:
        raise Invalid("cursor", FOREIGN)
    return position


def read_cursor(cursor: str | None) -> str | None:
    """Return the id that the page before ended with; a cursor that no list gave out raises Invalid."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    after = key.get("after")
    if not isinstance(after, str) or not is_id(after):
        raise Invalid("cursor", FOREIGN)
    return after


def write_cursor(after: str | None) -> str | None:
    """Return the cursor of the page behind the id; None, the end, stays None."""
    return encode_cursor({"after": after} if after else None)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)
