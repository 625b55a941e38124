"""Requests for the unit tests."""

from edge.viewer import ViewerRequest


def request(url: str = "http://localhost:8080/x", method: str = "GET", **headers: str) -> ViewerRequest:
    """Return a viewer's request; header names with _ for -."""
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    path, _, query = target.partition("?")
    fields = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return ViewerRequest(method, scheme, host, slash + path, query, (("host", host), *fields), "127.0.0.1")
