"""Where the seconds of a transcode go: the states at the top of its workflow, read from its history."""

from itertools import pairwise

import boto3

from scripts.deployer.target import Target

# What lies between a finished upload and the first playable second; the last one goes on for a moment behind it.
STATES = ("Probe source", "Plan encode", "Begin")


def stages(target: Target, machine_arn: str, video_id: str, uploaded_at_s: float, playable_at_s: float) -> list[float]:
    """Return how long it took to start the workflow, and then each of the states."""
    workflows = boto3.client(
        "stepfunctions",
        endpoint_url=target.endpoint_url,
        region_name=target.region,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 -- what emulators take for anybody
    )
    executions = workflows.list_executions(stateMachineArn=machine_arn)["executions"]
    (arn,) = [found["executionArn"] for found in executions if found["name"].startswith(video_id)]
    events = workflows.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    entered = {
        event["stateEnteredEventDetails"]["name"]: event["timestamp"].timestamp()
        for event in events
        if "stateEnteredEventDetails" in event
    }
    moments_s = [uploaded_at_s, *(entered[name] for name in STATES), playable_at_s]
    return [after - before for before, after in pairwise(moments_s)]
