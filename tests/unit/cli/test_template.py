"""Reading a template, and replacing its local paths."""

from pathlib import Path
from typing import Any, cast

import pytest

from scripts.deployer.artifacts import DeployBucket, zip_bytes
from scripts.deployer.deploy import choose_parameters
from scripts.deployer.errors import ParameterMissing, TemplateInvalid
from scripts.deployer.layers import Runtime
from scripts.deployer.media_keys import new_media_keys
from scripts.deployer.packaging import Packager
from scripts.deployer.template import Mapping, load_template


class RecordingBucket:
    """Stands in for the deploy bucket: keeps what is put."""

    name = "deploys"

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}

    def put(self, content: bytes, suffix: str) -> str:
        key = f"{len(self.stored)}{suffix}"
        self.stored[key] = content
        return key


def _load(tmp_path: Path, text: str) -> Mapping:
    file = tmp_path / "template.yaml"
    file.write_text(text)
    return load_template(file)


def _package(tmp_path: Path, text: str) -> tuple[Any, RecordingBucket]:
    bucket = RecordingBucket()
    packager = Packager(tmp_path, cast(DeployBucket, bucket), Runtime("3.13", "x86_64"))
    return packager.package(_load(tmp_path, text)), bucket


def test_short_tags_become_their_long_forms(tmp_path: Path) -> None:
    text = """
        Resources:
          Thing:
            Type: AWS::SNS::Topic
            Condition: IsLocal
            Properties:
              A: !Ref Other
              B: !GetAtt Other.Nested.Arn
              C: !Sub "${Other}-x"
              D: !If [IsLocal, !Ref X, !Join ["-", [a, !Select [0, !Split [",", "b,c"]]]]]
              E: !Condition IsLocal
              F: !GetAtt [Other, Arn]
    """
    resources = cast(dict[str, Any], _load(tmp_path, text)["Resources"])
    assert resources["Thing"]["Properties"] == {
        "A": {"Ref": "Other"},
        "B": {"Fn::GetAtt": ["Other", "Nested.Arn"]},
        "C": {"Fn::Sub": "${Other}-x"},
        "D": {
            "Fn::If": [
                "IsLocal",
                {"Ref": "X"},
                {"Fn::Join": ["-", ["a", {"Fn::Select": [0, {"Fn::Split": [",", "b,c"]}]}]]},
            ]
        },
        "E": {"Condition": "IsLocal"},
        "F": {"Fn::GetAtt": ["Other", "Arn"]},
    }


def test_dates_stay_text(tmp_path: Path) -> None:
    template = _load(tmp_path, "AWSTemplateFormatVersion: 2010-09-09\nResources: {}\n")
    assert template["AWSTemplateFormatVersion"] == "2010-09-09"


@pytest.mark.parametrize("text", ["Resources: [", "just words", "Parameters: {}", "Resources: []"])
def test_what_is_no_template_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(TemplateInvalid) as refused:
        _load(tmp_path, text)
    assert "\n" not in str(refused.value)


