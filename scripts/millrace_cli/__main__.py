"""Run the command line; whatever goes wrong is one line, unless --debug asks for more."""

from __future__ import annotations

import os

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from scripts.deployer.errors import DeployError
from scripts.millrace_cli.app import DEBUG_VARIABLE, app
from scripts.millrace_cli.console import CommandFailed, err
from scripts.obtain_uv import BootstrapError
from scripts.supervisor.client import SupervisorError

_EXPECTED = (
    CommandFailed,
    DeployError,
    BootstrapError,
    SupervisorError,
    httpx.HTTPError,
    BotoCoreError,
    ClientError,
    OSError,
)


def main() -> None:
    """Run one command and exit."""
    try:
        app()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:  # the last stop: nobody above can tell the person
        if os.environ.get(DEBUG_VARIABLE):
            raise
        hint = "" if isinstance(error, _EXPECTED) else f" ({type(error).__name__}; --debug shows where)"
        err.print(f"millrace: {' '.join(str(error).split())}{hint}", style="red", markup=False)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
