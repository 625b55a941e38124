"""What goes wrong in a data centre, on purpose: encoders and functions die, events come again, workflows are stopped.

Nothing here knows the code under test: processes are killed from outside, and events are those that S3 sends.
"""

import json
import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from benchmarks.processes import descendants
from scripts.millrace_cli.home import Home
from scripts.supervisor.client import current_report
from tests.e2e.conftest import Platform

# Each is a step of the workflow, or what starts and ends it.
FUNCTIONS = ("probe", "plan", "encode", "show", "poster", "pictures", "package", "publish", "fail-video")
SHORTEST_WAIT_S, LONGEST_WAIT_S = 0.1, 0.8


@dataclass(slots=True)
class Monkey:
    """Does harm for as long as its thread runs, `most` times at most; `done` counts what it did."""

    platform: Platform
    seed: int
    most: int
    uploads: list[tuple[str, str]] = field(default_factory=list)
    """The videos and uploads whose events it sends again."""
    done: Counter[str] = field(default_factory=Counter)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()

    def stop_workflow(self, video_id: str) -> bool:
        """Stop a video's workflow behind its back; False if none runs."""
        workflows = self._client("stepfunctions")
        machine = self.platform.outputs["TranscodeStateMachine"]
        running = workflows.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
        for execution in running:
            if execution["name"].startswith(video_id):
                workflows.stop_execution(executionArn=execution["executionArn"])
                self.done["workflow stopped"] += 1
                return True
        return False

    def _run(self) -> None:
        choose = random.Random(self.seed)
        deeds: list[Callable[[random.Random], str | None]] = [self._kill_encoder, self._kill_function, self._send_again]
        while sum(self.done.values()) < self.most:
            if self._over.wait(choose.uniform(SHORTEST_WAIT_S, LONGEST_WAIT_S)):
                return
            if deed := choose.choice(deeds)(choose):
                self.done[deed] += 1

    def _kill_encoder(self, choose: random.Random) -> str | None:
        return _kill(choose, [pid for pid in self._processes() if _name(pid).startswith("ffmpeg")], "encoder killed")

    def _kill_function(self, choose: random.Random) -> str | None:
        working = [pid for pid in self._processes() if any(word in _function(pid) for word in FUNCTIONS)]
        return _kill(choose, working, "function killed")

    def _send_again(self, choose: random.Random) -> str | None:
        if not self.uploads:
            return None
        video_id, upload_id = choose.choice(self.uploads)
        detail = {"object": {"key": f"uploads/{video_id}/{upload_id}/source", "size": 1}}
        functions = self._client("lambda")
        for _ in range(2):
            functions.invoke(
                FunctionName="millrace-start-transcode", InvocationType="Event", Payload=json.dumps({"detail": detail})
            )
        return "event sent again, twice"

    def _processes(self) -> dict[int, int]:
        report = current_report(Home(self.platform.home).run_dir)
        return descendants(report.supervisor.pid) if report else {}

    def _client(self, service: str) -> Any:
        make: Callable[..., Any] = self.platform.session().client
        return make(service, endpoint_url=self.platform.emulator_url)


def _kill(choose: random.Random, pids: list[int], deed: str) -> str | None:
    if not pids:
        return None
    with suppress(ProcessLookupError):
        os.kill(choose.choice(sorted(pids)), signal.SIGKILL)
        return deed
    return None


def _name(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _function(pid: int) -> str:
    with suppress(OSError):
        for pair in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            if pair.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                return pair.partition(b"=")[2].decode()
    return ""
