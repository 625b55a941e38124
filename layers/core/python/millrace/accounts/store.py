"""The users table; the only module of accounts themselves that speaks DynamoDB.

    item         pk                           holds
    account      USER#<user_id>               email, display_name, roles, epoch, suspension, avatar, identities
    credential   EMAIL#<email>                user_id, password_hash (none for who signs in elsewhere only), epoch
    identity     IDENTITY#<provider>|<sub>    user_id: an account elsewhere that opens this one
    mail token   MAIL#<hash>                  user_id, purpose, email, epoch; expires by `expires_at`

    access pattern                        request
    register, one account an address      TransactWriteItems: every item must be absent
    sign in                               GetItem EMAIL#<email>, then GetItem USER#<user_id>
    read one account                      GetItem USER#<user_id>
    change a profile, roles, suspension   UpdateItem USER#<user_id>, must exist
    replace an outdated password hash     UpdateItem EMAIL#<email>, the hash must be the one that was checked
    set a password                        TransactWriteItems: credential and account, and the mail token that allowed it
    sign out everywhere                   TransactWriteItems: the epochs of credential and account
    use a mail token                      GetItem MAIL#<hash>, then one transaction with what it allows
    search                                Query index by_email or by_name: `listed`, a prefix
    delete an account                     TransactWriteItems: all its items

The address is unique because it is a key. Nothing that shows accounts reads a credential.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute
from pynamodb.exceptions import DoesNotExist, PynamoDBException, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from millrace.accounts.errors import AccountGone, AccountsUnavailable, BadMailToken, EmailTaken
from millrace.accounts.items import store as items
from millrace.accounts.model import Account, Credential, MailToken, Purpose, Role, Suspension, folded
from millrace.platform.errors import Stale
from millrace.platform.ids import UserId
from millrace.platform.store import Cancelled, transact

CONDITION_FAILED = "ConditionalCheckFailedException"


def create(account: Account, credential: Credential) -> None:
    """Store a new account with its credential and identities, all or none; raises EmailTaken."""

    def fill(transaction: TransactWrite) -> None:
        transaction.save(items.account_item(account), condition=items.accounts().pk.does_not_exist())
        transaction.save(items.credential_item(credential), condition=items.credentials().pk.does_not_exist())
        for identity in sorted(account.identities):
            item = items.identities()(items.identity_key(identity), user_id=account.user_id)
            transaction.save(item, condition=items.identities().pk.does_not_exist())

    try:
        transact(fill, AccountsUnavailable)
    except Cancelled as error:
        raise EmailTaken from error


def account(user_id: UserId) -> Account:
    """Return the account; raises AccountGone."""
    with _translated():
        try:
            # Whoever has just changed their name wants to read the new one.
            return items.read_account(items.accounts().get(items.user_key(user_id), consistent_read=True))
        except DoesNotExist as error:
            raise AccountGone(user_id) from error


def credential(email: str) -> Credential | None:
    """Return what signing in with this address needs, or None where nobody has it."""
    with _translated():
        try:
            item = items.credentials().get(items.email_key(email), consistent_read=True)
        except DoesNotExist:
            return None
        return Credential(item.email, UserId(item.user_id), item.password_hash, int(item.epoch))


def rename(user_id: UserId, display_name: str, version: int | None = None) -> Account:
    """Change the shown name, of this version or of any; raises AccountGone or Stale."""
    model = items.accounts()
    actions = model.display_name.set(display_name), model.name_key.set(folded(display_name))
    return _update(user_id, *actions, version=version)


def set_avatar(user_id: UserId, key: str) -> Account:
    """Change the picture, or take it away by an empty key; raises AccountGone."""
    return _update(user_id, items.accounts().avatar_key.set(key))


def set_roles(user_id: UserId, roles: frozenset[Role]) -> Account:
    """Change what a person may do; raises AccountGone."""
    model = items.accounts()
    # DynamoDB has no empty set.
    return _update(user_id, model.roles.set(set(roles)) if roles else model.roles.remove())


def set_suspension(user_id: UserId, suspension: Suspension | None) -> Account:
    """Suspend or restore an account; raises AccountGone."""
    model = items.accounts()
    if suspension is None:
        return _update(user_id, model.suspended_for.remove(), model.suspended_at.remove())
    actions = model.suspended_for.set(suspension.reason), model.suspended_at.set(suspension.since)
    return _update(user_id, *actions)


def replace_hash(checked: Credential, password_hash: str) -> bool:
    """Replace the hash that was checked by a newer one; false where it has changed in the meantime."""
    model = items.credentials()
    with _translated():
        try:
            model(items.email_key(checked.email)).update(
                actions=[model.password_hash.set(password_hash)],
                condition=model.password_hash == checked.password_hash,
            )
        except UpdateError as error:
            if error.cause_response_code == CONDITION_FAILED:
                return False
            raise
    return True


def set_password(owner: Account, password_hash: str, at: datetime, *, token_hash: str = "") -> None:
    """Set the password and end the epoch; a mail token that allowed it is used up, and proves the address.

    Raises BadMailToken where the token was used, or the account's epoch ended, in the meantime.
    """

    def fill(transaction: TransactWrite) -> None:
        credentials, accounts = items.credentials(), items.accounts()
        proven = [accounts.verified_at.set(at)] if token_hash else []
        _end_epoch(transaction, owner, [credentials.password_hash.set(password_hash)], proven)
        if token_hash:
            _use_up(transaction, token_hash)

    try:
        transact(fill, AccountsUnavailable)
    except Cancelled as error:
        raise BadMailToken from error


def end_epoch(owner: Account) -> None:
    """End everything that is signed in. Somebody else having done so in the meantime is as good."""
    try:
        transact(lambda transaction: _end_epoch(transaction, owner), AccountsUnavailable)
    except Cancelled:
        account(owner.user_id)


def create_mail_token(token_hash: str, token: MailToken) -> None:
    """Store a token that a mail carries."""
    item = items.mail_tokens()(
        items.mail_key(token_hash),
        purpose=token.purpose,
        user_id=token.user_id,
        email=token.email,
        epoch=token.epoch,
        expires_at=token.expires_at,
    )
    with _translated():
        item.save()


def mail_token(token_hash: str) -> MailToken | None:
    """Return the token of a mail, or None: the time is the caller's to look at."""
    with _translated():
        try:
            item = items.mail_tokens().get(items.mail_key(token_hash), consistent_read=True)
        except DoesNotExist:
            return None
        purpose = Purpose(item.purpose)
        return MailToken(UserId(item.user_id), purpose, item.email, int(item.epoch), item.expires_at)


