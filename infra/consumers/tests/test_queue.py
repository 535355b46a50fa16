"""The consumers as Lambda functions on a queue of the emulator, with an event source mapping and a partial batch response."""

import json
import os
import subprocess

from conftest import CONSUMERS, DIST, INSTALLED, RUST, Function, archive, table
from stream import BUCKET, NAMES

BROKEN = ["broken"]


def ids(events: list) -> list:
    return sorted(event["id"] for event in events)


def test_python_keeps_an_inventory(aws, stream, python):
    packages, = (INSTALLED / "python/lib").glob("python*/site-packages")
    code = f"import sys\nsys.path[:0] = [{str(CONSUMERS / 'python')!r}, {str(packages)!r}]\nfrom consumer import handler\n"
    variables = {"INVENTORY_TABLE": table(aws, "inventory", "subject"), "IDEMPOTENCY_TABLE": table(aws, "inventory-ids", "id")}
    function = Function(aws, "inventory", "python3.13", "index.handler", archive("index.py", code.encode()), variables)

    assert ids(function.consume(stream.bodies)) == BROKEN

    command = [python, CONSUMERS / "python/consumer.py", "36500"]
    done = subprocess.run(command, env=aws.environment | variables, capture_output=True, text=True)
    assert_inventory(done.stdout, stream)


def assert_inventory(printed: str, stream):
    """A line for each certificate that is live; not those of the copies, the stale one and the revoked one."""
    kept = ["issued", "conflict", "replay", "offloaded chain", "hostile", "failed", "unknown member"]
    expected = {stream.events[name]["subject"]: stream.events[name]["data"] for name in kept}
    lines = dict(line.split("  ", 1)[::-1] for line in printed.split("\n") if line)
    subjects = {subject.strip() for subject in expected}
    found = {line.split("  ")[0] for line in lines}
    assert len(found) == len(lines) == len(subjects), printed
    conflict, = (line for line in lines if "CONFLICT" in line)
    assert conflict.startswith(stream.events["conflict"]["subject"])
    for subject, data in expected.items():
        line, = (line for line in lines if line.startswith(subject.split("\r")[0]))
        assert lines[line] == data["certificates"][0]["not_after"]
        assert ", ".join(data["certificates"][0]["names"]["dns"]) in line


def test_rust_reports_unexpected_keys(aws, stream, tmp_path):
    expected = tmp_path / "keys"
    expected.write_text(key(stream.events["issued"]) + "\n")
    variables = {"EXPECTED_KEYS": str(expected), "SEEN": f"s3://{BUCKET}/seen", "AWS_ALLOW_HTTP": "true"}
    code = archive("bootstrap", RUST.read_bytes())
    function = Function(aws, "keys", "provided.al2023", "bootstrap", code, variables)

    assert ids(function.consume(stream.bodies)) == BROKEN

    assert_reports(function.lines(), stream)


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


def test_typescript_posts_to_a_chat(aws, stream, chat):
    code = f"export {{ handler }} from {json.dumps((DIST / 'consumer.js').as_uri())};\n"
    variables = {"CHAT_WEBHOOK_URL": chat.url, "IDEMPOTENCY_TABLE": table(aws, "chat-ids", "id"), "PATH": os.environ["PATH"]}
    function = Function(aws, "chat", "nodejs22.x", "index.handler", archive("index.mjs", code.encode()), variables)

    assert ids(function.consume(stream.bodies)) == BROKEN

    assert_posts(chat.texts, stream)


def assert_posts(texts: list, stream):
    """A line for each event that matters, once; what was offloaded is in it, and nothing of a provider's is markup."""
    expected = ["issued", "conflict", "stale", "revoked", "replay", "unknown member", "offloaded", "offloaded chain", "hostile", "failed"]
    assert len(texts) == len(expected), texts
    phishing, = (text for text in texts if text.startswith("Suspected of phishing"))
    assert f"{NAMES[0]}, {NAMES[1]}, {NAMES[2]} and {len(NAMES) - 3} more" in phishing
    hostile, = (text for text in texts if "*x*" in text)
    assert "&lt;!channel&gt; *x*&amp;" in hostile and "<" not in hostile and "\n" not in hostile
    for word, name in (("CONFLICT", "conflict"), ("stale:", "stale"), ("replayed", "replay"), ("FAILED: trust (untrusted_root)", "failed")):
        text, = (text for text in texts if word in text)
        assert stream.events[name]["subject"] in text
    assert sum(text.startswith("Revoked") for text in texts) == 1
