"""What a bucket's policy lets CloudFront do.

The emulator's S3 lets everyone in, so a forgotten bucket policy would come to light on AWS only: the edge looks itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge.wildcards import wildcard

_SERVICE = "cloudfront.amazonaws.com"
Shape = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Grant:
    """One statement that speaks of this distribution."""

    is_allowed: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Tell whether the statement is about this action on this resource."""
        means_action = any(wildcard(pattern).fullmatch(action.lower()) for pattern in self.actions)
        return means_action and any(wildcard(pattern).fullmatch(resource) for pattern in self.resources)


@dataclass(frozen=True, slots=True)
class BucketAccess:
    """What one distribution may do with one bucket."""

    bucket: str
    grants: tuple[Grant, ...] = ()

    def may_read(self, key: str) -> bool:
        """Tell whether an object may be read."""
        return self._is_allowed("s3:GetObject", f"arn:aws:s3:::{self.bucket}/{key}")

    def may_list(self) -> bool:
        """Tell whether the bucket may be listed: without that S3 says 403 where an object is missing, not 404."""
        return self._is_allowed("s3:ListBucket", f"arn:aws:s3:::{self.bucket}")

    def _is_allowed(self, action: str, resource: str) -> bool:
        verdicts = {grant.is_allowed for grant in self.grants if grant.covers(action, resource)}
        return verdicts == {True}


def parse_bucket_policy(bucket: str, document: str, distribution_arn: str) -> BucketAccess:
    """Read a bucket policy from the point of view of one distribution; "" is no policy at all."""
    statements = _listed(json.loads(document).get("Statement", ())) if document else []
    known = {
        "aws:sourcearn": distribution_arn,
        "aws:sourceaccount": distribution_arn.split(":")[4] if distribution_arn.count(":") > 4 else "",
        # CloudFront speaks https to S3.
        "aws:securetransport": "true",
    }
    grants = [
        Grant(
            statement.get("Effect") == "Allow",
            tuple(action.lower() for action in _listed(statement.get("Action", ()))),
            tuple(_listed(statement.get("Resource", ()))),
        )
        for statement in statements
        if _means_cloudfront(statement.get("Principal")) and _is_met(statement.get("Condition", {}), known)
    ]
    return BucketAccess(bucket, tuple(grants))


def _means_cloudfront(principal: Any) -> bool:
    if isinstance(principal, Mapping):
        return _SERVICE in _listed(principal.get("Service", ())) or "*" in _listed(principal.get("AWS", ()))
    return bool(principal == "*")


def _is_met(condition: Shape, known: Mapping[str, str]) -> bool:
    """Evaluate the conditions on what is known here; a statement with any other one does not count."""
    for operator, tests in condition.items():
        for key, wanted in tests.items():
            actual = known.get(key.lower())
            patterns = [str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(wanted)]
            if actual is None or operator not in {"StringEquals", "StringLike", "ArnEquals", "ArnLike", "Bool"}:
                return False
            if not any(wildcard(pattern).fullmatch(actual) for pattern in patterns):
                return False
    return True


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
