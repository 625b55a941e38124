"""What two requests must share to share an object."""

from edge.cache_key import accepted_encoding, cache_key
from edge.model import CachePolicy, Origin, Scope, Selection
from tests.unit.edge.viewers import request

ORIGIN = Origin("o", "bucket.s3.amazonaws.com")
BARE = CachePolicy()
URL = "http://localhost:8080/x"


def _only(*names: str) -> Selection:
    return Selection(Scope.ONLY, frozenset(names))


def test_a_bare_policy_looks_at_the_path_alone() -> None:
    one = cache_key("E1", ORIGIN, BARE, request(f"{URL}?a=1", cookie="s=1", origin="a", accept_encoding="gzip"))
    other = cache_key("E1", ORIGIN, BARE, request(f"{URL}?a=2"))
    assert one == other
    assert one != cache_key("E1", ORIGIN, BARE, request("http://localhost:8080/X"))
    assert one != cache_key("E2", ORIGIN, BARE, request(URL))


def test_only_the_named_query_strings_cookies_and_headers_count() -> None:
    policy = CachePolicy(headers=_only("origin"), cookies=_only("lang"), query=_only("part"))
    base = cache_key("E1", ORIGIN, policy, request(f"{URL}?part=1&x=1", cookie="lang=en; s=1", origin="a"))
    assert base == cache_key("E1", ORIGIN, policy, request(f"{URL}?x=2&part=1", cookie="s=2; lang=en", origin="a"))
    for changed in (
        request(f"{URL}?part=2", cookie="lang=en", origin="a"),
        request(f"{URL}?part=1", cookie="lang=de", origin="a"),
        request(f"{URL}?part=1", cookie="lang=en", origin="b"),
        request(f"{URL}?part=1", cookie="lang=en"),
    ):
        assert cache_key("E1", ORIGIN, policy, changed) != base


def test_head_asks_for_the_object_of_get_and_options_does_not() -> None:
    get, head, options = (cache_key("E1", ORIGIN, BARE, request(method=name)) for name in ("GET", "HEAD", "OPTIONS"))
    assert get == head
    assert get != options


def test_accept_encoding_is_normalised() -> None:
    both = CachePolicy(gzip=True, brotli=True)
    fields = ("gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.5", "gzip;q=0, br", "deflate", "*", "GZIP")
    normal = [accepted_encoding(both, request(accept_encoding=field)) for field in fields]
    assert normal == ["br,gzip", "br,gzip", "br", "", "br,gzip", "gzip"]
    assert accepted_encoding(CachePolicy(gzip=True), request(accept_encoding="br, gzip")) == "gzip"
    assert accepted_encoding(both, request()) == ""
