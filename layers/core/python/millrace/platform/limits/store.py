"""The buckets in DynamoDB.

Why the platform may hold a table: a limit belongs to the way in, not to a capability, and it has to be one number for
every function that shares it. Nothing in here outlives its period.

A bucket is one number (GCRA, the leaky bucket as a meter): the moment at which it will be full again. Taking a token
moves that moment on by one interval; there is none left when it would lie further away than the bucket is deep.
DynamoDB's expressions know no maximum, so a bucket that is full already and one that is in use are two writes, of
which the first that fits is done: one request for whoever comes seldom, at most two for the others.
"""

from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from millrace.platform import settings
from millrace.platform.errors import Unavailable
from millrace.platform.store import connection

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# Between two writes others may have taken tokens, or time may have filled the bucket.
TRIES = 4
_UNAVAILABLE = "This cannot be served at the moment. Please try again."
_FULL = ("SET full_at = :first, expires_at = :gone", "attribute_not_exists(full_at) OR full_at < :now")
_IN_USE = ("SET full_at = full_at + :interval, expires_at = :gone", "full_at BETWEEN :now AND :last")


def take(bucket: str, *, now_ms: int, interval_ms: int, depth_ms: int) -> int:
    """Take a token; return 0, or how many milliseconds later there will be one.

    A try whose answer was lost is repeated and may take two. Raises Unavailable where the table does not answer.
    """
    last_ms = now_ms + depth_ms - interval_ms
    values = {
        ":now": now_ms,
        ":first": now_ms + interval_ms,
        ":interval": interval_ms,
        ":last": last_ms,
        ":gone": (now_ms + depth_ms) // 1000 + 60,
    }
    write = _FULL
    for _ in range(TRIES):
        found_ms = _write(bucket, write, values)
        if found_ms is None:
            return 0
        if found_ms > last_ms:
            return found_ms - last_ms
        write = _IN_USE if found_ms >= now_ms else _FULL
    # So many at once in one bucket: whoever they are, the others among them were served.
    return interval_ms


def _write(bucket: str, write: tuple[str, str], values: dict[str, int]) -> int | None:
    """Do the write; return None, or the moment that stood against it."""
    expression, condition = write
    used = {name: {"N": str(value)} for name, value in values.items() if name in _names(f"{expression} {condition}")}
    client = cast("DynamoDBClient", connection().client)
    try:
        client.update_item(
            TableName=settings.require("LIMITS_TABLE"),
            Key={"bucket": {"S": bucket}},
            UpdateExpression=expression,
            ConditionExpression=condition,
            ExpressionAttributeValues=used,
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise Unavailable(_UNAVAILABLE) from error
        found = cast("dict[str, dict[str, str]]", error.response.get("Item", {}))
        return int(found["full_at"]["N"]) if found else 0
    except BotoCoreError as error:
        raise Unavailable(_UNAVAILABLE) from error
    return None


def _names(text: str) -> set[str]:
    # DynamoDB refuses values that no expression uses.
    return {word.strip("(),") for word in text.split()}
