"""Where a deployment goes: the local emulator, or an AWS account."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

LOCAL_REGION = "us-east-1"
_CONFIG = Config(connect_timeout=5, read_timeout=120, retries={"mode": "standard", "max_attempts": 4})
# Without signing of payloads and checksums in trailers: half of the work for the emulator, which is on this machine.
_LOCAL_S3 = Config(
    s3={"addressing_style": "path", "payload_signing_enabled": False}, request_checksum_calculation="when_required"
)


@dataclass(frozen=True)
class Target:
    """An endpoint (none for AWS itself) and a region, with the clients for them."""

    endpoint_url: str | None
    region: str

    @property
    def is_local(self) -> bool:
        """Tell whether this is an emulator on this machine."""
        return self.endpoint_url is not None

    @cached_property
    def _session(self) -> boto3.Session:
        if self.is_local:
            # What emulators take for anybody; the user's own credentials must never be sent to one.
            return boto3.Session("test", "test", region_name=self.region)
        return boto3.Session(region_name=self.region)

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Return the client of stacks."""
        return self._session.client("cloudformation", endpoint_url=self.endpoint_url, config=_CONFIG)

    @cached_property
    def s3(self) -> S3Client:
        """Return the client of buckets."""
        config = _CONFIG.merge(_LOCAL_S3) if self.is_local else _CONFIG
        return self._session.client("s3", endpoint_url=self.endpoint_url, config=config)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """Return the client of logs."""
        return self._session.client("logs", endpoint_url=self.endpoint_url, config=_CONFIG)

    def account(self) -> str:
        """Return the account's number."""
        sts = self._session.client("sts", endpoint_url=self.endpoint_url, config=_CONFIG)
        return str(sts.get_caller_identity()["Account"])


def local_target(endpoint_url: str, region: str | None = None) -> Target:
    """Return the emulator at this endpoint."""
    return Target(endpoint_url, region or LOCAL_REGION)


def aws_target(region: str | None) -> Target:
    """Return the AWS account of the user's own settings."""
    return Target(None, region or boto3.Session().region_name or LOCAL_REGION)
