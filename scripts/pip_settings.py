"""Hand the user's pip settings on to uv, which reads only its own. Standard library only.

No package index is named in this repository: pip and uv know their default, and a mirror, a proxy's certificate or
a folder of wheels is the user's own setting.
"""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

# pip option -> uv variable, and the separator that uv expects in it (pip separates with white space).
_UV_VARIABLE = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
    "timeout": ("UV_HTTP_TIMEOUT", " "),
    "no-index": ("UV_NO_INDEX", " "),
}
# uv's older names of the same settings: when the user has set one of them, ours would silently win.
_OLDER_NAMES = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_INDEX": "UV_EXTRA_INDEX_URL"}
_ENVIRONMENT_NAMES = {"timeout": "PIP_DEFAULT_TIMEOUT"}


def config_files(environ: Mapping[str, str]) -> list[Path]:
    """Return the files that pip reads, the weakest first."""
    home = Path(environ.get("HOME", "/nonexistent"))
    config_home = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    files = [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config_home / "pip" / "pip.conf"]
    if "PIP_CONFIG_FILE" in environ:
        files.append(Path(environ["PIP_CONFIG_FILE"]))
    return files


def pip_options(environ: Mapping[str, str], files: Iterable[Path]) -> dict[str, str]:
    """Return the pip options in force that uv has a word for."""
    parser = configparser.RawConfigParser()
    for file in files:
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue  # pip itself will complain about it; uv can do without
    options: dict[str, str] = {}
    for option in _UV_VARIABLE:
        for section in ("global", "install"):
            if parser.has_option(section, option):
                options[option] = parser.get(section, option)
        name = _ENVIRONMENT_NAMES.get(option, "PIP_" + option.upper().replace("-", "_"))
        if environ.get(name):
            options[option] = environ[name]
    return options


def uv_environment(environ: Mapping[str, str], files: Iterable[Path] | None = None) -> dict[str, str]:
    """Return the environment for uv: the given one, with pip's settings under uv's names where uv has none."""
    result = dict(environ)
    for option, value in pip_options(environ, config_files(environ) if files is None else files).items():
        variable, separator = _UV_VARIABLE[option]
        if variable in environ or _OLDER_NAMES.get(variable, variable) in environ:
            continue
        words = value.split()
        if option == "find-links":
            # pip warns about a folder that is not there; uv refuses to work at all.
            words = [word for word in words if "://" in word or Path(word).is_dir()]
        if words:
            result[variable] = separator.join(words)
    # We bring the interpreter; uv must not go and fetch another.
    result.setdefault("UV_PYTHON_DOWNLOADS", "never")
    return result


def current_uv_environment() -> dict[str, str]:
    """Return the environment for uv, from this process's own."""
    return uv_environment(os.environ)
