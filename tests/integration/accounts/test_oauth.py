"""Signing in with accounts elsewhere: an honest provider, one that lies in every way, a GitHub, and Cognito's login."""

import base64
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from millrace.accounts import service as accounts
from millrace.accounts.oauth import providers
from millrace.accounts.oauth import service as oauth_service
from millrace.platform.clock import now
from millrace.platform.ids import new_id
from scripts.millrace_cli.identity_provider import ensure_person, openid_settings
from tests.integration.accounts import provider as provider_server
from tests.integration.accounts.browser import ACCESS, Browser
from tests.integration.accounts.conftest import SITE, World
from tests.integration.accounts.gateway import Answer, Gateway, load_function
from tests.integration.accounts.provider import Provider

ME = "/api/users/me"
LINK = "/api/auth/oauth-link"
IDENTITIES = "/api/users/me/identities"
PASSWORD = "mill wheel and river"


@dataclass(frozen=True)
class Site:
    """Our side, with the settings for a provider."""

    world: World
    auth: Gateway
    oauth: Gateway

    def set_up(self, *settings: dict[str, Any]) -> None:
        """Change what is set up."""
        secrets = self.world.server.client("secretsmanager")
        secrets.put_secret_value(SecretId="accounts-test/providers", SecretString=json.dumps(settings))
        providers.forget()

    def browser(self) -> Browser:
        return Browser(self.oauth)

    def register(self, email: str) -> dict[str, Any]:
        answer = self.auth.call("POST", "/api/auth/register", {"email": email, "password": PASSWORD})
        assert answer.status == 201
        found: dict[str, Any] = answer.json
        return found


@pytest.fixture
def provider() -> Iterator[Provider]:
    with provider_server.running() as provider:
        yield provider


@pytest.fixture
def site(world: World, auth: Gateway, provider: Provider) -> Site:
    site = Site(world, auth, Gateway(load_function("oauth")))
    site.set_up(corporate(provider))
    return site


def corporate(provider: Provider, **changes: Any) -> dict[str, Any]:
    settings = {"id": "corp", "label": "Corp", "issuer": provider.url}
    return {**settings, "client_id": "our-client", "client_secret": "our-secret", **changes}


def start(browser: Browser, provider_id: str = "corp", **body: Any) -> Answer:
    return browser.call("POST", f"/api/auth/oauth/{provider_id}", body, resource="/api/auth/oauth/{provider}")


def come_back(browser: Browser, query: dict[str, str], provider_id: str = "corp") -> Answer:
    path = f"/api/auth/oauth/{provider_id}/callback"
    # A link from the provider's page: no page of ours made this request.
    return browser.call(
        "GET", path, resource="/api/auth/oauth/{provider}/callback", query=query, origin="https://provider.example"
    )


def sign_in(browser: Browser, provider: Provider, **body: Any) -> Answer:
    started = start(browser, **body)
    assert started.status == 200, started.body
    return come_back(browser, provider.authorize(started.json["authorization_url"]))


def me(site: Site, browser: Browser) -> Any:
    return browser.call("GET", ME, gateway=site.auth).json


def failure(answer: Answer) -> str:
    assert answer.status == 302
    assert not any(ACCESS in line for line in answer.set_cookies)
    (slug,) = parse_qs(urlsplit(answer.headers["Location"]).query)["sign_in_error"]
    return slug


def test_somebody_new_is_signed_in_with_a_proven_address(site: Site, provider: Provider) -> None:
    browser = site.browser()
    answer = sign_in(browser, provider, return_to="/watch/x?a=1#t")
    assert (answer.status, answer.headers["Location"]) == (302, f"{SITE}/watch/x?a=1#t")
    assert provider.refusals == []
    assert provider.asked["redirect_uri"] == f"{SITE}/api/auth/oauth/corp/callback"
    user = me(site, browser)
    assert (user["email"], user["email_verified"]) == (f"{provider.subject}@example.org", True)
    assert user["display_name"] == "Ada at the provider"
    assert browser.attributes["__Secure-millrace_oauth"].startswith("Path=/api/auth; Max-Age=0")


