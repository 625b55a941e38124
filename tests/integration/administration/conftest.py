"""A real emulator with everything that administration reaches: accounts, sessions, channels, videos, the audit log."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from millrace.accounts import store as accounts_store
from millrace.accounts.model import Account, Credential, Role
from millrace.platform.caller import Caller
from millrace.platform.clock import now
from millrace.platform.ids import UserId, new_id
from tests.integration.emulator import servers
from tests.integration.gateway import Gateway, forget_container, trusting
from tests.integration.tables import make_table

TABLES = {
    "USERS_TABLE": "UsersTable",
    "SESSIONS_TABLE": "SessionsTable",
    "CHANNELS_TABLE": "ChannelsTable",
    "FOLLOWS_TABLE": "FollowsTable",
    "STREAM_KEYS_TABLE": "StreamKeysTable",
    "VIDEOS_TABLE": "VideosTable",
    "COMMENTS_TABLE": "CommentsTable",
    "AUDIT_TABLE": "AuditTable",
}
ROLES = {
    "viewer": frozenset({Role.VIEWER}),
    "creator": frozenset({Role.VIEWER, Role.CREATOR}),
    "moderator": frozenset({Role.VIEWER, Role.CREATOR, Role.MODERATOR}),
    "admin": frozenset({Role.VIEWER, Role.ADMIN}),
}


@dataclass(frozen=True)
class World:
    """The resources, and the server that keeps them."""

    server: servers.Server
    tables: dict[str, str]
    settle_arn: str

    def entries(self) -> list[dict[str, Any]]:
        """Return the audit log as it is stored."""
        found: list[dict[str, Any]] = self.server.client("dynamodb").scan(TableName=self.tables["AUDIT_TABLE"])["Items"]
        return found


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        servers.running(tmp_path_factory.mktemp("administration") / "state", is_stock=False) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        made = _make_world(server)
        settings = {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "EVENT_BUS": "administration-test",
            "SETTLE_STATE_MACHINE_ARN": made.settle_arn,
            "UPLOADS_BUCKET": "uploads",
            "MEDIA_BUCKET": "media",
            **made.tables,
        }
        for name, value in settings.items():
            environment.setenv(name, value)
        forget_container()
        yield made
    forget_container()


@pytest.fixture
def admin_api(world: World) -> Gateway:
    """The admin function, in a container that has just started."""
    forget_container()
    return Gateway(trusting("admin"))


@pytest.fixture
def person(world: World) -> Callable[..., Caller]:
    """Make an account, and a token as it gets one at that moment."""

    def make(kind: str = "creator", **changes: Any) -> Caller:
        user_id = UserId(new_id())
        fields: dict[str, Any] = {"email": f"{user_id}@example.org", "display_name": "Ada", **changes}
        account = Account(user_id=user_id, roles=ROLES[kind], created_at=now(), **fields)
        accounts_store.create(account, Credential(account.email, user_id, "no-hash"))
        return Caller(user_id, frozenset(role.value for role in ROLES[kind]))

    return make


def _make_world(server: servers.Server) -> World:
    server.client("events").create_event_bus(Name="administration-test")
    for bucket in ("uploads", "media"):
        server.client("s3").create_bucket(Bucket=bucket)
    nothing = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    machine = server.client("stepfunctions").create_state_machine(
        name="settle", definition=nothing, roleArn=servers.ROLE
    )
    tables = {name: make_table(server, logical_id) for name, logical_id in TABLES.items()}
    return World(server, tables, machine["stateMachineArn"])
