"""Write the descriptions of the API (docs/api, functions/docs) from the routes that functions declare.

The TypeScript types of frontends/packages/api-client follow from them. With --check nothing is written: a stale file
is named, and the exit code is 1.
"""

import argparse
import json
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "layers" / "core" / "python"), str(ROOT)]

from millrace.platform.openapi import api_document, gateway_body, load_apis, page  # noqa: E402 - the path comes first


def generate(root: Path = ROOT) -> dict[Path, str]:
    """Return the text of each generated file, by its path."""
    apis = load_apis(root / "functions")
    version = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    described = api_document(apis, version=version)
    docs, served = root / "docs" / "api", root / "functions" / "docs"
    return {
        docs / "openapi.json": _readable(described),
        docs / "gateway.json": _readable(gateway_body(apis, version=version)),
        # What the docs function serves: a function has only what lies in its own folder.
        served / "openapi.json": json.dumps(described, separators=(",", ":"), ensure_ascii=False) + "\n",
        served / "page.html": page(described),
    }


def _readable(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main() -> int:
    """Write or check the files; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file is stale")
    check = parser.parse_args().check
    stale = False
    for path, text in generate().items():
        current = path.read_text(encoding="utf-8") if path.exists() else None
        if current == text:
            continue
        if check:
            print(f"{path.relative_to(ROOT)} is stale: run scripts/generate_api.py", file=sys.stderr)
            stale = True
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if not check:
        _generate_types(ROOT / "frontends")
    return 1 if stale else 0


def _generate_types(frontends: Path) -> None:
    """Write the TypeScript types too, where the pages' packages are installed; `make check` looks after them."""
    if (frontends / "node_modules" / "openapi-typescript").is_dir():
        from scripts.deployer.site import npm

        npm(frontends, ["run", "generate", "--workspace", "packages/api-client"])


if __name__ == "__main__":
    sys.exit(main())
