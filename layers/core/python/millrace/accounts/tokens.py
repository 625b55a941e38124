"""Access tokens: JSON Web Tokens (RFC 7519) signed with ES256 (RFC 7518 3.4).

Pure: whoever holds the private key passes a function that signs, and whoever checks passes the public keys.
"""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, GuestProtocol
from joserfc.jwt import JWTClaimsRegistry

from millrace.accounts.errors import BadToken
from millrace.platform.caller import Caller
from millrace.platform.ids import UserId, is_id, new_id

ALGORITHM = "ES256"
AUDIENCE = "millrace"
# Nothing revokes an access token: what its session or roles were is believed for this long at most.
LIFETIME = timedelta(minutes=15)
# Clocks of Lambda hosts differ by less; a laptop that slept may be off by more, and signs in again.
LEEWAY_S = 30
# Ours have about 500; whatever is much longer is refused before it is looked at.
MAX_TOKEN_CHARS = 4096

Sign = Callable[[bytes], bytes]
FindKey = Callable[[str], ECKey | None]


def issue(caller: Caller, *, issuer: str, kid: str, sign: Sign, at: datetime) -> str:
    """Return a token for the caller; `sign` takes the signing input and returns r and s, 32 bytes each."""
    header = {"alg": ALGORITHM, "kid": kid, "typ": "JWT"}
    claims = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": caller.user_id,
        "sid": caller.session_id,
        "roles": sorted(caller.roles),
        "iat": int(at.timestamp()),
        "exp": int((at + LIFETIME).timestamp()),
        "jti": new_id(),
    }
    signing_input = f"{_encoded(header)}.{_encoded(claims)}".encode("ascii")
    signature = base64.urlsafe_b64encode(sign(signing_input)).rstrip(b"=")
    return (signing_input + b"." + signature).decode("ascii")


def read(token: str, *, issuer: str, find_key: FindKey, at: datetime) -> Caller:
    """Return whom the token proves; raises BadToken for anything that is not exactly what `issue` makes."""
    if len(token) > MAX_TOKEN_CHARS:
        raise BadToken("too long")

    def key_of(signed: GuestProtocol) -> ECKey:
        kid = signed.headers().get("kid")
        key = find_key(kid) if isinstance(kid, str) else None
        if key is None:
            raise BadToken("unknown key")
        return key

    registry = JWTClaimsRegistry(
        now=int(at.timestamp()),
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": AUDIENCE},
        sub={"essential": True},
        iat={"essential": True},
        exp={"essential": True},
    )
    try:
        # The list of algorithms is ours: what the header claims decides nothing.
        decoded = jwt.decode(token, key_of, algorithms=[ALGORITHM])
        registry.validate(decoded.claims)
    except (JoseError, ValueError, RecursionError) as error:
        raise BadToken(type(error).__name__) from error
    return _caller(decoded.claims)


def _caller(claims: dict[str, object]) -> Caller:
    subject, session_id, roles = claims["sub"], claims.get("sid"), claims.get("roles", [])
    if not isinstance(subject, str) or not is_id(subject):
        raise BadToken("subject")
    if not isinstance(session_id, str) or not is_id(session_id):
        raise BadToken("session")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise BadToken("roles")
    return Caller(UserId(subject), frozenset(roles), session_id)


def _encoded(part: Mapping[str, object]) -> str:
    text = json.dumps(part, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode("ascii")
