"""What a function finds in its environment: Lambda's variables, its own, and few of the machine's."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# All that a function may learn of the machine. The operator's credentials and secrets are not among it.
_INHERITED = ("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE")
# Lambda does not let a function's configuration set these.
_RESERVED = frozenset(
    {
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "_HANDLER",
    }
)


@dataclass(frozen=True, slots=True)
class Places:
    """The directories of one worker: its code, its layers in template order, its scratch space."""

    code: Path
    layers: tuple[Path, ...]
    scratch: Path

    @property
    def search_path(self) -> list[str]:
        """Return where Python looks for modules: code first, then the layers, the last one winning as in /opt."""
        return [str(self.code), *(str(layer / "python") for layer in reversed(self.layers))]

    @property
    def site_directories(self) -> list[str]:
        """Return the layers' real site-packages directories."""
        found = (path for layer in reversed(self.layers) for path in layer.glob("python/lib/python3*/site-packages"))
        return [str(path) for path in found]


def environment(
    config: Mapping[str, Any],
    places: Places,
    *,
    endpoint: str,
    region: str,
    credentials: Mapping[str, str],
    machine: Mapping[str, str],
) -> dict[str, str]:
    """Return the environment of a worker that runs the function with this configuration."""
    variables: Mapping[str, str] = (config.get("Environment") or {}).get("Variables") or {}
    inherited = {name: machine[name] for name in _INHERITED if name in machine}
    scratch = str(places.scratch)
    complete = {
        **inherited,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        # Object Lambda and the like prefix the host name, which an address cannot carry.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        # botocore reads ~/.aws and Python ~/.local: neither is the operator's here.
        "HOME": scratch,
        "TMPDIR": scratch,
        **{name: str(value) for name, value in variables.items() if name not in _RESERVED},
        **_lambda_variables(config, places, region),
        **credentials,
        "PATH": _joined([layer / "bin" for layer in places.layers], machine.get("PATH", os.defpath)),
        "LD_LIBRARY_PATH": _joined([layer / "lib" for layer in places.layers], machine.get("LD_LIBRARY_PATH", "")),
        # For Python programs that a function starts; the worker itself ignores it.
        "PYTHONPATH": os.pathsep.join(places.search_path[1:]),
    }
    # An empty search path would mean the current directory to some programs.
    return {name: value for name, value in complete.items() if value}


def _lambda_variables(config: Mapping[str, Any], places: Places, region: str) -> dict[str, str]:
    name = str(config["FunctionName"])
    group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    return {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', '')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_VERSION": str(config.get("Version", "$LATEST")),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": group,
        "AWS_LAMBDA_LOG_STREAM_NAME": places.scratch.name,
        "LAMBDA_TASK_ROOT": str(places.code),
        "TZ": ":UTC",
        "_HANDLER": str(config.get("Handler", "")),
    }


def _joined(first: Sequence[Path], rest: str) -> str:
    # Reversed as in Places.search_path: what the last layer brings hides the others'.
    return os.pathsep.join([*(str(path) for path in reversed(first) if path.is_dir()), *filter(None, [rest])])
