"""Parse the policies of CloudFront's API."""

from collections.abc import Mapping
from typing import Any

from edge.model import AddedHeader, CachePolicy, Cors, OriginRequestPolicy, ResponseHeadersPolicy, Scope, Selection

Shape = Mapping[str, Any]

# CloudFront's words for the same four choices differ by what is chosen among.
_SCOPES = {
    "none": Scope.NONE,
    "all": Scope.ALL,
    "allViewer": Scope.ALL,
    "allViewerAndWhitelistCloudFront": Scope.ALL,
    "whitelist": Scope.ONLY,
    "allExcept": Scope.ALL_EXCEPT,
}


def parse_cache_policy(config: Shape) -> CachePolicy:
    """Read a CachePolicyConfig."""
    parameters = config.get("ParametersInCacheKeyAndForwardedToOrigin", {})
    return CachePolicy(
        min_ttl_s=int(config.get("MinTTL", 0)),
        default_ttl_s=int(config.get("DefaultTTL", 86400)),
        max_ttl_s=int(config.get("MaxTTL", 31536000)),
        headers=_headers(parameters),
        cookies=_cookies(parameters),
        query=_query(parameters),
        gzip=bool(parameters.get("EnableAcceptEncodingGzip", False)),
        brotli=bool(parameters.get("EnableAcceptEncodingBrotli", False)),
    )


def parse_origin_request_policy(config: Shape) -> OriginRequestPolicy:
    """Read an OriginRequestPolicyConfig."""
    return OriginRequestPolicy(_headers(config), _cookies(config), _query(config))


def parse_legacy_forwarding(behavior: Shape) -> CachePolicy:
    """Read the ForwardedValues of a behaviour that has no cache policy.

    What is forwarded is in the cache key too, so a cache policy says all of it.
    """
    values = behavior.get("ForwardedValues", {})
    names = [name.lower() for name in values.get("Headers", {}).get("Items", ())]
    cookies = values.get("Cookies", {})
    every_query = values.get("QueryString", False)
    query_names = values.get("QueryStringCacheKeys", {}).get("Items", ())
    return CachePolicy(
        min_ttl_s=int(behavior.get("MinTTL", 0)),
        default_ttl_s=int(behavior.get("DefaultTTL", 86400)),
        max_ttl_s=int(behavior.get("MaxTTL", 31536000)),
        headers=Selection(Scope.ALL) if "*" in names else _selection("whitelist" if names else "none", names),
        cookies=_selection(cookies.get("Forward", "none"), cookies.get("WhitelistedNames", {}).get("Items", ())),
        query=_selection("whitelist" if query_names else "all", query_names) if every_query else Selection(),
        gzip=bool(behavior.get("Compress", False)),
    )


def parse_response_headers_policy(config: Shape) -> ResponseHeadersPolicy:
    """Read a ResponseHeadersPolicyConfig."""
    custom = config.get("CustomHeadersConfig", {}).get("Items", ())
    removed = config.get("RemoveHeadersConfig", {}).get("Items", ())
    return ResponseHeadersPolicy(
        cors=_parse_cors(config["CorsConfig"]) if config.get("CorsConfig") else None,
        added=(
            *_parse_security(config.get("SecurityHeadersConfig", {})),
            *(AddedHeader(item["Header"].lower(), item["Value"], bool(item["Override"])) for item in custom),
        ),
        removed=frozenset(item["Header"].lower() for item in removed),
    )


def _parse_cors(shape: Shape) -> Cors:
    def items(name: str) -> tuple[str, ...]:
        return tuple(shape.get(name, {}).get("Items", ()))

    methods = items("AccessControlAllowMethods")
    return Cors(
        allow_origins=items("AccessControlAllowOrigins"),
        allow_methods=("GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT") if "ALL" in methods else methods,
        allow_headers=items("AccessControlAllowHeaders"),
        expose_headers=items("AccessControlExposeHeaders"),
        allow_credentials=bool(shape.get("AccessControlAllowCredentials", False)),
        max_age_s=shape.get("AccessControlMaxAgeSec"),
        overrides_origin=bool(shape.get("OriginOverride", False)),
    )


def _parse_security(shape: Shape) -> list[AddedHeader]:
    """Turn the security settings into the headers that they stand for."""
    values: dict[str, tuple[str, str]] = {}
    if frame := shape.get("FrameOptions"):
        values["FrameOptions"] = "x-frame-options", frame["FrameOption"]
    if referrer := shape.get("ReferrerPolicy"):
        values["ReferrerPolicy"] = "referrer-policy", referrer["ReferrerPolicy"]
    if content := shape.get("ContentSecurityPolicy"):
        values["ContentSecurityPolicy"] = "content-security-policy", content["ContentSecurityPolicy"]
    if "ContentTypeOptions" in shape:
        values["ContentTypeOptions"] = "x-content-type-options", "nosniff"
    if transport := shape.get("StrictTransportSecurity"):
        flags = [f"max-age={transport['AccessControlMaxAgeSec']}"]
        flags += ["includeSubDomains"] if transport.get("IncludeSubdomains") else []
        flags += ["preload"] if transport.get("Preload") else []
        values["StrictTransportSecurity"] = "strict-transport-security", "; ".join(flags)
    if xss := shape.get("XSSProtection"):
        flags = ["1" if xss["Protection"] else "0"]
        flags += ["mode=block"] if xss.get("ModeBlock") else []
        flags += [f"report={xss['ReportUri']}"] if xss.get("ReportUri") else []
        values["XSSProtection"] = "x-xss-protection", "; ".join(flags)
    return [AddedHeader(name, value, bool(shape[key].get("Override"))) for key, (name, value) in values.items()]


def _headers(shape: Shape) -> Selection:
    config = shape.get("HeadersConfig", {})
    names = config.get("Headers", {}).get("Items", ())
    return _selection(config.get("HeaderBehavior", "none"), [name.lower() for name in names])


def _cookies(shape: Shape) -> Selection:
    config = shape.get("CookiesConfig", {})
    return _selection(config.get("CookieBehavior", "none"), config.get("Cookies", {}).get("Items", ()))


def _query(shape: Shape) -> Selection:
    config = shape.get("QueryStringsConfig", {})
    return _selection(config.get("QueryStringBehavior", "none"), config.get("QueryStrings", {}).get("Items", ()))


def _selection(behavior: str, names: Any) -> Selection:
    scope = _SCOPES[behavior]
    return Selection(scope, frozenset(names) if scope in {Scope.ONLY, Scope.ALL_EXCEPT} else frozenset())
