"""The built pages, as they are published."""

import shutil
from pathlib import Path

from filelock import FileLock

from scripts.deployer.site import build_site


def built_site(lock: Path, copy: Path) -> Path:
    """Return a copy of the built pages, built anew if a source has changed; one process at a time holds `lock`.

    A copy, because a build that starts while the tests run empties the folder first.
    """
    with FileLock(lock):
        dist = build_site(print)
        assert dist is not None, "there are no pages to build"
        shutil.copytree(dist, copy)
    return copy
