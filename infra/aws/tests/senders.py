"""The providers as senders: each with its own requests, to its route, with the events of `events/`."""

import json
import subprocess
import uuid

from emulator import BINARIES, ROOT
from processed import NAMES
from stack import Answer, Stack

EVENTS = ROOT / "events"
EXPECTED = json.loads((EVENTS / "expected.json").read_text())


def samples(provider: str) -> list:
    """Body and expectation of each event file of a provider."""
    prefix = NAMES[provider] + "/"
    return [((EVENTS / n).read_bytes(), expected) for n, expected in EXPECTED.items() if n.startswith(prefix)]


def has_call_backs(provider: str) -> bool:
    """Whether something is asked about any of its sample events."""
    events = [event for _, expected in samples(provider) for event in expected.get("events", [])]
    assert events, f"{provider} has no sample"
    return any(event["callback"] != "not_needed" for event in events)


def sample_request(provider: str, secret: dict, body: bytes) -> dict:
    """The request by which the provider sends `body`, by a secret as Secrets Manager keeps it."""
    wanted = {"provider": NAMES[provider], "secret": json.dumps(secret), "body": body.decode()}
    made = subprocess.run([BINARIES / "sample-request"], input=json.dumps(wanted), capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return json.loads(made.stdout)


def send(stack: Stack, provider: str, body: bytes | dict, secret: dict | None = None) -> Answer:
    """Sends `body`, with the stack's own secret unless another is given."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    made = sample_request(provider, stack.secret(f"{provider}Webhook") if secret is None else secret, body)
    query = f"?{made['query']}" if made["query"] else ""
    return stack.request(provider, made["body"].encode() or None, made["headers"], made["method"], query)


def issued() -> dict:
    """CertCentral's certificate_issued, of a certificate that no other test has."""
    number = uuid.uuid4().int % 10**9
    return {"event": "certificate_issued", "data": {"order_id": number, "certificate_id": number + 10**9}}


def validated() -> dict:
    """A Cloudflare event that differs from every other one."""
    event = json.loads((EVENTS / "cloudflare/validation_succeeded.json").read_text())
    event["metadata"]["event"]["id"] = uuid.uuid4().hex
    return event
