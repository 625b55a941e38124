"""Use cases of comments, likes and reports."""

from collections.abc import Sequence

from millrace.comments import store
from millrace.comments.errors import CommentGone, CommentsClosed, NotYourComment, RepliesOnly
from millrace.comments.model import Comment, CommentId, Counts, Reason, Report, ReportId, Target
from millrace.platform import events
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.events import CommentPosted, CommentRemoved, CommentReported, VideoReported
from millrace.platform.ids import UserId, VideoId, new_id
from millrace.videos import service as videos
from millrace.videos.errors import VideoGone
from millrace.videos.model import Video

# A comment may get its first reply while it is removed; then it is removed in the other way.
TRIES = 3


def post(video_id: VideoId, parent_id: CommentId | None, caller: Caller, author_name: str, text: str) -> Comment:
    """Write a comment on a video, or a reply; raises VideoGone, CommentsClosed, CommentGone or RepliesOnly."""
    video = videos.visible(video_id, caller)
    if not video.details.comments_enabled:
        raise CommentsClosed
    if parent_id is not None:
        _answerable(parent_id, video_id)
    comment = Comment(
        comment_id=CommentId(new_id()),
        video_id=video_id,
        parent_id=parent_id,
        author_id=caller.user_id,
        author_name=author_name,
        text=text,
        created_at=now(),
    )
    if not store.add(comment):
        raise CommentGone(parent_id or comment.comment_id)
    events.publish(
        CommentPosted(
            video_id=video_id,
            owner_id=video.owner_id,
            channel_id=video.channel_id,
            comment_id=comment.comment_id,
            author_id=caller.user_id,
            parent_id=parent_id,
        )
    )
    return comment


def reply(comment_id: CommentId, caller: Caller, author_name: str, text: str) -> Comment:
    """Answer a comment; raises as `post`."""
    return post(store.get(comment_id).video_id, comment_id, caller, author_name, text)


def visible(comment_id: CommentId, caller: Caller | None) -> Comment:
    """Return a comment on a video that the caller may see; raises CommentGone. Removed ones stand for replies."""
    comment = store.get(comment_id)
    try:
        videos.visible(comment.video_id, caller)
    except VideoGone as error:
        raise CommentGone(comment_id) from error
    return comment


def page_of_video(video_id: VideoId, caller: Caller | None, limit: int, after: CommentId | None) -> store.CommentPage:
    """Return a page of a video's comments, newest first; raises VideoGone."""
    videos.visible(video_id, caller)
    return store.thread_page(video_id, replies=False, limit=limit, after=after)


def page_of_replies(
    comment_id: CommentId, caller: Caller | None, limit: int, after: CommentId | None
) -> store.CommentPage:
    """Return a page of a comment's replies, oldest first; raises CommentGone."""
    visible(comment_id, caller)
    return store.thread_page(comment_id, replies=True, limit=limit, after=after)


def edit(comment_id: CommentId, caller: Caller, text: str) -> Comment:
    """Replace the text of one's own comment; raises CommentGone or NotYourComment."""
    if visible(comment_id, caller).author_id != caller.user_id:
        raise NotYourComment
    return store.change_text(comment_id, caller.user_id, text)


def remove(comment_id: CommentId, caller: Caller) -> None:
    """Remove a comment: its author may, the video's owner, and moderators. Raises CommentGone or NotYourComment."""
    comment = visible(comment_id, caller)
    may = comment.author_id == caller.user_id or bool(caller.roles & videos.MODERATORS)
    if not may and videos.visible(comment.video_id, caller).owner_id != caller.user_id:
        raise NotYourComment
    _remove(comment)


def like(target: Target, caller: Caller) -> None:
    """Like a comment or a video; natural to repeat. Raises VideoGone or CommentGone."""
    _check(target, caller)
    if not store.like(target, caller.user_id) and target.comment_id and store.get(target.comment_id).removed_at:
        raise CommentGone(target.comment_id)


def unlike(target: Target, caller: Caller) -> None:
    """Take a like back; natural to repeat. Raises VideoGone or CommentGone."""
    _check(target, caller)
    store.unlike(target, caller.user_id)


def target_of(comment_id: CommentId) -> Target:
    """Return what a comment is to likes and reports; raises CommentGone."""
    return Target(store.get(comment_id).video_id, comment_id)


def reactions(video_id: VideoId, caller: Caller | None) -> tuple[Counts, bool]:
    """Return a video's counts, and whether the caller likes it; raises VideoGone."""
    videos.visible(video_id, caller)
    is_liked = caller is not None and bool(store.liked([Target(video_id)], caller.user_id))
    return store.counts(video_id), is_liked


def liked_of(comments: Sequence[Comment], caller: Caller | None) -> set[str]:
    """Return the ids of those of the comments that the caller likes."""
    if caller is None:
        return set()
    return store.liked([Target(comment.video_id, comment.comment_id) for comment in comments], caller.user_id)


def report(target: Target, caller: Caller, reason: Reason, text: str) -> None:
    """Report a video or a comment to the moderators; a second report of the same person changes nothing."""
    video = _check(target, caller)
    made = Report(ReportId(new_id()), target, caller.user_id, reason, text, now())
    if not store.add_report(made):
        return
    kind = CommentReported if target.comment_id else VideoReported
    events.publish(
        kind.model_validate(
            {
                "video_id": video.video_id,
                "owner_id": video.owner_id,
                "channel_id": video.channel_id,
                "comment_id": target.comment_id,
                "report_id": made.report_id,
                "reason": reason.value,
            }
        )
    )


def reports(limit: int, after: ReportId | None) -> tuple[Sequence[Report], ReportId | None]:
    """Return a page of open reports, oldest first; the caller has checked that a moderator asks."""
    return store.reports(limit, after)


def resolve(target: Target, reporter_id: UserId) -> None:
    """Close a report; the caller has checked that a moderator decides. Natural to repeat."""
    store.drop_report(target, reporter_id)


def forget_video(video_id: VideoId) -> None:
    """Forget everything below a video that is gone. Natural to repeat."""
    store.forget_video(video_id)


def forget_comment(video_id: VideoId, comment_id: CommentId) -> None:
    """Forget who liked a comment that is gone. Natural to repeat."""
    store.forget_likes(video_id, comment_id)


def forget_user(user_id: UserId) -> None:
    """Remove all that somebody wrote, liked and reported: their account ends. Natural to repeat."""
    for found in store.of_author(user_id):
        match found:
            case Comment():
                _remove(found)
            case Target():
                if not store.unlike(found, user_id):
                    store.drop_like(found, user_id)
            case Report():
                store.drop_report(found.target, user_id)


def _remove(comment: Comment) -> None:
    for _ in range(TRIES):
        if comment.removed_at:
            return
        if store.remove(comment):
            events.publish(CommentRemoved(video_id=comment.video_id, comment_id=comment.comment_id))
            return
        try:
            comment = store.get(comment.comment_id)
        except CommentGone:
            return


def _answerable(parent_id: CommentId, video_id: VideoId) -> None:
    parent = store.get(parent_id)
    if parent.video_id != video_id or parent.removed_at:
        raise CommentGone(parent_id)
    if parent.parent_id is not None:
        raise RepliesOnly


def _check(target: Target, caller: Caller) -> Video:
    return videos.visible(target.video_id, caller)
