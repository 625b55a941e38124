"""Errors that the domain raises.

    DomainError
    ├── Malformed         400
    ├── NotFound          404
    ├── Conflict          409
    ├── Stale             412
    ├── Forbidden         403
    ├── Unauthenticated   401
    ├── Invalid           422   names the field
    ├── TooMany           429   says when to try again
    └── Unavailable       503   says when to try again
    WorkflowError               matched by class name in Retry and Catch of a state machine

Capabilities subclass the kinds (`class VideoGone(NotFound)`). The statuses above are decided in
`platform.http`; a subclass may set `slug` to give its problem a `type` of its own.
"""

from typing import ClassVar


class DomainError(Exception):
    """A fact that stops a use case; the message is one plain sentence, fit for the caller to read."""

    slug: ClassVar[str] = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Malformed(DomainError):
    """The request breaks the protocol that it follows."""

    slug = "malformed"


class NotFound(DomainError):
    """The thing does not exist, or the caller may not know that it does."""

    slug = "not-found"


class Conflict(DomainError):
    """The thing's present state does not allow this."""

    slug = "conflict"


class Stale(DomainError):
    """It was changed since the caller read it."""

    slug = "stale"

    def __init__(self, message: str = "This was changed since you read it. Read it again, then change it.") -> None:
        super().__init__(message)


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    slug = "forbidden"


class Unauthenticated(DomainError):
    """The caller did not prove who they are."""

    slug = "unauthenticated"


class Invalid(DomainError):
    """A value is not acceptable; `field` is its dotted path in the request."""

    slug = "invalid"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooMany(DomainError):
    """The caller asks too often; another try makes sense after `retry_after_s`."""

    slug = "too-many-requests"

    def __init__(self, message: str, retry_after_s: int = 60) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(DomainError):
    """Something that the use case needs does not answer; another try may succeed."""

    slug = "unavailable"

    def __init__(self, message: str, retry_after_s: int = 2) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class WorkflowError(Exception):
    """A failure of a workflow's step: state machines match it by the name of its class."""