def test_the_same_person_comes_back_to_the_same_account_whatever_the_address(site: Site, provider: Provider) -> None:
    first, second = site.browser(), site.browser()
    sign_in(first, provider)
    provider.claims = {"email": f"renamed-{new_id()}@example.org", "email_verified": False}
    sign_in(second, provider)
    assert me(site, second) == me(site, first)


def test_the_providers_are_listed_without_their_secrets(site: Site) -> None:
    answer = site.oauth.call("GET", "/api/auth/oauth/providers")
    assert answer.json == {"providers": [{"provider": "corp", "label": "Corp"}]}
    assert start(site.browser(), "nobody").status == 404


@pytest.mark.parametrize(
    ("changes", "slug"),
    [
        ({"state": "wrong"}, "oauth-state"),
        ({"state": ""}, "oauth-state"),
        ({"iss": "https://evil.example"}, "oauth-identity"),
        ({"error": "access_denied"}, "oauth-denied"),
        ({"code": ""}, "oauth-denied"),
        ({"code": "another"}, "oauth-denied"),
    ],
)
def test_a_wrong_answer_signs_nobody_in(site: Site, provider: Provider, changes: dict[str, str], slug: str) -> None:
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    assert failure(come_back(browser, {**query, **changes})) == slug


def test_an_answer_without_a_state_signs_nobody_in(site: Site, provider: Provider) -> None:
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    assert failure(come_back(browser, {"code": query["code"]})) == "oauth-state"


def test_fields_that_providers_add_change_nothing(site: Site, provider: Provider) -> None:
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    more = {"scope": "openid", "authuser": "0", "hd": "example.org", "iss": provider.url}
    assert come_back(browser, {**query, **more}).headers["Location"] == f"{SITE}/"


def test_an_answer_is_good_once(site: Site, provider: Provider) -> None:
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    kept = dict(browser.cookies)
    assert come_back(browser, query).headers["Location"] == f"{SITE}/"
    browser.cookies = kept
    assert failure(come_back(browser, query)) == "oauth-state"


def test_an_answer_to_another_browser_signs_nobody_in(site: Site, provider: Provider) -> None:
    """What an attacker began must not sign a victim in to the attacker's account."""
    attacker, victim = site.browser(), site.browser()
    query = provider.authorize(start(attacker).json["authorization_url"])
    assert failure(come_back(victim, query)) == "oauth-state"
    start(victim)
    query = provider.authorize(start(attacker).json["authorization_url"])
    assert failure(come_back(victim, query)) == "oauth-state"


def test_an_answer_for_another_provider_signs_nobody_in(site: Site, provider: Provider) -> None:
    site.set_up(corporate(provider), corporate(provider, id="other"))
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    assert failure(come_back(browser, query, "other")) == "oauth-state"


def test_a_sign_in_that_took_too_long_is_over(site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    monkeypatch.setattr(oauth_service, "now", lambda: now() + timedelta(minutes=10))
    assert failure(come_back(browser, query)) == "oauth-state"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": ["our-client", "another"]},
        {"aud": ["our-client", "another"], "azp": "another"},
        {"azp": "another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
    ],
    ids=json.dumps,
)
def test_an_id_token_that_is_not_for_us_now_is_not_believed(
    site: Site, provider: Provider, claims: dict[str, Any]
) -> None:
    provider.claims = claims
    assert failure(sign_in(site.browser(), provider)) == "oauth-identity"


@pytest.mark.parametrize(
    "forgery",
    ["alg none", "no signature", "other key", "mac with the public key", "unknown kid", "nonsense", "nothing"],
)
def test_a_forged_id_token_is_not_believed(site: Site, provider: Provider, forgery: str) -> None:
    browser = site.browser()
    query = provider.authorize(start(browser).json["authorization_url"])
    claims = provider.all_claims()
    header, body, _ = provider.signed(claims).split(".")
    match forgery:
        case "alg none":
            none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
            provider.id_token = f"{none}.{body}."
        case "no signature":
            provider.id_token = f"{header}.{body}."
        case "other key":
            stranger = RSAKey.generate_key(2048)
            kid = {"alg": "RS256", "kid": provider.key.kid}
            provider.id_token = jwt.encode(kid, claims, stranger, algorithms=["RS256"])
        case "mac with the public key":
            public = OctKey.import_key(base64.urlsafe_b64encode(provider.key.as_pem(private=False)).decode())
            provider.id_token = jwt.encode({"alg": "HS256", "kid": "first"}, claims, public, algorithms=["HS256"])
        case "unknown kid":
            provider.id_token = provider.signed(claims, kid="nobody")
        case "nonsense":
            provider.id_token = "a.b.c"
        case "nothing":
            provider.id_token = "."
    assert failure(come_back(browser, query)) == "oauth-identity"


