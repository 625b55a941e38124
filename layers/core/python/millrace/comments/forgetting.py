"""What the bus tells comments: forget what hangs on videos, comments and accounts that are gone."""

from millrace.comments import service
from millrace.comments.model import CommentId
from millrace.platform.events import AccountDeleted, CommentRemoved, VideoDeleted, parse


def forget(detail_type: str, detail: object) -> None:
    """Act on an event; any other is nothing to us. Natural to repeat."""
    match parse(detail_type, detail):
        case VideoDeleted(video_id=video_id):
            service.forget_video(video_id)
        case CommentRemoved(video_id=video_id, comment_id=comment_id):
            service.forget_comment(video_id, CommentId(comment_id))
        case AccountDeleted(user_id=user_id):
            service.forget_user(user_id)
        case _:
            pass
