"""Webhooks POSTed to API Gateway, certificate events read from the deliveries queue; the compiled functions between
them, on the emulator, and the simulated providers behind the call-backs.
"""

import json
import re
import urllib.parse

import pytest
from conftest import SECRETS
from emulator import eventually
from processed import PROVIDERS, processed, watched
from senders import issued, samples, send, validated
from stack import FUNCTIONS, Stack, deploy

LOGS = {provider: f"{provider}WebhookLog" for provider in PROVIDERS}


@pytest.fixture(autouse=True)
def nothing_left_over(request):
    """Each test takes what it sent, and leaves the providers well."""
    yield
    if "stack" in request.fixturenames:
        request.getfixturevalue("providers").control("DELETE", "faults")
        assert request.getfixturevalue("stack").take("DeliveriesQueue") == []


def send_with_wrong_secret(stack: Stack, provider: str):
    body, _ = samples(provider)[0]
    return send(stack, provider, body, dict.fromkeys(stack.secret(f"{provider}Webhook"), "x" * 48))


def seen(event: dict) -> tuple:
    data = event["data"]
    return data["event"], event["type"], event["subject"], data["callback"]["outcome"]


@pytest.mark.parametrize("provider", [provider for provider in PROVIDERS if provider != "Meta"])
def test_each_event_of_a_provider_arrives_complete(stack, provider):
    expected, sent = [], {}
    for body, outcome in samples(provider):
        answer = send(stack, provider, body)
        assert answer.status == 200, answer
        assert answer.json["accepted"] == len(answer.json["ids"]) == outcome["accepted"]
        delivered = outcome.get("events", [])
        expected += [(e["event"], e["type"], e["subject"], e["callback"]) for e in delivered]
        if delivered:
            sent[answer.json["ids"][0]] = json.loads(body)

    events = stack.deliveries(len(expected))
    assert sorted(map(seen, events)) == sorted(expected)
    assert {event["id"] for event in events} == set(sent)
    for event in events:
        # The addresses of people are left out of approval events.
        if event["type"] not in ("certhooks.unrecognised", "certhooks.order.approval") and "alert_type" not in sent[event["id"]]:
            assert event["data"]["payload"] == sent[event["id"]]
        if event["data"]["callback"]["outcome"] == "downloaded":
            leaf, *issuers = event["data"]["certificates"]
            assert leaf["names"]["dns"] and len(issuers) >= 1
            assert event["data"]["pem_chain"].count("BEGIN CERTIFICATE") == 1 + len(issuers)
            checks = event["data"]["checks"]
            # The simulated account has another certificate than the sample that brings its chain.
            differs = {"confirmed"} if "certificate_chain" in sent[event["id"]]["data"] else set()
            bad = {name for name, check in checks.items() if check["result"] not in ("ok", "not_applicable")}
            assert bad == {"trust"} | differs
            # Only a configured anchor would make the simulator's root a trusted one.
            assert checks["trust"]["code"] == "untrusted_root"


def test_metas_events_arrive_and_each_certificate_once(stack):
    expected = []
    for body, outcome in samples("Meta"):
        answer = send(stack, "Meta", body)
        assert (answer.status, answer.json["accepted"]) == (200, outcome["accepted"])
        expected += outcome["events"]
    suspected = {e["subject"] for e in expected if e["event"] == "phishing"}
    announced = [e for e in expected if e["event"] == "certificate"]
    # Each announced certificate is looked up by its id, and each time the subscribed domain, of which the simulator
    # knows three.
    events = stack.deliveries(len(suspected) + len(announced) + 3)
    assert {e["subject"] for e in events if e["type"] == "certhooks.ct.phishing_suspected"} == suspected
    observed = [e["subject"] for e in events if e["type"] == "certhooks.ct.certificate_observed"]
    assert len(observed) == len(set(observed)) == len(announced) + 3
    assert {event["data"]["callback"]["outcome"] for event in events} == {"queried"}


@pytest.mark.parametrize(("token", "status", "body"), [("meta-verify-token-of-the-tests", 200, b"1158201444"), ("x", 403, None)])
def test_metas_handshake_is_answered_as_it_came(stack, token, status, body):
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token}
    answer = stack.request("Meta", None, {}, "GET", "?" + urllib.parse.urlencode(query))
    assert answer.status == status
    assert body is None or answer.body == body


