"""Bodies that grow, and the bounds of what is kept."""

import asyncio
from pathlib import Path

import pytest

from edge.cache_key import CacheKey
from edge.recording import BodyBroken, Recording
from edge.store import Bounds, Entry, Store


def _key(path: str, query: str = "", distribution_id: str = "E1") -> CacheKey:
    return CacheKey(distribution_id, "origin", path, query)


def _entry(directory: Path, size: int, memory_bytes: int = 100) -> Entry:
    body = Recording(directory, memory_bytes)
    body.write(bytes(size))
    body.finish()
    return Entry(200, (), body, 0, 60)


@pytest.mark.parametrize("memory_bytes", [0, 5, 1000])
def test_a_body_is_read_while_it_is_written(tmp_path: Path, memory_bytes: int) -> None:
    async def scenario() -> list[bytes]:
        body = Recording(tmp_path, memory_bytes)

        async def read(start: int, end: int | None) -> bytes:
            return b"".join([block async for block in body.read(start, end)])

        readers = [asyncio.create_task(read(*part)) for part in ((0, None), (3, 7), (8, 9), (0, 0))]
        for block in (b"01", b"", b"234567", b"89"):
            await asyncio.sleep(0)
            body.write(block)
        body.finish()
        return await asyncio.gather(*readers)

    assert asyncio.run(scenario()) == [b"0123456789", b"3456", b"8", b""]
    assert list(tmp_path.iterdir()) == []


def test_readers_of_a_broken_body_get_what_came_and_then_the_error(tmp_path: Path) -> None:
    async def scenario() -> bytes:
        body = Recording(tmp_path, 10)
        body.write(b"some")
        body.fail("cut")
        blocks = body.read()
        got = await anext(blocks)
        with pytest.raises(BodyBroken, match="cut"):
            await anext(blocks)
        return got

    assert asyncio.run(scenario()) == b"some"


def test_the_least_recently_used_make_room(tmp_path: Path) -> None:
    store = Store(Bounds(memory_bytes=100))
    for path in ("/a", "/b", "/c"):
        store.put(_key(path), _entry(tmp_path, 40))
        store.get(_key("/a"))
    assert [store.get(_key(path)) is not None for path in ("/a", "/b", "/c")] == [True, False, True]
    assert store.memory_bytes == 80


def test_disk_files_and_memory_are_bounded_apart(tmp_path: Path) -> None:
    store = Store(Bounds(memory_bytes=100, disk_bytes=1000, files=2))
    store.put(_key("/small"), _entry(tmp_path, 50))
    for number in range(4):
        store.put(_key(f"/{number}"), _entry(tmp_path, 200))
    assert (store.files, store.disk_bytes, store.memory_bytes) == (2, 400, 50)
    assert store.get(_key("/small")) is not None
    store.put(_key("/9"), _entry(tmp_path, 900))
    assert (store.files, store.disk_bytes) == (1, 900)


def test_an_entry_that_is_replaced_or_dropped_is_no_longer_counted(tmp_path: Path) -> None:
    store = Store()
    for size in (10, 20, 500):
        store.put(_key("/a"), _entry(tmp_path, size))
    assert (store.memory_bytes, store.disk_bytes, store.files, len(store)) == (0, 500, 1, 1)
    store.drop(_key("/a"))
    assert (store.disk_bytes, store.files, len(store)) == (0, 0, 0)


def test_the_number_of_entries_is_bounded(tmp_path: Path) -> None:
    store = Store(Bounds(entries=3))
    for number in range(10):
        store.put(_key(f"/{number}"), _entry(tmp_path, 1))
    assert len(store) == 3


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        (("/*",), []),
        (("/a/*",), ["/b", "/b?x"]),
        (("/b",), ["/a/1", "/a/2"]),
        (("/b?x",), ["/a/1", "/a/2", "/b"]),
        (("/B", "/a/"), ["/a/1", "/a/2", "/b", "/b?x"]),
    ],
)
def test_an_invalidation_names_paths(tmp_path: Path, paths: tuple[str, ...], left: list[str]) -> None:
    store = Store()
    keys = [_key("/a/1"), _key("/a/2"), _key("/b"), _key("/b", "x")]
    for key in keys:
        store.put(key, _entry(tmp_path, 1))
    store.put(_key("/a/1", distribution_id="E2"), _entry(tmp_path, 1))
    store.invalidate("E1", paths)
    assert [key.path_with_query for key in keys if store.get(key)] == left
    assert store.get(_key("/a/1", distribution_id="E2")) is not None


def test_a_stale_object_covers_errors_unless_the_origin_limits_it(tmp_path: Path) -> None:
    def covers(control: str, now_s: float) -> bool:
        entry = _entry(tmp_path, 1)
        return Entry(200, (("cache-control", control),), entry.body, 0, 10).may_cover_an_error(now_s)

    assert covers("max-age=10", 10_000)
    assert covers("stale-if-error=60", 69)
    assert not covers("stale-if-error=60", 71)
    assert not covers("max-age=10, must-revalidate", 11)
