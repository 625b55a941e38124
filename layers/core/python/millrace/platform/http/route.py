"""Routes: what a view's signature says, read once when it is declared."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from millrace.platform.caller import Caller
from millrace.platform.errors import DomainError
from millrace.platform.http.model import Access, Document, Empty, ForeignInput, Reply
from millrace.platform.http.visitor import Visitor
from millrace.platform.limits import Limit, Per

View = Callable[..., Any]
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
# Names of a view's parameters that do not come from the path.
RESERVED = frozenset({"body", "query", "caller", "visitor", "if_match"})
# Answers that have no body.
EMPTY_STATUSES = frozenset({204, 302})
JSON_TYPE = "application/json"
_PATH = re.compile(r"(/[A-Za-z0-9._-]+|/\{[a-z_]+\})+")


class BadRoute(TypeError):
    """A view is declared in a way that cannot be served: raised while the function is imported."""


class IfMatch(Enum):
    """Whether a view wants to know which state the client read."""

    UNUSED = "unused"
    OPTIONAL = "optional"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path, and everything that its documentation and its service need."""

    method: str
    path: str
    view: View
    status: int
    access: Access
    tag: str
    sets_cookies: bool
    path_params: Mapping[str, bool]
    """Names in the order of the path; true where the value is one of our ids."""
    body: type[BaseModel] | None
    query: type[BaseModel] | None
    takes_caller: bool
    takes_visitor: bool
    reply: type[BaseModel] | None
    raises: tuple[type[DomainError], ...]
    """What the view itself may refuse, for the documentation."""
    limits: tuple[Limit, ...]
    idempotent: bool
    """Whether a client may give an `Idempotency-Key`."""
    if_match: IfMatch
    media_type: str
    """Of a successful answer."""
    sends_document: bool
    """Whether that answer is a text as it is, and not a model."""

    @property
    def name(self) -> str:
        """Return the name that logs and metrics use: few values, never a real path."""
        return f"{self.method} {self.path}"


def read_route(
    view: View,
    method: str,
    path: str,
    *,
    status: int,
    access: Access,
    tag: str,
    sets_cookies: bool,
    raises: Sequence[type[DomainError]],
    limits: Sequence[Limit] = (),
    idempotent: bool = False,
    media_type: str = JSON_TYPE,
) -> Route:
    """Read the view's signature; raises BadRoute where the declaration makes no sense."""
    where = f"{method} {path} ({view.__name__})"
    if method not in METHODS or not _PATH.fullmatch(path):
        raise BadRoute(f"{where}: not a method and path that can be routed")
    hints = get_type_hints(view)
    in_path = re.findall(r"\{(\w+)\}", path)
    names = list(inspect.signature(view).parameters)
    _check_signature(where, names, in_path, hints, access)
    route = Route(
        method=method,
        path=path,
        view=view,
        status=status,
        access=access,
        tag=tag,
        sets_cookies=sets_cookies,
        path_params={name: _is_id_type(where, name, hints.get(name)) for name in in_path},
        body=_input_model(where, "body", hints) if "body" in names else None,
        query=_input_model(where, "query", hints) if "query" in names else None,
        takes_caller="caller" in names,
        takes_visitor="visitor" in names,
        reply=_reply_model(where, hints.get("return")),
        raises=tuple(raises),
        limits=tuple(limits),
        idempotent=idempotent,
        if_match=_if_match(where, hints.get("if_match")) if "if_match" in names else IfMatch.UNUSED,
        media_type=media_type,
        sends_document=hints.get("return") is Document,
    )
    _check_promises(where, route)
    return route


def _check_signature(
    where: str, names: Sequence[str], in_path: Sequence[str], hints: Mapping[str, Any], access: Access
) -> None:
    unknown = set(names) - RESERVED - set(in_path)
    if unknown or set(in_path) - set(names):
        raise BadRoute(f"{where}: parameters and path do not agree")
    if "caller" in names:
        _check_caller(where, hints.get("caller"), access)
    if "visitor" in names and hints.get("visitor") is not Visitor:
        raise BadRoute(f"{where}: visitor is a Visitor")


def _check_promises(where: str, route: Route) -> None:
    """Refuse options that do not go together."""
    has_body = route.reply is not None or route.sends_document
    if has_body == (route.status in EMPTY_STATUSES):
        raise BadRoute(f"{where}: 204 and 302 have no model, any other status has one")
    if route.idempotent and (route.access is not Access.SIGNED_IN or route.sets_cookies or route.method != "POST"):
        # A key is one among the caller's own, and cookies are not for keeping.
        raise BadRoute(f"{where}: only a signed-in caller's POST without cookies can be idempotent")
    for limit in route.limits:
        known = route.body is not None and limit.field in route.body.model_fields
        if limit.per is Per.VALUE and not known:
            raise BadRoute(f"{where}: {limit.name} counts by {limit.field}, which the body does not have")
        if limit.per is Per.ACCOUNT and route.access is not Access.SIGNED_IN:
            raise BadRoute(f"{where}: {limit.name} counts by account, and anybody may call this")


def _if_match(where: str, annotation: Any) -> IfMatch:
    if annotation is str:
        return IfMatch.REQUIRED
    if annotation == str | None:
        return IfMatch.OPTIONAL
    raise BadRoute(f"{where}: if_match is str or str | None")


def _check_caller(where: str, annotation: Any, access: Access) -> None:
    expected = {Access.SIGNED_IN: Caller, Access.OPTIONAL: Caller | None}.get(access)
    if annotation != expected:
        raise BadRoute(f"{where}: {access.name} does not go with caller: {annotation}")


def _is_id_type(where: str, name: str, annotation: Any) -> bool:
    if annotation is str:
        return False
    if getattr(annotation, "__supertype__", None) is str:
        return True
    raise BadRoute(f"{where}: {name} is neither str nor an id type")


def _input_model(where: str, name: str, hints: Mapping[str, Any]) -> type[BaseModel]:
    model = hints.get(name)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise BadRoute(f"{where}: {name} is not a pydantic model")
    if model.model_config.get("extra") != "forbid" and not issubclass(model, ForeignInput):
        raise BadRoute(f"{where}: {model.__name__} must refuse unknown fields")
    return model


def _reply_model(where: str, annotation: Any) -> type[BaseModel] | None:
    if annotation in (None, NoneType, Empty, Document):
        return None
    if get_origin(annotation) is Reply:
        (annotation,) = get_args(annotation)
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        raise BadRoute(f"{where}: returns neither a model, a Reply of one, nor None")
    return annotation
