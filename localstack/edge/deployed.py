"""Read what is deployed: CloudFront's API in, `Distribution` values out."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from edge import managed
from edge.bucket_policy import parse_bucket_policy
from edge.model import (
    Behavior,
    CachePolicy,
    Distribution,
    EdgeFunction,
    ErrorResponse,
    Origin,
    OriginRequestPolicy,
    ResponseHeadersPolicy,
)
from edge.origin_request import bucket_of
from edge.policies import (
    parse_cache_policy,
    parse_legacy_forwarding,
    parse_origin_request_policy,
    parse_response_headers_policy,
)

if TYPE_CHECKING:
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_s3 import S3Client

# The shapes of the API, as boto3 gives them: only this module and `policies` look inside.
Shape = Mapping[str, Any]

_log = logging.getLogger("edge.deployed")


class DeployedReader:
    """Reads every enabled distribution; function code is fetched again only when its version changes."""

    def __init__(self, client: "CloudFrontClient", s3: "S3Client") -> None:
        self._client = client
        self._s3 = s3
        self._code: dict[tuple[str, str], str] = {}
        self._shapes: object = None
        self._distributions: tuple[Distribution, ...] = ()

    def read(self) -> tuple[Distribution, ...]:
        """Return the enabled distributions; the very same tuple while nothing changed."""
        client = self._client
        summaries = [
            item for item in client.list_distributions()["DistributionList"].get("Items", ()) if item["Enabled"]
        ]
        configs = {
            item["Id"]: client.get_distribution_config(Id=item["Id"])["DistributionConfig"] for item in summaries
        }
        resources = _Resources(client, configs.values())
        functions = {arn: self._live_code(arn) for arn in resources.function_arns}
        policies = {bucket: self._bucket_policy(bucket) for bucket in sorted(_guarded_buckets(configs.values()))}
        shapes = (summaries, configs, resources.shapes, functions, policies)
        if shapes != self._shapes:
            self._distributions = tuple(
                _parse_distribution(item, configs[item["Id"]], resources, functions, policies) for item in summaries
            )
            self._shapes = shapes
        return self._distributions

    def _bucket_policy(self, bucket: str) -> str:
        try:
            return self._s3.get_bucket_policy(Bucket=bucket)["Policy"]
        except ClientError as error:
            if error.response["Error"]["Code"] in {"NoSuchBucketPolicy", "NoSuchBucket"}:
                return ""
            raise

    def _live_code(self, arn: str) -> str:
        name = arn.rsplit("/", 1)[-1]
        etag = self._client.describe_function(Name=name, Stage="LIVE")["ETag"]
        if (arn, etag) not in self._code:
            reply = self._client.get_function(Name=name, Stage="LIVE")
            self._code[arn, etag] = reply["FunctionCode"].read().decode()
        return self._code[arn, etag]


class _Resources:
    """What distributions refer to by id."""

    def __init__(self, client: "CloudFrontClient", configs: Any) -> None:
        behaviors = [shape for config in configs for shape in _behavior_shapes(config)]
        self.function_arns = {arn for shape in behaviors for arn in _function_arns(shape).values()}
        self.cache = _read(behaviors, "CachePolicyId", managed.CACHE_POLICIES, client.get_cache_policy, "CachePolicy")
        self.origin_request = _read(
            behaviors,
            "OriginRequestPolicyId",
            managed.ORIGIN_REQUEST_POLICIES,
            client.get_origin_request_policy,
            "OriginRequestPolicy",
        )
        self.response_headers = _read(
            behaviors,
            "ResponseHeadersPolicyId",
            managed.RESPONSE_HEADERS_POLICIES,
            client.get_response_headers_policy,
            "ResponseHeadersPolicy",
        )
        groups = {group for shape in behaviors for group in _key_group_ids(shape)}
        self.key_groups = {
            group: client.get_key_group(Id=group)["KeyGroup"]["KeyGroupConfig"]["Items"] for group in sorted(groups)
        }
        keys = {key for members in self.key_groups.values() for key in members}
        self.keys = {
            key: client.get_public_key(Id=key)["PublicKey"]["PublicKeyConfig"]["EncodedKey"] for key in sorted(keys)
        }
        self.shapes = (self.cache, self.origin_request, self.response_headers, self.key_groups, self.keys)


def _read(
    behaviors: list[Shape], field: str, known: Mapping[str, object], get: Callable[..., Any], member: str
) -> dict[str, Shape]:
    """Fetch the configuration of every policy that is named and not one of AWS's own."""
    ids = {shape[field] for shape in behaviors if shape.get(field)} - known.keys()
    return {policy_id: get(Id=policy_id)[member][f"{member}Config"] for policy_id in sorted(ids)}


def _parse_distribution(
    summary: Shape, config: Shape, resources: _Resources, functions: Mapping[str, str], policies: Mapping[str, str]
) -> Distribution:
    errors = config.get("CustomErrorResponses", {}).get("Items", ())
    return Distribution(
        id=summary["Id"],
        domain=summary["DomainName"].lower(),
        aliases=frozenset(alias.lower() for alias in config.get("Aliases", {}).get("Items", ())),
        default_root_object=config.get("DefaultRootObject", "").lstrip("/"),
        origins={item["Id"]: _parse_origin(item, summary["ARN"], policies) for item in config["Origins"]["Items"]},
        behaviors=tuple(_parse_behavior(shape, resources, functions) for shape in _behavior_shapes(config)),
        error_responses={item["ErrorCode"]: _parse_error_response(item) for item in errors},
    )


