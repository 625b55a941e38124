"""The command line of the emulator."""

import argparse
import ipaddress
import sys
from collections.abc import Sequence
from pathlib import Path

from emulator import launcher
from emulator.settings import Settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the emulator until it is told to stop; return the exit status."""
    try:
        launcher.run(_settings(arguments))
    except launcher.CannotStart as error:
        sys.stderr.write(f"emulator: {error}\n")
        return 1
    return 0


def _settings(arguments: Sequence[str] | None) -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m emulator",
        description="Run MiniStack, an AWS emulator, with the settings and patches of Millrace.",
    )
    parser.add_argument("--host", default="127.0.0.1", type=_loopback, help="loopback address (default: %(default)s)")
    parser.add_argument("--port", default=4566, type=_port, help="TCP port (default: %(default)s)")
    parser.add_argument("--state", required=True, type=Path, metavar="DIR", help="where everything is kept")
    parser.add_argument(
        "--lambda-python",
        default=Path(getattr(sys, "_base_executable", sys.executable)),
        type=Path,
        metavar="PATH",
        help="interpreter that runs the functions, without its own packages (default: %(default)s)",
    )
    parser.add_argument(
        "--save-interval", default=10.0, type=float, metavar="S", help="seconds between saves (default: %(default)s)"
    )
    given = parser.parse_args(arguments)
    return Settings(
        host=given.host,
        port=given.port,
        state_dir=given.state.resolve(),
        lambda_python=given.lambda_python,
        save_interval_s=given.save_interval,
    )


def _loopback(text: str) -> str:
    # Whoever reaches the emulator can run code in it: it never listens to the network.
    try:
        if ipaddress.ip_address(text).is_loopback:
            return text
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a loopback address")


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{port} is not a TCP port")
    return port
