"""The workflow itself, on the emulator, with steps that only note what they are asked to do."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from millrace.platform.ids import new_id
from tests.integration.emulator import servers
from tests.integration.emulator.servers import Server, eventually

ROOT = Path(__file__).parents[3]
DEFINITION = (ROOT / "statemachines" / "transcode.asl.json").read_text()
STEPS = sorted(set(re.findall(r'"FunctionName": "\$\{(\w+)\}"', DEFINITION)))
STEP = """
import json, os, pathlib

class PartFailed(Exception):
    pass

class EncodersBusy(Exception):
    pass

def handler(event, context):
    name, folder = os.environ["NAME"], pathlib.Path(os.environ["FOLDER"]) / event["video_id"]
    with (folder / "log").open("a") as log:
        log.write(json.dumps([name, event]) + "\\n")
    fault = folder / f"{name} {event.get('chunk')}"
    if fault.exists():
        kind = fault.read_text()
        if kind == "busy once":
            fault.unlink()
            raise EncodersBusy("others encode")
        raise PartFailed("damaged_part: The part from 0:08 to 0:16 could not be decoded.")
    return {"chunks": [0, 1, 2, 3], "audio_chunks": [0, 1]} if name == "PlanEncode" else None
"""


@dataclass(frozen=True)
class Studio:
    """An emulator with the workflow on it, in which all or only long films are encoded by a Distributed Map."""

    server: Server
    folder: Path
    machines: dict[str, str]

    def run(self, maps: str, **faults: str) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
        """Run the workflow to its end; return how it ended, and what its steps were asked, in order."""
        video_id = new_id()
        folder = self.folder / video_id
        folder.mkdir()
        for name, kind in faults.items():
            (folder / name.replace("_", " ")).write_text(kind)
        workflows = self.server.client("stepfunctions")
        given = json.dumps({"video_id": video_id, "upload_id": "upload"})
        execution = workflows.start_execution(stateMachineArn=self.machines[maps], input=given)["executionArn"]

        def ended() -> str:
            status = str(workflows.describe_execution(executionArn=execution)["status"])
            assert status != "RUNNING"
            return status

        status = eventually(ended, within_s=180)
        lines = (folder / "log").read_text().splitlines()
        return status, [(name, event) for name, event in map(json.loads, lines)]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    folder = tmp_path_factory.mktemp("studio")
    with servers.running(folder / "state", is_stock=False) as server:
        for name in STEPS:
            server.make_function(name, STEP, Environment={"Variables": {"NAME": name, "FOLDER": str(folder)}})
        machines = {maps: _machine(server, maps, most) for maps, most in (("inline", 200), ("distributed", 1))}
        yield Studio(server, folder, machines)


def _machine(server: Server, name: str, inline_chunks: int) -> str:
    values = {**{step: step for step in STEPS}, "TranscodeConcurrency": "2", "ChunksInHistory": str(inline_chunks)}
    definition = DEFINITION
    for key, value in values.items():
        definition = definition.replace("${" + key + "}", value)
    assert "${" not in definition
    made = server.client("stepfunctions").create_state_machine(name=name, definition=definition, roleArn=servers.ROLE)
    return str(made["stateMachineArn"])


MAPS = pytest.mark.parametrize("maps", ["inline", "distributed"])


@MAPS
def test_the_beginning_is_encoded_alone_and_everything_once(studio: Studio, maps: str) -> None:
    status, asked = studio.run(maps)
    assert status == "SUCCEEDED"
    encoded = [(name, event["chunk"]) for name, event in asked if name.startswith("Encode")]
    assert set(encoded[:2]) == {("EncodeChunk", 0), ("EncodeAudio", 0)}
    assert sorted(encoded) == [
        *(("EncodeAudio", chunk) for chunk in range(2)),
        *(("EncodeChunk", chunk) for chunk in range(4)),
    ]
    shown = [event["by"] for name, event in asked if name == "ShowProgress"]
    assert len(shown) == len(set(shown)) == 6, "each has a name of its own, so that a retry finds its lease again"
    names = [name for name, _ in asked]
    assert names.index("PackageVideo") > max(i for i, name in enumerate(names) if name == "ShowProgress")
    assert not {"FailVideo", "MakePoster"} & set(names)


@MAPS
def test_a_chunk_waits_for_its_turn(studio: Studio, maps: str) -> None:
    status, asked = studio.run(maps, EncodeChunk_2="busy once", WaitForTurn_2="busy once")
    assert status == "SUCCEEDED"
    assert [event["chunk"] for name, event in asked if name == "EncodeChunk"].count(2) == 2
    of_chunk = [(name, event.get("has_turn", False)) for name, event in asked if event.get("chunk") == 2]
    assert of_chunk == [
        ("EncodeChunk", False),
        ("WaitForTurn", False),
        ("WaitForTurn", False),
        ("EncodeChunk", True),
    ]


def test_a_film_that_cannot_be_shown_early_is_finished_all_the_same(studio: Studio) -> None:
    status, asked = studio.run("inline", ShowProgress_None="broken")
    assert status == "SUCCEEDED"
    assert "PublishVideo" in [name for name, _ in asked]


def test_a_film_whose_pictures_cannot_be_drawn_is_published(studio: Studio) -> None:
    status, asked = studio.run("inline", MakePictures_None="broken")
    assert status == "SUCCEEDED"
    names = [name for name, _ in asked]
    assert names.count("MakePictures") == 3, "two more tries, and no more"
    assert names[-2:] == ["MakePoster", "PublishVideo"], "its poster is of the source then"


@MAPS
def test_a_damaged_part_is_tried_again_and_ends_in_the_failure_path(studio: Studio, maps: str) -> None:
    status, asked = studio.run(maps, EncodeChunk_2="broken")
    assert status == "FAILED"
    assert [event["chunk"] for name, event in asked if name == "EncodeChunk"].count(2) == 4
    (failure,) = [event for name, event in asked if name == "FailVideo"]
    assert failure["error"] == ("PartFailed" if maps == "inline" else "States.ExceedToleratedFailureThreshold")


def test_a_damaged_beginning_costs_one_encoder(studio: Studio) -> None:
    status, asked = studio.run("inline", EncodeChunk_0="broken")
    assert status == "FAILED"
    assert {event["chunk"] for name, event in asked if name == "EncodeChunk"} == {0}
