"""The policies that AWS manages, by their well-known ids.

An emulator need not know them: a behaviour may name one whatever its API lists.
"""

from edge.model import AddedHeader, CachePolicy, Cors, OriginRequestPolicy, ResponseHeadersPolicy, Scope, Selection

_ALL = Selection(Scope.ALL)


def _only(*names: str) -> Selection:
    return Selection(Scope.ONLY, frozenset(names))


_ORIGIN_CONTROLS = _only("host", "origin", "x-http-method-override", "x-http-method", "x-method-override")

CACHE_POLICIES = {
    # Amplify
    "2e54312d-136d-493c-8eb9-b001f22f67d2": CachePolicy(
        min_ttl_s=2,
        default_ttl_s=2,
        max_ttl_s=600,
        headers=_only("authorization", "cloudfront-viewer-country", "host"),
        cookies=_ALL,
        query=_ALL,
        gzip=True,
        brotli=True,
    ),
    # CachingDisabled
    "4135ea2d-6df8-44a3-9df3-4b5a84be39ad": CachePolicy(default_ttl_s=0, max_ttl_s=0),
    # CachingOptimized
    "658327ea-f89d-4fab-a63d-7e88639e58f6": CachePolicy(min_ttl_s=1, gzip=True, brotli=True),
    # CachingOptimizedForUncompressedObjects
    "b2884449-e4de-46a7-ac36-70bc7f1ddd6d": CachePolicy(min_ttl_s=1),
    # Elemental-MediaPackage
    "08627262-05a9-4f76-9ded-b50ca2e3a84f": CachePolicy(
        headers=_only("origin"), query=_only("aws.manifestfilter", "start", "end", "m"), gzip=True
    ),
    # UseOriginCacheControlHeaders
    "83da9c7e-98b4-4e11-a168-04f0df8e2c65": CachePolicy(
        default_ttl_s=0, headers=_ORIGIN_CONTROLS, cookies=_ALL, gzip=True, brotli=True
    ),
    # UseOriginCacheControlHeaders-QueryStrings
    "4cc15a8a-d715-48a4-82b8-cc0b614638fe": CachePolicy(
        default_ttl_s=0, headers=_ORIGIN_CONTROLS, cookies=_ALL, query=_ALL, gzip=True, brotli=True
    ),
}

_CORS_REQUEST = ("origin", "access-control-request-headers", "access-control-request-method")

ORIGIN_REQUEST_POLICIES = {
    # AllViewer
    "216adef6-5c7f-47e4-b989-5492eafa07d3": OriginRequestPolicy(_ALL, _ALL, _ALL, is_managed=True),
    # AllViewerAndCloudFrontHeaders-2022-06
    "33f36d7e-f396-46d9-90e0-52428a34d9dc": OriginRequestPolicy(_ALL, _ALL, _ALL, is_managed=True),
    # AllViewerExceptHostHeader
    "b689b0a8-53d0-40ab-baf2-68738e2966ac": OriginRequestPolicy(
        Selection(Scope.ALL_EXCEPT, frozenset({"host"})), _ALL, _ALL, is_managed=True
    ),
    # CORS-CustomOrigin
    "59781a5b-3903-41f3-afcb-af62929ccde1": OriginRequestPolicy(_only("origin"), is_managed=True),
    # CORS-S3Origin
    "88a5eaf4-2fd4-4709-b370-b4c650ea3fcf": OriginRequestPolicy(_only(*_CORS_REQUEST), is_managed=True),
    # Elemental-MediaTailor-PersonalizedManifests
    "775133bc-15f2-49f9-abea-afb2e0bf67d2": OriginRequestPolicy(
        _only(*_CORS_REQUEST, "user-agent", "x-forwarded-for"), query=_ALL, is_managed=True
    ),
    # HostHeaderOnly
    "bf0718e1-ba1e-49d1-88b1-f726733018ae": OriginRequestPolicy(_only("host"), is_managed=True),
    # UserAgentRefererHeaders
    "acba4595-bd28-49b8-b9fe-13317c0390fa": OriginRequestPolicy(_only("user-agent", "referer"), is_managed=True),
}

_SIMPLE_CORS = Cors(allow_origins=("*",))
_PREFLIGHT_CORS = Cors(
    allow_origins=("*",),
    allow_methods=("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"),
    expose_headers=("*",),
)
_SECURITY = (
    AddedHeader("x-xss-protection", "1; mode=block", overrides_origin=False),
    AddedHeader("x-frame-options", "SAMEORIGIN", overrides_origin=False),
    AddedHeader("referrer-policy", "strict-origin-when-cross-origin", overrides_origin=False),
    AddedHeader("x-content-type-options", "nosniff", overrides_origin=True),
    AddedHeader("strict-transport-security", "max-age=31536000", overrides_origin=False),
)

RESPONSE_HEADERS_POLICIES = {
    # CORS-and-SecurityHeadersPolicy
    "e61eb60c-9c35-4d20-a928-2b84e02af89c": ResponseHeadersPolicy(_SIMPLE_CORS, _SECURITY),
    # CORS-With-Preflight
    "5cc3b908-e619-4b99-88e5-2cf7f45965bd": ResponseHeadersPolicy(_PREFLIGHT_CORS),
    # CORS-with-preflight-and-SecurityHeadersPolicy
    "eaab4381-ed33-4a86-88ca-d9558dc6cd63": ResponseHeadersPolicy(_PREFLIGHT_CORS, _SECURITY),
    # SecurityHeadersPolicy
    "67f7725c-6f97-4210-82d7-5512b31e9d03": ResponseHeadersPolicy(added=_SECURITY),
    # SimpleCORS
    "60669652-455b-4ae9-85a4-c4c02393f86c": ResponseHeadersPolicy(_SIMPLE_CORS),
}
