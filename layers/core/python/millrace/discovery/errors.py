"""What can stop a use case of discovery."""

from millrace.platform.errors import NotFound, Unavailable


class NoSuchCategory(NotFound):
    """There is no category of this name."""

    def __init__(self, category: str) -> None:
        super().__init__("There is no such category.")
        self.category = category


class DiscoveryUnavailable(Unavailable):
    """The table or the stored index does not answer."""

    def __init__(self) -> None:
        super().__init__("Lists and search cannot be reached at the moment. Please try again.")


class SnapshotReplaced(Exception):
    """Somebody else stored an index meanwhile."""


class SnapshotLost(Exception):
    """A stored index is gone, or cannot be read."""
