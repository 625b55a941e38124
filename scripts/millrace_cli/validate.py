"""`./millrace validate`: check a stream against the rules of HLS, CMAF and DASH."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer

from millrace.media.validate import RULES, Finding, Findings, Reader, Severity, Unreadable, validate
from scripts.millrace_cli.console import CommandFailed, err, out, print_json
from scripts.millrace_cli.following import Follower
from scripts.millrace_cli.following_dash import follow_manifest
from scripts.millrace_cli.reading import Folder, Web

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "dim"}
_SUFFIXES = (".m3u8", ".mpd")


def validate_command(
    stream: Annotated[str, typer.Argument(help="A playlist's or manifest's URL or path, or a folder with some.")],
    follow: Annotated[float, typer.Option(help="Follow a live stream for so many seconds and check its reloads.")] = 0,
    segments: Annotated[
        int | None, typer.Option(help="Look into so many segments of each track (default: all of them).")
    ] = None,
    header: Annotated[list[str] | None, typer.Option(help='Send a header: "Cookie: …". May be repeated.')] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings for programs.")] = False,
) -> None:
    """Check HLS and DASH: playlists, manifests, segments, and whether they agree.

    Ends with exit code 1 if there are errors. docs/validate.md lists the rules.
    """
    found: list[Finding] = []
    if stream.startswith(("http://", "https://")):
        with httpx.Client(follow_redirects=True, headers=_headers(header or [])) as client:
            found += _checked(stream, Web(client), segments)
            if follow:
                found += _followed(stream, Web(client), follow)
    else:
        if follow:
            raise CommandFailed("--follow needs a URL: a folder does not change.")
        root, locations = _local(Path(stream))
        for location in locations:
            found += _checked(location, Folder(root), segments)
    _report(found, as_json=as_json)


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = [line.partition(":") for line in lines]
    if any(not separator for _, separator, _ in pairs):
        raise CommandFailed('A header looks like "Cookie: name=value".')
    return {name.strip(): value.strip() for name, _, value in pairs}


def _local(path: Path) -> tuple[Path, list[str]]:
    """Return the folder to read in, and what to check there."""
    if path.is_file():
        return path.parent, [path.name]
    names = sorted(each.name for each in path.iterdir() if each.suffix in _SUFFIXES) if path.is_dir() else []
    if not names:
        raise CommandFailed(f"{path} is no playlist or manifest, and no folder with one.")
    return path, names


def _checked(location: str, reader: Reader, segments: int | None) -> list[Finding]:
    return _with_counts(validate(location, reader, segments_max=segments))


def _followed(location: str, web: Web, seconds: float) -> list[Finding]:
    found = Findings()
    try:
        if location.partition("?")[0].endswith(".mpd"):
            reloads = follow_manifest(web, location, found, seconds)
        else:
            reloads = Follower(web, found).follow(location, seconds)
    except Unreadable as error:
        raise CommandFailed(f"{location}: {error}.") from error
    err.print(f"[dim]{reloads} reloads followed[/]")
    return _with_counts(found)


def _with_counts(found: Findings) -> list[Finding]:
    """Add a line for faults that repeat themselves."""
    more = [
        Finding(code, RULES[code].severity, place, RULES[code].clause, f"… and {count} more like this.")
        for (code, place), count in found.left_out().items()
    ]
    return [*found, *more]


def _report(found: list[Finding], *, as_json: bool) -> None:
    counts = {severity: sum(each.severity is severity for each in found) for severity in Severity}
    if as_json:
        print_json({"findings": [asdict(each) for each in found], "counts": counts})
    else:
        for each in found:
            severity = f"[{_COLOURS[each.severity]}]{each.severity:7}[/]"
            out.print(f"{severity} {each.code:26} {each.place}\n        {each.message} [dim]({each.clause})[/]")
        out.print(", ".join(f"{count} {severity}" for severity, count in counts.items()))
    if counts[Severity.ERROR]:
        raise typer.Exit(1)
