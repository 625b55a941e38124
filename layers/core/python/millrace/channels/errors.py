"""What can stop a use case of channels."""

from millrace.platform.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from millrace.platform.ids import StreamKeyId


class ChannelGone(NotFound):
    """There is no such channel, or none that the caller may see."""

    slug = "channel-gone"

    def __init__(self, channel: str) -> None:
        super().__init__("There is no such channel.")
        self.channel = channel


class NotYourChannel(Forbidden):
    """The channel belongs to somebody else."""

    slug = "not-your-channel"

    def __init__(self) -> None:
        super().__init__("This channel is not yours.")


class MayNotPublish(Forbidden):
    """The account may have no channel: it lacks the role of a creator, or it is suspended."""

    slug = "may-not-publish"

    def __init__(self) -> None:
        super().__init__("This account may not have channels.")


class HandleTaken(Conflict):
    """Another channel has this handle, or had it until lately."""

    slug = "handle-taken"

    def __init__(self) -> None:
        super().__init__("This handle is taken.")


class RenamedTooOften(Conflict):
    """The channel keeps as many former handles as it may."""

    slug = "renamed-too-often"

    def __init__(self) -> None:
        super().__init__("This channel has changed its handle several times lately. Please wait, or take an old one.")


class TooManyChannels(Conflict):
    """The account has as many channels as it may."""

    slug = "too-many-channels"

    def __init__(self, limit: int) -> None:
        super().__init__(f"An account may have {limit} channels.")


class ChannelChangedMeanwhile(Conflict):
    """Somebody else changed the channel at the same moment."""

    slug = "channel-changed-meanwhile"

    def __init__(self) -> None:
        super().__init__("The channel was changed at the same moment. Look at it again.")


class OwnChannel(Conflict):
    """Nobody follows themselves."""

    slug = "own-channel"

    def __init__(self) -> None:
        super().__init__("You cannot follow your own channel.")


class BannerMissing(Conflict):
    """The picture was not uploaded, or too long ago."""

    slug = "banner-missing"

    def __init__(self) -> None:
        super().__init__("The picture has not arrived. Upload it first.")


class BannerRejected(Invalid):
    """The uploaded file is not a picture that can be a banner."""

    slug = "banner-rejected"

    def __init__(self, message: str) -> None:
        super().__init__("banner_id", message)


class TooManyStreamKeys(Conflict):
    """The channel has as many stream keys as it may."""

    slug = "too-many-stream-keys"

    def __init__(self, limit: int) -> None:
        super().__init__(f"A channel may have {limit} stream keys. Revoke one first.")


class StreamKeyGone(NotFound):
    """There is no such stream key, or no longer."""

    slug = "stream-key-gone"

    def __init__(self, key_id: StreamKeyId) -> None:
        super().__init__("There is no such stream key.")
        self.key_id = key_id


class StreamKeyUnknown(Forbidden):
    """The stream key opens nothing, or no longer."""

    slug = "stream-key-unknown"

    def __init__(self) -> None:
        super().__init__("This stream key is not valid. Copy it again from your channel's settings.")


class ChannelSuspended(Forbidden):
    """The channel may not stream."""

    slug = "channel-suspended"

    def __init__(self) -> None:
        super().__init__("This channel is suspended and cannot stream.")


class ChannelsUnavailable(Unavailable):
    """The tables do not answer."""

    def __init__(self) -> None:
        super().__init__("Channels cannot be reached at the moment. Please try again.")