@pytest.mark.parametrize("provider", LOGS)
def test_a_wrong_secret_is_refused_and_nothing_queued(stack, provider):
    assert send_with_wrong_secret(stack, provider).status == 401


def test_a_redelivery_is_acknowledged_and_not_delivered_again(stack):
    event = issued()
    first, second = (send(stack, "Digicert", event) for _ in range(2))
    assert first.json == second.json
    once, = stack.deliveries(1)
    assert once["id"] == first.json["ids"][0]
    assert eventually(lambda: '"Duplicates":1' in "".join(stack.log("WorkerLog")).replace(" ", ""))


def test_a_bad_record_among_good_ones_is_dead_lettered_alone(stack):
    mapping = stack.physical("WorkerEnvelopes")
    url = stack.outputs["EventsQueueUrl"]
    # In one batch, and with tries that come at once.
    stack.lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
    stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "2"})
    try:
        sent = send(stack, "Digicert", issued()).json["ids"]
        stack.sqs.send_message(QueueUrl=url, MessageBody="no envelope")
        sent += send(stack, "Digicert", issued()).json["ids"]
        stack.lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
        assert {event["id"] for event in stack.deliveries(2)} == set(sent)
        dead = eventually(lambda: stack.take("EventsDeadLetters"), 60)
        assert [message["Body"] for message in dead] == ["no envelope"]
    finally:
        stack.lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)
        stack.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "180"})


def test_an_outage_of_the_provider_delays_and_loses_nothing(stack, providers):
    path = providers.bases["digicert"].split("/", 3)[3]
    providers.control("PUT", "faults", [{"path": f"/{path}", "fault": "server_error", "status": 503, "times": 2}])
    sent = send(stack, "Digicert", issued()).json["ids"]
    event, = stack.deliveries(1)
    assert [event["id"]] == sent
    assert event["data"]["callback"] == {"outcome": "downloaded", "attempts": 3, "status": 200}
    assert stack.take("EventsDeadLetters") == []


def send_synthetic_event(stack: Stack) -> str:
    """Sent as the schedule does it; its id."""
    answer = stack.lambda_.invoke(FunctionName=stack.physical("DigicertWebhook"), Payload=b'{"certhooks":"canary"}')
    assert "FunctionError" not in answer, answer
    return json.loads(answer["Payload"].read())


def arrived(stack: Stack, id: str) -> bool:
    lines = [line for line in stack.log("WorkerLog") if id in line]
    return any("synthetic event arrived" in line for line in lines)


def test_a_canary_goes_all_the_way_and_to_no_consumer(stack):
    id = send_synthetic_event(stack)
    eventually(lambda: arrived(stack, id))
    assert arrived(stack, id)
    assert stack.take("DeliveriesQueue") == []


def test_consumers_who_ask_for_the_canary_get_it(stack):
    worker = stack.physical("Worker")
    variables = stack.lambda_.get_function_configuration(FunctionName=worker)["Environment"]["Variables"]
    stack.lambda_.update_function_configuration(
        FunctionName=worker, Environment={"Variables": variables | {"DELIVER_CANARY": "true"}}
    )
    try:
        id = send_synthetic_event(stack)
        event, = stack.deliveries(1)
    finally:
        stack.lambda_.update_function_configuration(FunctionName=worker, Environment={"Variables": variables})
    assert (event["id"], event["type"]) == (id, "certhooks.canary")
    assert event["data"]["callback"] == {"outcome": "not_needed", "attempts": 0}


def test_a_secret_counts_in_each_stage_of_its_rotation(stack):
    keys = {stage: {"webhook_auth": f"cloudflare-{stage}-of-the-rotation"} for stage in ("pending", "current")}
    before = stack.secret("CloudflareWebhook")

    def taken(secret: dict) -> bool:
        # The function reads all stages again after a mismatch, but at most each 5 s.
        return send(stack, "Cloudflare", validated(), secret).status == 200

    stack.fill("CloudflareWebhook", keys["pending"], "AWSPENDING")
    assert eventually(lambda: taken(keys["pending"]))
    assert taken(before)

    stack.fill("CloudflareWebhook", keys["current"], "AWSCURRENT")
    assert eventually(lambda: taken(keys["current"]))
    assert taken(before), "the previous secret counts for a day"

    stack.fill("CloudflareWebhook", before, "AWSCURRENT")
    assert len(stack.deliveries(4)) == 4


# --- a stack of its own, since these take it apart ---------------------------------------------------------------


