"""The site's own address, kept in a Systems Manager parameter because it is known only after deployment."""

from functools import cache

from botocore.exceptions import BotoCoreError, ClientError

from millrace.platform import clients, settings
from millrace.platform.errors import Unavailable


@cache
def public_url() -> str:
    """Return the site's base URL without a trailing slash; read once in a container's life.

    Raises Unavailable where the parameter cannot be read; the next call asks again.
    """
    try:
        parameter = clients.ssm().get_parameter(Name=settings.require("PUBLIC_URL_PARAMETER"))
    except (BotoCoreError, ClientError) as error:
        raise Unavailable("The site's settings cannot be read at the moment. Please try again.") from error
    return parameter["Parameter"]["Value"].rstrip("/")
