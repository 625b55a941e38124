"""HTTP header fields as a tuple of lower-case names and values, in the order in which they came."""

from collections.abc import Container, Iterable

Headers = tuple[tuple[str, str], ...]

# RFC 9110 7.6.1: these speak of one connection and never travel further.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def first(headers: Headers, name: str) -> str | None:
    """Return the first value of a field, or None."""
    for key, value in headers:
        if key == name:
            return value
    return None


def every(headers: Headers, name: str) -> list[str]:
    """Return all values of a field."""
    return [value for key, value in headers if key == name]


def joined(headers: Headers, name: str, separator: str = ", ") -> str | None:
    """Return all values of a field as one, or None."""
    values = every(headers, name)
    return separator.join(values) if values else None


def without(headers: Headers, names: Container[str]) -> Headers:
    """Drop the named fields."""
    return tuple(pair for pair in headers if pair[0] not in names)


def replaced(headers: Headers, name: str, value: str) -> Headers:
    """Set a field to one value, whatever it was."""
    return (*without(headers, (name,)), (name, value))


def end_to_end(headers: Headers) -> Headers:
    """Drop what may not be forwarded: the hop-by-hop fields and those that Connection names."""
    named = {token.strip().lower() for value in every(headers, "connection") for token in value.split(",")}
    return without(headers, HOP_BY_HOP | named)


def lowered(pairs: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Decode fields from the wire; HTTP header bytes are Latin-1."""
    return tuple((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in pairs)


def encoded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Encode fields for the wire; characters beyond Latin-1 go as UTF-8."""
    return [(name.encode("latin-1"), _value_bytes(value)) for name, value in headers]


def _value_bytes(value: str) -> bytes:
    # A function may have put a line break into a value: it must not end the field.
    value = value.replace("\r", " ").replace("\n", " ")
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode()
