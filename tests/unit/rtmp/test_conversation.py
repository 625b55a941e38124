"""The server's side of the protocol: what it answers, what it refuses, what it hands on."""

import pytest

from millrace.media.flv import FlvTag, TagKind
from rtmp_ingest.rtmp import amf0
from rtmp_ingest.rtmp.chunks import Message, write_message
from rtmp_ingest.rtmp.conversation import Stage, Unpublished
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.messages import MessageType
from rtmp_ingest.rtmp.publishing import PublishAsked, Refusal
from tests.unit.rtmp.talking import (
    ECHO,
    GREETING,
    HANDSHAKE,
    LIMITS,
    answers,
    command,
    connect,
    control,
    conversation,
    create_stream,
    hear,
    media,
    opening,
    publish,
    publishing,
    tags,
)

VIDEO, AUDIO = MessageType.VIDEO, MessageType.AUDIO


def code_of(answer: list[amf0.Value]) -> str:
    information = answer[-1]
    assert isinstance(information, dict)
    return str(information["code"])


@pytest.mark.parametrize("piece_bytes", [1, 100, 10_000])
def test_a_publisher_gets_through_however_its_bytes_arrive(piece_bytes: int) -> None:
    talk = conversation()
    data = opening("key?test=1&name=a%20b") + media(AUDIO, 5, b"\xafsound") + media(VIDEO, 7, b"v" * 400)
    events = [event for start in range(0, len(data), piece_bytes) for event in hear(talk, data[start:][:piece_bytes])]
    asked = events[0]
    assert isinstance(asked, PublishAsked)
    assert (asked.app, asked.key, asked.encoder) == ("live", "key", "FMLE/3.0 (compatible; test)")
    assert asked.parameters == {"test": "1", "name": "a b"}
    assert events[1:] == [FlvTag(TagKind.AUDIO, 5, b"\xafsound"), FlvTag(TagKind.VIDEO, 7, b"v" * 400)]
    output = talk.take_output()
    assert output[0] == 3
    assert output[1537:3073] == GREETING[1:]
    assert [answer[0] for answer in answers(output[3073:])] == ["_result", "_result", "onStatus"]
    assert code_of(answers(output[3073:])[-1]) == "NetStream.Publish.Start"


def test_a_key_is_never_in_the_text_of_what_asks() -> None:
    [asked] = [event for event in hear(conversation(), opening("hush?token=psst")) if isinstance(event, PublishAsked)]
    assert "hush" not in repr(asked)
    assert "psst" not in repr(asked)


def test_media_before_the_publish_is_not_handed_on() -> None:
    events = hear(conversation(), HANDSHAKE + connect() + create_stream() + media(VIDEO, 0, b"early"))
    assert events == []


def test_a_refused_publisher_is_told_why() -> None:
    talk = conversation()
    for event in talk.receive(opening() + media(VIDEO, 0, b"hopeful")):
        assert isinstance(event, PublishAsked)
        talk.refuse(Refusal("This channel is suspended."))
    status = answers(talk.take_output()[3073:])[-1]
    assert status[-1] == {
        "level": "error",
        "code": "NetStream.Publish.Denied",
        "description": "This channel is suspended.",
    }
    assert talk.stage is Stage.ENDED


@pytest.mark.parametrize("name", ["deleteStream", "closeStream"])
def test_the_end_of_a_stream_is_noticed_once(name: str) -> None:
    talk = publishing()
    end = command("FCUnpublish", 4, None, "secret") + command(name, 5, None, 1)
    assert hear(talk, end + end + media(VIDEO, 0, b"late")) == [Unpublished()]
    assert talk.has_said_goodbye


def test_metadata_loses_the_word_that_wraps_it() -> None:
    inner = amf0.encode("onMetaData", {"width": 1280})
    payload = amf0.encode("@setDataFrame") + inner
    for type_id, sent in ((MessageType.DATA, payload), (MessageType.DATA_AMF3, b"\x00" + payload)):
        assert hear(publishing(), media(type_id, 9, sent)) == [FlvTag(TagKind.SCRIPT, 9, inner)]


def test_an_aggregate_is_taken_apart() -> None:
    def tag(kind: int, ms: int, payload: bytes) -> bytes:
        return bytes((kind,)) + len(payload).to_bytes(3) + ms.to_bytes(3) + bytes(4) + payload + bytes(4)

    aggregate = tag(9, 100, b"v") + tag(8, 120, b"a") + tag(20, 120, b"no command inside")
    events = hear(publishing(), media(MessageType.AGGREGATE, 5000, aggregate))
    assert events == [FlvTag(TagKind.VIDEO, 5000, b"v"), FlvTag(TagKind.AUDIO, 5020, b"a")]
    with pytest.raises(ProtocolError, match="aggregate"):
        hear(publishing(), media(MessageType.AGGREGATE, 0, aggregate[:11]))


def test_received_bytes_are_acknowledged() -> None:
    talk = publishing()
    hear(talk, control(MessageType.WINDOW_SIZE, (100_000).to_bytes(4)))
    assert talk.take_output() == b""
    hear(talk, media(VIDEO, 0, bytes(60_000)))
    output = talk.take_output()
    assert output[7] == MessageType.ACKNOWLEDGEMENT
    assert int.from_bytes(output[12:16]) == talk.received_bytes


