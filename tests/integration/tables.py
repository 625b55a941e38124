"""Make tables as the template describes them, so that keys and indexes are those of the stack."""

from typing import Any

from millrace.platform.ids import new_id
from tests.architecture.test_template import RESOURCES
from tests.integration.emulator import servers

TAKEN = (
    "AttributeDefinitions",
    "KeySchema",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "LocalSecondaryIndexes",
)


def make_table(server: servers.Server, logical_id: str) -> str:
    """Create the table under a fresh name and return that."""
    properties: dict[str, Any] = RESOURCES[logical_id]["Properties"]
    name = f"{logical_id}-{new_id()}"
    server.client("dynamodb").create_table(
        TableName=name, **{key: properties[key] for key in TAKEN if key in properties}
    )
    return name
