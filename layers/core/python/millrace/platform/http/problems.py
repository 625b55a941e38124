"""Problem documents (RFC 9457): the one table that turns an error into an HTTP answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, ValidationError

from millrace.platform import errors

MEDIA_TYPE = "application/problem+json"
URN = "urn:millrace:problem:"


class FieldError(BaseModel):
    """One value that was not accepted."""

    model_config = ConfigDict(frozen=True)

    field: str
    """Dotted path in the body, or the name of a query parameter; empty for the whole."""
    message: str


class Problem(BaseModel):
    """What went wrong, for people and programs."""

    model_config = ConfigDict(frozen=True)

    type: str
    title: str
    status: int
    detail: str
    instance: str
    """Id of the request: quote it when asking for help."""
    errors: tuple[FieldError, ...] | None = None


@dataclass(frozen=True, slots=True)
class Refusal(Exception):
    """A request that never reached its view."""

    status: int
    slug: str
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: tuple[FieldError, ...] = ()


TITLES: Mapping[int, str] = {
    400: "Bad request",
    401: "Sign in first",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    412: "Changed in the meantime",
    413: "Request too large",
    415: "Unsupported media type",
    422: "Some values are not acceptable",
    428: "Condition required",
    429: "Too many requests",
    500: "Internal error",
    502: "Bad gateway",
    503: "Unavailable",
    504: "Timed out",
}

STATUSES: Mapping[type[errors.DomainError], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Invalid: 422,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}


def status_of(error: type[errors.DomainError]) -> int:
    """Return the status of the error's nearest kind; a bare DomainError is a fault of ours."""
    for kind in error.__mro__:
        if kind in STATUSES:
            return STATUSES[kind]
    return 500


def from_domain(error: errors.DomainError) -> Refusal:
    """Turn a domain error into the refusal that the client sees."""
    status = status_of(type(error))
    if status == 500:
        return internal()
    headers: dict[str, str] = {}
    if isinstance(error, errors.TooMany | errors.Unavailable):
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, errors.Unauthenticated):
        # RFC 9110 15.5.2: a 401 names the scheme that it asks for. API Gateway renames this header of a function
        # (x-amzn-Remapped-WWW-Authenticate) and keeps it in its own answers, which are most of the 401s.
        headers["WWW-Authenticate"] = "Bearer"
    where = (FieldError(field=error.field, message=error.message),) if isinstance(error, errors.Invalid) else ()
    return Refusal(status, error.slug, error.message, headers, where)


def from_validation(error: ValidationError) -> Refusal:
    """List every value that pydantic refused, by place and reason, never with the value itself."""
    found = error.errors(include_url=False, include_input=False)
    where = tuple(
        FieldError(field=".".join(str(step) for step in item["loc"]), message=_reason(item["msg"])) for item in found
    )
    return Refusal(422, errors.Invalid.slug, "The request has values that are not acceptable.", errors=where)


def internal() -> Refusal:
    """Return the refusal for a fault of ours: nothing of its cause is told."""
    return Refusal(500, "internal", "Something went wrong on our side. It has been recorded.")


def document(refusal: Refusal, request_id: str) -> Problem:
    """Write the refusal as a problem document."""
    return Problem(
        type=URN + refusal.slug,
        title=TITLES[refusal.status],
        status=refusal.status,
        detail=refusal.detail,
        instance=request_id,
        errors=refusal.errors or None,
    )


def _reason(message: str) -> str:
    # Pydantic puts this before the message of a validator of ours.
    return message.removeprefix("Value error, ")
