"""No film, however long each of its chunks waits for others, fills an execution's history.

Step Functions ends an execution at 25,000 events:
https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
"""

import json
from pathlib import Path
from typing import Any

from tests.architecture.test_template import TEMPLATE

ROOT = Path(__file__).parents[2]
WORKFLOW = json.loads((ROOT / "statemachines" / "transcode.asl.json").read_text())["States"]
ENCODE = [branch["States"] for branch in WORKFLOW["Encode"]["Branches"]]
EVENTS_MAX = 25_000
# Scheduled, started, and how it ended; entered and exited.
EVENTS_A_TRY, EVENTS_A_STATE = 3, 2
# An iteration's start and end.
EVENTS_AN_ITEM = 2
# The states before and behind, whose number does not depend on the film.
RESERVE = 1_000
# A chunk of the longest film that is encoded inline, with what media.sound and media.plan make of its end.
CHUNK_S, SOUND_CHUNK_S, SOUND_CHUNKS_MORE = 36, 120, 3


def _events(state: dict[str, Any]) -> int:
    tries = 1 + sum(retry["MaxAttempts"] for retry in state.get("Retry", []))
    return EVENTS_A_STATE + (EVENTS_A_TRY * tries if state["Type"] == "Task" else 0)


def _longest_way(states: dict[str, Any], name: str, way: tuple[str, ...] = ()) -> int:
    """Return the most events from that state to the end; there must be no way round in a circle."""
    assert name not in way, f"{name} can be reached again and again"
    state = states[name]
    following = [state.get("Next"), *(catch["Next"] for catch in state.get("Catch", []))]
    rest = [_longest_way(states, after, (*way, name)) for after in following if after]
    return _events(state) + max(rest, default=0)


def _an_item(maps: dict[str, Any]) -> int:
    processor = maps["ItemProcessor"]
    return EVENTS_AN_ITEM + _longest_way(processor["States"], processor["StartAt"])


def test_the_longest_film_that_is_encoded_inline_fits_into_a_history() -> None:
    chunks = TEMPLATE["Parameters"]["ChunksInHistory"]["MaxValue"]
    sounds = chunks * CHUNK_S / SOUND_CHUNK_S + SOUND_CHUNKS_MORE
    pictures_events = chunks * _an_item(ENCODE[0]["Encode chunks"])
    sounds_events = sounds * _an_item(ENCODE[1]["Encode sounds"])
    assert pictures_events + sounds_events + RESERVE < EVENTS_MAX


def test_the_sounds_of_the_longest_film_fit_into_a_history_when_none_is_disturbed() -> None:
    """Twelve hours of sound are in the workflow's own history, whatever the number of chunks of the picture."""
    sounds = 12 * 3600 / SOUND_CHUNK_S + SOUND_CHUNKS_MORE
    undisturbed = EVENTS_AN_ITEM + 2 * (EVENTS_A_STATE + EVENTS_A_TRY)
    disturbed = _an_item(ENCODE[1]["Encode sounds"])
    assert sounds * undisturbed + 100 * disturbed + RESERVE < EVENTS_MAX


def test_a_chunk_of_a_distributed_map_fits_into_its_own_history() -> None:
    assert _an_item(ENCODE[0]["Encode many chunks"]) < EVENTS_MAX


def test_waiting_for_a_turn_keeps_no_encoder_busy() -> None:
    for states in (ENCODE[0][name]["ItemProcessor"]["States"] for name in ("Encode chunks", "Encode many chunks")):
        for state in states.values():
            waits = [retry for retry in state.get("Retry", []) if "EncodersBusy" in retry["ErrorEquals"]]
            if state.get("Arguments", {}).get("FunctionName") == "${EncodeChunk}":
                assert all(retry["MaxAttempts"] == 0 for retry in waits)
    small = TEMPLATE["Resources"]["WaitForTurnFunction"]["Properties"]["MemorySize"]
    assert small <= 256
