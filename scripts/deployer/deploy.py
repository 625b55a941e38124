"""Deploy a template: parameters, packaging, change set."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from scripts.deployer import stack
from scripts.deployer.artifacts import DeployBucket
from scripts.deployer.errors import ParameterMissing, TemplateInvalid
from scripts.deployer.layers import Runtime
from scripts.deployer.media_keys import (
    ORIGIN_SECRET_PARAMETER,
    PRIVATE_KEY_PARAMETER,
    PUBLIC_KEY_PARAMETER,
    new_media_keys,
    new_origin_secret,
)
from scripts.deployer.packaging import Packager
from scripts.deployer.target import Target
from scripts.deployer.template import Mapping as TemplateMapping
from scripts.deployer.template import load_template, section, write_json


@dataclass(frozen=True)
class Deployment:
    """What to deploy, where, and with which parameters."""

    template: Path
    stack_name: str
    target: Target
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployed:
    """What came of a deployment."""

    outputs: Mapping[str, str]
    changed: bool
    uploaded: int


def deploy(wanted: Deployment, report: Callable[[str], None]) -> Deployed:
    """Bring the stack to what the template says; upload only what the deploy bucket does not have."""
    template = load_template(wanted.template)
    before = stack.ready_for_change(wanted.target, wanted.stack_name, report)
    given, kept = choose_parameters(template, wanted.parameters, before.parameters if before else frozenset())
    bucket = _deploy_bucket(wanted.target)
    report("Packaging what changed")
    packaged = Packager(wanted.template.parent, bucket, _runtime(template, wanted.target)).package(template)
    report(f"Changing the stack ({len(section(template, 'Resources'))} resources)")
    body = write_json(packaged)
    change = stack.StackChange(
        wanted.stack_name,
        body,
        given,
        kept,
        _digest(body, wanted.parameters),
        lambda text: bucket.url(bucket.put(text.encode(), ".json")),
    )
    after, changed = stack.apply(wanted.target, change, before)
    return Deployed(after.outputs, changed, len(bucket.uploaded))


def choose_parameters(
    template: TemplateMapping, given: Mapping[str, str], existing: frozenset[str]
) -> tuple[dict[str, str], frozenset[str]]:
    """Return the values to send, and the names whose value in the stack is kept.

    A value given wins; then the stack's own; then a new secret; then the template's default.
    """
    declared = section(template, "Parameters")
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise ParameterMissing(f"the template has no parameter {', '.join(unknown)}; it has {', '.join(declared)}")
    values = dict(given)
    pair = {PUBLIC_KEY_PARAMETER, PRIVATE_KEY_PARAMETER}
    if pair <= set(declared) and not pair & (existing | set(given)):
        values.update(new_media_keys())
    if ORIGIN_SECRET_PARAMETER in declared and ORIGIN_SECRET_PARAMETER not in existing | set(given):
        values.update(new_origin_secret())
    kept = frozenset(name for name in declared if name in existing and name not in values)
    missing = [
        name for name, entry in declared.items() if name not in values and name not in kept and "Default" not in entry
    ]
    if missing:
        raise ParameterMissing(f"no value for {', '.join(missing)}: give it with --parameter {missing[0]}=…")
    return values, kept


def _digest(body: str, parameters: Mapping[str, str]) -> str:
    """Hash what was asked for. Kept values and new keys are left out: they never change a stack that has them."""
    return hashlib.sha256(repr((body, sorted(parameters.items()))).encode()).hexdigest()


def _deploy_bucket(target: Target) -> DeployBucket:
    return DeployBucket(target.s3, f"millrace-deploy-{target.account()}-{target.region}", target.region)


def _runtime(template: TemplateMapping, target: Target) -> Runtime:
    """Return what layers are built for: locally, the interpreter at hand; on AWS, what the template names."""
    if target.is_local:
        return Runtime.of_this_machine()
    function = section(template, "Globals").get("Function", {})
    runtime, architectures = function.get("Runtime"), function.get("Architectures", ["x86_64"])
    if not isinstance(runtime, str) or not isinstance(architectures, list) or len(architectures) != 1:
        raise TemplateInvalid("Globals.Function must name one Runtime and one architecture: layers are built for them")
    return Runtime(runtime.removeprefix("python"), str(architectures[0]))
