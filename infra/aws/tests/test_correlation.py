"""What the logs show, on the deployed stack: a certificate that CertCentral announced is expected, another one is not."""

import json

import pytest
from conftest import SECRETS
from senders import EVENTS, issued, send
from stack import Stack, deploy


@pytest.fixture(scope="module")
def logs(aws, template, parameters) -> Stack:
    own = parameters | {"EnableCloudflare": "false", "EnableMeta": "false", "EnableCertspotter": "true"}
    stack = deploy(aws, template, "logs", CtGraceMinutes="0", **own)
    for secret in ("DigicertApi", "CertspotterWebhook"):
        stack.fill(secret, SECRETS[secret])
    return stack


def shown(number: str, pem: str) -> dict:
    der = "".join(pem.split("-----")[2].split())
    return {"id": number, "issuance": {"id": number, "cert_der": der}}


def test_what_certcentral_announced_is_expected(logs):
    announced = send(logs, "Digicert", issued()).json["ids"][0]
    certificate, = logs.deliveries(1)
    assert send(logs, "Certspotter", shown("1", certificate["data"]["pem_chain"])).status == 200
    events = {event["type"].rpartition("_")[2]: event for event in logs.deliveries(2)}
    assert set(events) == {"observed", "expected"}
    correlation = events["expected"]["data"]["correlation"]
    assert (correlation["rule"], correlation["issuance"]["id"]) == ("tbs_sha256", announced)
    assert correlation["observation"] == events["observed"]["id"]


def test_what_nobody_announced_is_unexpected_and_counted(logs):
    sample = json.loads((EVENTS / "certspotter/unknown_certificate.json").read_text())
    for _ in range(2):
        assert send(logs, "Certspotter", sample).status == 200
    events = {event["type"].rpartition("_")[2]: event for event in logs.deliveries(2)}
    assert set(events) == {"observed", "unexpected"}
    unexpected = events["unexpected"]["data"]
    assert unexpected["correlation"]["caa_domains"] == ["ca.example"]
    assert unexpected["correlation"]["problem_reporting"] == sample["issuance"]["problem_reporting"]
    assert ("Certhooks", "UnexpectedCertificates", frozenset({"provider"})) in logs.metrics("WorkerLog")
    assert logs.take("DeliveriesQueue") == []
