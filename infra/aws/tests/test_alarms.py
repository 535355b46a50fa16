"""Each alarm, evaluated by its own periods against made-up metrics: a quiet new stack, a stranger's single request, the incident
that the alarm is for, and a moment of it that heals by itself. And the runbook, which has an entry for each.
"""

import re

import pytest
from cloudwatch import identity, metrics, state, states
from emulator import ROOT
from processed import ALL, PROVIDERS, processed, resources
from senders import has_call_backs

MINUTE, HOUR, DAY = 60, 3600, 24 * 3600
CALLED_BACK = [provider for provider in PROVIDERS if has_call_backs(provider)]
OURS = "Certhooks/stack"
PARAMETERS = ALL | {"FanOut": "topic", "CloudflareAccountId": "0123456789abcdef0123456789abcdef"}
ALARMS = resources("AWS::CloudWatch::Alarm", processed(**PARAMETERS))


def ours(name: str, **dimensions: str) -> tuple:
    return identity(OURS, name, dimensions)


def queue(name: str, metric: str) -> tuple:
    return identity("AWS/SQS", metric, {"QueueName": f"${{{name}.QueueName}}"})


def function(name: str, metric: str) -> tuple:
    return identity("AWS/Lambda", metric, {"FunctionName": f"${{{name}}}"})


def gateway(metric: str) -> tuple:
    return identity("AWS/ApiGateway", metric, {"ApiName": "stack", "Stage": "v1"})


def each(seconds: int, value, start: int = 0, end: int = 4 * DAY) -> list:
    """A point each so many seconds; `value` may depend on the time since `start`."""
    return [(time, value(time - start) if callable(value) else value) for time in range(start, end, seconds)]


def quiet() -> dict:
    """What a stack writes from its creation on when nothing happens but what it does by itself."""
    queues = ["EventsQueue", "EventsDeadLetters", "DeliveriesQueue", "DeliveriesDeadLetters"]
    canary = each(DAY, 900, start=DAY)
    return {
        **{queue(name, "ApproximateNumberOfMessagesVisible"): each(MINUTE, 0) for name in queues},
        **{queue(name, "ApproximateAgeOfOldestMessage"): each(MINUTE, 0) for name in queues},
        ours("Reconciled", provider="digicert"): each(15 * MINUTE, 1, start=15 * MINUTE),
        **{ours("StillMissing", provider=p): each(15 * MINUTE, 0, start=15 * MINUTE) for p in ("digicert", "cloudflare")},
        ours("NotSent", provider="digicert"): each(15 * MINUTE, 0, start=15 * MINUTE),
        function("Reconciler", "Errors"): each(15 * MINUTE, 0, start=15 * MINUTE),
        function("Worker", "Errors"): each(DAY, 0, start=DAY),
        ours("CanaryLatency", provider="digicert"): canary,
    }


def with_more(data: dict, more: dict) -> dict:
    return data | {metric: data.get(metric, []) + points for metric, points in more.items()}


def without(data: dict, metric: tuple, start: int, end: int) -> dict:
    return data | {metric: [(time, value) for time, value in data[metric] if not start <= time < end]}


def rings(name: str, data: dict, until: int = 4 * DAY) -> list[int]:
    """When the alarm is on."""
    return [time for time, state in states(ALARMS[name], data, until) if state == "ALARM"]


# --- the evaluation itself, by the tables of CloudWatch's guide ------------------------------------------------------


