"""`certhooks doctor --stack` and `certhooks cloudflare … --stack`: the operator's command against a deployed stack and the
simulated providers, with the stack's webhook endpoints between them.
"""

import json
import shutil
import subprocess
import threading

import pytest
from conftest import API_KEYS, SECRETS
from emulator import BINARIES, eventually
from stack import Stack, deploy

ACCOUNT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
AUTH = SECRETS["CloudflareWebhook"]["webhook_auth"]


class Operator:
    """Runs the command as an operator who has the stack's name and API keys of their own."""

    def __init__(self, stack: Stack, bases: dict):
        self.stack = stack
        self.environment = stack.emulator.environment | {
            "DIGICERT_API_KEY": API_KEYS["SIMULATOR_DIGICERT_API_KEY"],
            "DIGICERT_API_BASE": bases["digicert"],
            "CLOUDFLARE_API_TOKEN": API_KEYS["SIMULATOR_CLOUDFLARE_API_TOKEN"],
            "CLOUDFLARE_API_BASE": bases["cloudflare"],
            "CLOUDFLARE_ACCOUNT_ID": ACCOUNT,
        }
        # The stack's own outputs are addresses of AWS; these are the same webhook endpoints at the emulator.
        host = stack.outputs["DigicertWebhookUrl"].removeprefix("https://").split(".")[0]
        self.base = f"{stack.emulator.url}/_aws/execute-api/{host}/v1"

    def run(self, *arguments: str, status: int | None = 0, **variables: str) -> list:
        """Returns the lines that a command prints; its exit status must be `status`, unless that is None."""
        command = [BINARIES / "certhooks", *arguments, "--stack", self.stack.name, "--json"]
        folder = self.stack.emulator.folder
        environment = self.environment | variables
        done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=folder)
        assert status in (None, done.returncode), done.stdout + done.stderr
        secrets = [*API_KEYS.values(), AUTH, self.stack.secret("DigicertWebhook")["webhook_key"]]
        assert not any(secret in done.stdout + done.stderr for secret in secrets)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def fix(self, finding: dict, text: str = ""):
        """Runs what a finding names as its fix, as it is printed, with `text` on its standard input."""
        environment = self.environment | {"PATH": f"{BINARIES}:{self.environment['PATH']}"}
        shell = ["bash", "-eo", "pipefail", "-c", finding["fix"]]
        subprocess.run(shell, env=environment, input=text, text=True, check=True, cwd=self.stack.emulator.folder)

    def subscribe(self):
        self.run("digicert", "webhook", "subscribe", "--endpoint", f"{self.base}/webhooks/digicert")
        self.run("cloudflare", "subscribe", "--endpoint", f"{self.base}/webhooks/cloudflare")

    def doctor(self, status: int = 0, **variables: str) -> dict:
        """The findings by scope and check."""
        findings = self.run("doctor", "--endpoint", self.base, status=status, **variables)
        return {(finding["scope"], finding["check"]): finding for finding in findings}


@pytest.fixture(scope="module")
def operator(aws, template, parameters, providers) -> Operator:
    stack = deploy(aws, template, "examined", **parameters)
    for name in ["CloudflareWebhook", "DigicertApi", "CloudflareApi"]:
        stack.fill(name, SECRETS[name])
    operator = Operator(stack, providers.bases)
    operator.subscribe()
    yield operator
    delete = [BINARIES / "certhooks", "digicert", "webhook", "delete"]
    subprocess.run(delete, env=operator.environment, check=True)


def send_event(providers) -> int | None:
    """Causes an event at Cloudflare and returns the status that the webhook endpoint answered."""
    response = providers.control("POST", "cloudflare/events", {"account": ACCOUNT, "event": "issuance.succeeded"})
    sent, = response["notifications"]
    return sent["code"]


def test_a_good_installation_has_no_errors(operator):
    findings = operator.doctor()
    bad = {name: finding for name, finding in findings.items() if finding["level"] != "ok"}
    # The emulator runs on this machine and speaks http.
    assert set(bad) == {("installation", "dns"), ("installation", "tls")}, bad
    for name in [
        ("installation", "queue"),
        ("digicert", "source-range"),
        ("digicert", "key"),
        ("digicert", "status"),
        ("digicert", "answer-to-key"),
        ("digicert", "test"),
        ("cloudflare", "destination"),
        ("cloudflare", "policy"),
        ("cloudflare", "answer"),
    ]:
        assert findings[name]["level"] == "ok", findings
    assert findings["meta", "stack"]["detail"] == "switched off"


def test_dead_letters_and_an_inactive_webhook(operator):
    stack = operator.stack
    stack.sqs.send_message(QueueUrl=stack.outputs["EventsDeadLettersUrl"], MessageBody="{}")
    subprocess.run([BINARIES / "certhooks", "digicert", "webhook", "deactivate"], env=operator.environment, check=True)
    findings = operator.doctor(status=1)
    letters = findings["installation", "dead-letters"]
    assert letters["detail"].startswith("1 events, 0 deliveries")
    assert "; the oldest was sent " in letters["detail"]
    operator.fix(letters)
    operator.fix(findings["digicert", "status"])
    eventually(lambda: operator.doctor()["installation", "dead-letters"]["level"] == "ok")


def test_deliveries_that_the_consumer_did_not_take_are_offered_again_by_the_fix(operator):
    stack = operator.stack
    stack.sqs.send_message(QueueUrl=stack.outputs["DeliveriesDeadLettersUrl"], MessageBody="not taken")
    letters = operator.doctor(status=1)["installation", "dead-letters"]
    assert letters["detail"].startswith("0 events, 1 deliveries")
    operator.fix(letters)
    assert eventually(lambda: "not taken" in [message["Body"] for message in stack.take("DeliveriesQueue")])


@pytest.mark.parametrize("options", [[], ["--compromised"]])
def test_cloudflares_secret_is_rotated_while_events_arrive(operator, providers, options):
    stack = operator.stack
    before = stack.secret("CloudflareWebhook")["webhook_auth"]
    codes, done = [], threading.Event()

    def send():
        while not done.is_set():
            codes.append(send_event(providers))

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    try:
        steps = operator.run("cloudflare", "rotate", *options)
    finally:
        # Some events come after the rotation too.
        sent = len(codes)
        eventually(lambda: len(codes) >= sent + 10)
        done.set()
        for sender in senders:
            sender.join()
    steps = [step["step"] for step in steps if step["step"] != "old secret"]
    assert steps == ["secret", "destination", "policy", "destination", "secret"]
    assert set(codes) == {200} and len(codes) > 20, codes
    assert stack.secret("CloudflareWebhook")["webhook_auth"] != before
    stack.deliveries(len(codes))


def test_a_secret_that_is_still_the_placeholder(operator):
    operator.stack.fill("CloudflareWebhook", {"webhook_auth": "not-filled-in"})
    findings = operator.doctor()
    assert findings["cloudflare", "answer"]["level"] == "warning", findings
    command = ["cloudflare", "subscribe", "--endpoint", f"{operator.base}/webhooks/cloudflare"]
    assert operator.run(*command, status=2) == []
    if not shutil.which("aws"):
        pytest.skip("the fix needs the AWS CLI, which is not installed")
    operator.fix(findings["cloudflare", "answer"], json.dumps(SECRETS["CloudflareWebhook"]))
    assert operator.stack.secret("CloudflareWebhook") == SECRETS["CloudflareWebhook"]