@pytest.fixture(scope="module")
def spare(aws, template, parameters) -> Stack:
    return deploy(aws, template, "spare", EnableMeta="false", **parameters)


def test_a_provider_switched_off_has_no_route(spare):
    assert "MetaWebhookUrl" not in spare.outputs
    spare.outputs["MetaWebhookUrl"] = spare.outputs["DigicertWebhookUrl"].replace("digicert", "meta-ct")
    assert spare.request("Meta", b"{}", {}).status == 403


@pytest.mark.parametrize("guess", ["not-filled-in", ""])
def test_a_secret_that_was_never_filled_in_is_refused(spare, guess):
    # No provider's own request has such a secret.
    body, headers = json.dumps(validated()).encode(), {"content-type": "application/json", "cf-webhook-auth": guess}
    assert spare.request("Cloudflare", body, headers).status == 503


def test_a_secret_that_cannot_be_read_is_refused(spare):
    key = spare.secret("DigicertWebhook")
    spare.secrets.delete_secret(
        SecretId=spare.outputs["DigicertWebhookSecretName"], ForceDeleteWithoutRecovery=True
    )
    answer = send(spare, "Digicert", issued(), key)
    assert answer.status == 503
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_queue_that_refuses_is_not_acknowledged(spare):
    spare.fill("CloudflareWebhook", SECRETS["CloudflareWebhook"])
    spare.sqs.delete_queue(QueueUrl=spare.outputs["EventsQueueUrl"])
    answer = eventually(lambda: (a := send(spare, "Cloudflare", validated())).status == 503 and a)
    assert "Retry-After" in {name.title(): value for name, value in answer.headers.items()}


# --- what the functions said meanwhile ---------------------------------------------------------------------------


def test_no_log_line_holds_a_secret_or_a_token(stack):
    logs = "\n".join(line for log in (*LOGS.values(), "WorkerLog") for line in stack.log(log))
    assert logs.count("\n") > len(FUNCTIONS)
    secrets = [value for secret in SECRETS.values() for value in secret.values()]
    for value in [*secrets, stack.secret("DigicertWebhook")["webhook_key"]]:
        assert value not in logs


# Of the reconciler: see test_reconciler.py.
RECONCILED = ["Reconciled", "NotSent", "StillMissing"]
# Only an outage that lasts opens a circuit breaker: see the outage of shared/processing/tests.
OF_AN_OUTAGE = "Held"
# See test_correlation.py.
AFTER_A_GRACE = "UnexpectedCertificates"


def written(stack: Stack) -> set:
    return stack.metrics(*LOGS.values(), "WorkerLog")


def test_alarms_and_dashboard_watch_metrics_that_the_functions_write(stack, providers):
    # CertCentral has another certificate than the one that comes with this sample, again.
    conflict = next(body for body, _ in samples("Digicert") if b"certificate_chain" in body)
    for _ in range(2):
        send(stack, "Digicert", conflict)
    path = providers.bases["digicert"].split("/", 3)[3]
    assert eventually(lambda: any(name == "Conflicts" for _, name, _ in written(stack)))
    providers.control("PUT", "faults", [{"path": f"/{path}", "fault": "key_refused"}])
    send(stack, "Digicert", issued())
    send_synthetic_event(stack)
    for provider in LOGS:
        send_with_wrong_secret(stack, provider)
    expected = watched(*RECONCILED, OF_AN_OUTAGE, AFTER_A_GRACE)
    assert {name for _, name, _ in expected} == {"CanaryLatency", "Conflicts", "Delivered", "KeyRefused", "Refused", "WaitingAge"}
    eventually(lambda: expected <= written(stack))
    assert expected <= written(stack)

    dashboard = processed()["Resources"]["Dashboard"]["Properties"]["DashboardBody"]
    searched = re.findall(r"SEARCH\('{\W+(\w+)/stack\W+,([\w,]+)} MetricName=.{2}(\w+)", dashboard)
    searched = {(namespace, name, frozenset(dimensions.split(","))) for namespace, dimensions, name in searched}
    # The others belong to the reconciler, or to an outage.
    happened = {name for _, name, _ in written(stack)}
    assert happened >= {"Accepted", "Age", "Callback", "CallbackDuration", "Delivered", "Duplicates", "NonCurrentSecretUsed"}
    assert {metric for metric in searched if metric[1] in happened} <= written(stack)
