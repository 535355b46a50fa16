"""The dashboard as it is drawn, the saved queries, and that somebody looks at every metric."""

import re

import pytest
from dashboard import COLUMN, GAP, LEGEND, PARAMETERS, PICTURE, ROW, TITLE, body, draw, legend, lines, width
from emulator import ROOT
from processed import ALL, PROVIDERS, processed, resources

OURS = "Certhooks/stack"
WIDGETS = body(**PARAMETERS)["widgets"]
ALARMS = resources("AWS::CloudWatch::Alarm", processed(**PARAMETERS))
# Counted by a filter on the access log.
OF_THE_API = {"RefusedAddresses", "Throttled"}

# Counted as Powertools does, for a view over all functions of an account.
FOR_OTHER_DASHBOARDS = {"ColdStart"}

def sources() -> str:
    return "\n".join(path.read_text() for folder in ("shared", "functions") for path in sorted((ROOT / folder).glob("*/src/**/*.rs")))


def described() -> set:
    """The metrics that shared/boot/src/metric_names.rs describes."""
    text = (ROOT / "shared/boot/src/metric_names.rs").read_text()
    return set(re.findall(r'^    \("(\w+)", "', text, re.MULTILINE))


def shown() -> set:
    return {line.name for widget in WIDGETS if widget["type"] == "metric" for line in lines(widget) if line.namespace == OURS}


def test_the_picture_is_that_of_the_template():
    assert PICTURE.read_text() == draw(WIDGETS), "write it anew: python infra/aws/tests/dashboard.py"


def test_rows_answer_a_question_each_and_nothing_overlaps():
    assert [w["properties"]["markdown"] for w in WIDGETS if w["type"] == "text"] == [
        "## Is it receiving?",
        "## Is it keeping up?",
        "## What is failing, and whose fault is it?",
        "## What providers did not send, or we did not take",
    ]
    cells = [(w["x"] + x, w["y"] + y) for w in WIDGETS for x in range(w["width"]) for y in range(w["height"])]
    assert len(cells) == len(set(cells)) == 24 * max(w["y"] + w["height"] for w in WIDGETS), "and nothing is left empty"


def test_titles_and_legends_fit():
    for widget in (w for w in WIDGETS if w["type"] != "text"):
        room = widget["width"] * COLUMN - GAP - 20
        assert width(widget["properties"]["title"], TITLE) <= room, widget["properties"]["title"]
    for widget in (w for w in WIDGETS if w["type"] == "metric"):
        room = widget["width"] * COLUMN - GAP - 20
        entries = legend(lines(widget), room)
        assert all(x + 14 + width(line.label, LEGEND) <= room for _, x, line in entries)
        assert (1 + max(row for row, _, _ in entries)) * 14 <= widget["height"] * ROW / 3, f"{widget['properties']['title']}: more legend than a third; make its row of the dashboard higher"


def test_every_alarm_is_on_it_and_pages_come_first():
    pages, tickets = (w["properties"]["alarms"] for w in WIDGETS if w["type"] == "alarm")
    topics = {name: alarm["AlarmActions"][0] for name, alarm in ALARMS.items()}
    assert sorted(pages) == sorted(f"${{{name}.Arn}}" for name, topic in topics.items() if topic == "${PageTopic}")
    assert sorted(tickets) == sorted(f"${{{name}.Arn}}" for name, topic in topics.items() if topic == "${TicketTopic}")


@pytest.mark.parametrize("provider", PROVIDERS)
def test_with_one_provider_it_names_that_function_and_no_other(provider):
    alone = body(**{f"Enable{other}": str(other == provider).lower() for other in PROVIDERS})
    assert [other for other in PROVIDERS if other in str(alone)] == [provider]
    ours, = (w["properties"] for w in alone["widgets"] if w["properties"].get("title") == "Ours: the webhook functions")
    dimension = ["FunctionName", f"${{{provider}Webhook}}"]
    assert [metric[:-1] for metric in ours["metrics"]] == [["AWS/Lambda", metric, *dimension] for metric in ("Errors", "Throttles")]


def test_somebody_looks_at_every_metric_that_is_counted():
    counted = set(re.findall(r'(?:counter|histogram)!\(\s*"(\w+)"', sources()))
    assert counted <= described(), "shared/boot/src/metric_names.rs has no unit for it"
    assert shown() == (described() - FOR_OTHER_DASHBOARDS) | OF_THE_API


def test_saved_queries_ask_for_lines_that_are_logged():
    queries = resources("AWS::Logs::QueryDefinition", processed(**ALL))
    assert len(queries) == 8
    webhooks = {f"${{{provider}WebhookLog}}" for provider in PROVIDERS}
    for name, query in queries.items():
        read = webhooks & set(query["LogGroupNames"])
        assert read == (webhooks if name in ("OneEventQuery", "RefusedQuery", "ErrorsQuery") else set()), name
    page = (ROOT / "infra/docs/operate.md").read_text()
    code = sources()
    for name, query in queries.items():
        text = query["QueryString"]
        title = query["Name"].removeprefix("stack/")
        assert f"*{title}*\n\n```text\n{text}\n```\n" in page, f"the handbook has another {name}"
        messages = re.findall(r'message (?:=|in) (?:"([^"]+)"|\[(.*)])', text)
        for message in [m for one, many in messages for m in ([one] if one else re.findall(r'"([^"]+)"', many))]:
            assert f'"{message}"' in code, f"{name}: nothing logs {message}"
