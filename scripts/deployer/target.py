"""Where a deployment goes: the local emulator, or an AWS account."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import boto3
    from botocore.config import Config
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client

LOCAL_REGION = "us-east-1"
# name: (key in the settings file, variables of the environment, value, conversion)
_NO_USER_SETTINGS: dict[str, tuple[None, list[str], str | None, None]] = {
    "profile": (None, [], None, None),
    "config_file": (None, [], os.devnull, None),
    "credentials_file": (None, [], os.devnull, None),
}


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
        # Half a second of importing, which a command that speaks to nobody need not wait for.
        import boto3
        import botocore.session

        if self.is_local:
            # What emulators take for anybody: the user's own credentials are never sent to one, and neither
            # profiles nor settings meant for AWS have a say in it.
            quiet = botocore.session.Session(_NO_USER_SETTINGS)
            return boto3.Session("test", "test", region_name=self.region, botocore_session=quiet)
        return boto3.Session(region_name=self.region)

    @cached_property
    def _config(self) -> Config:
        from botocore.config import Config

        config = Config(connect_timeout=5, read_timeout=120, retries={"mode": "standard", "max_attempts": 4})
        if not self.is_local:
            return config
        # A proxy for the outside world must not be asked for this machine's own addresses. Payloads are not signed
        # and checksums not computed: half of the work for an emulator, and a loopback loses nothing.
        return config.merge(
            Config(
                proxies={},
                s3={"addressing_style": "path", "payload_signing_enabled": False},
                request_checksum_calculation="when_required",
            )
        )

    @cached_property
    def cloudformation(self) -> CloudFormationClient:
        """Return the client of stacks."""
        return self._session.client("cloudformation", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def s3(self) -> S3Client:
        """Return the client of buckets."""
        return self._session.client("s3", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def logs(self) -> CloudWatchLogsClient:
        """Return the client of logs."""
        return self._session.client("logs", endpoint_url=self.endpoint_url, config=self._config)

    @cached_property
    def functions(self) -> LambdaClient:
        """Return the client of functions."""
        return self._session.client("lambda", endpoint_url=self.endpoint_url, config=self._config)

    def client(self, service: str) -> Any:
        """Return the client of a service that is seldom needed."""
        make: Callable[..., Any] = self._session.client
        return make(service, endpoint_url=self.endpoint_url, config=self._config)

    def account(self) -> str:
        """Return the account's number."""
        sts = self._session.client("sts", endpoint_url=self.endpoint_url, config=self._config)
        return str(sts.get_caller_identity()["Account"])


def local_target(endpoint_url: str, region: str | None = None) -> Target:
    """Return the emulator at this endpoint."""
    return Target(endpoint_url, region or LOCAL_REGION)


def aws_target(region: str | None) -> Target:
    """Return the AWS account of the user's own settings."""
    import boto3

    return Target(None, region or boto3.Session().region_name or LOCAL_REGION)