def verify(token: MailToken, token_hash: str, at: datetime) -> None:
    """Use up the token and note that the address is its owner's; raises BadMailToken."""
    model = items.accounts()

    def fill(transaction: TransactWrite) -> None:
        transaction.update(
            model(items.user_key(token.user_id)),
            actions=[model.verified_at.set(at), model.version.add(1)],
            condition=model.pk.exists() & (model.email == token.email),
        )
        _use_up(transaction, token_hash)

    try:
        transact(fill, AccountsUnavailable)
    except Cancelled as error:
        raise BadMailToken from error


def page_by_email(prefix: str, limit: int, after: dict[str, Any] | None) -> tuple[tuple[Account, ...], Any]:
    """Return accounts whose address begins so, and where the next page begins (None: this is the last one)."""
    condition = items.ByEmail.email.startswith(prefix) if prefix else None
    return _page(items.accounts().by_email.query(items.LISTED, condition, limit=limit, last_evaluated_key=after))


def page_by_name(prefix: str, limit: int, after: dict[str, Any] | None) -> tuple[tuple[Account, ...], Any]:
    """Return accounts whose shown name begins so, without distinction of case, and where the next page begins."""
    condition = items.ByName.name_key.startswith(folded(prefix))
    return _page(items.accounts().by_name.query(items.LISTED, condition, limit=limit, last_evaluated_key=after))


