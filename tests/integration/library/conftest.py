"""A viewer's library over real videos: the world of the videos' tests, with the library's tables."""

from collections.abc import Iterator

import pytest

from millrace.library import store
from millrace.library.playlists import store as playlists_store
from tests.integration.gateway import Gateway, trusting
from tests.integration.tables import make_table
from tests.integration.videos.conftest import Owner, World, catalog, forget_container, make_owner, owner, world

__all__ = ["Owner", "World", "catalog", "make_owner", "owner", "world"]


@pytest.fixture(scope="session")
def tables(world: World) -> Iterator[dict[str, str]]:
    with pytest.MonkeyPatch.context() as environment:
        made = {
            "LIBRARY_TABLE": make_table(world.server, "LibraryTable"),
            "PLAYLISTS_TABLE": make_table(world.server, "PlaylistsTable"),
        }
        for name, value in made.items():
            environment.setenv(name, value)
        yield made


@pytest.fixture
def library(tables: dict[str, str]) -> Gateway:
    """The library function, in a container that has just started."""
    forget_container()
    store._table.cache_clear()
    playlists_store._table.cache_clear()
    return Gateway(trusting("library"))
