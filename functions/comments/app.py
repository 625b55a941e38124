"""Comments, likes and reports."""

from millrace.accounts.access import authenticate
from millrace.comments import naming, service
from millrace.comments.errors import CommentGone, CommentsClosed, NotYourComment, RepliesOnly
from millrace.comments.messages import CommentDraft, CommentList, CommentView, Reactions, ReportDraft, comment_page
from millrace.comments.model import CommentId, Target
from millrace.platform.http import Access, Api, Caller, Page
from millrace.platform.ids import VideoId
from millrace.platform.limits import per_account
from millrace.videos.errors import VideoGone

api = Api("comments", authenticate)
handler = api.chalice

# A lively conversation, and no flood.
COMMENTING = per_account("comment", 10, 60)
REPORTING = per_account("report", 20, 3600)

OF_VIDEO = "/api/videos/{video_id}"
COMMENT = "/api/comments/{comment_id}"
TAG = "comments"


@api.route(
    "POST",
    f"{OF_VIDEO}/comments",
    status=201,
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[VideoGone, CommentsClosed],
    idempotent=True,
    limits=[COMMENTING],
)
def post_comment(video_id: VideoId, body: CommentDraft, caller: Caller) -> CommentView:
    """Write a comment on a video."""
    return CommentView.of(service.post(video_id, None, caller, naming.name_of(caller.user_id), body.text))


@api.route("GET", f"{OF_VIDEO}/comments", access=Access.OPTIONAL, tag=TAG, raises=[VideoGone])
def list_comments(video_id: VideoId, query: CommentList, caller: Caller | None) -> Page[CommentView]:
    """List a video's comments, newest first; replies are listed by their comment."""
    return comment_page(service.page_of_video(video_id, caller, query.limit, query.after), caller)


@api.route(
    "POST",
    f"{COMMENT}/replies",
    status=201,
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[CommentGone, CommentsClosed, RepliesOnly],
    idempotent=True,
    limits=[COMMENTING],
)
def reply_to_comment(comment_id: CommentId, body: CommentDraft, caller: Caller) -> CommentView:
    """Answer a comment."""
    return CommentView.of(service.reply(comment_id, caller, naming.name_of(caller.user_id), body.text))


@api.route("GET", f"{COMMENT}/replies", access=Access.OPTIONAL, tag=TAG, raises=[CommentGone])
def list_replies(comment_id: CommentId, query: CommentList, caller: Caller | None) -> Page[CommentView]:
    """List the replies to a comment, oldest first."""
    return comment_page(service.page_of_replies(comment_id, caller, query.limit, query.after), caller)


@api.route("PATCH", COMMENT, access=Access.SIGNED_IN, tag=TAG, raises=[CommentGone, NotYourComment])
def edit_comment(comment_id: CommentId, body: CommentDraft, caller: Caller) -> CommentView:
    """Change one's own comment."""
    return CommentView.of(service.edit(comment_id, caller, body.text))


@api.route("DELETE", COMMENT, status=204, access=Access.SIGNED_IN, tag=TAG, raises=[CommentGone, NotYourComment])
def delete_comment(comment_id: CommentId, caller: Caller) -> None:
    """Remove a comment. Its author may, the video's owner, and moderators."""
    service.remove(comment_id, caller)


@api.route("PUT", f"{COMMENT}/like", status=204, access=Access.SIGNED_IN, tag=TAG, raises=[CommentGone])
def like_comment(comment_id: CommentId, caller: Caller) -> None:
    """Like a comment."""
    service.like(service.target_of(comment_id), caller)


@api.route("DELETE", f"{COMMENT}/like", status=204, access=Access.SIGNED_IN, tag=TAG, raises=[CommentGone])
def unlike_comment(comment_id: CommentId, caller: Caller) -> None:
    """Take the like of a comment back."""
    service.unlike(service.target_of(comment_id), caller)


@api.route(
    "POST",
    f"{COMMENT}/reports",
    status=204,
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[CommentGone],
    limits=[REPORTING],
)
def report_comment(comment_id: CommentId, body: ReportDraft, caller: Caller) -> None:
    """Report a comment to the moderators."""
    service.report(service.target_of(comment_id), caller, body.reason, body.text)


@api.route("GET", f"{OF_VIDEO}/reactions", access=Access.OPTIONAL, tag=TAG, raises=[VideoGone])
def get_reactions(video_id: VideoId, caller: Caller | None) -> Reactions:
    """Tell how often a video was liked and commented on."""
    counts, liked = service.reactions(video_id, caller)
    return Reactions(like_count=counts.likes, comment_count=counts.comments, liked=liked)


@api.route("PUT", f"{OF_VIDEO}/like", status=204, access=Access.SIGNED_IN, tag=TAG, raises=[VideoGone])
def like_video(video_id: VideoId, caller: Caller) -> None:
    """Like a video."""
    service.like(Target(video_id), caller)


@api.route("DELETE", f"{OF_VIDEO}/like", status=204, access=Access.SIGNED_IN, tag=TAG, raises=[VideoGone])
def unlike_video(video_id: VideoId, caller: Caller) -> None:
    """Take the like of a video back."""
    service.unlike(Target(video_id), caller)


@api.route(
    "POST",
    f"{OF_VIDEO}/reports",
    status=204,
    access=Access.SIGNED_IN,
    tag=TAG,
    raises=[VideoGone],
    limits=[REPORTING],
)
def report_video(video_id: VideoId, body: ReportDraft, caller: Caller) -> None:
    """Report a video to the moderators."""
    service.report(Target(video_id), caller, body.reason, body.text)