def test_local_paths_are_replaced_and_nothing_else(tmp_path: Path) -> None:
    for folder in ("shared", "own", "layer"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "app.py").write_text(folder)
    (tmp_path / "flow.asl.json").write_text("{}")
    (tmp_path / "api.json").write_text("[]")
    packaged, bucket = _package(
        tmp_path,
        """
        Globals: {Function: {CodeUri: shared/, Timeout: 3}}
        Resources:
          Own: {Type: AWS::Serverless::Function, Properties: {CodeUri: own/, Handler: app.handler}}
          Far: {Type: AWS::Serverless::Function, Properties: {CodeUri: "s3://elsewhere/code.zip"}}
          Layer: {Type: AWS::Serverless::LayerVersion, Properties: {ContentUri: layer}}
          Flow: {Type: AWS::Serverless::StateMachine, Properties: {DefinitionUri: flow.asl.json}}
          Api:
            Type: AWS::Serverless::Api
            Properties:
              DefinitionBody: {"Fn::Transform": {Name: AWS::Include, Parameters: {Location: api.json}}}
        """,
    )
    resources = packaged["Resources"]
    assert packaged["Globals"]["Function"]["Timeout"] == 3
    assert resources["Own"]["Properties"]["Handler"] == "app.handler"
    assert resources["Far"]["Properties"]["CodeUri"] == "s3://elsewhere/code.zip"
    places = [
        packaged["Globals"]["Function"]["CodeUri"],
        resources["Own"]["Properties"]["CodeUri"],
        resources["Layer"]["Properties"]["ContentUri"],
        resources["Flow"]["Properties"]["DefinitionUri"],
        resources["Api"]["Properties"]["DefinitionBody"]["Fn::Transform"]["Parameters"]["Location"],
    ]
    contents = [bucket.stored[place.removeprefix("s3://deploys/")] for place in places]
    assert contents[:3] == [zip_bytes(tmp_path / name) for name in ("shared", "own", "layer")]
    assert contents[3:] == [b"{}", b"[]"]


def test_a_path_that_is_not_there_names_its_user(tmp_path: Path) -> None:
    with pytest.raises(TemplateInvalid, match="Own names gone/"):
        _package(tmp_path, "Resources: {Own: {Type: T, Properties: {CodeUri: gone/}}}")


def test_an_archive_depends_on_content_only(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        (folder / "__pycache__").mkdir(parents=True)
        (folder / "__pycache__" / "a.pyc").write_text(folder.name)
        (folder / "a.py").write_text("a")
    (second / "a.py").touch()
    assert zip_bytes(first) == zip_bytes(second)
    (second / "a.py").chmod(0o755)
    assert zip_bytes(first) != zip_bytes(second)


def test_parameters_given_win_then_the_stacks_own_then_the_defaults() -> None:
    template: Mapping = {
        "Parameters": {"Given": {"Default": "x"}, "Kept": {"Default": "x"}, "New": {"Default": "x"}},
        "Resources": {},
    }
    values, kept = choose_parameters(template, {"Given": "1"}, frozenset({"Given", "Kept", "Removed"}))
    assert values == {"Given": "1"}
    assert kept == {"Kept"}


def test_media_keys_are_made_once() -> None:
    template: Mapping = {"Parameters": {"MediaPublicKey": {}, "MediaPrivateKey": {}}, "Resources": {}}
    values, kept = choose_parameters(template, {}, frozenset())
    assert values["MediaPublicKey"].startswith("-----BEGIN PUBLIC KEY-----")
    assert kept == frozenset()
    values, kept = choose_parameters(template, {}, frozenset({"MediaPublicKey", "MediaPrivateKey"}))
    assert values == {}
    assert kept == {"MediaPublicKey", "MediaPrivateKey"}


def test_the_distributions_word_is_made_once() -> None:
    template: Mapping = {"Parameters": {"OriginSecret": {"Default": ""}}, "Resources": {}}
    values, _ = choose_parameters(template, {}, frozenset())
    assert len(values["OriginSecret"]) == 64
    assert choose_parameters(template, {}, frozenset({"OriginSecret"})) == ({}, frozenset({"OriginSecret"}))
    assert choose_parameters(template, {"OriginSecret": "ab"}, frozenset())[0] == {"OriginSecret": "ab"}


def test_a_media_key_fits_into_a_parameter() -> None:
    # CloudFormation takes 4,096 bytes.
    assert all(len(value) < 4096 for value in new_media_keys().values())


@pytest.mark.parametrize("given", [{}, {"Wanted": "x", "Unknown": "y"}])
def test_missing_and_unknown_parameters_are_named(given: dict[str, str]) -> None:
    template: Mapping = {"Parameters": {"Wanted": {"Type": "String"}}, "Resources": {}}
    with pytest.raises(ParameterMissing, match="Unknown" if given else "Wanted"):
        choose_parameters(template, given, frozenset())
