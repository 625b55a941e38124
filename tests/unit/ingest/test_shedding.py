"""Renditions go when it cannot stay like this, and not before."""

import pytest

from rtmp_ingest.shedding import Load, Shed, Shedding

FINE = Load(400, 0.0, 0.0)
BEHIND = Load(3000, 0.1, 0.0)


def test_a_moment_is_no_reason() -> None:
    shedding = Shedding()
    assert shedding.judge(BEHIND, 0) is Shed.NOTHING
    assert shedding.judge(BEHIND, 2) is Shed.NOTHING
    assert shedding.judge(FINE, 2.5) is Shed.NOTHING
    assert shedding.judge(BEHIND, 4) is Shed.NOTHING


def test_one_goes_after_the_other_with_time_to_recover() -> None:
    shedding = Shedding()
    assert [shedding.judge(BEHIND, second) for second in (0, 1, 2, 3)] == [Shed.NOTHING] * 3 + [Shed.ONE]
    assert [shedding.judge(BEHIND, second) for second in range(4, 11)] == [Shed.NOTHING] * 7
    assert shedding.judge(BEHIND, 11) is Shed.ONE


@pytest.mark.parametrize("load", [Load(9000, 0, 0), Load(500, 1.2, 0), Load(500, 0, 0.7)])
def test_all_go_at_once_where_one_would_not_help(load: Load) -> None:
    assert Shedding().judge(load, 0) is Shed.ALL
