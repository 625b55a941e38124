"""`./millrace deploy`: bring a stack to what template.yaml says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from scripts.checkout import ROOT
from scripts.deployer.deploy import Deployed, Deployment, deploy
from scripts.deployer.site import build_site, publish_site
from scripts.deployer.target import Target, aws_target, local_target
from scripts.deployer.template import load_template, section
from scripts.millrace_cli.console import CommandFailed, out, step
from scripts.millrace_cli.home import STACK_NAME, Settings, current_home
from scripts.millrace_cli.running import running_names, start
from scripts.supervisor.client import current_report

# The emulator keeps every mail to itself: `./millrace mail` shows it.
LOCAL_SENDER = "post@millrace.example"
TEMPLATE = ROOT / "template.yaml"


def local_parameters(template: Path, settings: Settings, given: Mapping[str, str]) -> dict[str, str]:
    """Return the parameters of a stack on this machine: ours, then what was given."""
    # Everybody who uses this machine's platform comes from one address, and tests are many people in a minute.
    ours = {
        "Stage": "local",
        "PublicUrl": settings.edge_url,
        "TranscodeConcurrency": "2",
        "EncodersPerAccount": "4",
        "LimitScale": "100",
        # Here no money is spent.
        "AccountBudgetUsd": "0",
        "StackBudgetUsd": "0",
    }
    ours["MailSender"] = LOCAL_SENDER
    declared = section(load_template(template), "Parameters")
    return {**{name: value for name, value in ours.items() if name in declared}, **given}


def run_deployment(wanted: Deployment) -> Deployed:
    """Deploy, telling what goes on."""
    with step("Deploying the stack") as current:
        deployed = deploy(wanted, current.doing)
        current.result = f"{deployed.uploaded} uploads" if deployed.changed else "nothing changed"
    return deployed


def publish(deployed: Deployed, target: Target) -> None:
    """Build the pages if their sources changed, and bring the site bucket to what was built."""
    bucket = deployed.outputs.get("SiteBucket")
    with step("Publishing the pages") as current:
        dist = build_site(current.doing)
        if dist is None or bucket is None:
            current.result = "none yet"
            return
        current.result = publish_site(dist, bucket, target.s3).summary()


def deploy_command(
    stack_name: Annotated[str, typer.Option(help="The stack to create or change.")] = STACK_NAME,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="KEY=VALUE", help="A template parameter; may be repeated.")
    ] = None,
    region: Annotated[str | None, typer.Option(help="The region (default: us-east-1, or your AWS settings').")] = None,
    template: Annotated[Path, typer.Option(help="The template.", exists=True, dir_okay=False)] = TEMPLATE,
    aws: Annotated[bool, typer.Option("--aws", help="Deploy to your AWS account instead of this machine.")] = False,
) -> None:
    """Deploy the stack: only what changed is packaged and uploaded.

    Goes to the running platform on this machine, or to AWS_ENDPOINT_URL if that is set; to AWS only with --aws.
    """
    given = _parameters(parameter or [])
    target = _aws(region) if aws else _local(region)
    if not aws:
        given = local_parameters(template, current_home().settings(), given)
    deployed = run_deployment(Deployment(template.resolve(), stack_name, target, given))
    publish(deployed, target)
    home = current_home()
    report = current_report(home.run_dir)
    if not aws and stack_name == STACK_NAME and "edge" in running_names(report):
        # A new distribution needs an edge that serves it; an unchanged one keeps its own.
        start(home, home.settings(), deployed.outputs, needs_stack=True)
    for key, value in sorted(deployed.outputs.items()):
        out.print(f"{key} = {value}", markup=False)


def _parameters(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise CommandFailed(f"--parameter takes KEY=VALUE, not {pair!r}")
    return dict(pair.split("=", 1) for pair in pairs)


def _aws(region: str | None) -> Target:
    if os.environ.get("AWS_ENDPOINT_URL"):
        raise CommandFailed("--aws is given, but AWS_ENDPOINT_URL is set: unset one of them")
    return aws_target(region)


def _local(region: str | None) -> Target:
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        return local_target(endpoint, region)
    home = current_home()
    if "emulator" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running: start it with ./millrace up, or deploy to AWS with --aws")
    return local_target(home.settings().emulator_url, region)
