"""`./millrace media-key`: rotate the key that signs access to private media."""

from __future__ import annotations

import typer

from scripts.deployer.deploy import Deployment
from scripts.deployer.media_keys import SIGNER_PARAMETER, new_media_keys, signing_and_idle
from scripts.deployer.target import Target, aws_target, local_target
from scripts.millrace_cli.console import CommandFailed, out
from scripts.millrace_cli.deploying import TEMPLATE, local_parameters, run_deployment
from scripts.millrace_cli.home import STACK_NAME, current_home
from scripts.millrace_cli.running import running_names
from scripts.millrace_cli.user import OnAws
from scripts.supervisor.client import current_report

media_key = typer.Typer(no_args_is_help=True, help="The key that signs access to private media: rotate it.")


@media_key.command()
def rotate(aws: OnAws = False) -> None:
    """Make a new key that signs from now on. The old one stays trusted, so that nobody is interrupted."""
    target = _target(aws)
    parameters = _parameters(target)
    _, idle = signing_and_idle(parameters)
    if parameters.get(idle.public):
        raise CommandFailed("the key before this one is still trusted: run ./millrace media-key retire first")
    # Trusted everywhere before anything is signed with it: the key group is changed first.
    _deploy(target, new_media_keys(idle))
    _deploy(target, {SIGNER_PARAMETER: idle.name})
    out.print("A new key signs. Cookies of the old one are good for up to 12 hours: then ./millrace media-key retire")


@media_key.command()
def retire(aws: OnAws = False) -> None:
    """Trust the key that no longer signs no more: what it signed opens nothing."""
    target = _target(aws)
    parameters = _parameters(target)
    _, idle = signing_and_idle(parameters)
    if not parameters.get(idle.public):
        raise CommandFailed("there is one key only: ./millrace media-key rotate makes another")
    _deploy(target, {idle.public: "", idle.private: ""})
    out.print("The old key is gone.")


def _deploy(target: Target, given: dict[str, str]) -> None:
    if target.is_local:
        given = local_parameters(TEMPLATE, current_home().settings(), given)
    run_deployment(Deployment(TEMPLATE, STACK_NAME, target, given))


def _parameters(target: Target) -> dict[str, str]:
    (stack,) = target.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"]
    return {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in stack.get("Parameters", [])}


def _target(aws: bool) -> Target:
    if aws:
        return aws_target(None)
    home = current_home()
    if "emulator" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running: start it with ./millrace up, or name --aws")
    return local_target(home.settings().emulator_url)
