"""The consumers as Lambda functions on a queue of the emulator, with an event source mapping and a partial batch response."""

import json
import subprocess
from types import SimpleNamespace

import pytest
from conftest import CONSUMERS, DIST, INSTALLED, RUST, Function, archive, new_chat, table
from stream import BUCKET, NAMES

BROKEN = ["broken"]


@pytest.fixture(scope="module")
def consumers(aws, stream, tmp_path_factory):
    """All three at once, since what is not handled comes again after some seconds only."""
    packages, = (INSTALLED / "python/lib").glob("python*/site-packages")
    code = f"import sys\nsys.path[:0] = [{str(CONSUMERS / 'python')!r}, {str(packages)!r}]\nfrom consumer import handler\n"
    tables = {"INVENTORY_TABLE": table(aws, "inventory", "subject"), "IDEMPOTENCY_TABLE": table(aws, "inventory-ids", "id")}
    python = Function(aws, "inventory", "python3.13", "index.handler", archive("index.py", code.encode()), tables)

    keys = tmp_path_factory.mktemp("keys") / "keys"
    keys.write_text(key(stream.events["issued"]) + "\n")
    variables = {"EXPECTED_KEYS": str(keys), "SEEN": f"s3://{BUCKET}/seen", "AWS_ALLOW_HTTP": "true"}
    rust = Function(aws, "keys", "provided.al2023", "bootstrap", archive("bootstrap", RUST.read_bytes()), variables)

    code = f"export {{ handler }} from {json.dumps((DIST / 'consumer.js').as_uri())};\n"
    with new_chat() as chat:
        variables = {"CHAT_WEBHOOK_URL": chat.url, "IDEMPOTENCY_TABLE": table(aws, "chat-ids", "id")}
        typescript = Function(aws, "chat", "nodejs22.x", "index.handler", archive("index.mjs", code.encode()), variables)
        for function in (python, rust, typescript):
            function.start(stream.bodies)
        yield SimpleNamespace(python=python, tables=tables, rust=rust, typescript=typescript, chat=chat)


def test_python_keeps_an_inventory(aws, consumers, stream, python):
    assert consumers.python.given_up() == BROKEN
    command = [python, CONSUMERS / "python/consumer.py", "36500"]
    done = subprocess.run(command, env=aws.environment | consumers.tables, capture_output=True, text=True)
    assert_inventory(done.stdout, stream)
    handled = aws.client("dynamodb").scan(TableName=consumers.tables["IDEMPOTENCY_TABLE"], Select="COUNT")["Count"]
    assert handled == len(stream.events) - len(BROKEN)


def assert_inventory(printed: str, stream):
    """A line for each certificate that is live; not for the copies, the stale one and what is revoked."""
    kept = ["issued", "conflict", "replay", "offloaded chain", "hostile", "failed", "unknown member"]
    expected = {stream.events[name]["subject"]: stream.events[name]["data"] for name in kept}
    lines = printed.splitlines()
    assert len(lines) == len(expected), printed
    for subject, data in expected.items():
        leaf = data["certificates"][0]
        shown = "".join(letter if letter.isprintable() else "?" for letter in subject)
        line, = (line for line in lines if line.startswith(f"{leaf['not_after']}  {shown}  "))
        assert ", ".join(leaf["names"]["dns"]) in line
        assert ("CONFLICT" in line) == (subject == stream.events["conflict"]["subject"])


def test_rust_reports_unexpected_keys(consumers, stream):
    assert consumers.rust.given_up() == BROKEN
    assert_reports(consumers.rust.lines(), stream)


def key(event: dict) -> str:
    return event["data"]["certificates"][0]["spki_sha256"]


def assert_reports(lines: list, stream):
    """One report for each event with another key, also where it came twice."""
    reports = [json.loads(line) for line in lines if '"unexpected key"' in line]
    with_another = {
        event["id"]: (key(event), "conflict" in event, "replayed" in event)
        for name, event in stream.events.items()
        if event["type"].endswith((".issued", ".renewed", ".deployed", ".certificate_observed"))
        and name != "broken"
        and key(event) not in (None, key(stream.events["issued"]))
    }
    assert len(with_another) >= 2
    assert len(reports) == len(with_another), reports
    assert {
        report["event"]["id"]: (report["spki_sha256"], report["event"]["conflict"], report["event"]["replayed"])
        for report in reports
    } == with_another


def test_typescript_posts_to_a_chat(consumers, stream):
    assert consumers.typescript.given_up() == BROKEN
    assert_posts(consumers.chat.texts, stream)


def assert_posts(texts: list, stream):
    """A line for each event that matters, once; what was offloaded is in it, and nothing of a provider's is markup."""
    assert len(texts) == len(stream.events) - len(BROKEN) - 1, texts  # The unknown type does not matter.
    phishing, = (text for text in texts if text.startswith("Suspected of phishing"))
    assert f"{NAMES[0]}, {NAMES[1]}, {NAMES[2]} and {len(NAMES) - 3} more" in phishing
    hostile, = (text for text in texts if "*x*" in text)
    assert "&lt;!channel&gt; *x*&amp;" in hostile and "<" not in hostile and "\n" not in hostile
    for word, name in (("CONFLICT", "conflict"), ("stale:", "stale"), ("replayed", "replay"), ("FAILED: trust (untrusted_root)", "failed")):
        text, = (text for text in texts if word in text)
        assert stream.events[name]["subject"] in text
    assert sum(text.startswith("Revoked") for text in texts) == 1
