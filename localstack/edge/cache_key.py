"""The cache key: what makes two requests ask for the same object."""

from dataclasses import dataclass

from edge.headers import joined
from edge.model import CachePolicy, Origin
from edge.viewer import ViewerRequest, cookies, query_pairs, query_string


@dataclass(frozen=True, slots=True)
class CacheKey:
    """One object in the cache.

    The origin is part of it, so that a redeployment that points a path elsewhere is seen at once.
    """

    distribution_id: str
    origin: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[tuple[str, str], ...] = ()
    encoding: str = ""
    method: str = "GET"

    @property
    def path_with_query(self) -> str:
        """The path as an invalidation may name it."""
        return f"{self.path}?{self.query}" if self.query else self.path


def cache_key(distribution_id: str, origin: Origin, policy: CachePolicy, request: ViewerRequest) -> CacheKey:
    """Return the key of a request under a cache policy."""
    names = sorted({name for name, _ in request.headers if policy.headers.has(name)} - {"cookie", "accept-encoding"})
    # HEAD shares GET's object; OPTIONS has its own answer.
    method = "GET" if request.method == "HEAD" else request.method
    return CacheKey(
        distribution_id=distribution_id,
        origin=origin.domain + origin.path,
        path=request.path,
        query=query_string(pair for pair in query_pairs(request.query) if policy.query.has(pair.name)),
        headers=tuple((name, joined(request.headers, name) or "") for name in names),
        cookies=tuple(sorted(pair for pair in cookies(request.headers) if policy.cookies.has(pair[0]))),
        encoding=accepted_encoding(policy, request),
        method=method,
    )


def accepted_encoding(policy: CachePolicy, request: ViewerRequest) -> str:
    """Return the normalised Accept-Encoding: `br,gzip`, `br`, `gzip` or nothing."""
    offered = _accepted(joined(request.headers, "accept-encoding") or "")
    codings = [("br", policy.brotli), ("gzip", policy.gzip)]
    return ",".join(name for name, is_enabled in codings if is_enabled and name in offered)


def _accepted(field: str) -> set[str]:
    accepted = set()
    for item in field.lower().split(","):
        coding, _, parameters = item.partition(";")
        if parameters.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}:
            accepted.add(coding.strip())
    return {"br", "gzip"} if "*" in accepted else accepted
