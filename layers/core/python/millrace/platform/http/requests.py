"""Requests: from what API Gateway passes to the arguments of a view."""

import json
import re
from collections.abc import Mapping
from typing import Any, get_origin
from urllib.parse import unquote

from chalice.app import MultiDict, Request
from pydantic import BaseModel, ValidationError

from millrace.platform.errors import NotFound
from millrace.platform.http.problems import FieldError, Refusal, from_validation
from millrace.platform.http.route import JSON_TYPE, IfMatch, Route
from millrace.platform.ids import is_id

MAX_BODY_BYTES = 1024 * 1024
MAX_PATH_VALUE_CHARS = 256
IDEMPOTENCY_KEY_PATTERN = "[!-~]{1,128}"
_KEY = re.compile(IDEMPOTENCY_KEY_PATTERN)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def path_arguments(route: Route, request: Request) -> dict[str, str]:
    """Return the decoded values of the path; one that cannot exist raises NotFound."""
    values: dict[str, str] = {}
    for name, must_be_id in route.path_params.items():
        # Neither the gateway nor Chalice undoes the percent encoding.
        value = unquote((request.uri_params or {}).get(name, ""), errors="replace")
        plain = 0 < len(value) <= MAX_PATH_VALUE_CHARS and not _CONTROL.search(value)
        if not plain or (must_be_id and not is_id(value)):
            raise NotFound("There is nothing at this address.")
        values[name] = value
    return values


def read_body(model: type[BaseModel], request: Request) -> BaseModel:
    """Read the JSON body strictly: no unknown field, and no number that came as a text."""
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != JSON_TYPE:
        raise Refusal(415, "unsupported-media-type", f"The body has to be {JSON_TYPE}.")
    raw = _raw_body(request)
    try:
        return model.model_validate_json(raw, strict=True)
    except ValidationError as error:
        if error.errors(include_input=False)[0]["type"] == "json_invalid":
            raise Refusal(400, "malformed-json", "The body is not well-formed JSON.") from error
        raise from_validation(error) from error


def read_query(model: type[BaseModel], request: Request) -> BaseModel:
    """Read the query string: texts become what the model asks for, and unknown names are refused."""
    params = request.query_params or MultiDict({})
    given: Mapping[str, list[str]] = {name: params.getlist(name) for name in params}
    lists = {name for name, info in model.model_fields.items() if get_origin(info.annotation) in (list, tuple)}
    repeated = [name for name, values in given.items() if len(values) > 1 and name not in lists]
    if repeated:
        where = tuple(FieldError(field=name, message="Give this once") for name in repeated)
        raise Refusal(422, "invalid", "The request has values that are not acceptable.", errors=where)
    values: dict[str, Any] = {name: found if name in lists else found[0] for name, found in given.items()}
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise from_validation(error) from error


def bearer_token(request: Request) -> str | None:
    """Return the bearer token (RFC 6750 2.1), or None where no such header came.

    A header of another scheme is an empty token: it was an attempt to sign in, and no good one.
    """
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return str(token.strip()) if scheme.lower() == "bearer" else ""


def read_if_match(route: Route, request: Request) -> str | None:
    """Return the `If-Match` header; an edit that needs one and has none is refused by 428 (RFC 6585 3)."""
    header = request.headers.get("if-match")
    if header is None and route.if_match is IfMatch.REQUIRED:
        raise Refusal(428, "condition-required", "Send If-Match with the ETag that you read, so that no edit is lost.")
    return None if header is None else str(header)


def idempotency_key(request: Request) -> str | None:
    """Return the `Idempotency-Key` header; one that is empty, too long or not plain is refused."""
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    if not _KEY.fullmatch(str(header)):
        raise Refusal(400, "bad-idempotency-key", "An Idempotency-Key has 1 to 128 visible ASCII characters.")
    return str(header)


def fingerprint(request: Request) -> str:
    """Return what tells this request from another one on the same route: its path and its body."""
    parts = [sorted((request.uri_params or {}).items()), _raw_body(request).hex()]
    return json.dumps(parts)


def _raw_body(request: Request) -> bytes:
    too_large = Refusal(413, "body-too-large", f"The body may have {MAX_BODY_BYTES} bytes at most.")
    # The text is measured before it is decoded: base64 is a third longer than what it carries.
    if len(request.to_original_event().get("body") or "") > MAX_BODY_BYTES * 4 // 3 + 4:
        raise too_large
    try:
        raw = request.raw_body
    except ValueError as error:
        raise Refusal(400, "malformed-body", "The body cannot be decoded.") from error
    data = raw.encode() if isinstance(raw, str) else raw
    if len(data) > MAX_BODY_BYTES:
        raise too_large
    return data
