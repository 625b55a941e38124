"""A real emulator with what accounts need: the table, token keys, the site's parameter, and a bus that we can hear."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from millrace.accounts import signing_keys
from millrace.accounts.items import store as items
from millrace.accounts.oauth import exchange, providers
from millrace.accounts.oauth import store as oauth_store
from millrace.accounts.sessions import store as session_store
from millrace.administration import store as audit_store
from millrace.platform import clients, site
from millrace.platform.ids import new_id
from millrace.platform.store import connection
from tests.architecture.test_template import RESOURCES
from tests.integration.accounts.gateway import Gateway, load_function
from tests.integration.emulator import servers

SITE = "https://millrace.example"


@dataclass(frozen=True)
class World:
    """The resources, and the server that keeps them."""

    server: servers.Server
    table: str
    sessions_table: str
    key_ids: tuple[str, str]
    heard_queue: str

    def heard(self) -> list[dict[str, Any]]:
        """Return the events that reached the bus since the last call."""
        answer = self.server.client("sqs").receive_message(QueueUrl=self.heard_queue, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    def item(self, pk: str) -> dict[str, Any] | None:
        """Return an item as it is stored."""
        answer = self.server.client("dynamodb").get_item(TableName=self.table, Key={"pk": {"S": pk}})
        found: dict[str, Any] | None = answer.get("Item")
        return found


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        servers.running(tmp_path_factory.mktemp("accounts") / "state", is_stock=False) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        made = _make_world(server)
        settings = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "USERS_TABLE": made.table,
            "SESSIONS_TABLE": made.sessions_table,
            "AUDIT_TABLE": make_table(server, "AuditTable"),
            "TOKEN_KEY_IDS": ",".join(made.key_ids),
            "EVENT_BUS": "accounts-test",
            "OAUTH_PROVIDERS_SECRET": "accounts-test/providers",
            "UPLOADS_BUCKET": "uploads",
            "MEDIA_BUCKET": "media",
            "MAIL_SENDER": "post@millrace.example",
            "PUBLIC_URL_PARAMETER": "/accounts-test/public-url",
        }
        for name, value in settings.items():
            environment.setenv(name, value)
        forget_container()
        yield made
    forget_container()


@pytest.fixture
def auth(world: World) -> Gateway:
    """The auth function, in a container that has just started."""
    forget_container()
    return Gateway(load_function("auth"))


@pytest.fixture
def ada(auth: Gateway) -> dict[str, Any]:
    """Somebody with an account of their own for this test: what registering answered, and the password."""
    person = {"email": f"ada-{new_id()}@example.org", "password": "mill wheel and river"}
    answer = auth.call("POST", "/api/auth/register", person)
    assert answer.status == 201, answer.body
    return {**answer.json, **person}


def forget_container() -> None:
    """Do to this process what a cold start does to a container."""
    clients.forget()
    providers.forget()
    exchange.forget()
    flows = (oauth_store._flows, oauth_store._links)
    tables: tuple[Any, ...] = (
        items.accounts,
        items.credentials,
        items.identities,
        items.mail_tokens,
        session_store._sessions,
        *flows,
    )
    for cached in (site.public_url, signing_keys.ring, connection, audit_store._table, *tables):
        cached.cache_clear()


def make_table(server: servers.Server, logical_id: str) -> str:
    """Make a table as the template describes it, under a name of its own."""
    properties = RESOURCES[logical_id]["Properties"]
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    table = f"{logical_id}-{new_id()}"
    wanted = {name: properties[name] for name in names if name in properties}
    server.client("dynamodb").create_table(TableName=table, **wanted)
    return table


def _make_world(server: servers.Server) -> World:
    table = make_table(server, "UsersTable")
    sessions_table = make_table(server, "SessionsTable")
    kms = server.client("kms")
    first, second = (
        kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"] for _ in range(2)
    )
    # A trailing slash, as an operator might type it.
    server.client("ssm").put_parameter(Name="/accounts-test/public-url", Value=f"{SITE}/", Type="String")
    server.client("secretsmanager").create_secret(Name="accounts-test/providers", SecretString="[]")
    for bucket in ("uploads", "media"):
        server.client("s3").create_bucket(Bucket=bucket)
    server.client("ses").verify_email_identity(EmailAddress="post@millrace.example")
    events, sqs = server.client("events"), server.client("sqs")
    events.create_event_bus(Name="accounts-test")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    events.put_rule(Name="all", EventBusName="accounts-test", EventPattern=json.dumps({"source": ["millrace"]}))
    events.put_targets(Rule="all", EventBusName="accounts-test", Targets=[{"Id": "heard", "Arn": arn}])
    return World(server, table, sessions_table, (first, second), queue)
