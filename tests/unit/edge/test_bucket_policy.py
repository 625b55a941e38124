"""Who may read a bucket."""

import json
from typing import Any

import pytest

from edge.bucket_policy import parse_bucket_policy

ARN = "arn:aws:cloudfront::000000000000:distribution/E1"
SERVICE = {"Service": "cloudfront.amazonaws.com"}


def _policy(**changes: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": SERVICE,
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::media/*",
        **changes,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.mark.parametrize(
    ("changes", "may_read"),
    [
        ({}, True),
        ({"Action": ["s3:Get*"], "Resource": ["arn:aws:s3:::media/public/*"]}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceArn": ARN}}}, True),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:cloudfront::000000000000:distribution/*"}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": ["1", "000000000000"]}}}, True),
        ({"Principal": "*", "Condition": {"Bool": {"aws:SecureTransport": True}}}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceArn": ARN + "0"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}}, False),
        ({"Principal": {"Service": "lambda.amazonaws.com"}}, False),
        ({"Principal": {"AWS": "arn:aws:iam::000000000000:root"}}, False),
        ({"Action": "s3:PutObject"}, False),
        ({"Resource": "arn:aws:s3:::media/private/*"}, False),
        ({"Resource": "arn:aws:s3:::media"}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_a_statement_counts_when_all_of_it_fits(changes: dict[str, Any], may_read: bool) -> None:
    assert parse_bucket_policy("media", _policy(**changes), ARN).may_read("public/a.m4s") is may_read


def test_a_denial_goes_before_a_permission() -> None:
    allowed, denied = (json.loads(_policy(**more))["Statement"][0] for more in ({}, {"Effect": "Deny"}))
    denied["Resource"] = "arn:aws:s3:::media/drafts/*"
    access = parse_bucket_policy("media", json.dumps({"Statement": [allowed, denied]}), ARN)
    assert (access.may_read("a"), access.may_read("drafts/a")) == (True, False)


def test_without_a_policy_nothing_may_be_read_and_reading_is_not_listing() -> None:
    assert not parse_bucket_policy("media", "", ARN).may_read("a")
    assert not parse_bucket_policy("media", _policy(), ARN).may_list()
    listing = _policy(Action="s3:ListBucket", Resource="arn:aws:s3:::media")
    assert parse_bucket_policy("media", listing, ARN).may_list()
