"""Sign-ins on their way, in the users table; the only module of OAuth that speaks DynamoDB.

item           pk               holds
flow           FLOW#<hash>      by the hash of `state`: provider, browser, nonce, PKCE verifier, return path
pending link   LINK#<hash>      by the hash of a cookie: identity, address, attempts

access pattern                      request
begin, or ask to confirm            PutItem
take the provider's answer, once    GetItem, then DeleteItem: it must still be there
look at a pending link              GetItem
try to confirm one                  UpdateItem: counts, and refuses the sixth
done                                DeleteItem
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, DoesNotExist, PynamoDBException, UpdateError
from pynamodb.models import Model

from millrace.accounts.errors import AccountsUnavailable
from millrace.accounts.oauth.model import LINK_ATTEMPTS, Flow, PendingLink
from millrace.platform import settings
from millrace.platform.ids import UserId
from millrace.platform.store import Deadlines

CONDITION_FAILED = "ConditionalCheckFailedException"


class _FlowItem(Model):
    class Meta(Deadlines):
        """How the table answers."""

    pk = UnicodeAttribute(hash_key=True)
    provider_id = UnicodeAttribute()
    browser_hash = UnicodeAttribute()
    nonce = UnicodeAttribute()
    code_verifier = UnicodeAttribute()
    return_to = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()


class _LinkItem(Model):
    class Meta(Deadlines):
        """How the table answers."""

    pk = UnicodeAttribute(hash_key=True)
    identity_key = UnicodeAttribute()
    provider_id = UnicodeAttribute()
    email = UnicodeAttribute()
    attempts = NumberAttribute(default=0)
    expires_at = TTLAttribute()


def create_flow(state_hash: str, flow: Flow) -> None:
    """Store a sign-in that begins."""
    item = _flows()(
        _flow_key(state_hash),
        provider_id=flow.provider_id,
        browser_hash=flow.browser_hash,
        nonce=flow.nonce,
        code_verifier=flow.code_verifier,
        return_to=flow.return_to,
        user_id=flow.user_id,
        expires_at=flow.expires_at,
    )
    with _translated():
        item.save(condition=_flows().pk.does_not_exist())


def take_flow(state_hash: str) -> Flow | None:
    """Return the sign-in and forget it: of many who ask for one, a single one gets it."""
    with _translated():
        try:
            item = _flows().get(_flow_key(state_hash), consistent_read=True)
            item.delete(condition=_flows().pk.exists())
        except DoesNotExist:
            return None
        except DeleteError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return None
            raise
    return Flow(
        provider_id=item.provider_id,
        browser_hash=item.browser_hash,
        nonce=item.nonce,
        code_verifier=item.code_verifier,
        return_to=item.return_to,
        expires_at=item.expires_at,
        user_id=UserId(item.user_id) if item.user_id else None,
    )


def create_link(secret_hash: str, link: PendingLink) -> None:
    """Store an identity that waits for the word of an account's owner."""
    item = _links()(
        _link_key(secret_hash),
        identity_key=link.identity_key,
        provider_id=link.provider_id,
        email=link.email,
        expires_at=link.expires_at,
    )
    with _translated():
        item.save()


def link(secret_hash: str) -> PendingLink | None:
    """Return what waits, or None."""
    with _translated():
        try:
            return _link(_links().get(_link_key(secret_hash), consistent_read=True))
        except DoesNotExist:
            return None


def try_link(secret_hash: str) -> PendingLink | None:
    """Count an attempt to confirm and return what waits; None where nothing does, or it was tried too often."""
    model = _links()
    item = model(_link_key(secret_hash))
    with _translated():
        try:
            item.update(
                actions=[model.attempts.add(1)],
                condition=model.pk.exists() & (model.attempts < LINK_ATTEMPTS),
            )
        except UpdateError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return None
            raise
    return _link(item)


def delete_link(secret_hash: str) -> None:
    """Forget what waited."""
    with _translated():
        _links()(_link_key(secret_hash)).delete()


def _flow_key(state_hash: str) -> str:
    return f"FLOW#{state_hash}"


def _link_key(secret_hash: str) -> str:
    return f"LINK#{secret_hash}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise AccountsUnavailable from error


@cache
def _flows() -> type[_FlowItem]:
    _FlowItem.Meta.table_name = settings.require("USERS_TABLE")
    return _FlowItem


@cache
def _links() -> type[_LinkItem]:
    _LinkItem.Meta.table_name = settings.require("USERS_TABLE")
    return _LinkItem


def _link(item: _LinkItem) -> PendingLink:
    return PendingLink(item.identity_key, item.provider_id, item.email, item.expires_at)
