"""The users table; the only module of this capability that speaks DynamoDB.

    item         pk                  holds
    account      USER#<user_id>      email, display_name, roles, created_at, version
    credential   EMAIL#<email>       user_id, password_hash, version

    access pattern                        request
    register, one account an address      TransactWriteItems: both items, each must be absent
    sign in                               GetItem EMAIL#<email>, then GetItem USER#<user_id>
    read one account                      GetItem USER#<user_id>
    change a profile                      UpdateItem USER#<user_id>, must exist
    replace an outdated password hash     UpdateItem EMAIL#<email>, the hash must be the one that was checked

The key is `pk` (string, HASH) alone, and there is no index. The address is unique because it is a key. Nothing that
shows accounts reads a credential.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UnicodeSetAttribute, UTCDateTimeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import DoesNotExist, PynamoDBException, TransactWriteError, UpdateError
from pynamodb.expressions.update import Action
from pynamodb.models import Model
from pynamodb.transactions import TransactWrite

from millrace.accounts.errors import AccountGone, AccountsUnavailable, EmailTaken
from millrace.accounts.model import Account, Credential, Role
from millrace.platform import settings
from millrace.platform.ids import UserId

CONNECT_TIMEOUT_S = 1
READ_TIMEOUT_S = 3
# Counts what follows the first try, so two attempts in all.
RETRIES = 1
# Two people who register one address in the same moment block each other, for milliseconds; who is blocked looks again.
CONFLICT_WAITS_S = (0.0, 0.05, 0.2)
CONDITION_FAILED = "ConditionalCheckFailed"


class _AccountItem(Model):
    class Meta:
        # Set on first use: nothing reads the environment at import.
        table_name = ""
        connect_timeout_seconds = CONNECT_TIMEOUT_S
        read_timeout_seconds = READ_TIMEOUT_S
        max_retry_attempts = RETRIES

    pk = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()
    display_name = UnicodeAttribute()
    roles = UnicodeSetAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    version = NumberAttribute(default=1)


class _CredentialItem(Model):
    class Meta:
        table_name = ""
        connect_timeout_seconds = CONNECT_TIMEOUT_S
        read_timeout_seconds = READ_TIMEOUT_S
        max_retry_attempts = RETRIES

    pk = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute()
    user_id = UnicodeAttribute()
    password_hash = UnicodeAttribute()
    version = NumberAttribute(default=1)


def create(account: Account, credential: Credential) -> None:
    """Store a new account with its credential, both or neither; raises EmailTaken.

    A try whose answer is lost is repeated under the same request token by the client, so it cannot find its own items.
    """
    items = _account_item(account), _credential_item(credential)
    for wait_s in CONFLICT_WAITS_S:
        time.sleep(wait_s)
        try:
            with TransactWrite(connection=_connection()) as transaction:
                transaction.save(items[0], condition=_accounts().pk.does_not_exist())
                transaction.save(items[1], condition=_credentials().pk.does_not_exist())
            return
        except TransactWriteError as error:
            codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
            if CONDITION_FAILED in codes:
                raise EmailTaken from error
            if "TransactionConflict" not in codes:
                raise AccountsUnavailable from error
    raise AccountsUnavailable


def account(user_id: UserId) -> Account:
    """Return the account; raises AccountGone."""
    with _translated():
        try:
            # Whoever has just changed their name wants to read the new one.
            return _account(_accounts().get(_user_key(user_id), consistent_read=True))
        except DoesNotExist as error:
            raise AccountGone(user_id) from error


def credential(email: str) -> Credential | None:
    """Return what signing in with this address needs, or None where nobody has it."""
    with _translated():
        try:
            item = _credentials().get(_email_key(email), consistent_read=True)
        except DoesNotExist:
            return None
        return Credential(email=item.email, user_id=UserId(item.user_id), password_hash=item.password_hash)


def rename(user_id: UserId, display_name: str) -> Account:
    """Change the shown name and return the account as it is then; raises AccountGone."""
    model = _accounts()
    item = model(_user_key(user_id))
    actions: list[Action] = [model.display_name.set(display_name), model.version.add(1)]
    with _translated():
        try:
            item.update(actions=actions, condition=model.pk.exists())
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                raise AccountGone(user_id) from error
            raise
    return _account(item)


def replace_hash(checked: Credential, password_hash: str) -> bool:
    """Replace the hash that was checked by a newer one; false where it has changed in the meantime."""
    model = _credentials()
    actions: list[Action] = [model.password_hash.set(password_hash), model.version.add(1)]
    with _translated():
        try:
            model(_email_key(checked.email)).update(
                actions=actions, condition=model.password_hash == checked.password_hash
            )
        except UpdateError as error:
            if error.cause_response_code == "ConditionalCheckFailedException":
                return False
            raise
    return True


def _user_key(user_id: UserId) -> str:
    return f"USER#{user_id}"


def _email_key(email: str) -> str:
    return f"EMAIL#{email}"


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise AccountsUnavailable from error


@cache
def _accounts() -> type[_AccountItem]:
    _AccountItem.Meta.table_name = settings.require("USERS_TABLE")
    return _AccountItem


@cache
def _credentials() -> type[_CredentialItem]:
    _CredentialItem.Meta.table_name = settings.require("USERS_TABLE")
    return _CredentialItem


@cache
def _connection() -> Connection:
    return Connection(
        connect_timeout_seconds=CONNECT_TIMEOUT_S, read_timeout_seconds=READ_TIMEOUT_S, max_retry_attempts=RETRIES
    )


def _account_item(account: Account) -> _AccountItem:
    return _accounts()(
        _user_key(account.user_id),
        user_id=account.user_id,
        email=account.email,
        display_name=account.display_name,
        # DynamoDB has no empty set.
        roles=set(account.roles) or None,
        created_at=account.created_at,
    )


def _credential_item(credential: Credential) -> _CredentialItem:
    return _credentials()(
        _email_key(credential.email),
        email=credential.email,
        user_id=credential.user_id,
        password_hash=credential.password_hash,
    )


def _account(item: _AccountItem) -> Account:
    return Account(
        user_id=UserId(item.user_id),
        email=item.email,
        display_name=item.display_name,
        roles=frozenset(Role(role) for role in item.roles or ()),
        created_at=item.created_at,
    )
