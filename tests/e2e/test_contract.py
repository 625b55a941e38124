"""The description against the deployed API: Schemathesis makes up requests of every kind and judges the answers."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Platform, register

BUDGET_S = 60
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
# These are no part of /api: what lies beside their two folders is the site's, which answers in its own words.
PLAYLISTS = "((main|plain|plain_media|media|key_frame)_playlist|dash_manifest)"
# What would end the caller's own session or account, or lead away to a provider.
LEFT_OUT = f"^(sign_out.*|end_session|delete_account|delete_me|change_password|refresh_session|{PLAYLISTS})$"
# CloudFront, and the edge in its place, refuse an address of more than 8,192 bytes themselves, in their own words.
HOOKS = """
from urllib.parse import quote

import schemathesis

@schemathesis.hook
def filter_case(context, case):
    sent = case.as_transport_kwargs(base_url="http://localhost")
    return len(quote(str(sent.get("params", "")) + case.formatted_path)) < 6000
"""


@pytest.mark.slow
def test_no_request_finds_a_fault_an_unknown_status_or_another_shape(platform: Platform, tmp_path: Path) -> None:
    caller = register(platform, "contract")
    (tmp_path / "contract_hooks.py").write_text(HOOKS)
    command = [
        str(Path(sys.executable).with_name("st")),
        "run",
        f"{platform.edge_url}/api/openapi.json",
        *("--header", f"Authorization: Bearer {caller.token}"),
        *("--phases", "examples,coverage,fuzzing"),
        *("--checks", ",".join(CHECKS)),
        *("--exclude-operation-id-regex", LEFT_OUT),
        *("--max-time", str(BUDGET_S)),
        *("--max-examples", "8"),
        *("--workers", "2"),
        *("--warnings", "off"),
        "--no-shrink",
        "--continue-on-failure",
        # Another seed each day would find more, and fail on somebody else's change.
        *("--seed", "7"),
    ]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "SCHEMATHESIS_HOOKS": "contract_hooks"}
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=BUDGET_S * 4, check=False
    )
    report = "\n".join(line[:300] for line in run.stdout.splitlines())
    assert run.returncode == 0, report[-8000:]
    tested = re.search(r"Tested: +(\d+)", report)
    assert tested is not None, report[-2000:]
    assert int(tested[1]) > 50


def test_the_description_and_its_page_are_served(platform: Platform) -> None:
    import requests

    described = requests.get(f"{platform.edge_url}/api/openapi.json", timeout=30)
    assert (described.status_code, described.json()["openapi"]) == (200, "3.1.0")
    page = requests.get(f"{platform.edge_url}/api/docs", timeout=30)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert all(f"<code>{path}</code>" in page.text for path in described.json()["paths"])
