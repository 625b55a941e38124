"""OBS publishes by librtmp: what it sends and waits for, step by step, written down from its source and traces.

OBS 30: chunk size first, connect, then releaseStream, FCPublish and createStream once connect is answered, publish once
the stream has a number, media once the publish has begun; FCUnpublish and deleteStream at the end. Numbers of
transactions run on, and answers to releaseStream and FCPublish are not waited for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from millrace.media.flv import TagKind
from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.chunks import ChunkReader, Message, write_message
from rtmp_ingest.rtmp.conversation import Conversation, Event, Unpublished
from rtmp_ingest.rtmp.messages import MessageType
from rtmp_ingest.rtmp.publishing import PublishAsked, Refusal
from tests.unit.rtmp.talking import HANDSHAKE, LIMITS, conversation, tags

CHUNK_BYTES = 4096
# librtmp's channels: commands, and one for all media.
COMMANDS, MEDIA = 3, 4
CONNECT: Mapping[str, amf0.Value] = {
    "app": "live",
    "type": "nonprivate",
    "flashVer": "FMLE/3.0 (compatible; FMSc/1.0)",
    "swfUrl": "rtmp://127.0.0.1:1935/live",
    "tcUrl": "rtmp://127.0.0.1:1935/live",
}
ENHANCED: Mapping[str, amf0.Value] = {
    "fourCcList": ["av01", "hvc1"],
    "capsEx": 0x07,
    "videoFourCcInfoMap": {"av01": 2, "hvc1": 2},
}
# What OBS's librtmp takes for a refusal (HandleInvoke), and shows with its description: not BadName.
REFUSALS = {"NetStream.Publish.Denied", "NetStream.Publish.Rejected", "NetStream.Failed"}
METADATA: Mapping[str, amf0.Value] = {
    "duration": 0,
    "fileSize": 0,
    "width": 1280,
    "height": 720,
    "videocodecid": 7,
    "videodatarate": 2500,
    "framerate": 30,
    "audiocodecid": 10,
    "audiodatarate": 160,
    "audiosamplerate": 48000,
    "audiosamplesize": 16,
    "audiochannels": 2,
    "stereo": True,
    "encoder": "obs-output module (libobs version 30.2.3)",
}


@dataclass
class Obs:
    """OBS's side: sends the next step only when the answer to the last one is there."""

    talk: Conversation
    refusal: Refusal | None = None
    properties: Mapping[str, amf0.Value] = field(default_factory=lambda: CONNECT)
    events: list[Event] = field(default_factory=list)
    reader: ChunkReader = field(default_factory=lambda: ChunkReader(LIMITS))
    transaction: int = 0
    stream_id: int = 0
    code: str = ""
    description: str = ""
    called: dict[int, str] = field(default_factory=dict)

    def say(self, data: bytes) -> None:
        """Send, and take in what comes back."""
        for event in self.talk.receive(data):
            if isinstance(event, PublishAsked):
                if self.refusal:
                    self.talk.refuse(self.refusal)
                else:
                    self.talk.accept()
            self.events.append(event)
        self._listen(self.talk.take_output())

    def call(self, name: str, *values: amf0.Value, stream_id: int = 0, is_waited_for: bool = False) -> None:
        self.transaction += 1
        if is_waited_for:
            self.called[self.transaction] = name
        payload = amf0.encode(name, self.transaction, *values)
        self.say(write_message(Message(MessageType.COMMAND, 0, stream_id, payload), COMMANDS, CHUNK_BYTES))

    def start(self) -> None:
        """Connect, as RTMP_Connect and RTMP_ConnectStream do."""
        output = bytearray()
        for _ in self.talk.receive(HANDSHAKE):
            raise AssertionError("nothing happens before connect")
        output += self.talk.take_output()
        assert len(output) == 1 + 2 * 1536
        size = CHUNK_BYTES.to_bytes(4)
        self.say(write_message(Message(MessageType.SET_CHUNK_SIZE, 0, 0, size), 2))
        self.call("connect", self.properties, is_waited_for=True)

    def stop(self) -> None:
        self.call("FCUnpublish", None, "key")
        self.call("deleteStream", None, self.stream_id)

    def media(self, kind: int, timestamp_ms: int, payload: bytes) -> None:
        self.say(write_message(Message(kind, timestamp_ms, self.stream_id, payload), MEDIA, CHUNK_BYTES))

    def _listen(self, output: bytes) -> None:
        self.reader.feed(output)
        while (message := self.reader.next_message()) is not None:
            if message.type_id == MessageType.SET_CHUNK_SIZE:
                self.reader.chunk_bytes = int.from_bytes(message.payload)
            elif message.type_id == MessageType.COMMAND:
                self._hear(amf0.decode(message.payload, LIMITS))

    def _hear(self, values: list[amf0.Value]) -> None:
        """Do what HandleInvoke does."""
        name, number = values[0], values[1]
        if name == "_result" and isinstance(number, float) and int(number) in self.called:
            self._answered(self.called.pop(int(number)), values)
        elif name == "onStatus":
            information = values[3]
            assert isinstance(information, dict)
            self.code, self.description = str(information["code"]), str(information["description"])

    def _answered(self, name: str, values: list[amf0.Value]) -> None:
        if name == "connect":
            self.call("releaseStream", None, "key")
            self.call("FCPublish", None, "key")
            self.call("createStream", None, is_waited_for=True)
        elif name == "createStream":
            assert isinstance(values[3], float)
            self.stream_id = int(values[3])
            self.call("publish", None, "key", "live", stream_id=self.stream_id)


