"""Loudness is gated over the whole film, however it was cut."""

import math

from hypothesis import given
from hypothesis import strategies as st

from millrace.media.loudness import Blocks, programme_loudness, read_blocks

PIECES = st.lists(
    st.builds(
        Blocks,
        counts=st.dictionaries(st.integers(-690, 0), st.integers(1, 500), max_size=20),
        true_peak=st.floats(0, 2),
    ),
    max_size=6,
)


def _blocks(*levels: tuple[float, int]) -> Blocks:
    return Blocks(counts={round(level * 10): count for level, count in levels}, true_peak=1.0)


def _loudness(*pieces: Blocks) -> float:
    found = programme_loudness(pieces)
    assert found is not None
    return found.integrated_lufs


def test_a_steady_level_is_its_own_loudness() -> None:
    assert _loudness(_blocks((-23.0, 600))) == -23.0


def test_quiet_passages_below_the_relative_gate_do_not_count() -> None:
    # EBU Tech 3341, test signal 3: 10 s at -36, 60 s at -23, 10 s at -36.
    assert _loudness(_blocks((-36.0, 100)), _blocks((-23.0, 600)), _blocks((-36.0, 100))) == -23.0


def test_what_is_within_the_gate_counts_by_its_power() -> None:
    # Test signal 4's kind: both levels above the gate.
    expected = 10 * math.log10((10**-2.0 + 10**-2.6) / 2)
    assert abs(_loudness(_blocks((-20.0, 300), (-26.0, 300))) - expected) <= 0.05


def test_silence_has_no_loudness() -> None:
    assert programme_loudness([]) is None
    assert programme_loudness([Blocks(counts={}, true_peak=0.0)]) is None


def test_the_true_peak_is_the_highest_of_all_pieces() -> None:
    pieces = [_blocks((-20.0, 10)).model_copy(update={"true_peak": peak}) for peak in (0.25, 0.5, 0.1)]
    found = programme_loudness(pieces)
    assert found is not None
    assert found.true_peak_dbtp == -6.0


@given(PIECES)
def test_cutting_a_film_does_not_change_its_loudness(pieces: list[Blocks]) -> None:
    counts: dict[int, int] = {}
    for piece in pieces:
        for level, count in piece.counts.items():
            counts[level] = counts.get(level, 0) + count
    whole = Blocks(counts=counts, true_peak=max((piece.true_peak for piece in pieces), default=0.0))
    assert programme_loudness(pieces) == programme_loudness([whole])


@given(PIECES)
def test_loudness_lies_between_the_softest_and_the_loudest_block(pieces: list[Blocks]) -> None:
    found = programme_loudness(pieces)
    levels = [level / 10 for piece in pieces for level in piece.counts]
    if found is not None:
        assert min(levels) - 0.1 <= found.integrated_lufs <= max(levels) + 0.1


NOTES = """frame:0    pts:0       pts_time:0
lavfi.r128.M=-117.681
lavfi.r128.true_peak=0.066
frame:1    pts:4800    pts_time:0.1
lavfi.r128.M=-117.681
frame:2    pts:9600    pts_time:0.2
lavfi.r128.M=nan
frame:3    pts:14400   pts_time:0.3
lavfi.r128.M=-24.787
lavfi.r128.true_peak=0.5
frame:4    pts:19200   pts_time:0.4
lavfi.r128.M=-24.71
frame:5    pts:24000   pts_time:0.5
lavfi.r128.M=-20.04
frame:6    pts:28800   pts_time:0.6
lavfi.r128.M=-inf
"""


def test_blocks_are_counted_where_they_end_once_they_are_whole() -> None:
    whole = read_blocks(NOTES, first_s=0.0, last_s=9.0)
    assert whole == Blocks(counts={-248: 1, -247: 1, -200: 1}, true_peak=0.5)
    assert read_blocks(NOTES, first_s=0.43, last_s=0.5).counts == {-247: 1}


@given(st.text())
def test_any_notes_can_be_read(text: str) -> None:
    read_blocks(text, first_s=0.0, last_s=10.0)
