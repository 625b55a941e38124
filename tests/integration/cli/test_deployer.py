"""Deploying to a real emulator: only what changed, kept parameters, failures that say why."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scripts.deployer import site, stack
from scripts.deployer.deploy import Deployed, Deployment, deploy
from scripts.deployer.errors import StackFailed
from scripts.deployer.site import publish_site
from scripts.deployer.target import Target

Deploy = Callable[..., Deployed]


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Return a stack name of the test's own."""
    return str(request.node.name).replace("_", "-")[:60]


@pytest.fixture
def project(tmp_path: Path, target: Target, name: str) -> Deploy:
    """Return a function that writes a template, deploys it, and returns what came of it."""

    def run(resources: dict[str, Any], parameters: dict[str, str] | None = None, **sections: Any) -> Deployed:
        transform = "AWS::Serverless-2016-10-31"
        template = tmp_path / "template.yaml"
        template.write_text(json.dumps({"Transform": transform, "Resources": resources, **sections}))
        return deploy(Deployment(template, name, target, parameters or {}), lambda _line: None)

    return run


@pytest.fixture
def functions(tmp_path: Path) -> dict[str, Any]:
    """Return two functions whose code is beside the template."""
    resources: dict[str, Any] = {}
    for word in ("One", "Two"):
        folder = tmp_path / word
        folder.mkdir()
        (folder / "app.py").write_text(f"def handler(event, context):\n    return {word!r}\n")
        properties = {"CodeUri": f"{word}/", "Handler": "app.handler", "Runtime": "python3.13"}
        resources[word] = {"Type": "AWS::Serverless::Function", "Properties": properties}
    return resources


def _topic(name: str = "a") -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": {"DisplayName": name}}


def test_only_what_changed_is_uploaded(project: Deploy, functions: dict[str, Any], tmp_path: Path) -> None:
    first = project(functions)
    assert (first.changed, first.uploaded) == (True, 2)
    again = project(functions)
    assert (again.changed, again.uploaded) == (False, 0)
    (tmp_path / "One" / "app.py").write_text("def handler(event, context):\n    return 1\n")
    changed = project(functions)
    assert (changed.changed, changed.uploaded) == (True, 1)


def test_values_are_kept_until_others_are_given(project: Deploy, target: Target, name: str) -> None:
    parameters = {"Secret": {"Type": "String", "NoEcho": True}, "Open": {"Type": "String", "Default": "d"}}
    outputs = {"Secret": {"Value": {"Ref": "Secret"}}, "Open": {"Value": {"Ref": "Open"}}}
    sections = {"Parameters": parameters, "Outputs": outputs}
    first = project({"T": _topic()}, {"Secret": "s1", "Open": "o1"}, **sections)
    assert first.outputs == {"Secret": "s1", "Open": "o1"}
    second = project({"T": _topic("b")}, {"Open": "o2"}, **sections)
    assert second.outputs == {"Secret": "s1", "Open": "o2"}


def test_a_long_template_is_sent_by_the_bucket(project: Deploy) -> None:
    sections = {"Outputs": {"Long": {"Value": "x" * 500}}, "Metadata": {"Filling": "y" * stack.MAX_TEMPLATE_BODY_BYTES}}
    deployed = project({"T": _topic()}, **sections)
    assert deployed.changed
    assert deployed.uploaded == 1
    assert deployed.outputs == {"Long": "x" * 500}


def test_a_failure_names_the_resource_and_the_reason_and_the_next_try_starts_anew(
    project: Deploy, target: Target, name: str
) -> None:
    broken = {
        "Good": _topic(),
        "Bad": {"Type": "AWS::CloudFormation::CustomResource", "Properties": {"ServiceToken": "x"}},
    }
    with pytest.raises(StackFailed, match="Bad"):
        project(broken)
    state = stack.read_stack(target, name)
    assert state
    assert not state.is_complete
    assert project({"Good": _topic()}).changed


def test_a_template_that_is_refused_says_why(project: Deploy) -> None:
    with pytest.raises(StackFailed, match="AWS::No::SuchThing"):
        project({"Odd": {"Type": "AWS::No::SuchThing"}})


def test_a_site_is_brought_to_what_was_built(target: Target, tmp_path: Path) -> None:
    target.s3.create_bucket(Bucket="site")
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<p>one")
    (dist / "assets" / "index-0123abcd.js").write_text("1")
    assert publish_site(dist, "site", target.s3).uploaded == 2
    assert publish_site(dist, "site", target.s3).summary() == "nothing changed"
    page = target.s3.get_object(Bucket="site", Key="index.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
    script = target.s3.get_object(Bucket="site", Key="assets/index-0123abcd.js")
    assert "immutable" in script["CacheControl"]
    (dist / "assets" / "index-0123abcd.js").rename(dist / "assets" / "index-4567cdef.js")
    (dist / "index.html").write_text("<p>two")
    target.s3.put_object(Bucket="site", Key="old-page.html", Body=b"<p>old")
    published = publish_site(dist, "site", target.s3)
    assert (published.uploaded, published.deleted, published.unchanged) == (2, 1, 0)
    keys = {item["Key"] for item in target.s3.list_objects_v2(Bucket="site")["Contents"]}
    # Who opened the old page goes on to load its script.
    assert keys == {"index.html", "assets/index-4567cdef.js", "assets/index-0123abcd.js"}


def test_assets_of_builds_long_ago_go(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target.s3.create_bucket(Bucket="old-site")
    target.s3.put_object(Bucket="old-site", Key="assets/index-0123abcd.js", Body=b"1")
    monkeypatch.setattr(site, "_OLD_ASSETS_KEPT", timedelta(seconds=-60))
    assert publish_site(tmp_path, "old-site", target.s3).deleted == 1
