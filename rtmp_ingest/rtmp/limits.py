"""What one publisher may ask of the server."""

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of time, bytes and counts; whoever exceeds one is disconnected.

    Before a publish is accepted a connection may hold `unauthorised_bytes` only, so strangers cannot fill memory.
    """

    handshake_s: float = 5.0
    # From connecting to an accepted publish, without the time that the API takes.
    publish_s: float = 10.0
    authorise_s: float = 10.0
    # No byte at all: a half-open connection, or a frozen encoder.
    idle_s: float = 15.0
    # Bytes, but no whole message.
    stalled_s: float = 60.0
    # A publisher that is told to go gets this long to read why.
    farewell_s: float = 2.0
    # When the server stops, the last of every stream is encoded, stored and told of within this time.
    closing_s: float = 15.0
    connections: int = 1000
    connections_per_address: int = 200
    # Streams at once, those included that are being checked.
    publishers: int = 100
    # A key frame of 4K at a high bitrate is about 2 MB; nginx's 1 MB cuts those.
    media_message_bytes: int = 6 << 20
    command_bytes: int = 64 << 10
    # All messages of one connection that are not complete yet.
    partial_bytes: int = 12 << 20
    unauthorised_bytes: int = 128 << 10
    # Answers that a publisher does not read.
    unread_answer_bytes: int = 256 << 10
    # Encoders use about six.
    chunk_streams: int = 32
    amf_depth: int = 8
    amf_items: int = 512
    stream_key_characters: int = 512
    acknowledge_every_bytes: int = 2_500_000
