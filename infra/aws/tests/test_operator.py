"""`certhooks digicert webhook --stack`: the operator's command against the deployed stack and the simulated CertCentral,
with the stack's webhook endpoint between them.
"""

import json
import subprocess
import threading

import pytest
from conftest import API_KEYS, SECRETS
from emulator import BINARIES, eventually
from stack import Stack, deploy

KEY = API_KEYS["SIMULATOR_DIGICERT_API_KEY"]
COMMAND = [BINARIES / "certhooks", "digicert", "webhook"]


@pytest.fixture(scope="module", autouse=True)
def built_with_aws():
    help_ = subprocess.run([*COMMAND, "rotate", "--help"], capture_output=True, text=True).stdout
    if "--stack" not in help_:
        pytest.fail("certhooks is built without AWS: cargo build -p certhooks --features aws")


class Operator:
    """Calls the command as an operator does who has the stack's name and an API key of their own."""

    def __init__(self, stack: Stack, base: str):
        self.stack = stack
        self.environment = stack.emulator.environment | {"DIGICERT_API_KEY": KEY, "DIGICERT_API_BASE": base}
        # The stack's own output is an address of AWS; this is the same endpoint at the emulator.
        host, path = stack.outputs["DigicertWebhookUrl"].removeprefix("https://").split("/", 1)
        self.endpoint = f"{stack.emulator.url}/_aws/execute-api/{host.split('.')[0]}/{path}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess:
        command = [*COMMAND, *arguments, "--json"]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, cwd=self.stack.emulator.folder)

    def steps(self, *arguments: str) -> list:
        done = self.run(*arguments, "--stack", self.stack.name)
        assert done.returncode == 0, done.stdout + done.stderr
        assert KEY not in done.stdout and not any(value in done.stdout for value in self.keys().values())
        return [(line["step"], line["outcome"]) for line in map(json.loads, done.stdout.splitlines())]

    def keys(self) -> dict:
        """The webhook key by stage."""
        name = self.stack.outputs["DigicertWebhookSecretName"]
        found = {}
        for stage in ["AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"]:
            try:
                stored = self.stack.secrets.get_secret_value(SecretId=name, VersionStage=stage)
                found[stage] = json.loads(stored["SecretString"])["webhook_key"]
            except self.stack.secrets.exceptions.ResourceNotFoundException:
                pass
        return found


@pytest.fixture(scope="module")
def operator(aws, template, parameters, providers) -> Operator:
    """A stack of its own: its key is rotated, and the account's webhook points to it."""
    stack = deploy(aws, template, "operated", EnableCloudflare="false", **parameters)
    stack.fill("DigicertApi", SECRETS["DigicertApi"])
    yield Operator(stack, providers.bases["digicert"])
    subprocess.run([*COMMAND, "delete"], env=Operator(stack, providers.bases["digicert"]).environment, check=True)


def happen(providers) -> int | None:
    """An event at CertCentral; what the webhook endpoint answered."""
    return providers.control("POST", "digicert/events", {"event": "certificate_revoked"}).get("code")


def test_a_stack_is_subscribed_and_again(operator, providers):
    steps = operator.steps("subscribe", "--endpoint", operator.endpoint)
    assert steps == [
        ("endpoint", "done"),
        ("webhook", "created"),
        ("challenge", "sent"),
        ("token", "arrived"),
        ("verify", "done"),
        ("activate", "done"),
        ("test", "done"),
    ]
    assert happen(providers) == 200
    assert operator.stack.deliveries(1)[0]["data"]["event"] == "certificate_revoked"
    steps = operator.steps("subscribe", "--endpoint", operator.endpoint)
    assert [outcome for _, outcome in steps] == ["already", "already", "already", "done"]


def test_a_token_is_shown_from_the_ledger(operator):
    shown = operator.run("challenge", "--send", "--stack", operator.stack.name)
    assert shown.returncode == 0, shown.stderr
    waiting = operator.run("challenge", "--stack", operator.stack.name)
    assert json.loads(shown.stdout)["token"] in [json.loads(line)["token"] for line in waiting.stdout.splitlines()]
    assert operator.run("verify", "--stack", operator.stack.name).returncode == 0


@pytest.mark.parametrize("options", [[], ["--compromised"]])
def test_a_key_is_rotated_while_events_come(operator, providers, options):
    before = operator.keys()["AWSCURRENT"]
    codes, done = [], threading.Event()

    def send():
        while not done.is_set():
            codes.append(happen(providers))

    senders = [threading.Thread(target=send) for _ in range(4)]
    for sender in senders:
        sender.start()
    try:
        steps = operator.steps("rotate", *options)
    finally:
        # Some events come after the rotation too.
        sent = len(codes)
        eventually(lambda: len(codes) >= sent + 10)
        done.set()
        for sender in senders:
            sender.join()
    assert [step for step, _ in steps if step != "old key"] == ["pending", "endpoint", "update", "promote", "test"]
    assert set(codes) == {200} and len(codes) > 20, codes
    keys = operator.keys()
    assert "AWSPENDING" not in keys and keys["AWSCURRENT"] != before
    assert keys.get("AWSPREVIOUS") == (None if options else before)
    operator.stack.deliveries(len(codes))


def test_the_api_key_comes_from_secrets_manager(operator):
    operator.environment.pop("DIGICERT_API_KEY")
    refused = operator.run("list")
    assert (refused.returncode, refused.stdout) == (2, "")
    shown = operator.run("list", "--api-key-secret", operator.stack.outputs["DigicertApiSecretName"])
    assert json.loads(shown.stdout)["status"] == "active"
    operator.environment["DIGICERT_API_KEY"] = KEY
