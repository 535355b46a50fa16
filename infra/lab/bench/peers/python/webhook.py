"""What both Python peers do of a webhook: the work of `digicert-webhook`, in as few steps as it takes.

The body stays as it came: it is checked as JSON once, and goes into the envelope byte for byte.
"""

import hashlib
import hmac
import json
import os
import time
from datetime import datetime, timezone

BODY_LIMIT = 512 * 1024
SECRET_SECONDS = 300
ID_OF = {"certificate_issued", "certificate_revoked", "order_rejected"}


class Refusal(Exception):
    """An answer that is not 200."""

    def __init__(self, status, detail):
        super().__init__(detail)
        self.status = status


def check(headers, body, key):
    """Refuses before anything is parsed."""
    if len(body) > BODY_LIMIT:
        raise Refusal(413, "the body is over the limit")
    given = next((value for name, value in headers.items() if name.lower() == "x-webhook-key"), "")
    # Digests are of one length, whatever was sent.
    digests = [hashlib.sha256(text.strip().encode()).digest() for text in (given, key)]
    if not given.strip() or not hmac.compare_digest(*digests):
        raise Refusal(401, "The secret or signature is missing or wrong.")


def envelope(body):
    """A verified body as the message for the queue: its id, type, group and text."""
    try:
        document = json.loads(body)
    except ValueError:
        raise Refusal(400, "the body is not JSON") from None
    if not isinstance(document, dict) or not isinstance(document.get("event"), str):
        raise Refusal(400, "`event` must be a string that is not empty")
    event, data = document["event"], document.get("data") or {}
    now = datetime.now(timezone.utc)
    if event in ID_OF:
        parts = ["digicert", event, str(data.get("order_id")), str(data.get("certificate_id"))]
    else:
        canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
        parts = ["digicert", event, canonical, str(int(now.timestamp()) // 86400)]
    received = now.isoformat().replace("+00:00", "Z")
    head = {
        "specversion": "1.0",
        "id": hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest(),
        "source": "/digicert/certcentral",
        "type": f"com.digicert.certcentral.{event}",
        "subject": f"digicert/certificate/{data.get('certificate_id')}",
        "time": received,
        "datacontenttype": "application/json",
        "dataschema": "urn:certhooks:envelope:1",
        "receivedtime": received,
        "traceparent": f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01",
    }
    text = f'{json.dumps(head, separators=(",", ":"))[:-1]},"data":{body}}}'
    return head["id"], head["type"], f"digicert/order/{data.get('order_id')}", text


def message(queue_url, body):
    """The arguments of SendMessage, and the id."""
    identifier, kind, group, text = envelope(body)
    attributes = {"type": kind, "provider": "digicert"}
    return identifier, {
        "QueueUrl": queue_url,
        "MessageBody": text,
        "MessageGroupId": group,
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    }


class Secret:
    """The webhook's key, read at the start and again after five minutes."""

    def __init__(self, read):
        self._read = read
        self._refresh()

    def _refresh(self):
        self._key = json.loads(self._read())["webhook_key"]
        self._until = time.monotonic() + SECRET_SECONDS

    def key(self):
        if time.monotonic() > self._until:
            self._refresh()
        return self._key