def identity(name: str) -> UserId | None:
    """Return whose account an identity elsewhere opens, or None."""
    with _translated():
        try:
            return UserId(items.identities().get(items.identity_key(name), consistent_read=True).user_id)
        except DoesNotExist:
            return None


def link(owner: Account, name: str) -> None:
    """Let an identity elsewhere open the account; raises Cancelled where it opens one already."""
    model = items.accounts()

    def fill(transaction: TransactWrite) -> None:
        item = items.identities()(items.identity_key(name), user_id=owner.user_id)
        transaction.save(item, condition=items.identities().pk.does_not_exist())
        actions: list[Action] = [model.identities.add({name}), model.version.add(1)]
        transaction.update(model(items.user_key(owner.user_id)), actions=actions, condition=model.pk.exists())

    transact(fill, AccountsUnavailable)


def unlink(owner: Account, name: str) -> None:
    """Take an identity away; raises Cancelled where it is not the account's."""
    model = items.accounts()

    def fill(transaction: TransactWrite) -> None:
        item = items.identities()(items.identity_key(name))
        transaction.delete(item, condition=items.identities().user_id == owner.user_id)
        actions: list[Action] = [model.identities.delete({name}), model.version.add(1)]
        transaction.update(model(items.user_key(owner.user_id)), actions=actions, condition=model.pk.exists())

    transact(fill, AccountsUnavailable)


def delete(owner: Account) -> None:
    """Delete the account with its credential and identities; deleting it twice changes nothing."""

    def fill(transaction: TransactWrite) -> None:
        transaction.delete(items.accounts()(items.user_key(owner.user_id)))
        transaction.delete(items.credentials()(items.email_key(owner.email)))
        for name in sorted(owner.identities):
            transaction.delete(items.identities()(items.identity_key(name)))

    transact(fill, AccountsUnavailable)


def _update(user_id: UserId, *actions: Action, version: int | None = None) -> Account:
    model = items.accounts()
    is_expected = model.pk.exists() if version is None else model.pk.exists() & (model.version == version)
    item = model(items.user_key(user_id))
    with _translated():
        try:
            item.update(actions=[*actions, model.version.add(1)], condition=is_expected)
        except UpdateError as error:
            if error.cause_response_code != CONDITION_FAILED:
                raise
            if version is not None:
                # Gone, or another version.
                account(user_id)
                raise Stale from error
            raise AccountGone(user_id) from error
    return items.read_account(item)


def _end_epoch(
    transaction: TransactWrite, owner: Account, of_credential: Sequence[Action] = (), of_account: Sequence[Action] = ()
) -> None:
    accounts, credentials = items.accounts(), items.credentials()
    transaction.update(
        credentials(items.email_key(owner.email)),
        actions=[credentials.epoch.set(owner.epoch + 1), *of_credential],
        condition=credentials.pk.exists() & _is_at(credentials.epoch, owner.epoch),
    )
    transaction.update(
        accounts(items.user_key(owner.user_id)),
        actions=[accounts.epoch.set(owner.epoch + 1), accounts.version.add(1), *of_account],
        condition=accounts.pk.exists() & _is_at(accounts.epoch, owner.epoch),
    )


def _is_at(attribute: NumberAttribute, epoch: int) -> Condition:
    # An item that is older than epochs has none.
    return (attribute == epoch) if epoch else (attribute == epoch) | attribute.does_not_exist()


def _use_up(transaction: TransactWrite, token_hash: str) -> None:
    transaction.delete(items.mail_tokens()(items.mail_key(token_hash)), condition=items.mail_tokens().pk.exists())


def _page(found: Any) -> tuple[tuple[Account, ...], Any]:
    with _translated():
        return tuple(items.read_account(item) for item in found), found.last_evaluated_key


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except PynamoDBException as error:
        raise AccountsUnavailable from error
