"""Whatever bytes come, a conversation understands them or says ProtocolError, and holds no more than allowed.

MILLRACE_FUZZ_CASES=100000 runs more of the mutated conversations.
"""

import os
import random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from millrace.media import flv
from millrace.media.flv import FlvTag, Malformed, TagKind
from rtmp_ingest.rtmp.clock import Clock
from rtmp_ingest.rtmp.conversation import Conversation, Stage
from rtmp_ingest.rtmp.errors import ProtocolError
from rtmp_ingest.rtmp.limits import Limits
from rtmp_ingest.rtmp.messages import MessageType
from tests.unit.rtmp.talking import (
    HANDSHAKE,
    command,
    connect,
    control,
    conversation,
    create_stream,
    hear,
    media,
    opening,
    publish,
)

CASES = int(os.environ.get("MILLRACE_FUZZ_CASES", "4000"))
TIGHT = Limits(
    media_message_bytes=200_000, partial_bytes=300_000, unauthorised_bytes=20_000, command_bytes=8_000, chunk_streams=8
)
# One read at most lies beside what is unfinished.
READ_BYTES = 4096


def whole_publish() -> bytes:
    """A short publish with a bit of everything."""
    return b"".join(
        (
            opening(properties={"fourCcList": ["hvc1"], "capsEx": 15.0}),
            control(MessageType.WINDOW_SIZE, (70_000).to_bytes(4)),
            media(MessageType.DATA, 0, b"\x02\x00\x0d@setDataFrame\x02\x00\x0aonMetaData"),
            media(MessageType.VIDEO, 0, b"\x17\x00\x00\x00\x00" + bytes(40)),
            media(MessageType.AUDIO, 3, b"\xaf\x00\x11\x90"),
            control(MessageType.SET_CHUNK_SIZE, (1000).to_bytes(4)),
            *(media(MessageType.VIDEO, 40 * n, b"\x27\x01\x00\x00\x00" + bytes(900 * n), 1000) for n in range(6)),
            media(MessageType.AUDIO, 0x01000000, b"\xaf\x01" + bytes(2500), 1000),
            control(MessageType.USER_CONTROL, b"\x00\x06\x01\x02\x03\x04"),
            command("FCUnpublish", 4, None, "secret"),
            command("deleteStream", 5, None, 1.0),
        )
    )


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Flip, cut, double, insert and overwrite, a few times."""
    out = bytearray(data)
    for _ in range(chance.randint(1, 6)):
        # The greeting is 3 kB of nothing: most of the time what follows is the target.
        low = 0 if chance.random() < 0.1 else min(len(HANDSHAKE), len(out))
        at = chance.randint(low, len(out))
        length = chance.choice((1, 2, 4, 12, 130))
        match chance.randrange(6):
            case 0 if at < len(out):
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = chance.randbytes(length)
            case 3:
                out[at : at + length] = b"\xff" * length
            case 4:
                out[at:at] = out[at : at + length]
            case _:
                del out[chance.randint(at, len(out)) :]
    return bytes(out)


def listen(talk: Conversation, data: bytes, piece_bytes: int) -> bool:
    """Return whether the conversation got through; look at every tag as the ingest does."""
    clock = Clock()
    for start in range(0, len(data), piece_bytes):
        try:
            events = hear(talk, data[start : start + piece_bytes])
        except ProtocolError:
            return False
        talk.take_output()
        assert talk.held_bytes <= TIGHT.partial_bytes + READ_BYTES
        for event in events:
            if isinstance(event, FlvTag):
                look_at(clock.corrected(event, 0.0))
    return True


def look_at(tag: FlvTag) -> None:
    assert len(flv.encode(tag)) == len(tag.payload) + 15
    reads = {TagKind.VIDEO: flv.video_header, TagKind.AUDIO: flv.audio_header}
    if tag.kind in reads:
        try:
            reads[tag.kind](tag.payload)
        except Malformed:
            return


def test_mutated_conversations_end_in_order() -> None:
    original = whole_publish()
    assert listen(conversation(TIGHT), original, READ_BYTES)
    survived = 0
    for seed in range(CASES):
        chance = random.Random(seed)
        piece_bytes = chance.choice((READ_BYTES, READ_BYTES, 97, 1460))
        survived += listen(conversation(TIGHT), mutated(original, chance), piece_bytes)
    # Both kinds are met: those that break the protocol, and those that only change what is said.
    assert CASES * 0.05 < survived < CASES * 0.95


def test_random_bytes_after_the_greeting_end_in_order() -> None:
    for seed in range(CASES // 4):
        chance = random.Random(seed)
        listen(conversation(TIGHT), HANDSHAKE + chance.randbytes(chance.randint(1, 5000)), READ_BYTES)
        listen(conversation(TIGHT), opening() + chance.randbytes(chance.randint(1, 5000)), READ_BYTES)


class Publisher(RuleBasedStateMachine):
    """Say things in any order, sensible or not; a mirror says what has to come of it."""

    def __init__(self) -> None:
        super().__init__()
        self.connect_anew()

    @rule()
    def connect_anew(self) -> None:
        self.talk = conversation(TIGHT)
        self.is_broken = self.is_garbled = False
        self.chunk_bytes = 128
        self.sent = self.received = 0

    def say(self, data: bytes) -> None:
        try:
            events = hear(self.talk, data)
        except ProtocolError:
            self.is_broken = True
        else:
            self.received += sum(isinstance(event, FlvTag) for event in events)
        self.talk.take_output()

    @precondition(lambda self: not self.is_broken and self.talk.stage is Stage.HANDSHAKE)
    @rule(data=st.sampled_from([HANDSHAKE, opening()]))
    def greet(self, data: bytes) -> None:
        self.say(data)

    @precondition(lambda self: not self.is_broken and self.talk.stage is Stage.COMMANDS)
    @rule(data=st.sampled_from([connect(), create_stream(), publish(), connect() + publish()]))
    def give_commands(self, data: bytes) -> None:
        self.say(data)

    @precondition(lambda self: not self.is_broken and self.talk.stage is Stage.PUBLISHING)
    @rule(
        kind=st.sampled_from([MessageType.AUDIO, MessageType.VIDEO]),
        ms=st.integers(0, 0xFFFFFFFF),
        size=st.integers(1, 5000),
    )
    def send_media(self, kind: MessageType, ms: int, size: int) -> None:
        self.sent += 1
        self.say(media(kind, ms, bytes(size), self.chunk_bytes))

    @precondition(lambda self: not self.is_broken and self.talk.stage is Stage.PUBLISHING)
    @rule(chunk_bytes=st.integers(1, 70_000))
    def change_the_chunk_size(self, chunk_bytes: int) -> None:
        self.say(control(MessageType.SET_CHUNK_SIZE, chunk_bytes.to_bytes(4), self.chunk_bytes))
        self.chunk_bytes = chunk_bytes

    @precondition(lambda self: not self.is_broken)
    @rule(data=st.binary(min_size=1, max_size=60))
    def talk_nonsense(self, data: bytes) -> None:
        # From here on nothing is promised but order.
        self.is_garbled = True
        self.say(data)

    @invariant()
    def media_arrives_while_the_protocol_is_kept(self) -> None:
        if not self.is_garbled:
            assert self.received == self.sent

    @invariant()
    def memory_is_bounded(self) -> None:
        assert self.talk.held_bytes <= TIGHT.partial_bytes + 80_000


Publisher.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestPublisher = Publisher.TestCase
