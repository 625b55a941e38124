"""The table of comments.

    item       id                           thread, sort                        author_id
    comment    <comment_id>                 VIDEO#<video_id>, <comment_id>      who wrote it
    reply      <comment_id>                 REPLIES#<parent_id>, <comment_id>   who wrote it
    like       LIKE#<target>#<user_id>      LIKES#<video_id>, <target>#<user>   who likes it
    report     REPORT#<target>#<user_id>    REPORTS, <report_id>                who reports it
    counts     VIDEO#<video_id>

    access pattern                           request
    write a comment or a reply, counted      TransactWriteItems: comment absent, parent there, counts + 1
    remove one, counted                      TransactWriteItems: comment there, counts - 1
    like and unlike, counted                 TransactWriteItems: like absent or there, its target's count ± 1
    one comment                              GetItem
    a video's comments, newest first         Query by_thread
    a comment's replies, oldest first        Query by_thread
    a page's likes of one person             BatchGetItem
    a video's counts                         GetItem
    open reports, oldest first               Query by_thread
    all that one person wrote and liked      Query by_author
    all likes of a video or a comment        Query by_thread

Counts move in the transaction that stores or removes what they count, so they are exact however many write at once
and however often a request is repeated. Lists are read from indexes, which follow within moments.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.comments.errors import CommentGone, CommentsUnavailable
from millrace.comments.model import Comment, CommentId, Counts, Reason, Report, ReportId, Target
from millrace.platform import settings
from millrace.platform.clock import now
from millrace.platform.ids import UserId, VideoId
from millrace.platform.store import Cancelled, Deadlines, transact

REPORTS = "REPORTS"


class _ByThread(GlobalSecondaryIndex["_Item"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_thread"
        projection = AllProjection()

    thread = UnicodeAttribute(hash_key=True)
    sort = UnicodeAttribute(range_key=True)


class _ByAuthor(GlobalSecondaryIndex["_Item"]):  # type: ignore[no-untyped-call]  # untyped in pynamodb
    class Meta:
        index_name = "by_author"
        projection = AllProjection()

    author_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)


class _Item(Model):
    class Meta(Deadlines):
        """Set on first use."""

    id = UnicodeAttribute(hash_key=True)
    thread = UnicodeAttribute(null=True)
    sort = UnicodeAttribute(null=True)
    video_id = UnicodeAttribute(null=True)
    comment_id = UnicodeAttribute(null=True)
    parent_id = UnicodeAttribute(null=True)
    author_id = UnicodeAttribute(null=True)
    author_name = UnicodeAttribute(null=True)
    text = UnicodeAttribute(null=True)
    reason = UnicodeAttribute(null=True)
    created_at = UTCDateTimeAttribute(null=True)
    edited_at = UTCDateTimeAttribute(null=True)
    removed_at = UTCDateTimeAttribute(null=True)
    like_count = NumberAttribute(null=True)
    reply_count = NumberAttribute(null=True)
    comment_count = NumberAttribute(null=True)
    by_thread = _ByThread()
    by_author = _ByAuthor()


@dataclass(frozen=True, slots=True)
class CommentPage:
    """Some comments, and the one after which the next page begins; None at the end."""

    comments: Sequence[Comment]
    last: CommentId | None


def add(comment: Comment) -> bool:
    """Store a comment and count it; False if it is there already, or its parent is not."""
    item = _table()(
        comment.comment_id,
        thread=_thread(comment),
        sort=comment.comment_id,
        video_id=comment.video_id,
        comment_id=comment.comment_id,
        parent_id=comment.parent_id,
        author_id=comment.author_id,
        author_name=comment.author_name,
        text=comment.text,
        created_at=comment.created_at,
        like_count=0,
        reply_count=0,
    )

    def fill(transaction: TransactWrite) -> None:
        transaction.save(item, condition=_Item.id.does_not_exist())
        _count_comment(transaction, comment, 1)

    return _happened(fill)


def get(comment_id: CommentId) -> Comment:
    """Return the comment, removed ones too; raises CommentGone."""
    with _translated():
        try:
            return _comment(_table().get(comment_id, consistent_read=True))
        except DoesNotExist as error:
            raise CommentGone(comment_id) from error


def thread_page(root: VideoId | CommentId, *, replies: bool, limit: int, after: CommentId | None) -> CommentPage:
    """Return a page of a video's comments, newest first, or of a comment's replies, oldest first."""
    items, more = _query(f"{'REPLIES' if replies else 'VIDEO'}#{root}", limit, after, forward=replies)
    comments = [_comment(item) for item in items]
    return CommentPage(comments, comments[-1].comment_id if more and comments else None)


def change_text(comment_id: CommentId, author_id: UserId, text: str) -> Comment:
    """Replace the text of somebody's own comment; raises CommentGone."""
    item = _table()(comment_id)
    actions: list[Action] = [_Item.text.set(text), _Item.edited_at.set(now())]
    condition = (_Item.author_id == author_id) & _Item.removed_at.does_not_exist()
    with _translated():
        try:
            item.update(actions=actions, condition=condition)
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise CommentGone(comment_id) from error
            raise
    return _comment(item)


