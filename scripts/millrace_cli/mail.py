"""`./millrace mail`: read what this machine's platform has sent; no mail leaves the machine."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import typer

from scripts.millrace_cli.console import CommandFailed, out, print_json
from scripts.millrace_cli.home import current_home
from scripts.millrace_cli.running import running_names
from scripts.supervisor.client import current_report

_TIMEOUT_S = 10.0


def mail(
    to: Annotated[str | None, typer.Option(help="Only mail to this address.")] = None,
    last: Annotated[int, typer.Option(min=1, help="How many, the newest at the end.")] = 5,
    as_json: Annotated[bool, typer.Option("--json", help="Print it for programs.")] = False,
) -> None:
    """Show the mail that the platform on this machine has sent: links to prove an address, to reset a password."""
    home = current_home()
    if "emulator" not in running_names(current_report(home.run_dir)):
        raise CommandFailed("the platform is not running: start it with ./millrace up")
    found = sent(home.settings().emulator_url, to)[-last:]
    if as_json:
        print_json(found)
        return
    if not found:
        out.print("No mail yet.")
    for letter in found:
        when = datetime.fromtimestamp(letter["sent_at"], UTC).astimezone()
        out.print(f"[bold]{when:%d %b %H:%M:%S}[/]", end="  ")
        out.print(f"to {', '.join(letter['to'])}: {letter['subject']}\n\n{letter['text']}", markup=False)


def sent(emulator_url: str, to: str | None = None) -> list[dict[str, Any]]:
    """Return the mail that the emulator's SES took, oldest first."""
    answer = httpx.get(f"{emulator_url}/_ministack/ses/messages", timeout=_TIMEOUT_S, trust_env=False)
    answer.raise_for_status()
    letters = [letter for account in answer.json()["messages"].values() for letter in account]
    return [
        {
            "to": letter["To"],
            "subject": letter["Subject"],
            "text": letter["BodyText"],
            "sent_at": letter["Timestamp"],
        }
        for letter in sorted(letters, key=lambda letter: float(letter["Timestamp"]))
        if to is None or to.casefold() in (address.casefold() for address in letter["To"])
    ]