def test_a_provider_that_changes_its_keys_is_believed_again(
    site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(site.browser(), provider)
    provider.key = RSAKey.generate_key(2048, {"kid": "second"})
    monkeypatch.setattr("millrace.accounts.oauth.exchange.ASK_AGAIN_AFTER_S", 0)
    browser = site.browser()
    sign_in(browser, provider)
    assert me(site, browser)["email_verified"]


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
    ids=json.dumps,
)
def test_a_document_that_leads_elsewhere_is_not_followed(
    site: Site, provider: Provider, discovery: dict[str, Any]
) -> None:
    provider.discovery = discovery
    browser = site.browser()
    started = start(browser)
    if started.status == 200:
        answer = come_back(browser, provider.authorize(started.json["authorization_url"]))
        assert failure(answer) == "unavailable" or failure(answer).startswith(("oauth", "provider"))
    else:
        assert started.status in {403, 503}


def test_a_provider_that_is_away_is_a_503_and_no_fault_of_ours(site: Site, provider: Provider) -> None:
    site.set_up(corporate(provider, issuer="http://127.0.0.1:9"))
    assert start(site.browser()).status == 503


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/%0d%0aSet-Cookie: a=b"[:3] + "\r\nSet-Cookie: a=b",
        "evil",
        "",
        "/\t/evil.example",
        "\\\\evil.example",
        "/a\\b",
        "/ü",
        "/" + "a" * 600,
        "javascript:alert(1)",
    ],
)
def test_the_way_back_leads_nowhere_but_to_this_site(site: Site, path: str) -> None:
    assert start(site.browser(), return_to=path).status == 422


