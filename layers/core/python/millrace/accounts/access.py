"""Who calls: what every function with closed routes needs of accounts, and nothing more.

It loads neither tables nor password hashing: an authorizer's cold start stands before everybody else's.
"""

from millrace.accounts import signing_keys, tokens
from millrace.platform import site
from millrace.platform.caller import Caller
from millrace.platform.clock import now


def authenticate(token: str) -> Caller:
    """Return whom the token proves; raises BadToken, or Unavailable where the keys or the site's address are."""
    return tokens.read(token, issuer=site.public_url(), find_key=signing_keys.ring().find, at=now())