def test_a_ping_is_answered_and_asked() -> None:
    talk = publishing()
    hear(talk, control(MessageType.USER_CONTROL, b"\x00\x06\x01\x02\x03\x04"))
    assert talk.take_output().endswith(b"\x00\x07\x01\x02\x03\x04")
    hear(talk, control(MessageType.USER_CONTROL, b"\x00\x03\x00\x00\x00\x01\x00\x00\x00\x01"))
    assert talk.take_output() == b""
    talk.ping(0x0A0B)
    assert talk.take_output().endswith(b"\x00\x06\x00\x00\x0a\x0b")


def test_chunks_may_become_as_long_as_messages() -> None:
    talk = publishing()
    grow = control(MessageType.SET_CHUNK_SIZE, (0x7FFFFFFF).to_bytes(4))
    payload = bytes(range(256)) * 400
    assert tags(hear(talk, grow + media(VIDEO, 1, payload, chunk_bytes=1 << 24))) == [FlvTag(TagKind.VIDEO, 1, payload)]


def test_an_abort_drops_the_unfinished_message() -> None:
    talk = publishing()
    begun = media(VIDEO, 1, bytes(500))[:200]
    abort = control(MessageType.ABORT, (6).to_bytes(4))
    assert tags(hear(talk, begun)) == []
    # The chunk that was begun has to end first: 140 bytes make the first, so 60 of 129 are there.
    rest = bytes(81 - 12)
    assert tags(hear(talk, rest + abort + media(VIDEO, 2, b"new"))) == [FlvTag(TagKind.VIDEO, 2, b"new")]


@pytest.mark.parametrize("name", ["releaseStream", "FCPublish"])
def test_what_encoders_ask_first_is_answered(name: str) -> None:
    talk = conversation()
    hear(talk, HANDSHAKE + connect() + command(name, 7, None, "secret"))
    assert ["_result", 7.0, None, None] in answers(talk.take_output()[3073:])


def test_unknown_messages_and_commands_are_passed_over() -> None:
    unknown = write_message(Message(99, 0, 0, b"?"), 5) + command("_checkbw", 9, None)
    amf3 = write_message(Message(MessageType.COMMAND_AMF3, 0, 0, b"\x00" + amf0.encode("getStreamLength", 3)), 3)
    assert hear(publishing(), unknown + amf3) == []


def test_a_player_is_sent_away() -> None:
    talk = conversation()
    assert hear(talk, HANDSHAKE + connect() + create_stream() + command("play", 4, None, "secret")) == []
    assert code_of(answers(talk.take_output()[3073:])[-1]) == "NetStream.Play.Failed"
    assert talk.stage is Stage.ENDED


def test_extensions_are_agreed_on_with_who_knows_them() -> None:
    talk = conversation()
    asks: dict[str, amf0.Value] = {"fourCcList": ["av01", "hvc1"], "videoFourCcInfoMap": {"*": 4.0}, "capsEx": 1.0}
    asks["audioFourCcInfoMap"] = {}
    hear(talk, opening(properties=asks))
    properties = answers(talk.take_output()[3073:])[0][2]
    assert isinstance(properties, dict)
    assert properties["fourCcList"] == ["hvc1"]
    assert properties["videoFourCcInfoMap"] == {"avc1": 1.0, "hvc1": 1.0, "vp09": 1.0, "vp08": 1.0}
    assert "Opus" in properties["audioFourCcInfoMap"]
    assert properties["capsEx"] == 5.0
    assert talk.can_reconnect
    talk.ask_to_reconnect("The server restarts.")
    assert code_of(answers(talk.take_output())[0]) == "NetConnection.Connect.ReconnectRequest"


def test_extensions_are_not_mentioned_to_others() -> None:
    talk = conversation()
    hear(talk, opening())
    assert answers(talk.take_output()[3073:])[0][2] == {"fmsVer": "FMS/3,0,1,123", "capabilities": 31.0}
    assert not talk.can_reconnect


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), -1.0, 1e300, "1", None, [1.0]])
def test_strange_extensions_are_none(strange: amf0.Value) -> None:
    talk = conversation()
    hear(talk, opening(properties={"capsEx": strange, "fourCcList": strange}))
    assert not talk.can_reconnect


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", "no RTMP"),
        (b"\x06" + ECHO, "no RTMP"),
        (HANDSHAKE + publish(), "before connect"),
        (HANDSHAKE + connect() + connect(), "second connect"),
        (HANDSHAKE + command("connect", 1, None), "without properties"),
        (opening() + publish(), "second one"),
        (HANDSHAKE + connect() + command("publish", 3, None), "without a stream key"),
        (HANDSHAKE + connect() + publish("k" * 600), "too long"),
        (HANDSHAKE + write_message(Message(20, 0, 0, b""), 3), "without a name"),
        (HANDSHAKE + write_message(Message(20, 0, 0, amf0.encode(1.0)), 3), "without a name"),
        (HANDSHAKE + control(MessageType.SET_CHUNK_SIZE, bytes(4)), "no bytes"),
        (HANDSHAKE + control(MessageType.SET_CHUNK_SIZE, b"\x01"), "cut short"),
    ],
)
def test_what_breaks_the_protocol_ends_the_connection(data: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        hear(conversation(), data)


def test_a_large_picture_goes_through_and_a_huge_one_does_not() -> None:
    talk = publishing()
    hear(talk, control(MessageType.SET_CHUNK_SIZE, (65_536).to_bytes(4)))
    allowed = LIMITS.media_message_bytes
    [tag] = tags(hear(talk, media(VIDEO, 0, bytes(allowed), chunk_bytes=65_536)))
    assert len(tag.payload) == allowed
    with pytest.raises(ProtocolError, match="longer than"):
        hear(talk, media(VIDEO, 0, bytes(allowed + 1), chunk_bytes=65_536))
