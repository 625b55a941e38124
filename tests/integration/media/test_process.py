"""Tools are bounded in time, memory, output and knowledge."""

import os
import sys
import time
from pathlib import Path

import pytest

from millrace.platform import process
from millrace.platform.process import ProcessLimits, ToolFailed, ToolMissing, ToolTimedOut


def _python(code: str, timeout_s: float = 20, limits: ProcessLimits | None = None) -> process.Finished:
    return process.run([sys.executable, "-I", "-c", code], timeout_s=timeout_s, limits=limits)


def test_output_and_processor_time_are_returned() -> None:
    finished = _python("import sys; print('out'); print('err', file=sys.stderr); sum(range(3_000_000))")
    assert finished.stdout == b"out\n"
    assert finished.stderr_tail == "err\n"
    assert 0.01 < finished.cpu_s < 10


def test_failure_tells_the_code_and_the_last_words() -> None:
    with pytest.raises(ToolFailed) as caught:
        _python("import sys; sys.stderr.write('x' * 100_000 + 'the end'); sys.exit(3)")
    assert caught.value.returncode == 3
    assert caught.value.stderr_tail.endswith("the end")
    assert len(caught.value.stderr_tail) == process.STDERR_TAIL_BYTES


def test_a_failure_may_be_expected() -> None:
    code = "import sys; sys.exit(3)"
    assert process.run([sys.executable, "-c", code], timeout_s=20, check=False).returncode == 3


def test_the_whole_group_is_killed_at_the_deadline(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    child = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    begun = time.monotonic()
    with pytest.raises(ToolTimedOut):
        _python(parent, timeout_s=3)
    assert time.monotonic() - begun < 10
    # The kernel takes a moment to bury the killed.
    while _is_running(int(pid_file.read_text())):
        assert time.monotonic() - begun < 20


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] not in "ZX"
    except FileNotFoundError:
        return False


def test_a_child_that_keeps_the_pipe_does_not_keep_us() -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print('done')"
    )
    begun = time.monotonic()
    assert _python(code).stdout == b"done\n"
    assert time.monotonic() - begun < 10


def test_too_much_output_ends_the_tool() -> None:
    with pytest.raises(ToolFailed, match="more output than allowed"):
        _python("while True: print('x' * 10_000)", limits=ProcessLimits(stdout_bytes=100_000))


def test_processor_time_is_bounded() -> None:
    with pytest.raises(ToolFailed) as caught:
        _python("while True: pass", limits=ProcessLimits(cpu_s=1))
    assert caught.value.returncode < 0


def test_memory_is_bounded() -> None:
    code = "import time; time.sleep(0.2); bytearray(900 << 20)"
    with pytest.raises(ToolFailed, match="MemoryError"):
        _python(code, limits=ProcessLimits(memory_bytes=500 << 20))


def test_file_size_is_bounded(tmp_path: Path) -> None:
    code = f"import time; time.sleep(0.2); open({str(tmp_path / 'big')!r}, 'wb').write(bytes(2_000_000))"
    with pytest.raises(ToolFailed):
        _python(code, limits=ProcessLimits(file_bytes=1_000_000))
    assert (tmp_path / "big").stat().st_size <= 1_000_000


def test_credentials_stay_with_the_function(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    names = _python("import os; print(sorted(os.environ))").stdout.decode()
    assert "AWS" not in names
    assert "PATH" in names


def test_there_is_no_input() -> None:
    assert _python("import sys; print(repr(sys.stdin.read()))").stdout == b"''\n"


def test_signatures_are_not_repeated() -> None:
    url = "https://bucket.example/key?X-Amz-Signature=abc"
    with pytest.raises(ToolFailed) as caught:
        process.run([sys.executable, "-c", "import sys; sys.exit('cannot open ' + sys.argv[1])", url], timeout_s=20)
    assert caught.value.stderr_tail == "cannot open https://bucket.example/key\n"
    assert "Signature" not in str(caught.value)


def test_tools_are_found_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "ffmpeg"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert process.tool("ffmpeg") == str(tool)
    with pytest.raises(ToolMissing):
        process.tool("no-such-tool")
