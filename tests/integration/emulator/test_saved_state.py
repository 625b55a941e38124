"""What is left after the emulator has been stopped, or killed."""

import json
import signal
import time
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from tests.integration.emulator.servers import Server, archive, eventually, running
from tests.integration.emulator.test_lambda import CHILD, assert_gone, child_of
from tests.integration.emulator.test_templates import ROLE


def fill(server: Server) -> None:
    dynamodb = server.client("dynamodb")
    dynamodb.create_table(
        TableName="kept",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    dynamodb.put_item(TableName="kept", Item={"pk": {"S": "é"}, "raw": {"B": b"\x00\xff"}})
    layer = server.client("lambda").publish_layer_version(
        LayerName="kept", Content={"ZipFile": archive({"python/kept.py": "VALUE = 7"})}
    )["LayerVersionArn"]
    server.make_function("kept", "import kept\ndef handler(event, context): return kept.VALUE", Layers=[layer])


def assert_filled(server: Server) -> None:
    item = server.client("dynamodb").get_item(TableName="kept", Key={"pk": {"S": "é"}})["Item"]
    assert item["raw"]["B"] == b"\x00\xff"
    assert server.invoke("kept") == 7


def wait_until_saved(server: Server, service: str, text: str) -> None:
    """Wait until the file of a service holds a text; the stock package has no reason to be waited for."""
    file = server.state / "services" / f"{service}.json"

    def saved() -> None:
        assert file.exists()
        assert text in file.read_text()

    eventually(saved, within_s=2 if server.is_stock else 15)


WAITS = """
import os, time
def handler(event, context):
    while not os.path.exists(event):
        time.sleep(0.05)
    return "done"
"""


def test_a_killed_emulator_comes_back_with_what_it_had_and_finishes_its_workflows(
    own_server: Server, tmp_path: Path
) -> None:
    fill(own_server)
    own_server.make_function("waits", WAITS, Timeout=60)
    machines = own_server.client("stepfunctions")
    states = {"Wait": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:000000000000:function:waits", "End": True}}
    machine = machines.create_state_machine(
        name="waits", definition=json.dumps({"StartAt": "Wait", "States": states}), roleArn=ROLE
    )["stateMachineArn"]
    signal_file = tmp_path / "go"
    execution = machines.start_execution(stateMachineArn=machine, name="video-1", input=json.dumps(str(signal_file)))

    for service, text in (("dynamodb", "kept"), ("lambda", "function:waits"), ("stepfunctions", "video-1")):
        wait_until_saved(own_server, service, text)
    own_server.stop(signal.SIGKILL)
    signal_file.touch()
    own_server.start()

    assert_filled(own_server)

    def succeeded() -> dict[str, Any]:
        found: dict[str, Any] = machines.describe_execution(executionArn=execution["executionArn"])
        assert found["status"] != "RUNNING"
        return found

    assert eventually(succeeded, within_s=15)["output"] == '"done"'


def test_layers_are_saved_as_files_and_an_unchanged_state_is_not_written_again(ours: Server) -> None:
    content = archive({"python/large.py": f"TEXT = {'x' * 100_000!r}"})
    ours.client("lambda").publish_layer_version(LayerName="large", Content={"ZipFile": content})
    ours.client("ssm").put_parameter(Name="/first", Value="1", Type="String")

    wait_until_saved(ours, "ssm", '"/first"')
    wait_until_saved(ours, "lambda", ":layer:large:1")
    before = (ours.state / "services/lambda.json").stat().st_mtime_ns
    assert content in [file.read_bytes() for file in (ours.state / "services/layers").iterdir()]
    assert (ours.state / "services/lambda.json").stat().st_size < 100_000

    ours.client("ssm").put_parameter(Name="/second", Value="2", Type="String")
    wait_until_saved(ours, "ssm", '"/second"')

    assert (ours.state / "services/lambda.json").stat().st_mtime_ns == before


def test_stopping_saves_everything_and_leaves_no_process(state: Path, tmp_path: Path) -> None:
    with running(state, is_stock=False, save_interval_s=600) as server:
        fill(server)
        key = server.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        server.make_function("child", CHILD, Timeout=600)
        server.client("lambda").invoke(
            FunctionName="child", InvocationType="Event", Payload=json.dumps(str(tmp_path / "pid"))
        )
        child = child_of(tmp_path / "pid")
        started = time.monotonic()

        assert server.stop() == 0

        assert time.monotonic() - started < 10
        eventually(lambda: assert_gone(child), within_s=2)
        (state / "extracted" / ("0" * 64)).mkdir()
        (state / "scratch" / "left").mkdir()
        server.start()
        assert_filled(server)
        assert not (state / "extracted" / ("0" * 64)).exists()
        assert not (state / "scratch" / "left").exists()
        assert_signs(server, key)


def assert_signs(server: Server, key: str) -> None:
    """Assert that KMS signs with a P-256 key what its public key verifies."""
    kms = server.client("kms")
    signature = kms.sign(KeyId=key, Message=b"token", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, b"token", ec.ECDSA(hashes.SHA256()))


def test_workers_die_with_an_emulator_that_is_killed(state: Path, tmp_path: Path) -> None:
    with running(state, is_stock=False) as server:
        server.make_function("child", CHILD, Timeout=600)
        server.client("lambda").invoke(
            FunctionName="child", InvocationType="Event", Payload=json.dumps(str(tmp_path / "pid"))
        )
        child = child_of(tmp_path / "pid")

        server.stop(signal.SIGKILL)

        eventually(lambda: assert_gone(child), within_s=3)


def test_an_idle_emulator_stops_when_it_is_interrupted(state: Path) -> None:
    with running(state, is_stock=False) as server:
        assert server.stop(signal.SIGINT) == 0
