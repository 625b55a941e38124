"""The commands, put together."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from scripts.millrace_cli.deploying import deploy_command
from scripts.millrace_cli.doctor import doctor
from scripts.millrace_cli.estimate import estimate_command
from scripts.millrace_cli.identity_provider import identity_provider
from scripts.millrace_cli.logs import logs
from scripts.millrace_cli.mail import mail
from scripts.millrace_cli.media_key import media_key
from scripts.millrace_cli.status import status
from scripts.millrace_cli.stream import stream
from scripts.millrace_cli.up import down, up
from scripts.millrace_cli.upload import upload
from scripts.millrace_cli.user import user
from scripts.millrace_cli.validate import validate_command

DEBUG_VARIABLE = "MILLRACE_DEBUG"

app = typer.Typer(
    name="millrace",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def options(
    debug: Annotated[bool, typer.Option("--debug", help="Show where in the program a failure happened.")] = False,
) -> None:
    """Millrace: a video platform that anyone can own, on this machine or on AWS."""
    if debug:
        os.environ[DEBUG_VARIABLE] = "1"


app.command()(up)
app.command()(down)
app.command()(status)
app.command("deploy")(deploy_command)
app.command()(logs)
app.command()(upload)
app.command()(stream)
app.command("validate")(validate_command)
app.command("estimate")(estimate_command)
app.command()(mail)
app.command()(identity_provider)
app.add_typer(user, name="user")
app.add_typer(media_key, name="media-key")
app.command()(doctor)
