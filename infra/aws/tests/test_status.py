"""`certhooks status --stack`: what the ledger of a deployed stack knows of a certificate."""

import pytest
from emulator import eventually
from senders import issued, send
from stack import Stack
from test_doctor import Operator


@pytest.fixture(scope="module")
def operator(stack, providers) -> Operator:
    return Operator(stack, providers.bases)


def deliver(stack: Stack, *events: dict) -> list:
    """Each of these events of CertCentral once it is delivered, one after the other."""
    delivered = []
    for event in events:
        assert send(stack, "Digicert", event).status == 200
        delivered += stack.deliveries(1)
    return delivered


def history(operator: Operator, name: str, length: int) -> dict:
    """Of the one certificate of that name. An event is in it right after its delivery."""

    def known() -> dict | None:
        output = operator.run("status", name, status=None)
        return output[0] if [len(one["history"]) for one in output] == [length] else None

    found = eventually(known)
    assert found, operator.run("status", name, status=None)
    return found


def test_a_certificate_by_each_of_its_names(operator, stack):
    event = issued()
    first, = deliver(stack, event)
    leaf, *_ = first["data"]["certificates"]
    order = event["data"]["order_id"]
    known = history(operator, str(order), 1)
    assert known["certificate"] == first["subject"] == f"digicert/certificate/{event['data']['certificate_id']}"
    assert (known["state"]["type"], known["state"]["id"]) == ("certhooks.certificate.issued", first["id"])
    assert (known["serial_numbers"], known["not_after"]) == ([leaf["serial_number"]], leaf["not_after"])
    entry, = known["history"]
    assert entry["id"] == first["id"]
    assert entry["callback"]["outcome"] == "downloaded"
    digits = leaf["serial_number"].lower()
    digits = digits.zfill(len(digits) + len(digits) % 2)
    colons = ":".join(digits[i : i + 2] for i in range(0, len(digits), 2))
    for name in [known["certificate"], colons, leaf["names"]["dns"][0].upper()]:
        assert known in operator.run("status", name), name

    second, = deliver(stack, event | {"event": "certificate_revoked"})
    known = history(operator, str(order), 2)
    assert (known["state"]["type"], known["state"]["id"]) == ("certhooks.certificate.revoked", second["id"])
    assert [entry["id"] for entry in known["history"]] == [first["id"], second["id"]]


def test_an_event_that_came_late_is_marked(operator, stack):
    event = issued()
    revoked, late = deliver(stack, event | {"event": "certificate_revoked"}, event)
    assert late["ordering"] == "stale"
    known = history(operator, str(event["data"]["order_id"]), 2)
    assert known["state"]["id"] == revoked["id"]
    assert [entry.get("ordering") for entry in known["history"]] == [None, "stale"]


def test_of_what_nothing_is_known(operator):
    assert operator.run("status", "nowhere.example", status=3) == []