@pytest.mark.parametrize("more", [{}, ENHANCED], ids=["plain", "enhanced"])
def test_obs_publishes_from_its_first_word_to_its_last(more: Mapping[str, amf0.Value]) -> None:
    obs = Obs(conversation(), properties={**CONNECT, **more})
    obs.start()
    assert obs.code == "NetStream.Publish.Start"
    asked = [event for event in obs.events if isinstance(event, PublishAsked)]
    assert [(each.app, each.key, each.encoder) for each in asked] == [("live", "key", CONNECT["flashVer"])]
    wrapped = amf0.encode("@setDataFrame", "onMetaData", METADATA)
    obs.media(MessageType.DATA, 0, wrapped)
    obs.media(MessageType.AUDIO, 0, b"\xaf\x00\x11\x90")
    obs.media(MessageType.VIDEO, 0, b"\x17\x00\x00\x00\x00" + bytes(40))
    obs.media(MessageType.VIDEO, 33, b"\x17\x01\x00\x00\x00" + bytes(20_000))
    # A second sound track, as Enhanced RTMP carries it: one message more, and no harm.
    obs.media(MessageType.AUDIO, 40, b"\x95\x01mp4a\x01" + bytes(200))
    found = tags(obs.events)
    assert [tag.kind for tag in found] == [TagKind.SCRIPT, TagKind.AUDIO, TagKind.VIDEO, TagKind.VIDEO, TagKind.AUDIO]
    assert found[0].payload == wrapped.removeprefix(amf0.encode("@setDataFrame"))
    assert len(found[3].payload) == 20_005
    obs.stop()
    assert isinstance(obs.events[-1], Unpublished)
    assert obs.talk.has_said_goodbye


def test_obs_shows_why_it_was_refused() -> None:
    obs = Obs(conversation(), refusal=Refusal("Your channel is live already."))
    obs.start()
    assert obs.code in REFUSALS
    assert obs.description == "Your channel is live already."
    assert not tags(obs.events)


def test_obs_is_told_when_its_stream_is_ended_for_it() -> None:
    obs = Obs(conversation())
    obs.start()
    obs.talk.dismiss("The stream was ended.")
    obs.say(b"")
    assert obs.code in REFUSALS
    assert obs.description == "The stream was ended."
