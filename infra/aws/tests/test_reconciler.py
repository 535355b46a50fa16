"""The reconciler on the deployed stack: what CertCentral's log and orders have and the webhook endpoint did not accept is delivered
after all, once.
"""

import json
import time
import urllib.request

import pytest
from conftest import API_KEYS, SECRETS
from emulator import PATIENCE, eventually, simulator
from processed import watched
from stack import Stack, deploy
from test_doctor import Operator
from test_end_to_end import RECONCILED

KEY = API_KEYS["SIMULATOR_DIGICERT_API_KEY"]
COUNTS = ["seen", "known", "recovered", "waiting", "still_missing"]
EVENTS = ["certificate_issued", "certificate_revoked", "order_rejected"]


class Account:
    """A stack, and a simulated CertCentral of its own whose webhook leads to it."""

    def __init__(self, stack: Stack, certcentral):
        self.stack = stack
        self.certcentral = certcentral
        self.table = stack.outputs["LedgerTable"]
        self.ledger = stack.emulator.client("dynamodb")
        # The stack's own output is an address of AWS; this is the same endpoint at the emulator.
        host, path = stack.outputs["DigicertWebhookUrl"].removeprefix("https://").split("/", 1)
        self.endpoint = f"{stack.emulator.url}/_aws/execute-api/{host.split('.')[0]}/{path}"

    def api(self, method: str, path: str, body: dict | None = None):
        url = f"{self.certcentral.bases['digicert']}/{path}"
        headers = {"X-DC-DEVKEY": KEY, "content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body or {}).encode(), headers, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def token(self) -> str | None:
        """The challenge that the worker kept for the operator."""
        kept = self.ledger.query(
            TableName=self.table,
            KeyConditionExpression="pk = :challenge",
            ExpressionAttributeValues={":challenge": {"S": "challenge#digicert"}},
        )
        return next((item["token"]["S"] for item in kept["Items"]), None)

    def subscribe(self):
        secret = self.stack.secret("DigicertWebhook")["webhook_key"]
        wanted = {"endpoint": self.endpoint, "secret": secret, "events": EVENTS}
        self.webhook = f"webhook/{self.api('POST', 'webhook', wanted)['webhook_id']}"
        self.api("PUT", f"{self.webhook}/send-challenge")
        self.api("PUT", f"{self.webhook}/check-challenge", {"token": eventually(self.token)})
        self.api("PUT", f"{self.webhook}/activate")

    def happen(self, event: str) -> dict:
        return self.certcentral.control("POST", "digicert/events", {"event": event})

    def run(self) -> list:
        """As the schedule does it."""
        answer = self.stack.lambda_.invoke(FunctionName=self.stack.physical("Reconciler"), Payload=b"{}")
        output = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, output
        return [output[count] for count in COUNTS]


@pytest.fixture(scope="module")
def account(aws, template, parameters, tmp_path_factory) -> Account:
    with simulator(tmp_path_factory.mktemp("certcentral"), API_KEYS) as certcentral:
        own = parameters | {"DigicertApiBase": certcentral.bases["digicert"]}
        stack = deploy(aws, template, "reconciled", EnableCloudflare="false", **own)
        stack.fill("DigicertApi", SECRETS["DigicertApi"])
        account = Account(stack, certcentral)
        account.subscribe()
        yield account


def test_an_event_that_the_endpoint_refused_is_recovered_and_delivered_once(account):
    assert account.happen("certificate_issued")["code"] == 200
    taken, = account.stack.deliveries(1)
    assert "reconciled" not in taken

    account.api("PUT", account.webhook, {"endpoint": account.endpoint, "secret": ""})
    refused = account.happen("certificate_issued")
    assert refused["code"] == 401
    assert account.run() == [2, 1, 1, 0, 0]
    recovered, = account.stack.deliveries(1)
    assert recovered["reconciled"] is True
    assert recovered["subject"] == f"digicert/certificate/{refused['data']['certificate_id']}"
    assert recovered["data"]["callback"]["outcome"] == "downloaded"
    # The worker records it right after the delivery.
    assert eventually(lambda: account.run() == [2, 2, 0, 0, 0])


def test_an_event_that_was_never_sent_is_recovered(account):
    account.api("PUT", f"{account.webhook}/deactivate")
    assert account.happen("certificate_revoked")["outcome"] == "withheld"
    assert account.run() == [3, 2, 1, 0, 0]
    recovered, = account.stack.deliveries(1)
    assert (recovered["data"]["event"], recovered["reconciled"]) == ("certificate_revoked", True)
    assert eventually(lambda: account.run() == [3, 3, 0, 0, 0])
    assert account.stack.take("DeliveriesQueue") == []


def test_an_operator_does_the_same_by_hand(account):
    """With the stack's own API key, which the operator need not have."""
    operator = Operator(account.stack, account.certcentral.bases)
    del operator.environment["DIGICERT_API_KEY"]

    def reconcile(*options: str) -> tuple:
        output, = operator.run("reconcile", *options)
        return [output[count] for count in COUNTS], output["events"]

    happened = account.happen("certificate_issued")
    subject = f"digicert/certificate/{happened['data']['certificate_id']}"
    for options in ["--dry-run"], []:
        counts, (event,) = reconcile(*options)
        assert counts == [4, 3, 1, 0, 0]
        assert (event["subject"], event["outcome"]) == (subject, "recovered")
    recovered, = account.stack.deliveries(1)
    assert (recovered["id"], recovered["subject"], recovered["reconciled"]) == (event["id"], subject, True)
    assert eventually(lambda: reconcile("--window", "7d") == ([4, 4, 0, 0, 0], []))
    assert account.stack.take("DeliveriesQueue") == []
    operator.run("reconcile", status=1, DIGICERT_API_KEY="another")


def test_alarms_watch_metrics_that_the_reconciler_writes(account):
    url = account.stack.outputs["EventsQueueUrl"]
    mapping = account.stack.physical("WorkerEnvelopes")
    account.stack.lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    account.happen("order_rejected")
    assert account.run()[2:] == [1, 0, 0]
    received = account.stack.sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)["Messages"]
    # As if it had been put there two hours ago.
    identity = json.loads(received[0]["Body"])["id"]
    account.ledger.update_item(
        TableName=account.table,
        Key={"pk": {"S": f"event#reconciled/{identity}"}, "sk": {"S": "state"}},
        UpdateExpression="SET expires_at = :then",
        ExpressionAttributeValues={":then": {"N": str(int(time.time()) + 22 * 3600)}},
    )
    assert account.run()[2:] == [0, 0, 1]
    expected = {metric for metric in watched() if metric[1] in RECONCILED}
    assert {name for _, name, _ in expected} == set(RECONCILED)
    assert eventually(lambda: expected <= account.stack.metrics("ReconcilerLog"))
    assert KEY not in "\n".join(account.stack.log("ReconcilerLog"))
