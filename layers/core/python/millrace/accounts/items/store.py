"""The items of the users table: keys, attributes, and what they mean."""

from functools import cache

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from millrace.accounts.model import Account, Credential, Role, Suspension, folded
from millrace.platform import settings
from millrace.platform.ids import UserId
from millrace.platform.store import Deadlines

# The one partition of the indexes that administrators search: a search is rare, and a registration is one write to it.
LISTED = "accounts"


class ByEmail(GlobalSecondaryIndex["AccountItem"]):  # type: ignore[no-untyped-call]
    """Accounts by address."""

    class Meta:
        """Which index."""

        index_name = "by_email"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    email = UnicodeAttribute(range_key=True)


class ByName(GlobalSecondaryIndex["AccountItem"]):  # type: ignore[no-untyped-call]
    """Accounts by shown name, folded."""

    class Meta:
        """Which index."""

        index_name = "by_name"
        projection = AllProjection()

    listed = UnicodeAttribute(hash_key=True)
    name_key = UnicodeAttribute(range_key=True)


class AccountItem(Model):
    """An account."""

    class Meta(Deadlines):
        """How the table answers."""

    pk = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()
    display_name = UnicodeAttribute()
    roles = UnicodeSetAttribute(null=True)
    created_at = UTCDateTimeAttribute()
    verified_at = UTCDateTimeAttribute(null=True)
    suspended_for = UnicodeAttribute(null=True)
    suspended_at = UTCDateTimeAttribute(null=True)
    avatar_key = UnicodeAttribute(default="")
    identities = UnicodeSetAttribute(null=True)
    epoch = NumberAttribute(default=0)
    listed = UnicodeAttribute(default=LISTED)
    name_key = UnicodeAttribute(null=True)
    version = NumberAttribute(default=1)
    by_email = ByEmail()
    by_name = ByName()


class CredentialItem(Model):
    """What signing in by email needs."""

    class Meta(Deadlines):
        """How the table answers."""

    pk = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()
    password_hash = UnicodeAttribute(default="")
    epoch = NumberAttribute(default=0)


class IdentityItem(Model):
    """An account elsewhere that opens one of ours."""

    class Meta(Deadlines):
        """How the table answers."""

    pk = UnicodeAttribute(hash_key=True)
    user_id = UnicodeAttribute()


class MailTokenItem(Model):
    """A token that a mail carries."""

    class Meta(Deadlines):
        """How the table answers."""

    pk = UnicodeAttribute(hash_key=True)
    purpose = UnicodeAttribute()
    user_id = UnicodeAttribute()
    email = UnicodeAttribute()
    epoch = NumberAttribute()
    expires_at = TTLAttribute()


def account_item(account: Account) -> AccountItem:
    """Write a new account."""
    return accounts()(
        user_key(account.user_id),
        user_id=account.user_id,
        email=account.email,
        display_name=account.display_name,
        name_key=folded(account.display_name),
        roles=set(account.roles) or None,
        created_at=account.created_at,
        verified_at=account.created_at if account.is_verified else None,
        identities=set(account.identities) or None,
    )


def credential_item(credential: Credential) -> CredentialItem:
    """Write a new credential."""
    return credentials()(
        email_key(credential.email),
        email=credential.email,
        user_id=credential.user_id,
        password_hash=credential.password_hash,
    )


def read_account(item: AccountItem) -> Account:
    """Read an account."""
    suspension = Suspension(item.suspended_for, item.suspended_at) if item.suspended_for else None
    return Account(
        user_id=UserId(item.user_id),
        email=item.email,
        display_name=item.display_name,
        roles=frozenset(Role(role) for role in item.roles or ()),
        created_at=item.created_at,
        is_verified=item.verified_at is not None,
        suspension=suspension,
        avatar_key=item.avatar_key,
        identities=frozenset(item.identities or ()),
        epoch=int(item.epoch),
        version=int(item.version),
    )


def user_key(user_id: UserId) -> str:
    """Return the key of an account."""
    return f"USER#{user_id}"


def email_key(email: str) -> str:
    """Return the key of a credential."""
    return f"EMAIL#{email}"


def identity_key(name: str) -> str:
    """Return the key of an identity."""
    return f"IDENTITY#{name}"


def mail_key(token_hash: str) -> str:
    """Return the key of a mail token."""
    return f"MAIL#{token_hash}"


@cache
def accounts() -> type[AccountItem]:
    """Return the model, bound to the table."""
    AccountItem.Meta.table_name = settings.require("USERS_TABLE")
    return AccountItem


@cache
def credentials() -> type[CredentialItem]:
    """Return the model, bound to the table."""
    CredentialItem.Meta.table_name = settings.require("USERS_TABLE")
    return CredentialItem


@cache
def identities() -> type[IdentityItem]:
    """Return the model, bound to the table."""
    IdentityItem.Meta.table_name = settings.require("USERS_TABLE")
    return IdentityItem


@cache
def mail_tokens() -> type[MailTokenItem]:
    """Return the model, bound to the table."""
    MailTokenItem.Meta.table_name = settings.require("USERS_TABLE")
    return MailTokenItem
