"""Which actions of AWS a piece of source asks for.

Clients come from `platform.clients` and nowhere else, and only stores speak DynamoDB: so an action is a method that the
service of a mentioned client really has (botocore knows them), or one of pynamodb's methods in a store.
"""

import ast
from collections.abc import Iterable, Iterator
from functools import cache

import botocore.session
from botocore import xform_name

from tests.architecture.reach.graph import Module, Node

SERVICES = {"secrets": "secretsmanager", "live_s3": "s3"}
PREFIXES = {"stepfunctions": "states"}
# Where the permission has another name than the operation; nothing for what needs none.
PERMISSIONS: dict[str, tuple[str, ...]] = {
    "s3:CreateMultipartUpload": ("s3:PutObject",),
    "s3:UploadPart": ("s3:PutObject",),
    "s3:CompleteMultipartUpload": ("s3:PutObject",),
    "s3:HeadObject": ("s3:GetObject",),
    "s3:CopyObject": ("s3:GetObject", "s3:PutObject"),
    "s3:UploadPartCopy": ("s3:GetObject", "s3:PutObject"),
    "s3:ListObjectsV2": ("s3:ListBucket",),
    "s3:ListParts": ("s3:ListMultipartUploadParts",),
    "s3:DeleteObjects": ("s3:DeleteObject",),
}
# What boto3 adds to S3's own operations.
TRANSFERS = {"upload_fileobj": "s3:PutObject", "download_fileobj": "s3:GetObject", "copy": "s3:CopyObject"}
POWERTOOLS_STORE = frozenset(f"dynamodb:{name}Item" for name in ("Get", "Put", "Update", "Delete"))


def actions(node: Node, module: Module, statements: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield action and the store's module ("" where it is no table's) for everything that the node asks for."""
    if node[0].endswith(".store") and node[0] != "millrace.platform.store":
        for action in _dynamodb(statements):
            yield action, node[0]
    for client in _clients(module, statements):
        for action in _operations(client, statements):
            yield action, ""


def tables(module: Module) -> frozenset[str]:
    """Return the settings that name the tables of a store, its sub-package's included."""
    constants = (node.value for node in ast.walk(module.tree) if isinstance(node, ast.Constant))
    return frozenset(value for value in constants if isinstance(value, str) and value.endswith("_TABLE"))


def _clients(module: Module, statements: Iterable[ast.stmt]) -> set[str]:
    return {
        node.attr
        for statement in statements
        for node in ast.walk(statement)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and module.imports.get(node.value.id) == ("millrace.platform", "clients")
    }


def _operations(client: str, statements: Iterable[ast.stmt]) -> Iterator[str]:
    """Yield what is asked of this client, also by an operation's name: of a paginator, of a presigned address."""
    service = SERVICES.get(client, client)
    known = _methods(service)
    prefix = PREFIXES.get(service, service)
    for node in (node for statement in statements for node in ast.walk(statement)):
        name = node.attr if isinstance(node, ast.Attribute) else node.value if isinstance(node, ast.Constant) else None
        if not isinstance(name, str):
            continue
        if service == "s3" and isinstance(node, ast.Attribute) and name in TRANSFERS:
            yield from PERMISSIONS.get(TRANSFERS[name], (TRANSFERS[name],))
        elif name in known:
            action = f"{prefix}:{known[name]}"
            yield from PERMISSIONS.get(action, (action,))


@cache
def _methods(service: str) -> dict[str, str]:
    model = botocore.session.get_session().get_service_model(service)
    return {xform_name(operation): operation for operation in model.operation_names}


def _dynamodb(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for node in (node for statement in statements for node in ast.walk(statement)):
        if isinstance(node, ast.Name) and node.id == "DynamoDBPersistenceLayer":
            yield from POWERTOOLS_STORE
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            action = _of_call(node, node.func)
            if action:
                yield f"dynamodb:{action}"


def _of_call(call: ast.Call, function: ast.Attribute) -> str | None:
    keywords = {keyword.arg for keyword in call.keywords}
    receiver = function.value
    match function.attr:
        case "save":
            return "PutItem"
        case "update" if "actions" in keywords:
            return "UpdateItem"
        case "delete":
            # Not a member of a batch, nor the removal of a set's members in an update.
            in_batch = isinstance(receiver, ast.Name) and receiver.id == "batch"
            return None if in_batch or (call.args and isinstance(call.args[0], ast.Set)) else "DeleteItem"
        case "get":
            # A table comes from a function; a dictionary has a name.
            is_table = isinstance(receiver, ast.Call) or "consistent_read" in keywords
            is_table |= isinstance(receiver, ast.Subscript) and isinstance(receiver.value, ast.Call)
            return "GetItem" if is_table else None
        case "refresh":
            return "GetItem"
        case "query" | "count":
            return "Query"
        case "scan":
            return "Scan"
        case "condition_check":
            return "ConditionCheckItem"
        case "batch_get" | "batch_write" | "update_item" | "put_item" | "get_item" | "delete_item":
            words = {"batch_get": "BatchGetItem", "batch_write": "BatchWriteItem"}
            return words.get(function.attr, "".join(word.capitalize() for word in function.attr.split("_")))
        case _:
            return None
