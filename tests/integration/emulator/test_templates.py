"""What the stack of Millrace is made of: each resource of a template has to do what it says."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.integration.emulator.servers import Server, eventually

ROLE = "arn:aws:iam::000000000000:role/x"


def table(name: str, ttl: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "TableName": name,
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                **({"TimeToLiveSpecification": ttl} if ttl else {}),
            },
        }
    }


def test_time_to_live_of_a_template_is_enabled(server: Server) -> None:
    server.deploy("ttl", table("expiring", {"AttributeName": "expires_at", "Enabled": True}))

    dynamodb = server.client("dynamodb")
    found = dynamodb.describe_time_to_live(TableName="expiring")["TimeToLiveDescription"]
    assert (found["TimeToLiveStatus"], found["AttributeName"]) == ("ENABLED", "expires_at")

    server.deploy("ttl", table("expiring", None))
    found = dynamodb.describe_time_to_live(TableName="expiring")["TimeToLiveDescription"]
    assert found["TimeToLiveStatus"] == "DISABLED"


def test_embedded_metrics_in_a_log_reach_cloudwatch(server: Server) -> None:
    record = {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "Millrace",
                    "Dimensions": [["step"]],
                    "Metrics": [{"Name": "Duration", "Unit": "Milliseconds"}, {"Name": "Retries"}],
                }
            ],
        },
        "step": "encode",
        "Duration": [10.0, 30.0],
        "Retries": 1,
    }
    server.make_function("metrics", f"def handler(event, context): print({json.dumps(json.dumps(record))})")

    server.invoke("metrics")

    now = datetime.now(UTC)
    answer = server.client("cloudwatch").get_metric_statistics(
        Namespace="Millrace",
        MetricName="Duration",
        Dimensions=[{"Name": "step", "Value": "encode"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum", "SampleCount", "Maximum"],
    )
    assert sum(point["Sum"] for point in answer["Datapoints"]) == 40.0
    assert sum(point["SampleCount"] for point in answer["Datapoints"]) == 2
    assert {point["Unit"] for point in answer["Datapoints"]} == {"Milliseconds"}


def test_what_only_looks_like_a_metric_does_not_disturb_the_function(ours: Server) -> None:
    lines = ['{"_aws": 1}', '"_aws" {', '{"_aws": {"CloudWatchMetrics": [{}], "Timestamp": "x"}}']
    ours.make_function(
        "not-metrics", f"def handler(event, context):\n    for line in {lines!r}: print(line)\n    return 1"
    )

    assert ours.invoke("not-metrics") == 1


SERVICES: dict[str, Any] = {
    "Secret": {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {"Name": "media-key", "SecretString": "-----BEGIN PRIVATE KEY-----"},
    },
    "Parameter": {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Name": "/millrace/public-url", "Type": "String", "Value": "http://localhost:8080"},
    },
    "Log": {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {"LogGroupName": "/aws/lambda/kept", "RetentionInDays": 14},
    },
    "TokenKey": {
        "Type": "AWS::KMS::Key",
        "Properties": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY", "KeyPolicy": {"Statement": []}},
    },
}


def test_secrets_parameters_and_log_groups_of_a_template_are_there(ours: Server) -> None:
    ours.deploy("services", SERVICES)

    secret = ours.client("secretsmanager").get_secret_value(SecretId="media-key")
    parameter = ours.client("ssm").get_parameter(Name="/millrace/public-url")
    (group,) = ours.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/kept")["logGroups"]
    assert secret["SecretString"] == "-----BEGIN PRIVATE KEY-----"
    assert parameter["Parameter"]["Value"] == "http://localhost:8080"
    assert group["retentionInDays"] == 14


def test_an_event_that_its_function_cannot_take_ends_in_the_dead_letter_queue(server: Server) -> None:
    server.make_function("consumer", 'def handler(event, context):\n    raise ValueError(event["detail"]["n"])')
    function = "arn:aws:lambda:us-east-1:000000000000:function:consumer"
    resources = {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "domain"}},
        "Letters": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "letters"}},
        "Invocation": {
            "Type": "AWS::Lambda::EventInvokeConfig",
            "Properties": {
                "FunctionName": "consumer",
                "Qualifier": "$LATEST",
                "MaximumRetryAttempts": 0,
                "DestinationConfig": {"OnFailure": {"Destination": {"Fn::GetAtt": ["Letters", "Arn"]}}},
            },
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "EventBusName": {"Ref": "Bus"},
                "EventPattern": {"source": ["millrace"], "detail-type": ["VideoUploaded"]},
                "Targets": [
                    {"Id": "consumer", "Arn": function, "DeadLetterConfig": {"Arn": {"Fn::GetAtt": ["Letters", "Arn"]}}}
                ],
            },
        },
    }
    made = server.deploy("events", resources, {"Letters": {"Ref": "Letters"}})
    assert made["StackStatus"] == "CREATE_COMPLETE"

    server.client("events").put_events(
        Entries=[
            {"EventBusName": "domain", "Source": "millrace", "DetailType": name, "Detail": json.dumps({"n": "7"})}
            for name in ("VideoUploaded", "SomethingElse")
        ]
    )

    def letters() -> list[dict[str, Any]]:
        found = server.client("sqs").receive_message(QueueUrl=made["Letters"]).get("Messages", [])
        assert found
        return [json.loads(message["Body"]) for message in found]

    (letter,) = eventually(letters, within_s=2 if server.is_stock else 10)
    assert letter["responsePayload"]["errorType"] == "ValueError"


def test_an_execution_s_name_is_taken_once(ours: Server) -> None:
    machines = ours.client("stepfunctions")
    definition = json.dumps({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
    machine = machines.create_state_machine(name="once", definition=definition, roleArn=ROLE)["stateMachineArn"]
    machines.start_execution(stateMachineArn=machine, name="video-1", input='{"a": 1}')

    try:
        machines.start_execution(stateMachineArn=machine, name="video-1", input='{"a": 2}')
    except machines.exceptions.ExecutionAlreadyExists:
        return
    raise AssertionError("the second one was started too")
