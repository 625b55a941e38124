"""What moderators and admins do.

Every order stands in the audit log before it is carried out: an order that nobody can look up later is not carried
out, and one that failed half way is there to be repeated. Repeating an order is safe, and is another entry.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from millrace.accounts import standing
from millrace.accounts.errors import AccountGone
from millrace.accounts.model import Account, Role
from millrace.administration import store
from millrace.administration.authority import find, require
from millrace.administration.errors import NotYourself
from millrace.administration.model import OPERATOR, Action, Entry, Target
from millrace.channels import service as channels
from millrace.comments import service as comments
from millrace.comments.model import CommentId, Report, ReportId
from millrace.comments.model import Target as Reported
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import AuditEntryId, UserId, VideoId, new_id
from millrace.videos import service as videos
from millrace.videos.model import Video

Position = dict[str, Any]


def search_users(
    caller: Caller, query: str, cursor: Position | None, limit: int
) -> tuple[Sequence[Account], Position | None]:
    """Return accounts by id, or by the beginning of an address or a name, and where the next page begins."""
    require(caller, Role.ADMIN)
    return standing.search(query, cursor, limit)


def get_user(caller: Caller, user_id: UserId) -> Account:
    """Return one account; raises AccountGone."""
    require(caller, Role.ADMIN)
    return _account(user_id)


def suspend_user(caller: Caller, user_id: UserId, reason: str) -> Account:
    """Keep somebody out and hide their channels; raises NotYourself or AccountGone."""
    _check_other(caller, user_id)
    _account(user_id)
    _order(caller.user_id, Action.SUSPEND_USER, Target.user(user_id), reason)
    account = standing.suspend(user_id, reason)
    channels.hide_of_owner(user_id)
    return account


def restore_user(caller: Caller, user_id: UserId, reason: str) -> Account:
    """Let somebody in again and show their channels; raises NotYourself or AccountGone."""
    _check_other(caller, user_id)
    _account(user_id)
    _order(caller.user_id, Action.RESTORE_USER, Target.user(user_id), reason)
    account = standing.restore(user_id)
    channels.show_of_owner(user_id)
    return account


def set_roles(caller: Caller, user_id: UserId, roles: frozenset[Role], reason: str) -> Account:
    """Change what somebody else may do; raises NotYourself or AccountGone."""
    _check_other(caller, user_id)
    return _set_roles(caller.user_id, user_id, roles, reason)


def promote(user_id: UserId, roles: frozenset[Role], reason: str) -> Account:
    """Change what somebody may do, as the operator, who holds the keys of the stack: the way to the first admin."""
    return _set_roles(OPERATOR, user_id, roles, reason)


def take_video_down(caller: Caller, video_id: VideoId, reason: str) -> Video:
    """Take a video down, with a reason that its owner reads; raises VideoGone."""
    require(caller, Role.MODERATOR)
    # Whether there is such a video is known before the log says that it was taken down.
    videos.visible(video_id, caller)
    _order(caller.user_id, Action.TAKE_VIDEO_DOWN, Target.video(video_id), reason)
    return videos.take_down(video_id, reason, caller.user_id)


def restore_video(caller: Caller, video_id: VideoId, reason: str) -> Video:
    """Let a video be what its owner made it; raises VideoGone."""
    require(caller, Role.MODERATOR)
    videos.visible(video_id, caller)
    _order(caller.user_id, Action.RESTORE_VIDEO, Target.video(video_id), reason)
    return videos.restore(video_id)


def remove_comment(caller: Caller, comment_id: CommentId, reason: str) -> None:
    """Remove a comment; raises CommentGone. Repeating it changes nothing but the log."""
    require(caller, Role.MODERATOR)
    comments.visible(comment_id, caller)
    _order(caller.user_id, Action.REMOVE_COMMENT, Target.comment(comment_id), reason)
    comments.remove(comment_id, caller)


def open_reports(caller: Caller, limit: int, after: ReportId | None) -> tuple[Sequence[Report], ReportId | None]:
    """Return a page of what people have reported, oldest first, and the one after which the next page begins."""
    require(caller, Role.MODERATOR)
    return comments.reports(limit, after)


def close_report(caller: Caller, reported: Reported, reporter_id: UserId, reason: str) -> None:
    """Close a report, whatever was decided about what it reports. Repeating it changes nothing but the log."""
    require(caller, Role.MODERATOR)
    target = Target.comment(reported.comment_id) if reported.comment_id else Target.video(reported.video_id)
    _order(caller.user_id, Action.CLOSE_REPORT, target, reason, {"reporter_id": [reporter_id]})
    comments.resolve(reported, reporter_id)


def audit_log(
    caller: Caller, limit: int, after: AuditEntryId | None, *, target: Target | None, actor_id: UserId | None
) -> store.EntryPage:
    """Return a page of the log, newest first: all of it, or what was done to somebody, or what somebody did."""
    require(caller, Role.ADMIN)
    if target is not None:
        return store.of_target(target, limit, after)
    if actor_id is not None:
        return store.of_actor(actor_id, limit, after)
    return store.newest(limit, after)


def _check_other(caller: Caller, user_id: UserId) -> None:
    require(caller, Role.ADMIN)
    if caller.user_id == user_id:
        raise NotYourself


def _account(user_id: UserId) -> Account:
    account = find(user_id)
    if account is None:
        raise AccountGone(user_id)
    return account


def _set_roles(actor_id: UserId, user_id: UserId, roles: frozenset[Role], reason: str) -> Account:
    before = _account(user_id).roles
    details = {"before": sorted(before), "after": sorted(roles)}
    _order(actor_id, Action.SET_ROLES, Target.user(user_id), reason, details)
    return standing.set_roles(user_id, roles)


def _order(
    actor_id: UserId, action: Action, target: Target, reason: str, details: Mapping[str, Sequence[str]] | None = None
) -> None:
    store.add(Entry(AuditEntryId(new_id()), actor_id, action, target, reason, now(), details or {}))
