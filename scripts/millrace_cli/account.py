"""The account of whoever owns this machine's platform, made at the first `up`."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.millrace_cli.api import Api, ApiRefused
from scripts.millrace_cli.console import CommandFailed
from scripts.millrace_cli.home import Home

_EMAIL = "creator@millrace.example"
_REFUSED = 401
_TAKEN = 409


@dataclass(frozen=True)
class Credentials:
    """An address and its password."""

    email: str
    password: str


def credentials_file(home: Home) -> Path:
    """Return where the local account's password is; only its owner can read it."""
    return home.path / "credentials.json"


def read_credentials(home: Home) -> Credentials | None:
    """Return the local account, None before the first `up`."""
    try:
        return Credentials(**json.loads(credentials_file(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def ensure_account(home: Home, api: Api) -> tuple[Credentials, bool]:
    """Sign in to the local account, making it if it is not there; tell whether it was made."""
    known = read_credentials(home)
    if known:
        try:
            api.sign_in(known.email, known.password)
        except ApiRefused as refused:
            if refused.status != _REFUSED:
                raise
        else:
            return known, False
    return _new_account(home, api, known or Credentials(_EMAIL, secrets.token_urlsafe(18))), True


def sign_in(home: Home, api: Api, email: str | None, password: str | None) -> None:
    """Sign in as a command's options say; without them, to the local account."""
    if email and password:
        api.sign_in(email, password)
    elif email or password:
        raise CommandFailed("an email address and a password belong together: give both or neither")
    else:
        ensure_account(home, api)


def _new_account(home: Home, api: Api, wanted: Credentials) -> Credentials:
    # Written before the account exists: a password that was lost on the way would lock the account for ever.
    _write(home, wanted)
    try:
        api.register(wanted.email, wanted.password, "Local creator")
    except ApiRefused as refused:
        if refused.status != _TAKEN:
            raise
        # The account is there and its password is not ours (the file was deleted): make another one.
        other = Credentials(f"creator-{secrets.token_hex(4)}@millrace.example", wanted.password)
        _write(home, other)
        api.register(other.email, other.password, "Local creator")
        return other
    return wanted


def _write(home: Home, credentials: Credentials) -> None:
    home.path.mkdir(parents=True, exist_ok=True)
    scratch = credentials_file(home).with_suffix(".tmp")
    scratch.unlink(missing_ok=True)
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(credentials), file)
    scratch.replace(credentials_file(home))
