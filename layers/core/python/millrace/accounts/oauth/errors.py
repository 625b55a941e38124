"""Facts that stop a sign-in with an account elsewhere; a browser is sent back to the site with their slug."""

from millrace.platform.errors import Conflict, Forbidden, NotFound, Unavailable


class NoSuchProvider(NotFound):
    """Nothing of that name is set up."""

    slug = "no-such-provider"

    def __init__(self) -> None:
        super().__init__("Signing in with this provider is not set up here.")


class ProvidersUnavailable(Unavailable):
    """The settings of providers cannot be read, or are not right."""

    def __init__(self) -> None:
        super().__init__("Signing in with other providers does not work at the moment.")


class ProviderUnavailable(Unavailable):
    """The provider does not answer, or not as its protocol asks for."""

    slug = "provider-unavailable"

    def __init__(self) -> None:
        super().__init__("The provider does not answer at the moment. Please try again.")


class BadState(Forbidden):
    """The provider's answer belongs to no sign-in that this browser has begun: forged, repeated, or too late."""

    slug = "oauth-state"

    def __init__(self) -> None:
        super().__init__("This sign-in was not begun here, or took too long. Please begin again.")


class Denied(Forbidden):
    """The person, or the provider, said no."""

    slug = "oauth-denied"

    def __init__(self) -> None:
        super().__init__("The provider did not sign you in.")


class BadIdentity(Forbidden):
    """What the provider sent does not prove who it is; why stays in `reason`, for our logs."""

    slug = "oauth-identity"

    def __init__(self, reason: str) -> None:
        super().__init__("The provider's answer could not be believed.")
        self.reason = reason


class EmailNotVerified(Forbidden):
    """The provider does not vouch for an email address."""

    slug = "oauth-email"

    def __init__(self) -> None:
        super().__init__("The provider knows no verified email address of yours.")


class IdentityTaken(Conflict):
    """The account elsewhere opens an account here already."""

    slug = "identity-taken"

    def __init__(self) -> None:
        super().__init__("This account elsewhere is linked with another account already.")


class LastWayIn(Conflict):
    """Without this identity the account could not be opened any more."""

    slug = "last-way-in"

    def __init__(self) -> None:
        super().__init__("Set a password first: otherwise you could not sign in any more.")


class NothingToLink(NotFound):
    """This browser has nothing to confirm, or took too long, or guessed too often."""

    slug = "nothing-to-link"

    def __init__(self) -> None:
        super().__init__("There is nothing to link. Please sign in with the provider again.")
