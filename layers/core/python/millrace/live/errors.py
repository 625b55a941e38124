"""What can stop a use case of live streams."""

from millrace.platform.errors import Conflict, Forbidden, Invalid, Malformed, NotFound, Unauthenticated, Unavailable


class StreamGone(NotFound):
    """There is no such stream, or none that the caller may see."""

    slug = "stream-gone"

    def __init__(self, stream: str) -> None:
        super().__init__("There is no such live stream.")
        self.stream = stream


class NotYourStream(Forbidden):
    """The stream belongs to somebody else."""

    slug = "not-your-stream"

    def __init__(self) -> None:
        super().__init__("This live stream is not yours.")


class AlreadyLive(Conflict):
    """Another publisher streams to the channel."""

    slug = "already-live"

    def __init__(self) -> None:
        super().__init__("This channel is live already. Stop the other encoder first.")


class LeaseLost(Conflict):
    """Another ingest holds the session, or it has ended: whoever asked must not write any more."""

    slug = "lease-lost"

    def __init__(self, session: str) -> None:
        super().__init__("This session has ended, or another ingest has taken it over.")
        self.session = session


class HasEnded(Conflict):
    """The stream is over, and this needs one that is not."""

    slug = "stream-ended"

    def __init__(self) -> None:
        super().__init__("This live stream has ended.")


class NotStarted(Conflict):
    """Nothing of the stream can be played yet."""

    slug = "stream-not-started"

    def __init__(self) -> None:
        super().__init__("This live stream has not started yet. Please try again in a moment.")


class StreamChangedMeanwhile(Conflict):
    """Somebody else changed the stream at the same moment."""

    slug = "stream-changed-meanwhile"

    def __init__(self) -> None:
        super().__init__("The live stream was changed at the same moment. Look at it again.")


class BadIngestSecret(Unauthenticated):
    """Whoever asks is no ingest of ours."""

    slug = "bad-ingest-secret"

    def __init__(self) -> None:
        super().__init__("Only the platform's own ingest may do this.")


class ClipGone(NotFound):
    """There is no such clip, or none that the caller may see."""

    slug = "clip-gone"

    def __init__(self, clip: str) -> None:
        super().__init__("There is no such clip.")
        self.clip = clip


class ClipOutside(Invalid):
    """The stream has nothing to play there."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(field, message)


class ScheduledStreamGone(NotFound):
    """There is no such scheduled stream, or none that the caller may see."""

    slug = "scheduled-stream-gone"

    def __init__(self, scheduled: str) -> None:
        super().__init__("There is no such scheduled stream.")
        self.scheduled = scheduled


class LiveUnavailable(Unavailable):
    """The tables of live streams do not answer."""

    def __init__(self) -> None:
        super().__init__("Live streams cannot be reached at the moment. Please try again.", retry_after_s=1)


class BadDirective(Malformed):
    """A player asks for what cannot be: a delivery directive that makes no sense, or far too early."""

    slug = "bad-directive"


class TooManyScheduledStreams(Conflict):
    """The channel has announced as many streams as it may."""

    slug = "too-many-scheduled-streams"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A channel may announce {limit} streams. Call one off first.")
