"""An unpacked release onto the emulator, with SAM and with CloudFormation alone; the end-to-end tests on it; and from
the older version to this one and back.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ARCH, KEY
from emulator import Emulator, emulator, eventually
from senders import issued, send
from source import ROOT
from stack import Stack, deploy


@pytest.fixture(scope="session")
def cloud(tmp_path_factory) -> Emulator:
    with emulator(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture(scope="session")
def parameters(providers) -> dict:
    return {
        "DigicertSourceCidrs": "127.0.0.0/8",
        "DigicertApiBase": providers.bases["digicert"],
        "DigicertApiBudget": "none",
        "EnableCloudflare": "false",
    }


def test_the_end_to_end_tests_pass_on_the_release(aws):
    environment = os.environ | {"CERTHOOKS_TEMPLATE": str(aws / "template.yaml")}
    command = [sys.executable, "-m", "pytest", "-q", "infra/aws/tests/test_end_to_end.py"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout


def delivers(stack: Stack, is_older: bool = False):
    """Takes an event and delivers it, with the certificate."""
    stack.fill("DigicertApi", {"api_key": KEY})
    sent = send(stack, "Digicert", issued()).json["ids"]
    event, = stack.deliveries(1, is_older)
    assert ([event["id"]], event["data"]["callback"]["outcome"]) == (sent, "downloaded")


def test_the_processed_template_deploys_without_sam(cloud, aws, parameters):
    template = json.loads((aws / "template.json").read_text())
    prefix = template["Parameters"]["CodePrefix"]["Default"]
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for file in [*(aws / "functions").iterdir(), aws / "template.json"]:
        s3.upload_file(str(file), "code", prefix + file.name)
    given = parameters | {"CodeBucket": "code"}
    cloudformation = cloud.client("cloudformation")
    cloudformation.create_stack(
        StackName="plain",
        TemplateURL=f"{cloud.url}/code/{prefix}template.json",
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in given.items()],
    )

    def status() -> str:
        described, = cloudformation.describe_stacks(StackName="plain")["Stacks"]
        return described["StackStatus"]

    eventually(lambda: not status().endswith("IN_PROGRESS"))
    assert status() == "CREATE_COMPLETE"
    stack = Stack(cloud, "plain")
    stack.lambda_.update_event_source_mapping(UUID=stack.physical("WorkerEnvelopes"), ScalingConfig={"MaximumConcurrency": 4})
    delivers(stack)


def packaged(version: Path, folder: Path) -> Path:
    """Another version's template beside its functions, for SAM; returns the template."""
    template = folder / "infra/aws/template.yaml"
    template.parent.mkdir(parents=True)
    shutil.copy(version / "template.yaml", template)
    for function in (version / "functions").iterdir():
        target = folder / "target/lambda" / function.name / "bootstrap"
        target.parent.mkdir(parents=True)
        shutil.copy(function, target)
    return template


def works(stack: Stack, is_on: bool):
    """Lets the worker take messages, or not."""
    stack.lambda_.update_event_source_mapping(UUID=stack.physical("WorkerEnvelopes"), Enabled=is_on)


def test_an_upgrade_and_a_roll_back_lose_nothing_and_repeat_nothing(cloud, aws, before, parameters, tmp_path):
    parameters = parameters | {"Architecture": ARCH}
    older = packaged(before, tmp_path)
    stack = deploy(cloud, older, "upgraded", **parameters)
    stack.fill("DigicertApi", {"api_key": KEY})
    key = stack.secret("DigicertWebhook")
    known = issued()
    send(stack, "Digicert", known)
    stack.deliveries(1, is_older=True)
    for template in (aws / "template.yaml", older):
        is_older = template is older
        # What the version before put on the queue waits for the worker of the next one.
        works(stack, False)
        sent = {id for _ in range(5) for id in send(stack, "Digicert", issued()).json["ids"]}
        send(stack, "Digicert", known)
        stack = deploy(cloud, template, "upgraded", **parameters)
        works(stack, True)
        assert stack.secret("DigicertWebhook") == key, "CertCentral knows this key"
        events = stack.deliveries(len(sent), is_older)
        assert {event["id"] for event in events} == sent
        assert {event["data"]["callback"]["outcome"] for event in events} == {"downloaded"}
        delivers(stack, is_older)
    assert stack.take("DeliveriesQueue") == stack.take("EventsDeadLetters") == []


def test_after_a_roll_back_the_envelopes_of_the_newer_version_wait_for_it(cloud, aws, newer, parameters, tmp_path):
    parameters = parameters | {"Architecture": ARCH}
    newer = packaged(newer, tmp_path)
    stack = deploy(cloud, newer, "back", **parameters)
    delivers(stack)
    works(stack, False)
    sent = [id for _ in range(5) for id in send(stack, "Digicert", issued()).json["ids"]]
    stack = deploy(cloud, aws / "template.yaml", "back", **parameters)
    works(stack, True)
    assert eventually(lambda: delayed(stack) == len(sent)), "each is sent back, to be tried again in a quarter of an hour"
    # What arrives from now on is of this version, and does not wait.
    delivers(stack)
    stack = deploy(cloud, newer, "back", **parameters)
    delivers(stack)
    assert delayed(stack) == len(sent)
    assert stack.take("DeliveriesQueue") == stack.take("EventsDeadLetters") == []


def delayed(stack: Stack) -> int:
    """The number of messages on the events queue that cannot be received yet."""
    name = "ApproximateNumberOfMessagesDelayed"
    url = stack.physical("EventsQueue")
    return int(stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
