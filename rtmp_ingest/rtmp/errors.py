"""What ends a connection."""

__all__ = ["ProtocolError"]


class ProtocolError(Exception):
    """Say that a publisher broke the protocol or a limit; the text is for the log and holds nothing of its bytes."""
