"""`./millrace user`: look at an account, and say what it may do."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from scripts.deployer.target import Target, aws_target, local_target
from scripts.millrace_cli.console import CommandFailed, out, print_json
from scripts.millrace_cli.home import STACK_NAME, current_home
from scripts.millrace_cli.running import running_names
from scripts.supervisor.client import current_report

ROLES = ("viewer", "creator", "moderator", "admin")

user = typer.Typer(no_args_is_help=True, help="Accounts: show one, or change what it may do.")

Email = Annotated[str, typer.Argument(help="The account's address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it for programs.")]
OnAws = Annotated[bool, typer.Option("--aws", help="On your AWS account instead of this machine.")]


@user.command()
def show(email: Email, as_json: AsJson = False, aws: OnAws = False) -> None:
    """Show an account."""
    _print(_order(_target(aws), {"email": email}), as_json)


@user.command()
def roles(
    email: Email,
    names: Annotated[list[str], typer.Argument(metavar="ROLE...", help=f"Any of: {', '.join(ROLES)}.")],
    as_json: AsJson = False,
    aws: OnAws = False,
) -> None:
    """Give an account these roles and no others; it holds from its next access token on."""
    unknown = sorted(set(names) - set(ROLES))
    if unknown:
        raise CommandFailed(f"there is no role {', '.join(unknown)}; there are {', '.join(ROLES)}")
    _print(_order(_target(aws), {"email": email, "roles": sorted(set(names))}), as_json)


@user.command()
def promote(
    email: Email,
    role: Annotated[str, typer.Option(help=f"One of: {', '.join(ROLES)}.")] = "admin",
    as_json: AsJson = False,
    aws: OnAws = False,
) -> None:
    """Give an account one more role, admin where none is named: the way to the first admin."""
    present = _order(_target(aws), {"email": email})["roles"]
    roles(email, sorted({*present, role}), as_json, aws)


def _target(aws: bool) -> Target:
    if aws:
        return aws_target(None)
    home = current_home()
    if "emulator" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running: start it with ./millrace up, or add --aws")
    return local_target(home.settings().emulator_url)


def _order(target: Target, order: dict[str, Any]) -> dict[str, Any]:
    answer = target.functions.invoke(FunctionName=f"{STACK_NAME}-manage-account", Payload=json.dumps(order))
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise CommandFailed(str(found.get("errorMessage", "the function failed without a word")))
    return found


def _print(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    out.print(f"[bold]{found['email']}[/]  {found['user_id']}")
    out.print(f"  name      {found['display_name']}", markup=False)
    out.print(f"  verified  {'yes' if found['email_verified'] else 'no'}")
    out.print(f"  roles     {', '.join(found['roles'])}")
