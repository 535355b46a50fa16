"""`certhooks certificates --stack` and `certhooks forecast --stack`: all that the ledger of a deployed stack knows."""

import json
import subprocess

import pytest
from emulator import BINARIES, eventually
from senders import issued, send
from stack import Stack
from test_doctor import Operator


@pytest.fixture(scope="module")
def operator(stack, providers) -> Operator:
    return Operator(stack, providers.bases)


def deliver(stack: Stack, event: dict) -> dict:
    assert send(stack, "Digicert", event).status == 200
    delivered, = stack.deliveries(1)
    return delivered


def test_the_certificates_of_the_ledger(operator, stack):
    first, second = deliver(stack, issued()), deliver(stack, issued())
    leaf, *_ = first["data"]["certificates"]
    name = leaf["names"]["dns"][0]

    def known() -> dict | None:
        found = {one["certificate"]: one for one in operator.run("certificates")}
        return found if {first["subject"], second["subject"]} <= set(found) else None

    found = eventually(known)
    assert found, operator.run("certificates")
    own = found[first["subject"]]
    expected = {
        "state": "valid", "ct": None, "name": name, "issuer": leaf["issuer"], "not_after": leaf["not_after"],
        "provider": "digicert", "event": "certificate_issued", "id": first["id"], "tbs_sha256": leaf["tbs_sha256"],
    }
    assert own.items() >= expected.items()
    assert operator.run("certificates", "--name", name, "--in-state", "valid") == [own]
    assert operator.run("certificates", "--name", name, "--overdue") == []


def test_what_was_read_is_said(operator, stack):
    command = [BINARIES / "certhooks", "certificates", "--stack", stack.name]
    for more, form in [([], "items of the ledger read, "), (["--json"], '"read_units":')]:
        done = subprocess.run(command + more, env=operator.environment, capture_output=True, text=True, check=True)
        last = done.stderr.splitlines()[-1]
        assert form in last
        items = json.loads(last)["read_items"] if more else int(last.split()[1])
        # Ids, aliases and comparisons are items too.
        assert items > len(done.stdout.splitlines())


def test_a_forecast_knows_the_budget_of_the_stack(operator, stack):
    deliver(stack, issued())
    plans = operator.run("forecast", "--days", "100")
    assert [plan["plan"] for plan in plans] == ["as is", "by date", "199 days", "100 days", "47 days"]
    digicert, = (one for one in plans[0]["providers"] if one["provider"] == "digicert")
    # The parameter of this stack, and not the default.
    assert (digicert["budget"], digicert["budget_calls_per_day"]) == ("none", None)
    assert plans[0]["renewals"] > 0 and len(plans[0]["renewals_by_day"]) == 100
