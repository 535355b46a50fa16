"""`certhooks replay --stack` and `certhooks dead-letters --stack`: the archive, the queues and the ledger of a deployed stack."""

import json
import uuid

import contract
import pytest
from emulator import eventually
from senders import issued, send
from stack import Stack
from test_doctor import Operator


@pytest.fixture(scope="module")
def operator(stack, providers) -> Operator:
    return Operator(stack, providers.bases)


@pytest.fixture(scope="module")
def delivered(stack) -> dict:
    """A certificate event that came through the stack, by its id."""
    accepted = [send(stack, "Digicert", issued()).json["ids"][0] for _ in range(3)]
    events = {}

    def all_came() -> bool:
        events.update((event["id"], event) for event in map(body, stack.take("DeliveriesQueue")))
        return set(accepted) <= set(events)

    assert eventually(all_came)
    return {id_: events[id_] for id_ in accepted}


def body(message: dict) -> dict:
    return json.loads(message["Body"])


def named(ids) -> list:
    return [option for id_ in ids for option in ("--id", id_)]


def test_events_are_replayed_from_the_archive(operator, stack, delivered):
    listed = operator.run("replay", "--provider", "digicert", "--since", "1h", "--dry-run")
    assert set(delivered) <= {line.get("id") for line in listed}
    summary, = operator.run("replay", *named(delivered))
    run = summary.pop("run")
    assert summary == {"replayed": 3, "failed": 0}
    again = {event["causationid"]: event for event in stack.deliveries(3)}
    assert set(again) == set(delivered)
    for id_, event in again.items():
        assert event["id"] == f"{id_}/replay/{run}"
        assert event["replayed"] is True
        assert event["subject"] == delivered[id_]["subject"]
        assert event["data"]["callback"]["outcome"] == "downloaded"
    # The ledger knows them as before, so what the provider sends again is not delivered again.
    assert stack.take("DeliveriesQueue") == []


def test_events_are_replayed_to_another_queue(operator, stack, delivered):
    url = stack.sqs.create_queue(QueueName=f"staging-{uuid.uuid4().hex}")["QueueUrl"]
    id_ = next(iter(delivered))
    order = delivered[id_]["data"]["identifiers"]["order_id"]
    operator.run("replay", "--order", order, "--to", url)
    message, = stack.sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    assert body(message)["causationid"] == id_
    assert message["MessageAttributes"]["id"]["StringValue"] == body(message)["id"]
    assert operator.run("replay", "--order", "1", status=3) == []


def test_an_operator_without_a_key_replays_without_calling(operator, stack, delivered):
    id_ = next(iter(delivered))
    key = operator.environment.pop("DIGICERT_API_KEY")
    try:
        operator.run("replay", "--id", id_)
    finally:
        operator.environment["DIGICERT_API_KEY"] = key
    event, = stack.deliveries(1)
    assert event["data"]["callback"] == {"outcome": "disabled", "attempts": 0}


@pytest.fixture
def dead(stack: Stack, delivered) -> list:
    """On the dead-letter queue of the events: one that was delivered, ten that were not, one that is no envelope."""
    url = stack.outputs["EventsDeadLettersUrl"]
    stack.take("EventsDeadLetters")
    archive = stack.outputs["ArchiveBucket"]
    known = next(iter(delivered))
    objects = stack.s3.list_objects_v2(Bucket=archive, Prefix="digicert/")["Contents"]
    key = next(entry["Key"] for entry in objects if entry["Key"].endswith(known))
    envelope = json.loads(stack.s3.get_object(Bucket=archive, Key=key)["Body"].read())
    new = [envelope | {"id": uuid.uuid4().hex, "data": issued()} for _ in range(10)]
    bodies = [json.dumps(letter) for letter in [envelope, *new]] + ['{"cut']
    for text in bodies:
        kind = {"DataType": "String", "StringValue": "com.digicert.certcentral.certificate_issued"}
        attributes = {"type": kind, "provider": {"DataType": "String", "StringValue": "digicert"}}
        stack.sqs.send_message(QueueUrl=url, MessageBody=text, MessageAttributes=attributes)
    yield [known, *(letter["id"] for letter in new)]
    stack.take("EventsDeadLetters")


def test_dead_letters_are_listed_and_given_back(operator, dead):
    for _ in range(2):
        listed = {line["id"]: line for line in operator.run("dead-letters", "list", "--queue", "events")}
        assert set(listed) == {*dead, None}
        assert "already delivered, safe to drop" in listed[dead[0]]["reason"]
        assert "not delivered" in listed[dead[1]]["reason"]
        assert listed[None]["reason"] == "not a valid envelope (line 1, column 5)"
        assert listed[None]["provider"] == "digicert"
    shown, = operator.run("dead-letters", "show", dead[3])
    assert shown["body"]["id"] == dead[3]


def test_dead_letters_are_tried_again_and_dropped(operator, stack, dead):
    assert operator.run("dead-letters", "retry", *named(dead[1:])) == [{"retried": 10, "left": 0, "challenges": 0}]
    assert {event["id"] for event in stack.deliveries(10)} == set(dead[1:])
    left = operator.run("dead-letters", "list", "--queue", "events")
    assert {line["id"] for line in left} == {dead[0], None}
    dropped = operator.run("dead-letters", "drop", "--all", "--queue", "events", "--yes")
    assert dropped == [{"dropped": 2, "left": 0, "challenges": 0}]
    assert operator.run("dead-letters", "list", "--queue", "events") == []


def test_what_no_consumer_took_goes_back_to_the_deliveries(operator, stack, delivered):
    id_, event = next(iter(delivered.items()))
    url = stack.outputs["DeliveriesDeadLettersUrl"]
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in contract.attributes(event).items()}
    stack.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event), MessageAttributes=attributes)
    line, = operator.run("dead-letters", "list", "--id", id_)
    assert (line["queue"], line["subject"]) == ("deliveries", event["subject"])
    assert "by the consumer" in line["reason"]
    operator.run("dead-letters", "retry", "--id", id_)
    assert stack.deliveries(1) == [event]


def test_a_forgotten_event_is_delivered_again(operator, stack, delivered):
    event = issued()
    id_ = send(stack, "Digicert", event).json["ids"][0]
    assert [first["id"] for first in stack.deliveries(1)] == [id_]
    assert operator.run("forget", "--id", id_) == [{"id": id_}, {"count": 1}]
    send(stack, "Digicert", event)
    assert [again["id"] for again in stack.deliveries(1)] == [id_]
    operator.run("forget", "--id", "unknown", status=3)
