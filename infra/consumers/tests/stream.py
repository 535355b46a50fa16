"""A stream of certificate events as a consumer may get it, made of the examples: a copy, a replay, a conflict, a stale event, an
unknown type and member, offloaded members, and an offloaded object that is not what its event names."""

import copy
import hashlib
import json
from dataclasses import dataclass

from emulator import ROOT, Emulator

EXAMPLES = {path.stem: json.loads(path.read_text()) for path in sorted((ROOT / "events/schema/examples").glob("*.json"))}
BUCKET = "archive"
NAMES = [f"login{number}.example.net" for number in range(40)]


# Ids of their own, since the samples that go through `certhooks local` have those of the examples.
def changed(name: str, id_: str, **members) -> dict:
    return copy.deepcopy(EXAMPLES[name]) | {"id": id_, "subject": f"test/{id_}"} | members


@dataclass(frozen=True)
class Stream:
    """`events` by what they show; `order` is what is sent."""

    events: dict
    order: tuple

    @property
    def bodies(self) -> list:
        return [json.dumps(self.events[name], ensure_ascii=False) for name in self.order]


def offload(event: dict, members: dict, content: bytes | None = None) -> tuple:
    """Moves members into an object, as the worker does; returns its key and content."""
    key = f"deliveries/{event['data']['provider']}/2026/11/30/{event['id']}.json"
    stored = json.dumps(members).encode()
    event["data"]["offloaded"] = {
        "uri": f"s3://{BUCKET}/{key}",
        "size": len(stored),
        "sha256": hashlib.sha256(stored).hexdigest(),
        "members": list(members),
    }
    return key, stored if content is None else content


def make(aws: Emulator) -> Stream:
    """The stream, with its objects in the bucket."""
    further = changed("certificate.issued.cloudflare", "further", furthermember={"a": [1]})
    further["data"] |= {"further": [None, {}], "provider": "another"}
    phishing = changed("ct.phishing_suspected.meta", "offloaded")
    objects = [offload(phishing, {"payload": {"x": 1}, "identifiers.phishing_domains": NAMES})]
    phishing["data"] |= {"payload": None}
    phishing["data"]["identifiers"]["phishing_domains"] = NAMES[:1]
    issued = changed("certificate.issued.digicert", "offloaded-chain")
    chain = {name: issued["data"][name] for name in ("payload", "pem_chain", "certificates")}
    objects.append(offload(issued, chain))
    issued["data"] |= {"payload": None, "pem_chain": None, "certificates": chain["certificates"][:1]}
    broken = changed("certificate.issued.digicert", "broken")
    objects.append(offload(broken, {"payload": {}}, b'{"payload": 1}'))
    hostile = changed("certificate.issued.digicert", "hostile", subject="digicert/order/<!channel>\r\n*x*&")
    failed = changed("case.conflict", "failed")
    del failed["conflict"], failed["causationid"]
    failed["data"]["verdict"] = "failed"
    failed["data"]["checks"]["trust"] = {"result": "failed", "code": "untrusted_root", "detail": "…"}

    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for key, content in objects:
        s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    events = {
        "issued": changed("certificate.issued.digicert", "issued"),
        "conflict": changed("case.conflict", "conflict"),
        "stale": changed("case.stale", "stale"),
        # Of one certificate, and the later one comes first.
        "revoked": changed("certificate.revoked.digicert", "revoked", subject="test/certificate", time="2026-11-30T14:00:01.000000Z"),
        "issued before": changed("certificate.issued.digicert", "before", subject="test/certificate", time="2026-11-30T14:00:00.000000Z"),
        "replay": changed("certificate.issued.digicert", "first/replay/run", causationid="first", replayed=True),
        "unknown type": changed("certificate.issued.digicert", "unknown", type="certhooks.certificate.suspended"),
        "unknown member": further,
        "offloaded": phishing,
        "offloaded chain": issued,
        "broken": broken,
        "hostile": hostile,
        "failed": failed,
    }
    copies = ("issued", "conflict", "replay", "offloaded")
    return Stream(events, (*events, *copies))
