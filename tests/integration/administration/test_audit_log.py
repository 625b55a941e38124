"""The audit log: who, what, whom, when, why; complete, in order, and for good."""

from collections.abc import Callable
from typing import Any

import pytest

from millrace.administration import store
from millrace.administration.errors import AuditUnavailable
from millrace.platform.caller import Caller
from millrace.platform.ids import is_id
from tests.architecture.test_template import RESOURCES
from tests.integration.administration.conftest import World
from tests.integration.gateway import Gateway

Person = Callable[..., Caller]


def read(admin_api: Gateway, admin: Caller, query: str = "") -> list[dict[str, Any]]:
    """Return the whole log, or what a query finds, read in small pages."""
    entries: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        path = f"/api/admin/audit-log?limit=2{query}{cursor and f'&cursor={cursor}'}"
        page = admin_api.call("GET", path, caller=admin)
        assert page.status == 200, page.body
        entries += page.json["items"]
        cursor = page.json["next_cursor"]
    return entries


def test_every_order_is_logged_and_found_by_target_and_by_actor(admin_api: Gateway, person: Person) -> None:
    admin, other, target = person("admin"), person("admin"), person()
    address = f"/api/admin/users/{target.user_id}"
    admin_api.call("POST", f"{address}/suspend", {"reason": "Spam.\nMuch of it."}, caller=admin)
    admin_api.call("POST", f"{address}/restore", {"reason": "A mistake."}, caller=other)
    admin_api.call("PUT", f"{address}/roles", {"roles": ["viewer"], "reason": "Watching only."}, caller=admin)

    about = read(admin_api, admin, f"&target_kind=user&target_id={target.user_id}")

    assert [(entry["actor_id"], entry["action"], entry["reason"]) for entry in about] == [
        (admin.user_id, "set_roles", "Watching only."),
        (other.user_id, "restore_user", "A mistake."),
        (admin.user_id, "suspend_user", "Spam.\nMuch of it."),
    ]
    assert about[0]["details"] == {"before": ["creator", "viewer"], "after": ["viewer"]}
    assert all(is_id(entry["entry_id"]) and entry["ordered_at"] for entry in about)
    assert [entry["action"] for entry in read(admin_api, admin, f"&actor_id={admin.user_id}")] == [
        "set_roles",
        "suspend_user",
    ]
    everything = read(admin_api, admin)
    assert [entry for entry in everything if entry["target_id"] == target.user_id] == about
    ids = [entry["entry_id"] for entry in everything]
    assert ids == sorted(set(ids), reverse=True)


def test_nothing_is_done_that_cannot_be_logged(
    admin_api: Gateway, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, target = person("admin"), person()

    def broken(_: object) -> None:
        raise AuditUnavailable

    address = f"/api/admin/users/{target.user_id}"
    with monkeypatch.context() as now_broken:
        now_broken.setattr(store, "add", broken)
        answer = admin_api.call("POST", f"{address}/suspend", {"reason": "x"}, caller=admin)
        assert answer.status == 503
        answer = admin_api.call("PUT", f"{address}/roles", {"roles": ["admin"], "reason": "x"}, caller=admin)
        assert answer.status == 503
    found = admin_api.call("GET", address, caller=admin).json
    assert (found["suspension"], found["roles"]) == (None, ["creator", "viewer"])


def test_an_entry_cannot_be_written_over(admin_api: Gateway, person: Person, world: World) -> None:
    admin = person("admin")
    admin_api.call("POST", f"/api/admin/users/{person().user_id}/suspend", {"reason": "First."}, caller=admin)
    (entry,) = store.of_actor(admin.user_id, 5, None).entries
    with pytest.raises(AuditUnavailable):
        store.add(entry)


def test_the_role_of_the_function_can_neither_change_nor_remove_entries() -> None:
    """And no other function reaches the log, but for the operator's own, which adds to it."""
    allowed = {
        "AdminFunction": {"dynamodb:PutItem", "dynamodb:Query"},
        "ManageAccountFunction": {"dynamodb:PutItem"},
    }
    for name, resource in RESOURCES.items():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        for policy in resource["Properties"]["Policies"]:
            for statement in policy["Statement"]:
                if "AuditTable" not in str(statement["Resource"]):
                    continue
                actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                assert set(actions) <= allowed.get(name, set()), name


@pytest.mark.parametrize(
    "query",
    [
        "target_kind=user",
        "target_id=01kc3v9m5t3q8x5f0h2j4n6p8r",
        "target_kind=comet&target_id=x",
        "limit=0",
        "actor_id=",
        "target_kind=user&target_id=x",
        "who=me",
        "target_kind=user&target_id=01kc3v9m5t3q8x5f0h2j4n6p8r&actor_id=01kc3v9m5t3q8x5f0h2j4n6p8r",
    ],
)
def test_a_question_that_makes_no_sense_is_refused(admin_api: Gateway, person: Person, query: str) -> None:
    assert admin_api.call("GET", f"/api/admin/audit-log?{query}", caller=person("admin")).status == 422
