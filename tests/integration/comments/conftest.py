"""Comments on real videos: the world of the videos' tests, with a table of comments."""

from collections.abc import Iterator

import pytest

from millrace.comments import naming, store
from tests.integration.gateway import Gateway, trusting
from tests.integration.tables import make_table
from tests.integration.videos.conftest import Owner, World, catalog, forget_container, make_owner, owner, world

__all__ = ["Owner", "World", "catalog", "make_owner", "owner", "world"]


@pytest.fixture(scope="session")
def comments_table(world: World) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as environment:
        name = make_table(world.server, "CommentsTable")
        environment.setenv("COMMENTS_TABLE", name)
        yield name


@pytest.fixture
def comments(comments_table: str, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The comments function, in a container that has just started; everybody is called Ada."""
    forget_container()
    store._table.cache_clear()
    monkeypatch.setattr(naming, "name_of", lambda user_id: "Ada")
    return Gateway(trusting("comments"))