def remove(comment: Comment) -> bool:
    """Remove a comment and count it; False if that has happened, or if it has got its first reply meanwhile.

    One with replies stays, without text and author, for their sake.
    """
    item = _table()(comment.comment_id)
    there = _Item.id.exists() & _Item.removed_at.does_not_exist()

    def fill(transaction: TransactWrite) -> None:
        if comment.reply_count:
            emptied: list[Action] = [_Item.text.remove(), _Item.author_id.remove(), _Item.author_name.remove()]
            transaction.update(item, actions=[*emptied, _Item.removed_at.set(now())], condition=there)
        else:
            transaction.delete(item, condition=there & (_Item.reply_count == 0))
        _count_comment(transaction, comment, -1)

    return _happened(fill)


def like(target: Target, user_id: UserId) -> bool:
    """Store a like and count it; False if it is there already, or the comment is not."""
    item = _table()(
        _like_key(target, user_id),
        thread=f"LIKES#{target.video_id}",
        sort=f"{target.name}#{user_id}",
        video_id=target.video_id,
        comment_id=target.comment_id,
        author_id=user_id,
        created_at=now(),
    )

    def fill(transaction: TransactWrite) -> None:
        transaction.save(item, condition=_Item.id.does_not_exist())
        _count_like(transaction, target, 1)

    return _happened(fill)


def unlike(target: Target, user_id: UserId) -> bool:
    """Remove a like and count it; False if there is none."""

    def fill(transaction: TransactWrite) -> None:
        transaction.delete(_table()(_like_key(target, user_id)), condition=_Item.id.exists())
        _count_like(transaction, target, -1)

    return _happened(fill)


def drop_like(target: Target, user_id: UserId) -> None:
    """Forget a like of what is gone: nothing is counted."""
    with _translated():
        _table()(_like_key(target, user_id)).delete()


def liked(targets: Sequence[Target], user_id: UserId) -> set[str]:
    """Return the names of those of the targets that the person likes."""
    if not targets:
        return set()
    names = {_like_key(target, user_id): target.name for target in targets}
    with _translated():
        return {names[item.id] for item in _table().batch_get(list(names))}


def counts(video_id: VideoId) -> Counts:
    """Return a video's counts."""
    with _translated():
        try:
            item = _table().get(f"VIDEO#{video_id}", consistent_read=True)
        except DoesNotExist:
            return Counts()
        return Counts(likes=int(item.like_count or 0), comments=int(item.comment_count or 0))


def add_report(report: Report) -> bool:
    """Store a report; False if the same person has an open one about the same thing."""
    target = report.target
    item = _table()(
        f"REPORT#{target.name}#{report.reporter_id}",
        thread=REPORTS,
        sort=report.report_id,
        video_id=target.video_id,
        comment_id=target.comment_id,
        author_id=report.reporter_id,
        reason=report.reason.value,
        text=report.text,
        created_at=report.created_at,
    )
    return _happened(lambda transaction: transaction.save(item, condition=_Item.id.does_not_exist()))


def reports(limit: int, after: ReportId | None) -> tuple[Sequence[Report], ReportId | None]:
    """Return a page of open reports, oldest first, and the one after which the next page begins."""
    items, more = _query(REPORTS, limit, after, forward=True)
    found = [_report(item) for item in items]
    return found, found[-1].report_id if more and found else None


def drop_report(target: Target, reporter_id: UserId) -> None:
    """Forget a report; natural to repeat."""
    with _translated():
        _table()(f"REPORT#{target.name}#{reporter_id}").delete()


def forget_likes(video_id: VideoId, comment_id: CommentId | None) -> None:
    """Forget the likes of a comment that is gone, or of everything below a video that is gone."""
    prefix = _Item.sort.startswith(f"{comment_id}#") if comment_id else None
    _table()
    with _translated():
        found = _Item.by_thread.query(f"LIKES#{video_id}", prefix)
        _delete(item.id for item in found)


