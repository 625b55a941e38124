"""Clients: built lazily, once, with deadlines."""

from collections.abc import Iterator

import pytest

from millrace.platform import clients


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    clients.forget()
    yield
    clients.forget()


@pytest.mark.parametrize("build", [clients.stepfunctions, clients.events, clients.kms, clients.ssm, clients.secrets])
def test_a_control_call_ends_before_its_caller_gives_up(build: object) -> None:
    assert callable(build)
    client = build()
    config = client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 3)
    assert config.retries["total_max_attempts"] == 2
    assert build() is client


def presigned() -> str:
    return clients.s3().generate_presigned_url("get_object", Params={"Bucket": "media", "Key": "a/b"})


def test_presigned_addresses_are_of_the_present_signature_and_region() -> None:
    url = presigned()
    assert url.startswith("https://media.s3.amazonaws.com/a/b?")
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url


def test_a_local_endpoint_has_the_bucket_in_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:4566")
    assert presigned().startswith("http://127.0.0.1:4566/media/a/b?")
