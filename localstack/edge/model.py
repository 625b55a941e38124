"""A deployed distribution as plain values: what CloudFront's API says, reduced to what decides an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from edge.bucket_policy import BucketAccess
from edge.headers import Headers


class Scope(Enum):
    """Which of a request's headers, cookies or query strings a policy means."""

    NONE = "none"
    ALL = "all"
    ONLY = "only"
    ALL_EXCEPT = "all_except"


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice among names; for headers the names are lower-case."""

    scope: Scope = Scope.NONE
    names: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Tell whether the policy means this name."""
        if self.scope is Scope.ONLY:
            return name in self.names
        if self.scope is Scope.ALL_EXCEPT:
            return name not in self.names
        return self.scope is Scope.ALL


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What distinguishes objects in the cache, and for how long they stay."""

    min_ttl_s: int = 0
    default_ttl_s: int = 86400
    max_ttl_s: int = 31536000
    headers: Selection = Selection()
    cookies: Selection = Selection()
    query: Selection = Selection()
    gzip: bool = False
    brotli: bool = False

    @property
    def is_caching(self) -> bool:
        """Tell whether anything may be kept at all (CachingDisabled has a maximum of 0)."""
        return self.max_ttl_s > 0


@dataclass(frozen=True, slots=True)
class OriginRequestPolicy:
    """What the origin gets beside the cache key."""

    headers: Selection = Selection()
    cookies: Selection = Selection()
    query: Selection = Selection()
    # Managed policies that pass every query string keep S3's response-* overrides from S3 origins.
    is_managed: bool = False


@dataclass(frozen=True, slots=True)
class Cors:
    """The CORS part of a response headers policy."""

    allow_origins: tuple[str, ...]
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age_s: int | None = None
    overrides_origin: bool = False


@dataclass(frozen=True, slots=True)
class AddedHeader:
    """A header that a policy adds, or puts in the place of the origin's."""

    name: str
    value: str
    overrides_origin: bool


@dataclass(frozen=True, slots=True)
class ResponseHeadersPolicy:
    """What is added to and taken from every answer of a behaviour."""

    cors: Cors | None = None
    added: tuple[AddedHeader, ...] = ()
    removed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a behaviour's objects come from."""

    id: str
    domain: str
    path: str = ""
    custom_headers: Headers = ()
    is_signed: bool = False
    is_s3: bool = False
    protocol: str = "match-viewer"
    http_port: int = 80
    https_port: int = 443
    connect_timeout_s: float = 10
    connect_attempts: int = 3
    read_timeout_s: float = 30
    # What the bucket's policy allows; None where no origin access control asks for it.
    access: BucketAccess | None = None


@dataclass(frozen=True, slots=True)
class EdgeFunction:
    """The live code of a CloudFront Function."""

    arn: str
    code: str


@dataclass(frozen=True, slots=True)
class Behavior:
    """One cache behaviour; the default one has the pattern `*`."""

    pattern: str
    origin_id: str
    allowed_methods: frozenset[str] = frozenset({"GET", "HEAD"})
    cached_methods: frozenset[str] = frozenset({"GET", "HEAD"})
    viewer_protocol: str = "allow-all"
    compress: bool = False
    cache: CachePolicy = CachePolicy()
    origin_request: OriginRequestPolicy = OriginRequestPolicy()
    response_headers: ResponseHeadersPolicy = ResponseHeadersPolicy()
    # Public keys by id; None where the behaviour is open to everyone.
    trusted_keys: Mapping[str, str] | None = None
    viewer_request: EdgeFunction | None = None
    viewer_response: EdgeFunction | None = None


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """What to answer in the place of an origin's error, and how long to remember the error."""

    caching_s: int = 10
    page_path: str = ""
    response_code: int | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """A whole distribution, resolved: every policy, function and key it names is in it."""

    id: str
    domain: str
    aliases: frozenset[str] = frozenset()
    default_root_object: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    behaviors: tuple[Behavior, ...] = ()
    error_responses: Mapping[int, ErrorResponse] = field(default_factory=dict)
