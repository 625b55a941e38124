"""Signing in with an account elsewhere: OAuth 2.0 and OpenID Connect."""

from urllib.parse import quote

from millrace.accounts.access import authenticate
from millrace.accounts.cookies import session_cookies
from millrace.accounts.errors import AccountGone, Suspended, WrongCredentials
from millrace.accounts.messages import SignedIn
from millrace.accounts.oauth import providers, service
from millrace.accounts.oauth.cookies import browser_cookie, browser_secret, link_cookie, link_secret
from millrace.accounts.oauth.errors import IdentityTaken, LastWayIn, NoSuchProvider, NothingToLink, ProviderUnavailable
from millrace.accounts.oauth.messages import (
    Answer,
    Identities,
    LinkConsent,
    LinkView,
    Providers,
    ProviderView,
    Start,
    Started,
)
from millrace.accounts.sessions.model import Device
from millrace.platform import site
from millrace.platform.errors import DomainError
from millrace.platform.http import Access, Api, Caller, Cookie, CrossSite, Empty, Reply, Visitor
from millrace.platform.limits import per_address
from millrace.platform.observability import logger

api = Api("oauth", authenticate)
handler = api.chalice


@api.route("GET", "/api/auth/oauth/providers", tag="accounts")
def list_providers() -> Providers:
    """List the providers that one can sign in with."""
    found = providers.all_providers()
    return Providers(providers=tuple(ProviderView(provider=one.id, label=one.label) for one in found))


@api.route(
    "POST",
    "/api/auth/oauth/{provider}",
    access=Access.OPTIONAL,
    tag="accounts",
    cookies=True,
    raises=[NoSuchProvider, ProviderUnavailable, CrossSite],
    limits=[per_address("oauth", 30, 300)],
)
def start_oauth(provider: str, body: Start, caller: Caller | None, visitor: Visitor) -> Reply[Started]:
    """Begin to sign in, or to link: the answer is the address that the browser has to go to."""
    visitor.check_own_page()
    started, secret = service.start(provider, body, caller.user_id if caller else None)
    return Reply(started, cookies=[browser_cookie(secret)])


@api.route("GET", "/api/auth/oauth/{provider}/callback", status=302, tag="accounts", cookies=True)
def finish_oauth(provider: str, query: Answer, visitor: Visitor) -> Empty:
    """Take the provider's answer and go back to the site, signed in; `sign_in_error` in the address names a failure.

    Where the address belongs to an account here already, the way leads to `/sign-in/link`, to ask for its password.
    """
    back, cookies = "/sign-in", [browser_cookie("")]
    try:
        flow = service.claim(provider, query, browser_secret(visitor))
        back = flow.return_to
        finished = service.finish(flow, query, Device(visitor.address, visitor.user_agent))
    except DomainError as error:
        logger().warning("sign-in elsewhere failed", slug=error.slug, reason=getattr(error, "reason", ""))
        return _redirect(_with(back, "sign_in_error", error.slug), cookies)
    if finished.link_secret:
        cookies.append(link_cookie(finished.link_secret))
        return _redirect(_with("/sign-in/link", "return_to", back), cookies)
    if finished.opened is not None:
        cookies.extend(session_cookies(finished.opened))
    return _redirect(back, cookies)


@api.route("GET", "/api/auth/oauth-link", tag="accounts", raises=[NothingToLink])
def read_link(visitor: Visitor) -> LinkView:
    """Show which account elsewhere waits to be linked; the browser's cookie says."""
    return service.pending(link_secret(visitor))


@api.route(
    "POST",
    "/api/auth/oauth-link",
    tag="accounts",
    cookies=True,
    raises=[NothingToLink, WrongCredentials, IdentityTaken, Suspended, CrossSite],
    limits=[per_address("oauth-link", 20, 900)],
)
def confirm_link(body: LinkConsent, visitor: Visitor) -> Reply[SignedIn]:
    """Consent, by the account's password, that the account elsewhere may open it from now on; and sign in."""
    visitor.check_own_page()
    device = Device(visitor.address, visitor.user_agent)
    opened = service.confirm(link_secret(visitor), body.password.get_secret_value(), device)
    return Reply(opened.shown(with_tokens=False), cookies=[link_cookie(""), *session_cookies(opened)])


@api.route("GET", "/api/users/me/identities", access=Access.SIGNED_IN, tag="accounts", raises=[AccountGone])
def list_identities(caller: Caller) -> Identities:
    """List the ways into one's account."""
    return service.identities(caller.user_id)


@api.route(
    "DELETE",
    "/api/users/me/identities/{provider}",
    status=204,
    access=Access.SIGNED_IN,
    tag="accounts",
    raises=[AccountGone, LastWayIn],
)
def unlink_identity(provider: str, caller: Caller) -> None:
    """Let a provider's account open one's own no longer. Repeating it changes nothing."""
    service.unlink(caller.user_id, provider)


def _with(path: str, name: str, value: str) -> str:
    address, hash_mark, fragment = path.partition("#")
    joint = "&" if "?" in address else "?"
    return f"{address}{joint}{name}={quote(value, safe='')}{hash_mark}{fragment}"


def _redirect(path: str, cookies: list[Cookie]) -> Empty:
    # Our own address in front: whatever the path is, it leads nowhere else.
    return Empty({"Location": site.public_url() + path}, cookies)
