"""The site's own address, kept in a Systems Manager parameter because it is known only after deployment."""

from functools import cache

from millrace.platform import clients, settings


@cache
def public_url() -> str:
    """Return the site's base URL without a trailing slash; read once in a container's life."""
    parameter = clients.ssm().get_parameter(Name=settings.require("PUBLIC_URL_PARAMETER"))
    return parameter["Parameter"]["Value"].rstrip("/")
