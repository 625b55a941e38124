"""Telling processes apart, and finding all that one has started."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from scripts.supervisor.processes import Identity, family, family_of, identify, is_alive, stop


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[bytes]]:
    """Return a shell that leads a session and has a child and an orphan in it."""
    shell = subprocess.Popen(
        ["sh", "-c", "sleep 60 & (sleep 60 &) ; echo; wait"], start_new_session=True, stdout=subprocess.PIPE
    )
    assert shell.stdout
    shell.stdout.readline()
    yield shell
    shell.stdout.close()
    for pid in family([shell.pid]):
        os.kill(pid, signal.SIGKILL)
    shell.wait()


def test_a_process_is_itself_and_no_other() -> None:
    own = identify(os.getpid())
    assert own
    assert is_alive(own)
    # The same number, given out again later, or before the machine was started anew.
    assert not is_alive(replace(own, start_ticks=own.start_ticks + 1))
    assert not is_alive(replace(own, boot_id="another"))
    assert identify(2**22 + 1) is None


def test_a_family_includes_orphans_of_the_session(leader: subprocess.Popen[bytes]) -> None:
    assert len(family([leader.pid])) == 3
    leader.kill()
    leader.wait()
    assert len(family([leader.pid])) == 2


def test_a_recycled_number_has_no_family_of_ours(leader: subprocess.Popen[bytes]) -> None:
    now = identify(leader.pid)
    assert now
    earlier = Identity(now.pid, now.start_ticks - 1, now.boot_id)
    assert family_of(earlier) == set()
    stop(earlier, timeout_s=0)
    assert leader.poll() is None


def test_stopping_ends_the_whole_family(leader: subprocess.Popen[bytes]) -> None:
    identity = identify(leader.pid)
    assert identity
    started = time.monotonic()
    stop(identity, timeout_s=5)
    assert time.monotonic() - started < 5
    assert leader.wait(timeout=5) == -signal.SIGTERM
    assert family([leader.pid]) == set()
