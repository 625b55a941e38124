"""What the API takes and gives about comments. Texts are plain, never HTML."""

from typing import Annotated, Self

from pydantic import AfterValidator, AwareDatetime, Field

from millrace.comments import service
from millrace.comments.model import MAX_REPORT_CHARS, MAX_TEXT_CHARS, Comment, CommentId, Reason
from millrace.comments.store import CommentPage
from millrace.platform.caller import Caller
from millrace.platform.errors import Invalid
from millrace.platform.http import Input, Output, Page, decode_cursor, encode_cursor
from millrace.platform.ids import UserId, VideoId, is_id
from millrace.platform.text import paragraphs

Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_CHARS), AfterValidator(paragraphs), Field(min_length=1)]


class CommentDraft(Input):
    """What somebody writes: plain text with line breaks."""

    text: Text


class ReportDraft(Input):
    """Why somebody reports something."""

    reason: Reason
    text: Annotated[str, Field(max_length=MAX_REPORT_CHARS), AfterValidator(paragraphs)] = ""


class CommentList(Input):
    """Which page of a thread."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: str | None = None

    @property
    def after(self) -> CommentId | None:
        """The comment that the page before ended with; a cursor that is not ours raises Invalid."""
        key = decode_cursor(self.cursor)
        if key is None:
            return None
        after = key.get("after")
        if not isinstance(after, str) or not is_id(after):
            raise Invalid("cursor", "This cursor is not one that a list gave out.")
        return CommentId(after)


class CommentView(Output):
    """A comment; a removed one has neither text nor author, and stands for its replies."""

    comment_id: CommentId
    video_id: VideoId
    parent_id: CommentId | None
    author_id: UserId | None
    author_name: str
    text: str
    created_at: AwareDatetime
    edited_at: AwareDatetime | None
    removed: bool
    like_count: int
    reply_count: int
    liked: Annotated[bool, Field(description="Whether the caller likes it.")]

    @classmethod
    def of(cls, comment: Comment, *, liked: bool = False) -> Self:
        """Show a comment."""
        return cls(
            comment_id=comment.comment_id,
            video_id=comment.video_id,
            parent_id=comment.parent_id,
            author_id=comment.author_id,
            author_name=comment.author_name,
            text=comment.text,
            created_at=comment.created_at,
            edited_at=comment.edited_at,
            removed=comment.removed_at is not None,
            like_count=comment.like_count,
            reply_count=comment.reply_count,
            liked=liked,
        )


class Reactions(Output):
    """How a video is received."""

    like_count: int
    comment_count: Annotated[int, Field(description="Replies included.")]
    liked: Annotated[bool, Field(description="Whether the caller likes it.")]


def comment_page(found: CommentPage, caller: Caller | None) -> Page[CommentView]:
    """Show a page of a thread to the caller."""
    liked = service.liked_of(found.comments, caller)
    items = tuple(CommentView.of(comment, liked=comment.comment_id in liked) for comment in found.comments)
    return Page[CommentView](items=items, next_cursor=encode_cursor({"after": found.last} if found.last else None))
