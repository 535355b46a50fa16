"""The providers as senders: each with its header, its route, and the events of `events/`."""

import base64
import hashlib
import hmac
import json
import uuid

from emulator import ROOT
from stack import Answer, Stack

EVENTS = ROOT / "events"
FOLDERS = {"Digicert": "digicert", "Cloudflare": "cloudflare", "Meta": "meta-ct", "Certspotter": "certspotter"}
EXPECTED = json.loads((EVENTS / "expected.json").read_text())


def samples(provider: str) -> list:
    """Body and expectation of each event file of a provider."""
    prefix = FOLDERS[provider] + "/"
    return [((EVENTS / n).read_bytes(), expected) for n, expected in EXPECTED.items() if n.startswith(prefix)]


def header(provider: str, secret: dict, body: bytes) -> dict:
    """What proves that `body` comes from the provider, by a secret as Secrets Manager keeps it."""
    if provider == "Digicert":
        return {"X-WEBHOOK-KEY": secret["webhook_key"]}
    if provider == "Cloudflare":
        return {"cf-webhook-auth": secret["webhook_auth"]}
    if provider == "Certspotter":
        credentials = base64.b64encode(f"{secret['username']}:{secret['password']}".encode())
        return {"Authorization": f"Basic {credentials.decode()}"}
    signature = hmac.new(secret["app_secret"].encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={signature}"}


def send(stack: Stack, provider: str, body: bytes | dict, secret: dict | None = None) -> Answer:
    """Posts `body`, with the stack's own secret unless another is given."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    secret = stack.secret(f"{provider}Webhook") if secret is None else secret
    return stack.request(provider, body, {"content-type": "application/json"} | header(provider, secret, body))


def issued() -> dict:
    """CertCentral's certificate_issued, of a certificate that no other test has."""
    number = uuid.uuid4().int % 10**9
    return {"event": "certificate_issued", "data": {"order_id": number, "certificate_id": number + 10**9}}


def validated() -> dict:
    """A Cloudflare event that differs from every other one."""
    event = json.loads((EVENTS / "cloudflare/validation_succeeded.json").read_text())
    event["metadata"]["event"]["id"] = uuid.uuid4().hex
    return event
