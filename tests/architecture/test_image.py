"""The ingest's image: everything that it imports is in it, and it runs as nobody."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "rtmp_ingest" / "Dockerfile").read_text()
LOCK = (ROOT / "requirements" / "ingest.txt").read_text()
# Refuses what is installed here and not in the image, then imports all of the ingest.
PROBE = """
import importlib, importlib.metadata, pathlib, re, sys

locked = set(sys.argv[1].split(","))
tops = {
    top
    for top, names in importlib.metadata.packages_distributions().items()
    if not any(re.sub("[-_.]+", "-", name).lower() in locked for name in names)
}

class Image:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in tops - {"millrace", "rtmp_ingest"}:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, Image())
for path in sorted(pathlib.Path("rtmp_ingest").rglob("*.py")):
    importlib.import_module(".".join(path.with_suffix("").parts))
import boto3
try:
    import pytest
except ModuleNotFoundError:
    print("only what is locked")
"""


def test_the_image_holds_all_that_the_ingest_imports() -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", LOCK, re.MULTILINE)
    environ = {"PYTHONPATH": "layers/core/python:.", "AWS_DEFAULT_REGION": "us-east-1"}
    argv = [sys.executable, "-s", "-c", PROBE, ",".join(locked)]
    done = subprocess.run(argv, check=False, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "only what is locked", done.stderr


def test_the_image_runs_as_nobody_says_whether_it_is_well_and_drains() -> None:
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)
    assert 'CMD ["python", "-m", "rtmp_ingest.healthy"]' in DOCKERFILE
    assert re.search(r"^STOPSIGNAL SIGTERM$", DOCKERFILE, re.MULTILINE)
    assert DOCKERFILE.count("--require-hashes") == DOCKERFILE.count("pip install") == 2


def test_everything_that_the_image_copies_is_there() -> None:
    sources = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert sources
    for source in " ".join(sources).split():
        assert (ROOT / source).exists(), source