def forget_video(video_id: VideoId) -> None:
    """Forget everything below a video that is gone. Natural to repeat."""
    forget_likes(video_id, None)
    with _translated():
        for item in _Item.by_thread.query(f"VIDEO#{video_id}"):
            _delete(reply.id for reply in _Item.by_thread.query(f"REPLIES#{item.id}"))
            _delete([item.id])
        _delete([f"VIDEO#{video_id}"])
        about = _Item.video_id == video_id
        _delete(item.id for item in _Item.by_thread.query(REPORTS, filter_condition=about))


def of_author(author_id: UserId) -> Iterator[Comment | Target | Report]:
    """Yield all that somebody wrote, liked and reported."""
    _table()
    with _translated():
        for item in _Item.by_author.query(author_id):
            if item.id.startswith("LIKE#"):
                yield Target(VideoId(item.video_id), _optional_comment(item))
            elif item.id.startswith("REPORT#"):
                yield _report(item)
            else:
                yield _comment(item)


def _delete(ids: Iterable[str]) -> None:
    with _table().batch_write() as batch:
        for key in ids:
            batch.delete(_table()(key))


def _query(thread: str, limit: int, after: str | None, *, forward: bool) -> tuple[list[_Item], bool]:
    _table()
    with _translated():
        key: dict[str, dict[str, Any]] | None = None
        if after is not None:
            key = {"id": {"S": _key_of(thread, after)}, "thread": {"S": thread}, "sort": {"S": after}}
        found = _Item.by_thread.query(thread, scan_index_forward=forward, limit=limit, last_evaluated_key=key)
        return list(found), found.last_evaluated_key is not None


def _key_of(thread: str, sort: str) -> str:
    """Return the item's id: a comment's is its place in the thread, a report's is not."""
    if thread != REPORTS:
        return sort
    found = list(_Item.by_thread.query(thread, _Item.sort == sort, limit=1))
    # A report that was resolved meanwhile: any id will do, the place in the index is what counts.
    return found[0].id if found else sort


def _count_comment(transaction: TransactWrite, comment: Comment, by: int) -> None:
    counted: list[Action] = [_Item.comment_count.add(by)]
    transaction.update(_table()(f"VIDEO#{comment.video_id}"), actions=counted)
    if comment.parent_id is not None:
        answered: list[Action] = [_Item.reply_count.add(by)]
        transaction.update(_table()(comment.parent_id), actions=answered, condition=_countable(by))


def _count_like(transaction: TransactWrite, target: Target, by: int) -> None:
    actions: list[Action] = [_Item.like_count.add(by)]
    if target.comment_id is None:
        transaction.update(_table()(f"VIDEO#{target.video_id}"), actions=actions)
        return
    transaction.update(_table()(target.comment_id), actions=actions, condition=_countable(by))


def _countable(by: int) -> Condition:
    """Say that the comment can be counted for: a removed one loses replies and likes, and gets no new ones."""
    there: Condition = _Item.id.exists()
    if by > 0:
        there &= _Item.removed_at.does_not_exist()
    return there


def _happened(fill: Callable[[TransactWrite], None]) -> bool:
    try:
        transact(fill, CommentsUnavailable)
    except Cancelled:
        return False
    return True


def _thread(comment: Comment) -> str:
    return f"REPLIES#{comment.parent_id}" if comment.parent_id else f"VIDEO#{comment.video_id}"


def _like_key(target: Target, user_id: UserId) -> str:
    return f"LIKE#{target.name}#{user_id}"


@cache
def _table() -> type[_Item]:
    _Item.Meta.table_name = settings.require("COMMENTS_TABLE")
    return _Item


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise CommentsUnavailable from error


def _optional_comment(item: _Item) -> CommentId | None:
    return CommentId(item.comment_id) if item.comment_id else None


def _comment(item: _Item) -> Comment:
    return Comment(
        comment_id=CommentId(item.id),
        video_id=VideoId(item.video_id),
        parent_id=CommentId(item.parent_id) if item.parent_id else None,
        author_id=UserId(item.author_id) if item.author_id else None,
        author_name=item.author_name or "",
        text=item.text or "",
        created_at=item.created_at,
        edited_at=item.edited_at,
        removed_at=item.removed_at,
        like_count=int(item.like_count or 0),
        reply_count=int(item.reply_count or 0),
    )


def _report(item: _Item) -> Report:
    return Report(
        report_id=ReportId(item.sort),
        target=Target(VideoId(item.video_id), _optional_comment(item)),
        reporter_id=UserId(item.author_id),
        reason=Reason(item.reason),
        text=item.text or "",
        created_at=item.created_at,
    )
