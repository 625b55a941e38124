"""Create and update a stack by change set, and say what went wrong in terms of its resources."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from scripts.deployer.errors import StackFailed
from scripts.deployer.target import Target

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.literals import CapabilityType
    from mypy_boto3_cloudformation.type_defs import CreateChangeSetInputTypeDef, ParameterTypeDef, StackTypeDef

# Marks a stack with the hash of what it was deployed from, so that deploying the same again asks nothing of it.
DIGEST_TAG = "millrace:digest"
MAX_TEMPLATE_BODY_BYTES = 51_200
_CAPABILITIES: tuple[CapabilityType, ...] = ("CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_NOTHING_TO_DO = ("didn't contain changes", "No updates are to be performed")
_DEADLINE_S = 3600.0


@dataclass(frozen=True)
class StackChange:
    """What a stack should become."""

    name: str
    template: str
    # Kept where the stack has it already; a value given wins.
    parameters: Mapping[str, str]
    kept_parameters: frozenset[str]
    # Tells this change from another; the stack wears it as a tag.
    digest: str
    # Uploads a template that is too long to be sent, and returns its address.
    template_url: Callable[[str], str]


@dataclass(frozen=True)
class StackState:
    """What there is of a stack."""

    status: str
    outputs: Mapping[str, str]
    parameters: frozenset[str]
    digest: str | None

    @property
    def is_complete(self) -> bool:
        """Tell whether the last change went through."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def read_stack(target: Target, name: str) -> StackState | None:
    """Return the stack, None if there is none."""
    try:
        stack = target.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ValidationError" and "does not exist" in str(error):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else _state(stack)


def ready_for_change(target: Target, name: str, report: Callable[[str], None]) -> StackState | None:
    """Return the stack in a state that takes a change set, None if it has to be created."""
    state = read_stack(target, name)
    if state is None or state.status == "REVIEW_IN_PROGRESS":
        return None
    if state.status in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}:
        # Such a stack was never used: all that can be done with it is to delete it.
        if not target.is_local:
            raise StackFailed(f"stack {name} is in {state.status}: its creation failed; delete it, then deploy again")
        report(f"Deleting what is left of a failed creation ({state.status})")
        delete_stack(target, name)
        return None
    if state.status.endswith("_IN_PROGRESS"):
        raise StackFailed(f"stack {name} is in {state.status}: another deployment is at work; wait for it to end")
    if state.status == "UPDATE_ROLLBACK_FAILED":
        raise StackFailed(f"stack {name} is in {state.status}: continue its rollback first, then deploy again")
    return state


def apply(target: Target, change: StackChange, before: StackState | None) -> tuple[StackState, bool]:
    """Bring the stack from what `ready_for_change` found to the wanted state; tell whether anything was changed."""
    if before is not None and before.is_complete and before.digest == change.digest:
        return before, False
    change_set = _create_change_set(target, change, before)
    if change_set is None:
        return read_stack(target, change.name) or _gone(change.name), False
    started = datetime.now(UTC)
    target.cloudformation.execute_change_set(StackName=change.name, ChangeSetName=change_set)
    after = _settled(target, change.name)
    if not after.is_complete:
        raise StackFailed(f"stack {change.name}: {_first_failure(target, change.name, started) or after.status}")
    return after, True


def delete_stack(target: Target, name: str) -> None:
    """Delete the stack and wait until it is gone."""
    target.cloudformation.delete_stack(StackName=name)
    for _ in _polls(target):
        state = read_stack(target, name)
        if state is None:
            return
        if state.status == "DELETE_FAILED":
            raise StackFailed(f"stack {name} could not be deleted: {_first_failure(target, name, None)}")


def _state(stack: StackTypeDef) -> StackState:
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    parameters = frozenset(item["ParameterKey"] for item in stack.get("Parameters", []))
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return StackState(stack["StackStatus"], outputs, parameters, tags.get(DIGEST_TAG))


def _create_change_set(target: Target, change: StackChange, before: StackState | None) -> str | None:
    """Return the change set's name once it can be executed, None when it would change nothing."""
    name = f"millrace-{time.time_ns()}"
    parameters: list[ParameterTypeDef] = [
        {"ParameterKey": key, "ParameterValue": value} for key, value in change.parameters.items()
    ]
    parameters += [{"ParameterKey": key, "UsePreviousValue": True} for key in sorted(change.kept_parameters)]
    request: CreateChangeSetInputTypeDef = {
        "StackName": change.name,
        "ChangeSetName": name,
        "ChangeSetType": "UPDATE" if before else "CREATE",
        "Capabilities": _CAPABILITIES,
        "Parameters": parameters,
        "Tags": [{"Key": DIGEST_TAG, "Value": change.digest}],
    }
    if len(change.template.encode()) > MAX_TEMPLATE_BODY_BYTES:
        request["TemplateURL"] = change.template_url(change.template)
    else:
        request["TemplateBody"] = change.template
    try:
        target.cloudformation.create_change_set(**request)
    except ClientError as error:
        raise StackFailed(f"the template was refused: {error.response['Error']['Message']}") from error
    return _executable(target, change.name, name)


def _executable(target: Target, stack_name: str, name: str) -> str | None:
    """Return the change set's name when it can be executed, None (and no change set) when it is empty."""
    for _ in _polls(target):
        answer = target.cloudformation.describe_change_set(StackName=stack_name, ChangeSetName=name)
        if answer["Status"] == "CREATE_COMPLETE":
            return name
        if answer["Status"] == "FAILED":
            break
    reason = answer.get("StatusReason", "no reason given")
    target.cloudformation.delete_change_set(StackName=stack_name, ChangeSetName=name)
    if any(words in reason for words in _NOTHING_TO_DO):
        return None
    raise StackFailed(f"the change was refused: {reason}")


def _settled(target: Target, name: str) -> StackState:
    """Return the stack once nothing is in progress any more."""
    for _ in _polls(target):
        state = read_stack(target, name)
        if state is None:
            break
        if not state.status.endswith("_IN_PROGRESS"):
            return state
    return _gone(name)


def _gone(name: str) -> StackState:
    raise StackFailed(f"stack {name} disappeared while it was being changed")


def _first_failure(target: Target, name: str, since: datetime | None) -> str | None:
    """Return the first resource that failed, and why: what failed after it was only cancelled."""
    failures = []
    for page in target.cloudformation.get_paginator("describe_stack_events").paginate(StackName=name):
        for event in page["StackEvents"]:
            if since and event["Timestamp"].replace(tzinfo=event["Timestamp"].tzinfo or UTC) < since:
                break
            reason = event.get("ResourceStatusReason", "")
            if "FAILED" in event.get("ResourceStatus", "") and "cancelled" not in reason:
                failures.append(f"{event.get('LogicalResourceId')} ({event.get('ResourceType')}) failed: {reason}")
    return failures[-1] if failures else None


def _polls(target: Target) -> Iterator[None]:
    """Yield at a pace that the target stands, until the deadline."""
    pause_s = 0.05 if target.is_local else 2.0
    deadline = time.monotonic() + _DEADLINE_S
    while time.monotonic() < deadline:
        yield
        time.sleep(pause_s)
    raise StackFailed(f"CloudFormation was not done after {_DEADLINE_S / 60:.0f} minutes")
