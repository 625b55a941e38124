"""Facts that stop a use case of accounts."""

from millrace.platform.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from millrace.platform.ids import UserId


class EmailTaken(Conflict):
    """Another account has this address."""

    slug = "email-taken"

    def __init__(self) -> None:
        super().__init__("There is an account with this email address already.")


class WrongCredentials(Unauthenticated):
    """Address and password do not belong together; which of them is wrong is never told."""

    slug = "wrong-credentials"

    def __init__(self) -> None:
        super().__init__("The email address or the password is not right.")


class BadToken(Unauthenticated):
    """The token is not one of ours, not for us, or no longer valid; why stays in `reason`, for our logs."""

    slug = "bad-token"

    def __init__(self, reason: str) -> None:
        super().__init__("The access token is not valid. Sign in again.")
        self.reason = reason


class BadRefreshToken(Unauthenticated):
    """The refresh token is not good: unknown, lapsed, or used before; why stays in `reason`, for our logs."""

    slug = "bad-refresh-token"

    def __init__(self, reason: str) -> None:
        super().__init__("This session is over. Sign in again.")
        self.reason = reason


class BadMailToken(Conflict):
    """The link of a mail is not good: used already, too old, or never ours."""

    slug = "bad-mail-token"

    def __init__(self) -> None:
        super().__init__("This link has been used already or is too old. Ask for a new one.")


class PasswordChanged(Conflict):
    """The password was changed, or everything signed out, at the same moment."""

    slug = "password-changed"

    def __init__(self) -> None:
        super().__init__("Somebody else changed this account at the same moment. Please try again.")


class Suspended(Forbidden):
    """The account is suspended."""

    slug = "account-suspended"

    def __init__(self, reason: str) -> None:
        super().__init__(f"This account is suspended: {reason}")


class AccountGone(NotFound):
    """There is no such account, or no longer."""

    slug = "account-gone"

    def __init__(self, user_id: UserId) -> None:
        super().__init__("This account does not exist.")
        self.user_id = user_id


class AvatarMissing(Conflict):
    """No picture was uploaded under this id, or a day ago."""

    slug = "avatar-missing"

    def __init__(self) -> None:
        super().__init__("The picture has not been uploaded.")


class AvatarRejected(Invalid):
    """The uploaded file is not a picture that can be shown."""

    slug = "avatar-rejected"

    def __init__(self, message: str) -> None:
        super().__init__("avatar_id", message)


class SignInAgain(Forbidden):
    """This takes a session that has just begun."""

    slug = "sign-in-again"

    def __init__(self) -> None:
        super().__init__("Sign in again first, to show that it is you.")


class NobodyThere(NotFound):
    """Nobody has this address."""

    slug = "nobody-there"

    def __init__(self) -> None:
        super().__init__("There is no account with this email address.")


class AccountsUnavailable(Unavailable):
    """The table does not answer."""

    def __init__(self) -> None:
        super().__init__("Accounts cannot be reached at the moment. Please try again.")


class KeysUnavailable(Unavailable):
    """The keys that sign and prove tokens do not answer."""

    def __init__(self) -> None:
        super().__init__("Signing in does not work at the moment. Please try again.")