def test_a_provider_that_was_just_set_up_is_found(
    site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start(site.browser(), "new").status == 404
    settings = json.dumps([corporate(provider, id="new")])
    site.world.server.client("secretsmanager").put_secret_value(
        SecretId="accounts-test/providers", SecretString=settings
    )
    assert start(site.browser(), "new").status == 404, "not asked for at every guess"
    monkeypatch.setattr(providers, "REREAD_FOR_UNKNOWN_AFTER_S", 0)
    assert start(site.browser(), "new").status == 200


def test_setting_the_provider_up_again_changes_nothing_but_the_way_back(world: World) -> None:
    cognito = world.server.client("cognito-idp")
    first, second = (
        openid_settings(cognito, world.server.endpoint, f"http://localhost:{port}/callback") for port in (8080, 8081)
    )
    assert first == second
    for password in ("Mill-wheel-7", "Mill-wheel-8"):
        ensure_person(cognito, first["issuer"].rsplit("/", 1)[1], "bob@example.org", password)


def test_only_our_own_page_begins_a_sign_in(site: Site) -> None:
    browser = site.browser()
    answer = browser.call(
        "POST", "/api/auth/oauth/corp", {}, resource="/api/auth/oauth/{provider}", origin="https://evil.example"
    )
    assert answer.status == 403
    assert browser.cookies == {}


def test_an_equal_address_opens_an_account_only_with_its_password(site: Site, provider: Provider) -> None:
    email = f"{provider.subject}@example.org"
    ada = site.register(email)
    browser = site.browser()
    answer = sign_in(browser, provider, return_to="/studio")
    assert answer.headers["Location"] == f"{SITE}/sign-in/link?return_to=/studio".replace("=/", "=%2F")
    assert ACCESS not in browser.cookies
    assert browser.call("GET", LINK).json == {"provider": "corp", "email": email}
    assert browser.call("POST", LINK, {"password": "something else"}).status == 401
    assert browser.call("POST", LINK, {"password": PASSWORD}, origin="https://evil.example").status == 403

    assert browser.call("POST", LINK, {"password": PASSWORD}).status == 200

    assert me(site, browser)["user_id"] == ada["user"]["user_id"]
    assert browser.call("POST", LINK, {"password": PASSWORD}).status == 404
    again = site.browser()
    sign_in(again, provider)
    assert me(site, again)["user_id"] == ada["user"]["user_id"], "linked from now on"


def test_a_password_cannot_be_guessed_by_way_of_a_link(site: Site, provider: Provider) -> None:
    site.register(f"{provider.subject}@example.org")
    browser = site.browser()
    sign_in(browser, provider)
    assert [browser.call("POST", LINK, {"password": "guess"}).status for _ in range(6)] == [401] * 5 + [404]
    assert browser.call("POST", LINK, {"password": PASSWORD}).status == 404


def test_a_link_waits_for_ten_minutes(site: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    site.register(f"{provider.subject}@example.org")
    browser = site.browser()
    sign_in(browser, provider)
    monkeypatch.setattr(oauth_service, "now", lambda: now() + timedelta(minutes=10))
    assert browser.call("GET", LINK).status == 404
    assert browser.call("POST", LINK, {"password": PASSWORD}).status == 404


@pytest.mark.parametrize("claims", [{"email_verified": False}, {"email_verified": None}, {"email_verified": "yes"}])
def test_an_address_that_the_provider_does_not_vouch_for_counts_for_nothing(
    site: Site, provider: Provider, claims: dict[str, Any]
) -> None:
    site.register(f"{provider.subject}@example.org")
    provider.claims = claims
    assert failure(sign_in(site.browser(), provider)) == "oauth-email"


def test_whoever_is_signed_in_links_without_a_password(site: Site, provider: Provider) -> None:
    ada = site.register(f"{new_id()}@example.org")
    browser = site.browser()
    browser.cookies[ACCESS] = ada["access_token"]
    answer = sign_in(browser, provider, link=True, return_to="/settings")
    assert answer.headers["Location"] == f"{SITE}/settings"
    found = browser.call("GET", IDENTITIES).json
    assert found == {"has_password": True, "identities": [{"provider": "corp"}]}
    other = site.browser()
    sign_in(other, provider)
    assert me(site, other)["user_id"] == ada["user"]["user_id"]


def test_an_identity_opens_one_account_only(site: Site, provider: Provider) -> None:
    sign_in(site.browser(), provider)
    eve = site.register(f"{new_id()}@example.org")
    browser = site.browser()
    browser.cookies[ACCESS] = eve["access_token"]
    started = start(browser, link=True)
    assert failure(come_back(browser, provider.authorize(started.json["authorization_url"]))) == "identity-taken"


def unlink(browser: Browser) -> int:
    return browser.call("DELETE", f"{IDENTITIES}/corp", resource=f"{IDENTITIES}/{{provider}}").status


def test_the_last_way_in_stays(site: Site, provider: Provider) -> None:
    browser = site.browser()
    sign_in(browser, provider)
    assert browser.call("GET", IDENTITIES).json["has_password"] is False
    assert unlink(browser) == 409
    ada = site.register(f"{new_id()}@example.org")
    provider.subject = new_id()
    browser.cookies[ACCESS] = ada["access_token"]
    sign_in(browser, provider, link=True)
    assert unlink(browser) == 204
    assert unlink(browser) == 204
    assert browser.call("GET", IDENTITIES).json["identities"] == []


def test_a_suspended_account_is_not_opened(site: Site, provider: Provider) -> None:
    browser = site.browser()
    sign_in(browser, provider)
    accounts.suspend(me(site, browser)["user_id"], "Spam.")
    assert failure(sign_in(site.browser(), provider)) == "account-suspended"


def test_an_account_without_a_password_is_not_opened_by_an_empty_one(site: Site, provider: Provider) -> None:
    sign_in(site.browser(), provider)
    for password in ("", PASSWORD):
        body = {"email": f"{provider.subject}@example.org", "password": password}
        assert site.auth.call("POST", "/api/auth/sign-in", body).status == 401


def test_userinfo_of_somebody_else_is_not_believed(site: Site, provider: Provider) -> None:
    provider.claims = {"email": None, "email_verified": None}
    provider.userinfo = {"email": f"{new_id()}@example.org", "email_verified": True}
    browser = site.browser()
    sign_in(browser, provider)
    assert me(site, browser)["email"] == provider.userinfo["email"]
    provider.userinfo["sub"] = "somebody else"
    assert failure(sign_in(site.browser(), provider)) == "oauth-identity"


def github(provider: Provider) -> dict[str, Any]:
    addresses = {"authorization_endpoint": f"{provider.url}/authorize", "token_endpoint": f"{provider.url}/token"}
    return {
        "preset": "github",
        "client_id": "our-client",
        "client_secret": "our-secret",
        **addresses,
        "api_url": provider.url,
    }


def test_github_has_no_id_tokens_and_is_asked_for_the_verified_address(site: Site, provider: Provider) -> None:
    site.set_up(github(provider))
    email = f"{new_id()}@example.org"
    provider.emails = [
        {"email": f"other-{email}", "primary": False, "verified": True},
        {"email": email, "primary": True, "verified": True},
    ]
    browser = site.browser()
    started = start(browser, "github")
    answer = come_back(browser, provider.authorize(started.json["authorization_url"]), "github")
    assert answer.headers["Location"] == f"{SITE}/"
    assert (provider.asked["scope"], provider.asked["code_challenge_method"]) == ("read:user user:email", "S256")
    assert (me(site, browser)["email"], me(site, browser)["display_name"]) == (email, "ada")


def test_an_unverified_address_at_github_counts_for_nothing(site: Site, provider: Provider) -> None:
    site.set_up(github(provider))
    provider.emails = [{"email": f"{new_id()}@example.org", "primary": True, "verified": False}]
    browser = site.browser()
    query = provider.authorize(start(browser, "github").json["authorization_url"])
    assert failure(come_back(browser, query, "github")) == "oauth-email"


@pytest.mark.parametrize(
    "settings",
    [
        [{"preset": "nobody", "client_id": "a", "client_secret": "b"}],
        [{"id": "x", "label": "X", "client_id": "a", "client_secret": "b"}],
        [{"id": "x", "label": "X", "client_id": "a", "client_secret": "b", "issuer": "http://provider.example"}],
        [{"preset": "google"}],
        {},
    ],
)
def test_settings_that_are_wrong_are_told_in_the_log_without_their_secrets(
    site: Site, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    secrets = site.world.server.client("secretsmanager")
    secrets.put_secret_value(SecretId="accounts-test/providers", SecretString=json.dumps(settings))
    providers.forget()
    assert site.oauth.call("GET", "/api/auth/oauth/providers").status == 503


def test_google_needs_nothing_but_our_credentials() -> None:
    (found,) = providers._PROVIDERS.validate_python([{"preset": "google", "client_id": "a", "client_secret": "b"}])
    assert found.where_discovered == "https://accounts.google.com/.well-known/openid-configuration"
    assert "b" not in repr(found.client_secret)


class Redirects(urllib.request.HTTPRedirectHandler):
    """Stops at redirects, as we want to see them."""

    def redirect_request(self, *_: Any) -> None:
        return None


def test_cognitos_own_login_page_signs_somebody_in(site: Site, world: World) -> None:
    """The whole way through a provider that is not ours: Cognito's hosted login, as the emulator serves it."""
    cognito = world.server.client("cognito-idp")
    settings = openid_settings(cognito, world.server.endpoint, f"{SITE}/api/auth/oauth/people/callback")
    email = f"{new_id()}@example.org"
    ensure_person(cognito, settings["issuer"].rsplit("/", 1)[1], email, "Mill-wheel-7")
    site.set_up(settings)
    browser = site.browser()
    url = start(browser, "people").json["authorization_url"]
    with urllib.request.urlopen(url, timeout=10) as page:
        form = page.read().decode()
    fields = dict(re.findall(r'<input[^>]*name="([^"]+)"[^>]*value="([^"]*)"', form))
    fields |= {"username": email, "password": "Mill-wheel-7"}
    opener = urllib.request.build_opener(Redirects)
    with pytest.raises(urllib.error.HTTPError) as redirect:
        opener.open(f"{world.server.endpoint}/login", urllib.parse.urlencode(fields).encode(), timeout=10)
    back = redirect.value.headers["Location"]
    assert back.startswith(f"{SITE}/api/auth/oauth/people/callback?"), back
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}

    assert come_back(browser, query, "people").headers["Location"] == f"{SITE}/"

    assert (me(site, browser)["email"], me(site, browser)["email_verified"]) == (email, True)
