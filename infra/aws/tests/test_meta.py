"""`certhooks meta subscribe --stack`: the simulated Graph API, the stack's webhook endpoint, and the handshake between them."""

import json
import urllib.request

import pytest
from conftest import API_KEYS
from emulator import PATIENCE
from test_doctor import APP, Operator

DOMAIN = "subscribed.example.com"


@pytest.fixture(scope="module")
def operator(stack, providers) -> Operator:
    return Operator(stack, providers.bases)


def graph(providers, edge: str) -> list:
    """What Graph has of the app."""
    token = API_KEYS["SIMULATOR_META_ACCESS_TOKEN"]
    request = urllib.request.Request(f"{providers.bases['meta']}/{APP}/{edge}", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return json.loads(answer.read())["data"]


def subscribe(operator: Operator, status: int = 0) -> list:
    command = ["meta", "subscribe", "--domain", DOMAIN, "--endpoint", f"{operator.base}/webhooks/meta-ct"]
    return [(step["step"], step["outcome"]) for step in operator.run(*command, status=status)]


def test_an_app_is_subscribed_and_again(operator, providers):
    assert graph(providers, "subscriptions") == []
    assert subscribe(operator) == [("fields", "done"), ("domains", "added"), ("domains", "added")]
    there, = graph(providers, "subscriptions")
    assert there["callback_url"] == f"{operator.base}/webhooks/meta-ct"
    assert [field["name"] for field in there["fields"]] == ["certificate", "phishing"]
    for edge in ["subscribed_domains", "subscribed_domains_phishing"]:
        assert DOMAIN in [one["domain"] for one in graph(providers, edge)]
    assert subscribe(operator) == [("fields", "already"), ("domains", "already"), ("domains", "already")]


def test_the_doctor_finds_it_well(operator):
    output = operator.run("doctor", "--provider", "meta-ct", "--endpoint", operator.base)
    findings = {finding["check"]: finding for finding in output if finding["scope"] == "meta"}
    for check in ["subscription", "endpoint", "domains", "phishing-domains", "answer", "handshake"]:
        assert findings[check]["level"] == "ok", findings
