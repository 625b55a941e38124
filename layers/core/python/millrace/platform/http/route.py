"""Routes: what a view's signature says, read once when it is declared."""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from millrace.platform.caller import Caller
from millrace.platform.errors import DomainError
from millrace.platform.http.model import Access, Empty, Reply
from millrace.platform.http.visitor import Visitor

View = Callable[..., Any]
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
# Names of a view's parameters that do not come from the path.
RESERVED = frozenset({"body", "query", "caller", "visitor"})
# Answers that have no body.
EMPTY_STATUSES = frozenset({204, 302})
_PATH = re.compile(r"(/[A-Za-z0-9._-]+|/\{[a-z_]+\})+")


class BadRoute(TypeError):
    """A view is declared in a way that cannot be served: raised while the function is imported."""


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
) -> Route:
    """Read the view's signature; raises BadRoute where the declaration makes no sense."""
    where = f"{method} {path} ({view.__name__})"
    if method not in METHODS or not _PATH.fullmatch(path):
        raise BadRoute(f"{where}: not a method and path that can be routed")
    hints = get_type_hints(view)
    in_path = re.findall(r"\{(\w+)\}", path)
    names = list(inspect.signature(view).parameters)
    unknown = set(names) - RESERVED - set(in_path)
    if unknown or set(in_path) - set(names):
        raise BadRoute(f"{where}: parameters and path do not agree")
    if "caller" in names:
        _check_caller(where, hints.get("caller"), access)
    if "visitor" in names and hints.get("visitor") is not Visitor:
        raise BadRoute(f"{where}: visitor is a Visitor")
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
    )
    if (route.reply is None) != (status in EMPTY_STATUSES):
        raise BadRoute(f"{where}: 204 and 302 have no model, any other status has one")
    return route


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
    if model.model_config.get("extra") != "forbid":
        raise BadRoute(f"{where}: {model.__name__} must refuse unknown fields")
    return model


def _reply_model(where: str, annotation: Any) -> type[BaseModel] | None:
    if annotation in (None, NoneType, Empty):
        return None
    if get_origin(annotation) is Reply:
        (annotation,) = get_args(annotation)
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        raise BadRoute(f"{where}: returns neither a model, a Reply of one, nor None")
    return annotation
