"""What moderators and admins do: accounts, roles, videos that break rules, and the log of all that."""

from millrace.accounts.access import authenticate
from millrace.accounts.errors import AccountGone
from millrace.administration import service
from millrace.administration.errors import NotAllowed, NotYourself
from millrace.administration.messages import (
    AuditEntry,
    AuditQuery,
    ModeratedVideo,
    Order,
    ReportDecision,
    ReportList,
    ReportView,
    RolesOrder,
    UserSearch,
    UserView,
    read_cursor,
    read_user_cursor,
    write_cursor,
)
from millrace.comments.errors import CommentGone
from millrace.comments.model import CommentId, ReportId
from millrace.platform.http import Access, Api, Caller, Page, encode_cursor
from millrace.platform.ids import AuditEntryId, UserId, VideoId
from millrace.videos.errors import ChangedMeanwhile, VideoGone

api = Api("admin", authenticate)
handler = api.chalice

TAG = "administration"


@api.route("GET", "/api/admin/users", access=Access.SIGNED_IN, tag=TAG, raises=[NotAllowed])
def search_users(query: UserSearch, caller: Caller) -> Page[UserView]:
    """Search accounts by id, or by the beginning of the address or the shown name. Admins only."""
    found, last = service.search_users(caller, query.query, read_user_cursor(query.cursor), query.limit)
    return Page[UserView](items=tuple(UserView.of(account) for account in found), next_cursor=encode_cursor(last))


@api.route("GET", "/api/admin/users/{user_id}", access=Access.SIGNED_IN, tag=TAG, raises=[NotAllowed, AccountGone])
def get_user(user_id: UserId, caller: Caller) -> UserView:
    """Show an account. Admins only."""
    return UserView.of(service.get_user(caller, user_id))


@api.route(
    "POST",
    "/api/admin/users/{user_id}/suspend",
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[NotAllowed, NotYourself, AccountGone],
)
def suspend_user(user_id: UserId, body: Order, caller: Caller) -> UserView:
    """Keep somebody out until they are restored; they read the reason. Admins only.

    Every session ends, access tokens within 15 minutes; their channels are hidden, their stream keys open nothing.
    Repeating it changes the reason.
    """
    return UserView.of(service.suspend_user(caller, user_id, body.reason))


@api.route(
    "POST",
    "/api/admin/users/{user_id}/restore",
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[NotAllowed, NotYourself, AccountGone],
)
def restore_user(user_id: UserId, body: Order, caller: Caller) -> UserView:
    """Let somebody in again. Admins only. Repeating it changes nothing but the log."""
    return UserView.of(service.restore_user(caller, user_id, body.reason))


@api.route(
    "PUT",
    "/api/admin/users/{user_id}/roles",
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[NotAllowed, NotYourself, AccountGone],
)
def set_roles(user_id: UserId, body: RolesOrder, caller: Caller) -> UserView:
    """Change what somebody else may do. Admins only. Repeating it changes nothing but the log."""
    return UserView.of(service.set_roles(caller, user_id, body.roles, body.reason))


@api.route(
    "POST",
    "/api/admin/videos/{video_id}/take-down",
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[NotAllowed, VideoGone, ChangedMeanwhile],
)
def take_video_down(video_id: VideoId, body: Order, caller: Caller) -> ModeratedVideo:
    """Take a video down; only its owner sees it, with the reason. Moderators. Repeating it changes the reason."""
    return ModeratedVideo.of(service.take_video_down(caller, video_id, body.reason))


@api.route(
    "POST",
    "/api/admin/videos/{video_id}/restore",
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[NotAllowed, VideoGone, ChangedMeanwhile],
)
def restore_video(video_id: VideoId, body: Order, caller: Caller) -> ModeratedVideo:
    """Let a video be what its owner made it. Moderators. Repeating it changes nothing but the log."""
    return ModeratedVideo.of(service.restore_video(caller, video_id, body.reason))


@api.route(
    "POST",
    "/api/admin/comments/{comment_id}/remove",
    status=204,
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[NotAllowed, CommentGone],
)
def remove_comment(comment_id: CommentId, body: Order, caller: Caller) -> None:
    """Remove a comment. Moderators. Repeating it changes nothing but the log."""
    service.remove_comment(caller, comment_id, body.reason)


@api.route("GET", "/api/admin/reports", access=Access.SIGNED_IN, tag=TAG, raises=[NotAllowed])
def list_reports(query: ReportList, caller: Caller) -> Page[ReportView]:
    """List what people have reported and nobody has closed, oldest first. Moderators."""
    last = read_cursor(query.cursor)
    found, end = service.open_reports(caller, query.limit, ReportId(last) if last else None)
    return Page[ReportView](items=tuple(ReportView.of(report) for report in found), next_cursor=write_cursor(end))


@api.route("POST", "/api/admin/reports/close", status=204, access=Access.SIGNED_IN, tag=TAG, raises=[NotAllowed])
def close_report(body: ReportDecision, caller: Caller) -> None:
    """Close a report, with what was decided. Moderators. Repeating it changes nothing but the log."""
    service.close_report(caller, body.reported, UserId(body.reporter_id), body.reason)


@api.route("GET", "/api/admin/audit-log", access=Access.SIGNED_IN, tag=TAG, raises=[NotAllowed])
def read_audit_log(query: AuditQuery, caller: Caller) -> Page[AuditEntry]:
    """Read who ordered what, to whom, when and why, newest first. Admins only. Entries are never changed or removed."""
    last = read_cursor(query.cursor)
    after = AuditEntryId(last) if last else None
    page = service.audit_log(
        caller,
        query.limit,
        after,
        target=query.target,
        actor_id=UserId(query.actor_id) if query.actor_id is not None else None,
    )
    items = tuple(AuditEntry.of(entry) for entry in page.entries)
    return Page[AuditEntry](items=items, next_cursor=write_cursor(page.last))