def _behavior_shapes(config: Shape) -> list[Shape]:
    ordered = config.get("CacheBehaviors", {}).get("Items", ())
    return [*ordered, {**config["DefaultCacheBehavior"], "PathPattern": "*"}]


def _parse_behavior(shape: Shape, resources: _Resources, functions: Mapping[str, str]) -> Behavior:
    allowed = shape.get("AllowedMethods", {})
    arns = _function_arns(shape)
    called = {event: EdgeFunction(arn, functions[arn]) for event, arn in arns.items()}
    return Behavior(
        pattern=shape["PathPattern"],
        origin_id=shape["TargetOriginId"],
        allowed_methods=frozenset(allowed.get("Items", ("GET", "HEAD"))),
        cached_methods=frozenset(allowed.get("CachedMethods", {}).get("Items", ("GET", "HEAD"))),
        viewer_protocol=shape.get("ViewerProtocolPolicy", "allow-all"),
        compress=bool(shape.get("Compress", False)),
        cache=_cache_policy(shape, resources),
        origin_request=_origin_request_policy(shape, resources),
        response_headers=_response_headers_policy(shape, resources),
        trusted_keys=_trusted_keys(shape, resources),
        viewer_request=called.get("viewer-request"),
        viewer_response=called.get("viewer-response"),
    )


def _cache_policy(shape: Shape, resources: _Resources) -> CachePolicy:
    policy_id = shape.get("CachePolicyId")
    if not policy_id:
        return parse_legacy_forwarding(shape)
    return managed.CACHE_POLICIES.get(policy_id) or parse_cache_policy(resources.cache[policy_id])


def _origin_request_policy(shape: Shape, resources: _Resources) -> OriginRequestPolicy:
    policy_id = shape.get("OriginRequestPolicyId")
    if not policy_id:
        return OriginRequestPolicy()
    known = managed.ORIGIN_REQUEST_POLICIES.get(policy_id)
    return known or parse_origin_request_policy(resources.origin_request[policy_id])


def _response_headers_policy(shape: Shape, resources: _Resources) -> ResponseHeadersPolicy:
    policy_id = shape.get("ResponseHeadersPolicyId")
    if not policy_id:
        return ResponseHeadersPolicy()
    known = managed.RESPONSE_HEADERS_POLICIES.get(policy_id)
    return known or parse_response_headers_policy(resources.response_headers[policy_id])


def _trusted_keys(shape: Shape, resources: _Resources) -> Mapping[str, str] | None:
    if not shape.get("TrustedKeyGroups", {}).get("Enabled"):
        return None
    members = [key for group in _key_group_ids(shape) for key in resources.key_groups[group]]
    return {key: resources.keys[key] for key in members}


def _key_group_ids(shape: Shape) -> list[str]:
    return list(shape.get("TrustedKeyGroups", {}).get("Items", ()))


def _function_arns(shape: Shape) -> dict[str, str]:
    items = shape.get("FunctionAssociations", {}).get("Items", ())
    return {item["EventType"]: item["FunctionARN"] for item in items}


def _parse_error_response(item: Shape) -> ErrorResponse:
    code = str(item.get("ResponseCode", ""))
    return ErrorResponse(
        caching_s=int(item.get("ErrorCachingMinTTL", 10)),
        page_path=item.get("ResponsePagePath", ""),
        response_code=int(code) if code.isdigit() else None,
    )


def _guarded_buckets(configs: Iterable[Shape]) -> set[str]:
    """Return the buckets that are read under an origin access control."""
    origins = (item for config in configs for item in config["Origins"]["Items"] if item.get("OriginAccessControlId"))
    buckets = (bucket_of(item["DomainName"].lower()) for item in origins)
    return {bucket for bucket in buckets if bucket}


def _parse_origin(item: Shape, distribution_arn: str, policies: Mapping[str, str]) -> Origin:
    custom = item.get("CustomOriginConfig", {})
    headers = item.get("CustomHeaders", {}).get("Items", ())
    is_signed = bool(item.get("OriginAccessControlId"))
    bucket = bucket_of(item["DomainName"].lower()) if is_signed else None
    return Origin(
        id=item["Id"],
        domain=item["DomainName"].lower(),
        path=item.get("OriginPath", "").rstrip("/"),
        custom_headers=tuple((header["HeaderName"].lower(), header["HeaderValue"]) for header in headers),
        is_signed=is_signed,
        access=parse_bucket_policy(bucket, policies[bucket], distribution_arn) if bucket else None,
        is_s3=not custom,
        protocol=custom.get("OriginProtocolPolicy", "match-viewer"),
        http_port=int(custom.get("HTTPPort", 80)),
        https_port=int(custom.get("HTTPSPort", 443)),
        connect_timeout_s=float(item.get("ConnectionTimeout", 10)),
        connect_attempts=int(item.get("ConnectionAttempts", 3)),
        read_timeout_s=float(custom.get("OriginReadTimeout", 30)),
    )
