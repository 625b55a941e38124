"""Start the emulator, ours or the stock package, and talk to it."""

import contextlib
import io
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.config import Config

REPOSITORY = Path(__file__).parents[3]
ROLE = "arn:aws:iam::000000000000:role/test"
_T = TypeVar("_T")


def emulator_python() -> Path:
    """Return the interpreter that has MiniStack."""
    return Path(os.environ.get("MILLRACE_EMULATOR_PYTHON") or REPOSITORY / ".millrace/emulator/bin/python")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def eventually(check: Callable[[], _T], *, within_s: float = 10.0) -> _T:
    """Return what ``check`` returns once it raises no AssertionError."""
    deadline = time.monotonic() + within_s
    while True:
        try:
            return check()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@dataclass
class Server:
    """One emulator process and its directory of state."""

    state: Path
    is_stock: bool
    port: int = field(default_factory=free_port)
    save_interval_s: float = 1.0
    process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.state.with_suffix(".log")

    def start(self) -> "Server":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment["SECRET_OF_THE_OPERATOR"] = "do not pass on"
        if self.is_stock:
            arguments = ["-m", "ministack"]
            environment |= _stock_environment(self)
        else:
            arguments = ["-m", "emulator", f"--port={self.port}", f"--state={self.state}"]
            arguments += [f"--save-interval={self.save_interval_s}"]
            environment["PYTHONPATH"] = str(REPOSITORY / "localstack")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(emulator_python()), *arguments], env=environment, stdout=log, stderr=log, start_new_session=True
            )
        eventually(self._assert_ready, within_s=30)
        return self

    def _assert_ready(self) -> None:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            urllib.request.urlopen(f"{self.endpoint}/_ministack/health", timeout=5).close()
        except OSError as error:
            raise AssertionError(str(error)) from error

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        try:
            return self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def client(self, service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(
                retries={"max_attempts": 0},
                read_timeout=60,
                max_pool_connections=20,
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def make_function(self, name: str, source: str, **configuration: Any) -> None:
        """Create a function from one file, ``app.py``, whose handler is ``handler``."""
        files = configuration.pop("Files", {})
        settings: dict[str, Any] = {"Runtime": "python3.11", "Role": ROLE, "Handler": "app.handler", "Timeout": 10}
        self.client("lambda").create_function(
            FunctionName=name, Code={"ZipFile": archive({"app.py": source, **files})}, **{**settings, **configuration}
        )

    def invoke(self, name: str, event: object = None) -> Any:
        """Return what the function returned; for an error, Lambda's error payload."""
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    def deploy(
        self, stack: str, resources: Mapping[str, Any], outputs: Mapping[str, Any] | None = None
    ) -> dict[str, str]:
        """Create or update a stack and return its outputs."""
        cloudformation = self.client("cloudformation")
        values = {name: {"Value": value} for name, value in (outputs or {}).items()}
        template = json.dumps({"Resources": resources, **({"Outputs": values} if values else {})})
        body = {"TemplateBody": template} if len(template) <= 51_200 else {"TemplateURL": self._uploaded(template)}
        arguments = {"StackName": stack, **body, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
        try:
            cloudformation.describe_stacks(StackName=stack)
        except cloudformation.exceptions.ClientError:
            cloudformation.create_stack(**arguments)
        else:
            cloudformation.update_stack(**arguments)

        def finished() -> dict[str, str]:
            (found,) = cloudformation.describe_stacks(StackName=stack)["Stacks"]
            assert not found["StackStatus"].endswith("IN_PROGRESS")
            return {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])} | {
                "StackStatus": found["StackStatus"]
            }

        return eventually(finished, within_s=20)

    def _uploaded(self, template: str) -> str:
        """Return the address of a template that is too long to be sent."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket="templates")
        s3.put_object(Bucket="templates", Key="template.json", Body=template.encode())
        return f"{self.endpoint}/templates/template.json"


def _stock_environment(server: Server) -> dict[str, str]:
    # As upstream documents it, on loopback and with persistence; the absent daemon keeps real containers safe.
    return {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(server.port),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(server.state / "services"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(server.state / "objects"),
        "TMPDIR": str(server.state.parent),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "DOCKER_HOST": "unix:///dev/null/absent",
    }


def archive(files: Mapping[str, str | bytes], *, executable: tuple[str, ...] = ()) -> bytes:
    """Return a zip of the files, with modes as a build on Linux would store them."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = (0o100755 if name in executable else 0o100644) << 16
            target.writestr(entry, content)
    return buffer.getvalue()


@contextlib.contextmanager
def running(state: Path, *, is_stock: bool, save_interval_s: float = 1.0) -> Iterator[Server]:
    """Start a server for a while."""
    state.mkdir(parents=True, exist_ok=True)
    server = Server(state, is_stock, save_interval_s=save_interval_s).start()
    try:
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
