"""Remembered answers in DynamoDB.

Why the platform may hold a table: an answer is remembered for every capability's routes alike, and means nothing to
any of them. TTL removes it after a day.
"""

from typing import TYPE_CHECKING, cast

from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer

from millrace.platform import settings
from millrace.platform.store import connection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def answers() -> DynamoDBPersistenceLayer:
    """Return the table as Powertools uses it, over the client that every table shares.

    One for each request: it keeps the settings of whoever used it first.
    """
    return DynamoDBPersistenceLayer(
        table_name=settings.require("ANSWERS_TABLE"),
        key_attr="answer",
        expiry_attr="expires_at",
        boto3_client=cast("DynamoDBClient", connection().client),
    )
