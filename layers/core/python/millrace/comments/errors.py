"""What can stop a use case of comments."""

from millrace.comments.model import CommentId
from millrace.platform.errors import Conflict, Forbidden, NotFound, Unavailable


class CommentGone(NotFound):
    """There is no such comment, or none that the caller may see."""

    slug = "comment-gone"

    def __init__(self, comment_id: CommentId) -> None:
        super().__init__("There is no such comment.")
        self.comment_id = comment_id


class CommentsClosed(Forbidden):
    """The owner of the video does not want comments."""

    slug = "comments-closed"

    def __init__(self) -> None:
        super().__init__("Comments are turned off for this video.")


class NotYourComment(Forbidden):
    """Somebody else wrote the comment."""

    slug = "not-your-comment"

    def __init__(self) -> None:
        super().__init__("Somebody else wrote this comment.")


class RepliesOnly(Conflict):
    """A reply was answered: threads have two levels."""

    slug = "no-reply-to-a-reply"

    def __init__(self) -> None:
        super().__init__("A reply cannot be answered. Answer the comment that it belongs to.")


class CommentsUnavailable(Unavailable):
    """The table does not answer."""

    def __init__(self) -> None:
        super().__init__("Comments cannot be reached at the moment. Please try again.")
