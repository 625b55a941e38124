"""AWS clients: built on first use, kept for the container's life, with deadlines on every call."""

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING

from botocore.config import Config

from millrace.platform import settings

if TYPE_CHECKING:
    from boto3 import Session
    from mypy_boto3_cloudfront import CloudFrontClient
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ses import SESClient
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_stepfunctions import SFNClient

CONNECT_TIMEOUT_S = 1
# A control call answers in milliseconds; a caller waits behind it, so three seconds is already a fault.
READ_TIMEOUT_S = 3
# An S3 body may be tens of megabytes, and the limit is on silence, not on the whole transfer.
S3_READ_TIMEOUT_S = 20
ATTEMPTS = 2
S3_ATTEMPTS = 4
# A part of a live stream is a third of a second long.
LIVE_READ_TIMEOUT_S = 4
# A workflow step uploads the segments of all its renditions side by side.
S3_CONNECTIONS = 32

# Building a client loads models through a session that is not thread-safe.
_building = RLock()


@cache
def _session() -> "Session":
    # Imported here: the control path of many functions never needs it, and it costs 20 ms.
    from boto3 import Session

    return Session()


def _control() -> Config:
    return Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
    )


@cache
def s3() -> "S3Client":
    """Return the S3 client: signature version 4, and path style where an endpoint is given."""
    local = bool(settings.optional("AWS_ENDPOINT_URL"))
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=S3_READ_TIMEOUT_S,
        retries={"total_max_attempts": S3_ATTEMPTS, "mode": "standard"},
        max_pool_connections=S3_CONNECTIONS,
        signature_version="s3v4",
        s3={"addressing_style": "path" if local else "virtual"},
    )
    with _building:
        return _session().client("s3", config=config)


@cache
def live_s3() -> "S3Client":
    """Return an S3 client for live media: what does not arrive in seconds is sent anew by who calls, who counts."""
    local = bool(settings.optional("AWS_ENDPOINT_URL"))
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=LIVE_READ_TIMEOUT_S,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=S3_CONNECTIONS,
        signature_version="s3v4",
        # TLS finds what was changed on the way; a checksum of every part costs a sixth of the processor time.
        request_checksum_calculation="when_required",
        s3={"addressing_style": "path" if local else "virtual"},
    )
    with _building:
        return _session().client("s3", config=config)


@cache
def stepfunctions() -> "SFNClient":
    """Return the Step Functions client."""
    with _building:
        return _session().client("stepfunctions", config=_control())


@cache
def events() -> "EventBridgeClient":
    """Return the EventBridge client."""
    with _building:
        return _session().client("events", config=_control())


@cache
def kms() -> "KMSClient":
    """Return the KMS client."""
    with _building:
        return _session().client("kms", config=_control())


@cache
def ssm() -> "SSMClient":
    """Return the Systems Manager client, for parameters."""
    with _building:
        return _session().client("ssm", config=_control())


@cache
def secrets() -> "SecretsManagerClient":
    """Return the Secrets Manager client."""
    with _building:
        return _session().client("secretsmanager", config=_control())


@cache
def cloudfront() -> "CloudFrontClient":
    """Return the CloudFront client, for invalidations."""
    with _building:
        return _session().client("cloudfront", config=_control())


@cache
def ses() -> "SESClient":
    """Return the SES client, for mail."""
    with _building:
        return _session().client("ses", config=_control())


def forget() -> None:
    """Drop every cached client, so that the next one sees a changed environment; tests need it."""
    for build in (_session, s3, live_s3, stepfunctions, events, kms, ssm, secrets, cloudfront, ses):
        build.cache_clear()
