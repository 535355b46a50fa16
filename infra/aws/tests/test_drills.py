"""The drills of the runbook that an emulator can run: a table restored to a point in time is attached, a consumer fails on one
event, and an older worker meets an envelope of a newer version.
"""

import json

import pytest
from conftest import SECRETS
from emulator import eventually
from senders import issued, send
from stack import Stack, deploy
from test_doctor import Operator

PARAMETERS = {"EnableCloudflare": "false"}


@pytest.fixture(scope="module")
def drill(aws, template, parameters) -> Stack:
    stack = deploy(aws, template, "drill", **PARAMETERS, **parameters)
    stack.fill("DigicertApi", SECRETS["DigicertApi"])
    return stack


@pytest.fixture(scope="module")
def operator(drill, providers) -> Operator:
    operator = Operator(drill, providers.bases)
    del operator.environment["CLOUDFLARE_ACCOUNT_ID"]
    return operator


def test_a_poisoned_consumer_holds_up_no_other_event_and_its_event_comes_back(drill, operator):
    poison, good = (send(drill, "Digicert", issued()).json["ids"][0] for _ in range(2))
    url = drill.outputs["DeliveriesQueueUrl"]
    taken = set()

    def consumed() -> bool:
        """Receives as a consumer does that ends on `poison`; whether both are off the queue."""
        received = drill.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        for message in received:
            id_ = json.loads(message["Body"])["id"]
            if id_ != poison:
                taken.add(id_)
                drill.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return taken == {good} and bool(operator.run("dead-letters", "list", "--queue", "deliveries"))

    assert eventually(consumed, 60)
    letter, = operator.run("dead-letters", "list", "--queue", "deliveries")
    assert letter["id"] == poison
    operator.run("dead-letters", "retry", "--all", "--queue", "deliveries")
    assert [event["id"] for event in drill.deliveries(1)] == [poison]


def test_an_envelope_of_a_newer_version_waits_and_is_not_half_read(drill):
    url = drill.outputs["EventsQueueUrl"]
    id_ = send(drill, "Digicert", issued()).json["ids"][0]
    drill.deliveries(1)
    objects = drill.s3.list_objects_v2(Bucket=drill.outputs["ArchiveBucket"], Prefix="digicert/")["Contents"]
    key = next(entry["Key"] for entry in objects if entry["Key"].endswith(id_))
    envelope = json.loads(drill.s3.get_object(Bucket=drill.outputs["ArchiveBucket"], Key=key)["Body"].read())
    newer = envelope | {"id": f"{id_}-newer", "dataschema": "urn:certhooks:envelope:2", "data": "in another shape"}
    drill.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(newer))

    def waiting() -> list:
        return [line for line in drill.log("WorkerLog") if newer["id"] in line]

    assert eventually(waiting)
    assert "sent back unread" in waiting()[0]

    def delayed() -> str:
        name = "ApproximateNumberOfMessagesDelayed"
        return drill.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name]

    assert eventually(lambda: delayed() == "1")
    assert drill.take("DeliveriesQueue") == drill.take("EventsDeadLetters") == []
    assert ("Certhooks", "WaitingAge", frozenset()) in drill.metrics("WorkerLog"), "and the alarm sees it wait"


def test_a_table_restored_to_a_point_in_time_is_attached(drill, aws, template, parameters):
    known = issued()
    id_ = send(drill, "Digicert", known).json["ids"][0]
    assert [event["id"] for event in drill.deliveries(1)] == [id_]
    lost, restored = drill.outputs["LedgerTable"], "drill-restored"
    ledger = aws.client("dynamodb")
    ledger.restore_table_to_point_in_time(SourceTableName=lost, TargetTableName=restored, UseLatestRestorableTime=True)
    eventually(lambda: ledger.describe_table(TableName=restored)["Table"]["TableStatus"] == "ACTIVE")

    stack = deploy(aws, template, "drill", LedgerTableName=restored, **PARAMETERS, **parameters)
    assert stack.outputs["LedgerTable"] == restored
    assert ledger.describe_table(TableName=lost)["Table"]["TableStatus"] == "ACTIVE", "the old table stays"

    send(stack, "Digicert", known)
    new = send(stack, "Digicert", issued()).json["ids"][0]
    assert [event["id"] for event in stack.deliveries(1)] == [new], "what was delivered before is known"
    assert "Item" in ledger.get_item(TableName=restored, Key={"pk": {"S": f"event#{new}"}, "sk": {"S": "state"}})
    assert "Item" not in ledger.get_item(TableName=lost, Key={"pk": {"S": f"event#{new}"}, "sk": {"S": "state"}})
