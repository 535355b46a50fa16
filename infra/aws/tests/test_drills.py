"""The drills of the runbook, on an emulator: a consumer fails on one event, an older worker meets an envelope of a newer
version, a table restored to a point in time is attached, a key is lost and comes back, and a stack in another region takes over.

`make drills` writes a row for each into the file that `DRILL_ROWS` names, for the table of `make chaos`.
"""

import json
import os
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from conftest import API_KEYS, SECRETS
from emulator import eventually, simulator
from senders import issued, send
from stack import Stack, deploy
from test_doctor import Operator
from test_reconciler import Account

PARAMETERS = {"EnableCloudflare": "false"}


class Domain:
    """The address that the providers have: what `DomainName` is, with the stack that its CNAME leads to at present."""

    def __init__(self, stack: Stack):
        self.stack: Stack | None = stack
        domain = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name: value for name, value in self.headers.items() if name.lower() in {"content-type", "x-webhook-key"}}
                answer = domain.stack and domain.stack.request("Digicert", body, headers)
                self.send_response(answer.status if answer else 502)
                self.end_headers()
                self.wfile.write(answer.body if answer else b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/webhooks/digicert"


@pytest.fixture(scope="module")
def rows() -> Iterator[list]:
    rows = []
    yield rows
    if file := os.environ.get("DRILL_ROWS"):
        Path(file).write_text(json.dumps(rows))


@pytest.fixture
def row(rows) -> Iterator[dict]:
    """A row of the table, which a drill completes as the last thing that it does: nothing is lost in one that passes."""
    began = time.monotonic()
    row = {"faults": 1}
    yield row
    if "scenario" in row:
        rows.append(row | {"seconds": round(time.monotonic() - began)})


@pytest.fixture(scope="module")
def drill(aws, template, own) -> Stack:
    stack = deploy(aws, template, "drill", **own)
    stack.fill("DigicertApi", SECRETS["DigicertApi"])
    return stack


@pytest.fixture(scope="module")
def certcentral(tmp_path_factory):
    with simulator(tmp_path_factory.mktemp("certcentral"), API_KEYS) as certcentral:
        yield certcentral


@pytest.fixture(scope="module")
def own(parameters, certcentral) -> dict:
    return parameters | PARAMETERS | {"DigicertApiBase": certcentral.bases["digicert"]}


@pytest.fixture(scope="module")
def account(drill, certcentral) -> Account:
    """An account whose webhook leads to the domain, and so to whichever stack that leads to."""
    account = Account(drill, certcentral)
    account.domain = Domain(drill)
    account.endpoint = account.domain.url
    account.subscribe()
    return account


def operates(stack: Stack, certcentral) -> Operator:
    operator = Operator(stack, certcentral.bases)
    del operator.environment["CLOUDFLARE_ACCOUNT_ID"]
    return operator


@pytest.fixture(scope="module")
def operator(drill, certcentral) -> Operator:
    return operates(drill, certcentral)


def copy_of_table(aws, table: str, name: str):
    ledger = aws.client("dynamodb")
    ledger.restore_table_to_point_in_time(SourceTableName=table, TargetTableName=name, UseLatestRestorableTime=True)
    assert eventually(lambda: ledger.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE")


def copy_of_bucket(aws, bucket: str, name: str):
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]:
        s3.copy_object(Bucket=name, Key=entry["Key"], CopySource={"Bucket": bucket, "Key": entry["Key"]})


def reconcile(operator: Operator) -> dict:
    report, = operator.run("reconcile", "--provider", "digicert", "--window", "7d")
    return report


def test_a_poisoned_consumer_holds_up_no_other_event_and_its_event_comes_back(drill, operator, row):
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
    row |= {"scenario": "drill: poisoned consumer", "events": 2}


def test_an_envelope_of_a_newer_version_waits_and_is_not_half_read(drill, row):
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
    row |= {"scenario": "drill: rolled back by one version", "events": 2}


def restart(stack: Stack, function: str):
    """As a function that has not run for a while: what it had read is forgotten."""
    name = stack.physical(function)
    environment = stack.lambda_.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    changed = environment | {"RESTARTED": uuid.uuid4().hex}
    stack.lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": changed})


def test_a_key_is_lost_and_comes_back(drill, operator, account, row):
    """The emulator encrypts nothing, so the secret is what cannot be read without the key."""
    secret = drill.outputs["DigicertWebhookSecretName"]
    drill.secrets.delete_secret(SecretId=secret, RecoveryWindowInDays=7)
    restart(drill, "DigicertWebhook")
    refused = account.happen("certificate_issued")
    assert refused["code"] == 503
    back = time.monotonic()
    drill.secrets.restore_secret(SecretId=secret)
    restart(drill, "DigicertWebhook")
    accepted = account.happen("certificate_issued")
    assert accepted["code"] == 200
    row["measured"] = {"seconds_until_accepted": round(time.monotonic() - back, 1)}
    assert reconcile(operator)["recovered"] == 1
    assert subjects(drill.deliveries(2)) == subjects_of(refused, accepted)
    row |= {"scenario": "drill: key lost", "events": 2}


def test_a_stack_in_another_region_takes_over(drill, aws, template, own, certcentral, account, row):
    """Both are in one region: the domain is what leads away from the lost one. No name resolves to the emulator."""
    before = account.happen("certificate_issued")
    first, = drill.deliveries(1)
    recorded = {"pk": {"S": f"event#{first['id']}"}, "sk": {"S": "state"}}
    ledger = aws.client("dynamodb")
    assert eventually(lambda: "Item" in ledger.get_item(TableName=drill.outputs["LedgerTable"], Key=recorded))
    table, bucket = "elsewhere-ledger", "elsewhere-archive"
    copy_of_table(aws, drill.outputs["LedgerTable"], table)
    copy_of_bucket(aws, drill.outputs["ArchiveBucket"], bucket)
    secret = drill.secret("DigicertWebhook")

    lost = time.monotonic()
    account.domain.stack = None
    missed = account.happen("certificate_issued")
    assert missed["code"] == 502

    copies = {"LedgerTableName": table, "ArchiveBucketName": bucket}
    elsewhere = deploy(aws, template, "elsewhere", **own, **copies)
    elsewhere.fill("DigicertWebhook", secret)
    elsewhere.fill("DigicertApi", SECRETS["DigicertApi"])
    account.domain.stack = elsewhere
    after = account.happen("certificate_issued")
    assert after["code"] == 200, "the provider has the same address and the same key"
    row["measured"] = {"seconds_until_accepted": round(time.monotonic() - lost, 1)}

    again = send(elsewhere, "Digicert", {"event": "certificate_issued", "data": before["data"]})
    assert again.json["ids"] == [first["id"]]
    operator = operates(elsewhere, certcentral)
    assert reconcile(operator)["recovered"] == 1
    assert subjects(elsewhere.deliveries(2)) == subjects_of(missed, after)
    assert elsewhere.take("DeliveriesQueue") == [], "what was delivered before is known"
    replayed, = operator.run("replay", "--id", first["id"])
    assert (replayed["replayed"], replayed["failed"]) == (1, 0), "the old events are at hand"
    assert subjects(elsewhere.deliveries(1)) == subjects_of(before)
    row |= {"scenario": "drill: region lost", "events": 3}


def test_a_table_restored_to_a_point_in_time_is_attached(drill, aws, template, own, row):
    known = issued()
    id_ = send(drill, "Digicert", known).json["ids"][0]
    assert [event["id"] for event in drill.deliveries(1)] == [id_]
    lost, restored = drill.outputs["LedgerTable"], "drill-restored"
    copy_of_table(aws, lost, restored)
    ledger = aws.client("dynamodb")

    stack = deploy(aws, template, "drill", LedgerTableName=restored, **own)
    assert stack.outputs["LedgerTable"] == restored
    assert ledger.describe_table(TableName=lost)["Table"]["TableStatus"] == "ACTIVE", "the old table stays"

    send(stack, "Digicert", known)
    new = send(stack, "Digicert", issued()).json["ids"][0]
    assert [event["id"] for event in stack.deliveries(1)] == [new], "what was delivered before is known"
    assert "Item" in ledger.get_item(TableName=restored, Key={"pk": {"S": f"event#{new}"}, "sk": {"S": "state"}})
    assert "Item" not in ledger.get_item(TableName=lost, Key={"pk": {"S": f"event#{new}"}, "sk": {"S": "state"}})
    row |= {"scenario": "drill: table restored", "events": 2}


def subjects(events: list) -> list:
    return sorted(event["subject"] for event in events)


def subjects_of(*happened: dict) -> list:
    return sorted(f"digicert/certificate/{one['data']['certificate_id']}" for one in happened)