@pytest.mark.parametrize(
    ("points", "wanted", "breaching", "not_breaching"),
    [
        ("0-X-X", 3, "OK", "OK"),
        ("----0", 3, "OK", "OK"),
        ("-----", 3, "ALARM", "OK"),
        ("0XX-X", 3, "ALARM", "ALARM"),
        ("--X--", 3, "ALARM", "OK"),
        ("0-X-X", 2, "ALARM", "ALARM"),
        ("00X0X", 2, "ALARM", "ALARM"),
        ("0-X--", 2, "ALARM", "OK"),
        ("----0", 2, "ALARM", "OK"),
        ("----X", 2, "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_the_guide_says(points, wanted, breaching, not_breaching):
    values = [{"0": 0, "X": 1, "-": None}[point] for point in reversed(points)]
    alarm = {"EvaluationPeriods": 3, "DatapointsToAlarm": wanted, "Threshold": 1, "ComparisonOperator": "GreaterThanOrEqualToThreshold"}
    assert state(alarm | {"TreatMissingData": "breaching"}, values) == breaching
    assert state(alarm | {"TreatMissingData": "notBreaching"}, values) == not_breaching


# --- what sets off nothing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALARMS)
def test_a_quiet_new_stack_is_not_in_alarm(name):
    assert rings(name, quiet()) == []
    assert rings(name, {}) == [], "nor one whose metrics have not come yet"


# What one request of anybody can cause, at its worst: an endpoint whose secret was not filled in answers 503.
STRANGER = {
    ours("RefusedAddresses"): 1,
    ours("Throttled"): 1,
    gateway("4XXError"): 1,
    gateway("5XXError"): 1,
    **{ours("Refused", provider=p, reason=r): 1 for p in map(str.lower, PROVIDERS) for r in ("unauthorized", "secret")},
    **{function(f"{p}Webhook", m): 1 for p in PROVIDERS for m in ("Errors", "Throttles")},
}


@pytest.mark.parametrize("name", ALARMS)
def test_a_strangers_single_request_sets_off_nothing(name):
    for time in (DAY, DAY + 3599, DAY + 4000):
        assert rings(name, with_more(quiet(), {metric: [(time, value)] for metric, value in STRANGER.items()})) == []


# Scanners come again and again. Who answers them as it should is not to be woken for it.
@pytest.mark.parametrize("name", ["RefusedAddressesAlarm", *(f"{provider}RefusedAlarm" for provider in PROVIDERS)])
def test_a_stranger_who_comes_now_and_then_sets_off_nothing(name):
    metric, = metrics(ALARMS[name])
    assert rings(name, with_more(quiet(), {metric: each(16 * MINUTE, 1, DAY)})) == []


# --- what each is for ------------------------------------------------------------------------------------------------

START = 2 * DAY + 7 * MINUTE  # not at the edge of a period


def points(every: int, value):
    """The points of an incident that lasts from `START` for so long."""
    return lambda seconds: each(every, value, START, START + seconds)


def age(unit: int):
    return lambda since: since * unit


# The metric's points while it lasts; the longest moment that heals by itself, None where nothing does; and after how long it
# must be noticed.
INCIDENTS = {
    "NotAcknowledgedAlarm": (points(MINUTE, 1), 5 * MINUTE, 20 * MINUTE),
    "ThrottledAlarm": (points(MINUTE, 20), 5 * MINUTE, 20 * MINUTE),
    "OldestEventAlarm": (points(MINUTE, age(1)), 33 * MINUTE, 45 * MINUTE),
    "WaitingAlarm": (points(14 * MINUTE, age(1000)), 75 * MINUTE, 100 * MINUTE),
    "EventsDeadLettersAlarm": (points(MINUTE, 1), 3 * MINUTE, 15 * MINUTE),
    "DeliveriesDeadLettersAlarm": (points(MINUTE, 1), 3 * MINUTE, 15 * MINUTE),
    "OldestDeliveryAlarm": (points(MINUTE, age(1)), 63 * MINUTE, 75 * MINUTE),
    **{f"{p}KeyRefusedAlarm": (points(25 * MINUTE, 1), 15 * MINUTE, 90 * MINUTE) for p in CALLED_BACK},
    "ConflictsAlarm": (points(DAY, 1), None, HOUR),
    # Nothing here can tell whose ids do not hold the certificate.
    **{f"{p}ConflictsAlarm": (points(DAY, 1), None, HOUR) for p in PROVIDERS if p == "Certspotter" or f"{p}ConflictsAlarm" in ALARMS},
    "CertspotterUnexpectedAlarm": (points(DAY, 1), None, HOUR),
    **{f"{p}DownAlarm": (points(13 * MINUTE, 16), 45 * MINUTE, 90 * MINUTE) for p in CALLED_BACK},
    **{f"{p}FailedAlarm": (points(DAY, 1), None, HOUR) for p in CALLED_BACK},
    **{f"{p}RefusedAlarm": (points(5 * MINUTE, 1), 20 * MINUTE, 90 * MINUTE) for p in PROVIDERS},
    "RefusedAddressesAlarm": (points(5 * MINUTE, 1), 20 * MINUTE, 90 * MINUTE),
    "WorkerErrorsAlarm": (points(3 * MINUTE, 1), 5 * MINUTE, 20 * MINUTE),
    **{f"{f}ThrottlesAlarm": (points(MINUTE, 1), 5 * MINUTE, 20 * MINUTE) for f in ("Worker", *(f"{p}Webhook" for p in PROVIDERS))},
    "UndeliveredByTopicAlarm": (points(3 * MINUTE, 1), 5 * MINUTE, 20 * MINUTE),
    "ReconcilerErrorsAlarm": (points(15 * MINUTE, 1), 30 * MINUTE, 60 * MINUTE),
    "SilenceAlarm": (points(2 * HOUR, 1), 2 * HOUR, 4 * HOUR),
    "StillMissingAlarm": (points(15 * MINUTE, 1), 30 * MINUTE, 60 * MINUTE),
    "CloudflareStillMissingAlarm": (points(15 * MINUTE, 1), 30 * MINUTE, 60 * MINUTE),
}
# Those that watch for silence: what is missing, how long it may be, and when it must be noticed.
SILENCES = {
    "CanaryAlarm": (ours("CanaryLatency", provider="digicert"), HOUR, 27 * HOUR),
    "ReconcilerSilentAlarm": (ours("Reconciled", provider="digicert"), HOUR, 2 * HOUR),
}


def test_each_alarm_has_an_incident():
    assert set(INCIDENTS) | set(SILENCES) == set(ALARMS)
    assert not set(INCIDENTS) & set(SILENCES)


@pytest.mark.parametrize("name", [name for name in ALARMS if name.startswith(tuple(PROVIDERS))])
def test_an_alarm_of_a_provider_watches_that_provider(name):
    provider, = (provider for provider in PROVIDERS if name.startswith(provider))
    metric, = metrics(ALARMS[name])
    own = {"provider": provider.lower()}
    expected = {
        "KeyRefusedAlarm": ours("KeyRefused", **own),
        "ConflictsAlarm": ours("Conflicts", **own),
        "DownAlarm": ours("Held", **own),
        "FailedAlarm": ours("Delivered", outcome="failed", **own),
        "RefusedAlarm": ours("Refused", reason="unauthorized", **own),
        "WebhookThrottlesAlarm": function(f"{provider}Webhook", "Throttles"),
    }
    assert metric == expected.get(name.removeprefix(provider), ours(metric[1], **own))


@pytest.mark.parametrize("name", INCIDENTS)
def test_the_incident_is_noticed_and_its_end_too(name):
    incident, _, within = INCIDENTS[name]
    metric, = metrics(ALARMS[name])
    lasting = rings(name, with_more(quiet(), {metric: incident(6 * HOUR)}))
    assert lasting and lasting[0] <= START + within, "it is noticed in time"
    assert lasting[-1] <= START + 6 * HOUR + DAY + HOUR, "and that it is over"


@pytest.mark.parametrize("name", [name for name, (_, moment, _) in INCIDENTS.items() if moment])
def test_what_heals_by_itself_wakes_nobody(name):
    incident, moment, _ = INCIDENTS[name]
    metric, = metrics(ALARMS[name])
    assert incident(moment), "something happens"
    assert rings(name, with_more(quiet(), {metric: incident(moment)})) == []


@pytest.mark.parametrize("name", SILENCES)
def test_silence_is_noticed_and_a_short_one_is_not(name):
    metric, short, within = SILENCES[name]
    assert rings(name, without(quiet(), metric, START, START + short)) == []
    silent = rings(name, without(quiet(), metric, START - DAY // 2, 4 * DAY))
    last = max(time for time, _ in quiet()[metric] if time < START - DAY // 2)
    assert silent and silent[0] <= last + within
    # A stack that never worked at all is noticed too.
    assert rings(name, quiet() | {metric: []})


# --- who is notified -------------------------------------------------------------------------------------------------


def slug(heading: str) -> str:
    """The anchor that GitHub and mdBook give a heading."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


ENTRIES, _, _ = (ROOT / "infra/docs/runbook.md").read_text().partition("\n## Drills\n")
RUNBOOK = {slug(title): text for title, text in re.findall(r"^### (.*)\n((?:(?!^##).*\n)*)", ENTRIES, re.MULTILINE)}


def names(name: str) -> set:
    """As what an alarm may stand in its entry: by its name, or by that of all providers'."""
    return {name, *(name.replace(provider, "<Provider>", 1) for provider in PROVIDERS if name.startswith(provider))}


def anchor(alarm: dict) -> str:
    return re.search(r" infra/docs/runbook\.md#([a-z0-9-]+)$", alarm["AlarmDescription"])[1]


@pytest.mark.parametrize("name", ALARMS)
def test_each_alarm_leads_to_its_entry_of_the_runbook(name):
    alarm = ALARMS[name]
    entry = RUNBOOK[anchor(alarm)]
    assert any(f"`{written}`" in entry for written in names(name)), entry
    topic, = alarm["AlarmActions"]
    severity = {"${PageTopic}": "Page", "${TicketTopic}": "Ticket"}[topic]
    assert entry.lstrip().startswith(f"**{severity}**"), entry
    assert alarm["OKActions"] == alarm["AlarmActions"]


def test_the_runbook_has_no_entry_without_an_alarm():
    assert set(RUNBOOK) == {anchor(alarm) for alarm in ALARMS.values()}
    for slug_, text in RUNBOOK.items():
        leading = [names(name) for name, alarm in ALARMS.items() if anchor(alarm) == slug_]
        written = re.findall(r"`((?:<Provider>)?\w+Alarm)`", text)
        assert set(written) <= set().union(*leading), slug_


def test_one_period_is_enough_only_for_what_the_runbook_says():
    at_once = {anchor(alarm) for alarm in ALARMS.values() if alarm["EvaluationPeriods"] == 1}
    assert at_once == {"conflicts", "unexpected-certificates", "delivered-as-failed"}


def test_the_runbook_names_what_its_queries_show():
    saved = resources("AWS::Logs::QueryDefinition", processed(**PARAMETERS)).values()
    queries = {query["Name"].removeprefix("stack/"): query["QueryString"] for query in saved}
    asked = set(re.findall(r"[Qq]uery \*([^*]+)\*", " ".join(ENTRIES.split())))
    assert asked and asked <= set(queries)
    refusals = re.findall(r'Self::\w+ => "(\w+)",', (ROOT / "shared/intake/src/answer.rs").read_text())
    failures = re.findall(r' = "(\w+)",', (ROOT / "shared/envelope/src/vocabulary.rs").read_text())
    messages = re.findall(r'"([^"]+)"', queries["waiting, by reason"])
    shown = {"webhooks-answered-with-5xx": refusals, "events-wait-on-the-queue": messages, "events-wait-for-an-hour": failures + messages}
    for entry, there in shown.items():
        written = set(re.findall(r"`([a-z_]+|[a-z]+: [a-z ]+)`", RUNBOOK[entry])) - {"doctor"}
        assert written and written <= set(there), entry


def test_topics_of_ones_own_are_used_instead():
    page, ticket = (f"arn:aws:sns:eu-central-1:111111111111:{name}" for name in ("page", "ticket"))
    stack = processed(PageTopicArn=page, TicketTopicArn=ticket, **PARAMETERS)
    assert {tuple(a["AlarmActions"]) for a in resources("AWS::CloudWatch::Alarm", stack).values()} == {(page,), (ticket,)}
    assert set(resources("AWS::SNS::Topic", stack)) == {"DeliveriesTopic"}
    assert (stack["Outputs"]["PageTopicArn"]["Value"], stack["Outputs"]["TicketTopicArn"]["Value"]) == (page, ticket)


@pytest.mark.parametrize("topic", ["PageTopic", "TicketTopic"])
def test_cloudwatch_alone_sends_to_a_topic_and_for_this_account(topic):
    policy = processed()["Resources"][f"{topic}Policy"]["Properties"]
    deny, allow = policy["PolicyDocument"]["Statement"]
    assert policy["Topics"] == [f"${{{topic}}}"]
    assert (deny["Effect"], deny["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert allow["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allow["Condition"] == {"StringEquals": {"aws:SourceAccount": "111111111111"}}
