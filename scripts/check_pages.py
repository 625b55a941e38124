"""Run the pages' own checks: types and size budgets."""

from __future__ import annotations

import sys

from scripts.checkout import ROOT
from scripts.deployer.errors import BuildFailed
from scripts.deployer.site import build_site, npm


def main() -> int:
    """Build the pages if need be, then check them."""
    try:
        if build_site(lambda _line: None) is not None:
            npm(ROOT / "frontends", ["run", "check"])
    except BuildFailed as error:
        print(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
