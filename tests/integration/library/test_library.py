"""History, watch later and playlists over HTTP, against real tables."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from millrace.library import service
from millrace.library.model import PlaylistId
from millrace.library.playlists import service as playlists
from millrace.platform.caller import Caller
from millrace.platform.ids import VideoId, new_id
from tests.integration.gateway import Gateway
from tests.integration.videos.conftest import Owner, World, somebody

HISTORY = "/api/me/history"
LATER = "/api/me/watch-later"


def shelf(library: Gateway, path: str, caller: Caller, query: str = "") -> Any:
    answer = library.call("GET", path + query, caller=caller)
    assert answer.status == 200, answer.body
    return answer.json


@pytest.fixture
def ada() -> Caller:
    return somebody()


@pytest.fixture
def playlist(library: Gateway, ada: Caller) -> str:
    answer = library.call("POST", "/api/playlists", {"title": "Mills"}, caller=ada)
    assert answer.status == 201, answer.body
    assert (answer.json["visibility"], answer.json["video_count"]) == ("private", 0)
    return str(answer.json["playlist_id"])


def put(library: Gateway, playlist_id: str, video_id: str, caller: Caller, **body: Any) -> Any:
    return library.call("PUT", f"/api/playlists/{playlist_id}/videos/{video_id}", body, caller=caller)


def order(library: Gateway, playlist_id: str, caller: Caller | None) -> list[str]:
    answer = library.call("GET", f"/api/playlists/{playlist_id}/videos", caller=caller)
    assert answer.status == 200, answer.body
    return [item["video_id"] for item in answer.json["items"]]


def test_the_history_has_each_video_once_the_latest_first(library: Gateway, owner: Owner, ada: Caller) -> None:
    first, second = owner.ready(title="First"), owner.ready(title="Second")
    for video_id, position_ms in ((first, 1000), (second, 2000), (first, 3000)):
        answer = library.call("PUT", f"{HISTORY}/{video_id}", {"position_ms": position_ms}, caller=ada)
        assert answer.status == 204
    items = shelf(library, HISTORY, ada)["items"]
    assert [(item["video_id"], item["position_ms"]) for item in items] == [(first, 3000), (second, 2000)]
    assert items[0]["video"]["title"] == "First"
    assert shelf(library, HISTORY, somebody())["items"] == []
    assert library.call("GET", HISTORY).status == 401

    library.call("DELETE", f"{HISTORY}/{first}", caller=ada)
    assert [item["video_id"] for item in shelf(library, HISTORY, ada)["items"]] == [second]
    for _ in range(2):
        assert library.call("DELETE", HISTORY, caller=ada).status == 204
    assert shelf(library, HISTORY, ada)["items"] == []


def test_watch_later_is_walked_by_cursors_to_its_end(library: Gateway, owner: Owner, ada: Caller) -> None:
    wanted = [owner.ready() for _ in range(3)]
    for video_id in wanted:
        assert library.call("PUT", f"{LATER}/{video_id}", caller=ada).status == 204
    found, cursor = [], ""
    while True:
        page = shelf(library, LATER, ada, f"?limit=2{cursor}")
        found += [item["video_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == wanted[::-1]
    assert library.call("GET", f"{LATER}?cursor=bm9uc2Vuc2U", caller=ada).status == 422
    library.call("DELETE", f"{LATER}/{wanted[0]}", caller=ada)
    assert len(shelf(library, LATER, ada)["items"]) == 2


def test_a_video_that_was_hidden_later_shows_nothing_of_itself(library: Gateway, owner: Owner, ada: Caller) -> None:
    video_id = owner.ready(title="Secret")
    library.call("PUT", f"{LATER}/{video_id}", caller=ada)
    owner.change(video_id, visibility="private")
    (entry,) = shelf(library, LATER, ada)["items"]
    assert (entry["video_id"], entry["video"]) == (video_id, None)
    for path in (f"{LATER}/{video_id}", f"{LATER}/{new_id()}"):
        assert library.call("PUT", path, caller=ada).status == 404


def test_a_playlist_keeps_the_order_of_its_owner(library: Gateway, owner: Owner, ada: Caller, playlist: str) -> None:
    a, b, c = (owner.ready() for _ in range(3))
    for video_id in (a, b, c, a):
        assert put(library, playlist, video_id, ada).status == 200
    assert order(library, playlist, ada) == [a, b, c]
    put(library, playlist, c, ada, position=0)
    assert order(library, playlist, ada) == [c, a, b]
    put(library, playlist, c, ada, position=99)
    assert order(library, playlist, ada) == [a, b, c]
    answer = library.call("DELETE", f"/api/playlists/{playlist}/videos/{b}", caller=ada)
    assert answer.json["video_count"] == 2
    assert order(library, playlist, ada) == [a, c]
    page = library.call("GET", f"/api/playlists/{playlist}/videos?limit=1", caller=ada).json
    library.call("DELETE", f"/api/playlists/{playlist}/videos/{a}", caller=ada)
    rest = library.call("GET", f"/api/playlists/{playlist}/videos?cursor={page['next_cursor']}", caller=ada).json
    assert [item["video_id"] for item in rest["items"]] in ([c], [])


def test_nobody_else_sees_or_touches_a_private_playlist(
    library: Gateway, owner: Owner, ada: Caller, playlist: str
) -> None:
    video_id = owner.ready()
    tries: list[tuple[str, str, object]] = [
        ("GET", "", None),
        ("GET", "/videos", None),
        ("PATCH", "", {"title": "Mine"}),
        ("PUT", f"/videos/{video_id}", {}),
        ("DELETE", f"/videos/{video_id}", None),
        ("DELETE", "", None),
    ]
    for method, path, body in tries:
        answer = library.call(method, f"/api/playlists/{playlist}{path}", body, caller=somebody("admin"))
        assert answer.status == 404, (method, path)
    assert library.call("GET", f"/api/playlists/{playlist}").status == 404

    changes = {"visibility": "public", "title": "<b>Mills</b>"}
    changed = library.call("PATCH", f"/api/playlists/{playlist}", changes, caller=ada)
    assert (changed.json["title"], changed.json["version"]) == ("<b>Mills</b>", 2)
    assert library.call("GET", f"/api/playlists/{playlist}").status == 200
    assert put(library, playlist, video_id, somebody()).status == 404


def test_a_playlist_tells_others_nothing_of_what_they_may_not_see(
    library: Gateway, owner: Owner, playlist: str
) -> None:
    made = library.call("POST", "/api/playlists", {"title": "Mix", "visibility": "public"}, caller=owner.caller).json
    secret, shown = owner.ready(visibility="private", title="Secret"), owner.ready()
    for video_id in (secret, shown):
        assert put(library, made["playlist_id"], video_id, owner.caller).status == 200
    path = f"/api/playlists/{made['playlist_id']}/videos"
    assert [item["video"] and item["video"]["video_id"] for item in library.call("GET", path).json["items"]] == [
        None,
        shown,
    ]
    own = library.call("GET", path, caller=owner.caller).json["items"]
    assert own[0]["video"]["title"] == "Secret"


def test_changes_at_the_same_moment_all_count(owner: Owner, ada: Caller, playlist: str) -> None:
    wanted = [owner.ready() for _ in range(4)]

    def add(video_id: str) -> None:
        playlists.put_video(PlaylistId(playlist), ada, VideoId(video_id), None)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, wanted))
    assert set(playlists.visible(PlaylistId(playlist), ada).video_ids) == set(wanted)


def test_ones_own_playlists_are_listed_newest_first(library: Gateway, ada: Caller, playlist: str) -> None:
    newer = library.call("POST", "/api/playlists", {"title": "More"}, caller=ada).json["playlist_id"]
    page = library.call("GET", "/api/playlists?limit=1", caller=ada).json
    rest = library.call("GET", f"/api/playlists?limit=1&cursor={page['next_cursor']}", caller=ada).json
    assert [page["items"][0]["playlist_id"], rest["items"][0]["playlist_id"]] == [newer, playlist]
    assert library.call("DELETE", f"/api/playlists/{newer}", caller=ada).status == 204
    assert len(library.call("GET", "/api/playlists", caller=ada).json["items"]) == 1


def test_an_account_that_ends_leaves_no_library(
    library: Gateway, owner: Owner, ada: Caller, playlist: str, world: World, tables: dict[str, str]
) -> None:
    video_id = owner.ready()
    library.call("PUT", f"{HISTORY}/{video_id}", {"position_ms": 1}, caller=ada)
    library.call("PUT", f"{LATER}/{video_id}", caller=ada)
    for _ in range(2):
        service.forget_user(ada.user_id)
    for table in tables.values():
        items = world.server.client("dynamodb").scan(TableName=table)["Items"]
        assert not [item for item in items if ada.user_id in str(item)]
