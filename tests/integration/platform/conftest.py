"""A real emulator with the platform's own tables."""

from collections.abc import Iterator

import pytest

from millrace.platform.store import connection
from tests.integration.emulator import servers
from tests.integration.tables import make_table


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with (
        servers.running(tmp_path_factory.mktemp("platform") / "state", is_stock=False) as server,
        pytest.MonkeyPatch.context() as environment,
    ):
        for name, value in {
            "AWS_ENDPOINT_URL": server.endpoint,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "LIMITS_TABLE": make_table(server, "LimitsTable"),
            "ANSWERS_TABLE": make_table(server, "AnswersTable"),
        }.items():
            environment.setenv(name, value)
        connection.cache_clear()
        yield server
    connection.cache_clear()
