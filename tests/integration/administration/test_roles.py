"""Who may do what: every way up that a person without the role might try."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from millrace.accounts import standing
from millrace.accounts.model import Role
from millrace.administration import service
from millrace.platform.caller import Caller
from millrace.platform.ids import UserId, new_id
from tests.integration.administration.conftest import World
from tests.integration.gateway import Gateway

Person = Callable[..., Caller]
SOMEBODY = "01kc3v9m5t3q8x5f0h2j4n6p8r"
REASON = {"reason": "Because."}
ADMINS_ONLY: list[tuple[str, str, Any]] = [
    ("GET", "/api/admin/users", None),
    ("GET", f"/api/admin/users/{SOMEBODY}", None),
    ("POST", f"/api/admin/users/{SOMEBODY}/suspend", REASON),
    ("POST", f"/api/admin/users/{SOMEBODY}/restore", REASON),
    ("PUT", f"/api/admin/users/{SOMEBODY}/roles", {"roles": ["admin"], **REASON}),
    ("GET", "/api/admin/audit-log", None),
]
MODERATORS: list[tuple[str, str, Any]] = [
    ("POST", f"/api/admin/videos/{SOMEBODY}/take-down", REASON),
    ("POST", f"/api/admin/videos/{SOMEBODY}/restore", REASON),
    ("POST", f"/api/admin/comments/{SOMEBODY}/remove", REASON),
    ("GET", "/api/admin/reports", None),
    ("POST", "/api/admin/reports/close", {"video_id": SOMEBODY, "reporter_id": SOMEBODY, **REASON}),
]


def test_every_route_is_listed_here(admin_api: Gateway) -> None:
    """A new route has to say in this file who may call it."""
    known = {(method, path.replace(SOMEBODY, "{}")) for method, path, _ in ADMINS_ONLY + MODERATORS}
    routes = admin_api.function.api.routes
    found = {(route.method, re.sub(r"\{\w+\}", "{}", route.path)) for route in routes}
    assert found == known


@pytest.mark.parametrize(("method", "path", "body"), ADMINS_ONLY + MODERATORS)
def test_strangers_viewers_and_creators_get_nowhere(
    admin_api: Gateway, person: Person, world: World, method: str, path: str, body: Any
) -> None:
    before = len(world.entries())
    assert admin_api.call(method, path, body).status == 401
    for kind in ("viewer", "creator"):
        answer = admin_api.call(method, path, body, caller=person(kind))
        assert (answer.status, answer.problem) == (403, "role-missing")
    assert len(world.entries()) == before


@pytest.mark.parametrize(("method", "path", "body"), ADMINS_ONLY)
def test_a_moderator_gets_no_further_than_videos(
    admin_api: Gateway, person: Person, method: str, path: str, body: Any
) -> None:
    answer = admin_api.call(method, path, body, caller=person("moderator"))
    assert (answer.status, answer.problem) == (403, "role-missing")


@pytest.mark.parametrize(("method", "path", "body"), MODERATORS)
@pytest.mark.parametrize("kind", ["moderator", "admin"])
def test_moderators_and_admins_reach_videos(
    admin_api: Gateway, person: Person, kind: str, method: str, path: str, body: Any
) -> None:
    # What they name is not there; the lists are.
    assert admin_api.call(method, path, body, caller=person(kind)).status in (200, 204, 404)


@pytest.mark.parametrize(("method", "path", "body"), ADMINS_ONLY + MODERATORS)
def test_roles_in_a_token_that_the_account_has_no_longer_open_nothing(
    admin_api: Gateway, person: Person, method: str, path: str, body: Any
) -> None:
    demoted, suspended, deleted = person("admin"), person("admin"), Caller(UserId(new_id()), frozenset({"admin"}))
    standing.set_roles(demoted.user_id, frozenset({Role.VIEWER}))
    standing.suspend(suspended.user_id, "Gone rogue.")
    for caller in (demoted, suspended, deleted):
        answer = admin_api.call(method, path, body, caller=caller)
        assert (answer.status, answer.problem) == (403, "role-missing")


def test_nobody_changes_their_own_roles_or_standing(admin_api: Gateway, person: Person, world: World) -> None:
    admin = person("admin")
    address = f"/api/admin/users/{admin.user_id}"
    before = len(world.entries())
    orders = [
        ("PUT", "roles", {"roles": ["admin", "moderator"], **REASON}),
        ("POST", "suspend", REASON),
        ("POST", "restore", REASON),
    ]
    for method, path, body in orders:
        answer = admin_api.call(method, f"{address}/{path}", body, caller=admin)
        assert (answer.status, answer.problem) == (403, "not-yourself")
    assert admin_api.call("GET", address, caller=admin).json["roles"] == ["admin", "viewer"]
    assert len(world.entries()) == before


def test_an_admin_makes_a_moderator_who_then_is_one(admin_api: Gateway, person: Person) -> None:
    admin, chosen = person("admin"), person("creator")
    address = f"/api/admin/users/{chosen.user_id}/roles"
    order = {"roles": ["moderator", "viewer", "viewer"], "reason": "Trusted."}

    answer = admin_api.call("PUT", address, order, caller=admin)

    assert answer.json["roles"] == ["moderator", "viewer"]
    moderator = Caller(chosen.user_id, frozenset(answer.json["roles"]))
    assert admin_api.call("POST", MODERATORS[0][1], REASON, caller=moderator).status == 404
    taken = admin_api.call("PUT", address, {"roles": [], "reason": "No longer."}, caller=admin)
    assert taken.json["roles"] == []
    assert admin_api.call("POST", MODERATORS[0][1], REASON, caller=moderator).status == 403


@pytest.mark.parametrize(
    "body",
    [
        {"roles": ["owner"], "reason": "x"},
        {"roles": "admin", "reason": "x"},
        {"roles": None, "reason": "x"},
        {"roles": ["viewer"], "reason": ""},
        {"roles": ["viewer"], "reason": " \n "},
        {"roles": ["viewer"], "reason": "x" * 1001},
        {"roles": ["viewer"]},
        {"roles": ["viewer"], "reason": "x", "user_id": SOMEBODY},
    ],
)
def test_an_order_without_a_role_that_exists_or_without_a_reason_is_refused(
    admin_api: Gateway, person: Person, body: Any
) -> None:
    address = f"/api/admin/users/{person().user_id}/roles"
    assert admin_api.call("PUT", address, body, caller=person("admin")).status == 422


def test_the_operator_makes_the_first_admin_and_the_log_says_so(
    admin_api: Gateway, person: Person, world: World
) -> None:
    first = person("creator")
    assert admin_api.call("GET", "/api/admin/users", caller=first).status == 403

    service.promote(first.user_id, frozenset({Role.VIEWER, Role.ADMIN}), "The first admin.")

    admin = Caller(first.user_id, frozenset({"viewer", "admin"}))
    page = admin_api.call("GET", f"/api/admin/audit-log?target_kind=user&target_id={first.user_id}", caller=admin).json[
        "items"
    ]
    assert [(entry["actor_id"], entry["action"], entry["details"]) for entry in page] == [
        ("operator", "set_roles", {"before": ["creator", "viewer"], "after": ["admin", "viewer"]})
    ]
