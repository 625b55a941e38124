"""Speak to a provider: send the browser there, exchange the code, and believe nothing that is not proven."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry
from requests import RequestException, Session

from millrace.accounts.oauth.errors import BadIdentity, Denied, ProviderUnavailable
from millrace.accounts.oauth.model import Flow, Identity
from millrace.accounts.oauth.providers import Provider, is_safe
from millrace.platform.clock import now

# Two or three calls have to fit into the function's ten seconds.
TIMEOUT_S = 3
# A provider's document may be kept so long, and its keys be asked for again so soon where one is unknown.
KEEP_S = 3600
ASK_AGAIN_AFTER_S = 60
LEEWAY_S = 60
# The list is ours: neither "none" nor a MAC with a key that everyone knows is on it (RFC 8725 3.1).
ALGORITHMS = ["RS256", "PS256", "ES256"]
_documents: dict[str, tuple[float, dict[str, Any]]] = {}


def authorization_url(provider: Provider, redirect_uri: str, state: str, flow: Flow) -> str:
    """Return where the browser goes to sign in; raises ProviderUnavailable."""
    with _session(provider, redirect_uri) as session:
        nonce = {"nonce": flow.nonce} if provider.kind == "openid" else {}
        url, _ = session.create_authorization_url(
            _endpoint(provider, "authorization_endpoint"), state=state, code_verifier=flow.code_verifier, **nonce
        )
    return str(url)


def identify(provider: Provider, redirect_uri: str, code: str, flow: Flow) -> Identity:
    """Exchange the code for who signed in; raises Denied, BadIdentity or ProviderUnavailable."""
    try:
        with _session(provider, redirect_uri) as session:
            token = session.fetch_token(
                _endpoint(provider, "token_endpoint"),
                grant_type="authorization_code",
                code=code,
                code_verifier=flow.code_verifier,
                timeout=TIMEOUT_S,
                allow_redirects=False,
            )
        if provider.kind == "github":
            return _from_github(provider, str(token["access_token"]))
        return _from_openid(provider, token, flow)
    except AuthlibBaseError as error:
        raise Denied from error
    # KeyError: an answer without a token in it.
    except (RequestException, ValueError, KeyError) as error:
        raise ProviderUnavailable from error


def forget() -> None:
    """Drop what was fetched, as a cold start does."""
    _documents.clear()


def _session(provider: Provider, redirect_uri: str) -> Any:
    session = OAuth2Session(
        provider.client_id,
        provider.client_secret.get_secret_value(),
        scope=provider.scope,
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
    )
    # No proxy and no .netrc of whatever machine this is.
    session.trust_env = False
    return session


def _from_openid(provider: Provider, token: Mapping[str, Any], flow: Flow) -> Identity:
    claims = _claims(provider, str(token.get("id_token", "")), flow.nonce)
    if "email" not in claims and "userinfo_endpoint" in _discovered(provider):
        more = _get(_endpoint(provider, "userinfo_endpoint"), str(token["access_token"]))
        # OpenID Connect Core 5.3.2: without this check another's data could be slipped in.
        if not isinstance(more, dict) or more.get("sub") != claims["sub"]:
            raise BadIdentity("userinfo of somebody else")
        claims = {**more, **claims}
    # Some say it as a text.
    is_verified = claims.get("email_verified") in (True, "true") or provider.trusts_email
    email, name = claims.get("email"), claims.get("name")
    return Identity(
        provider_id=provider.id,
        subject=str(claims["sub"]),
        email=email if isinstance(email, str) else "",
        is_email_verified=is_verified and isinstance(email, str),
        name=name if isinstance(name, str) else "",
    )


def _claims(provider: Provider, id_token: str, nonce: str) -> dict[str, Any]:
    """Return what an ID token proves (OpenID Connect Core 3.1.3.7)."""
    registry = JWTClaimsRegistry(
        now=int(now().timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        decoded = jwt.decode(id_token, _key_finder(provider), algorithms=ALGORITHMS)
        registry.validate(decoded.claims)
    except (JoseError, ValueError, RecursionError) as error:
        raise BadIdentity(type(error).__name__) from error
    claims: dict[str, Any] = decoded.claims
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    # A token for several audiences, or that names its client, must name us.
    if claims.get("azp", provider.client_id if len(audiences) == 1 else "") != provider.client_id:
        raise BadIdentity("authorized party")
    if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= 255:
        raise BadIdentity("subject")
    return claims


def _key_finder(provider: Provider) -> Callable[[Any], Any]:
    def find(signed: Any) -> Any:
        kid = signed.headers().get("kid")
        for max_age_s in (KEEP_S, ASK_AGAIN_AFTER_S):
            keys = _keys(_endpoint(provider, "jwks_uri"), max_age_s)
            found = [key for key in keys if key.kid == kid] if kid else keys
            if len(found) == 1:
                return found[0]
        raise BadIdentity("unknown key")

    return find


def _keys(url: str, max_age_s: float) -> list[Any]:
    document: Any = _document(url, max_age_s)
    return list(KeySet.import_key_set(document).keys)


def _from_github(provider: Provider, access_token: str) -> Identity:
    person = _get(f"{provider.api_url}/user", access_token)
    addresses = _get(f"{provider.api_url}/user/emails", access_token)
    if not isinstance(person, dict) or not isinstance(person.get("id"), int) or not isinstance(addresses, list):
        raise BadIdentity("not a GitHub user")
    primary = next((found for found in addresses if isinstance(found, dict) and found.get("primary") is True), {})
    email = primary.get("email")
    return Identity(
        provider_id=provider.id,
        # The login can be renamed and then taken by another person; the number cannot.
        subject=str(person["id"]),
        email=email if isinstance(email, str) else "",
        is_email_verified=primary.get("verified") is True and isinstance(email, str),
        name=str(person.get("name") or person.get("login") or ""),
    )


def _get(url: str, access_token: str = "") -> Any:
    headers = {"Accept": "application/json"}
    if access_token:
        headers["Authorization"] = f"Bearer {access_token}"
    with Session() as session:
        session.trust_env = False
        answer = session.get(url, timeout=TIMEOUT_S, allow_redirects=False, headers=headers)
    if answer.status_code != 200:
        raise ProviderUnavailable
    return answer.json()


def _endpoint(provider: Provider, name: str) -> str:
    given = getattr(provider, name, "")
    url = given or _discovered(provider).get(name)
    if not isinstance(url, str) or not is_safe(url):
        raise ProviderUnavailable
    return url


def _discovered(provider: Provider) -> dict[str, Any]:
    if provider.kind != "openid":
        return {}
    found = _document(provider.where_discovered, KEEP_S)
    # OpenID Connect Discovery 4.3: or one provider could speak for another.
    if found.get("issuer") != provider.issuer:
        raise BadIdentity("issuer of the discovery document")
    return found


def _document(url: str, max_age_s: float) -> dict[str, Any]:
    fetched_at_s, found = _documents.get(url, (float("-inf"), {}))
    if time.monotonic() - fetched_at_s < max_age_s:
        return found
    try:
        found = _get(url)
    except (RequestException, ValueError) as error:
        raise ProviderUnavailable from error
    if not isinstance(found, dict):
        raise ProviderUnavailable
    _documents[url] = time.monotonic(), found
    return found
