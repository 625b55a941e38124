"""The gateway's authorizer: turns away callers without a good access token before their request costs anything."""

from typing import Any

from millrace.accounts import access
from millrace.platform import browser, site
from millrace.platform.errors import Unauthenticated
from millrace.platform.observability import logger


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer API Gateway's REQUEST authorizer: a policy for this API's stage, or the word that means 401.

    Natural to repeat: it reads nothing but the token and the public keys. The functions check the token again
    themselves, and whose page sent a cookie too.
    """
    headers = {name.lower(): str(value) for name, value in (event.get("headers") or {}).items()}
    try:
        caller = access.authenticate(_token(headers))
    except Unauthenticated as error:
        logger().info("token refused", reason=getattr(error, "reason", ""))
        # API Gateway knows a 401 by this very text, and by nothing else.
        raise Exception("Unauthorized") from None  # noqa: TRY002
    # arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path>
    api, stage = str(event["methodArn"]).split("/")[:2]
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": f"{api}/{stage}/*"}
    return {
        "principalId": caller.user_id,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": {"user_id": caller.user_id, "roles": ",".join(sorted(caller.roles))},
    }


def _token(headers: dict[str, str]) -> str:
    header = headers.get("authorization")
    if header is None:
        return browser.cookie(headers.get("cookie", ""), browser.access_cookie_name(site.public_url())) or ""
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
