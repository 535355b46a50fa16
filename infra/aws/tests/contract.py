"""What every message on the deliveries queue must keep to (events/schema/)."""

import json
from functools import cache

from emulator import ROOT
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry

FURTHER_WORD = "A word that came later within this version. A consumer ignores what it does not know."


def schema(name: str) -> dict:
    return json.loads((ROOT / "events/schema" / f"{name}.json").read_text())


def strict(schema):
    """Without the freedom that a later version has: an unknown member, and an unknown word, is an error."""
    if isinstance(schema, list):
        return [strict(inner) for inner in schema if not (isinstance(inner, dict) and inner.get("description") == FURTHER_WORD)]
    if not isinstance(schema, dict):
        return schema
    closed = {"additionalProperties": False} if isinstance(schema.get("properties"), dict) and "type" in schema else {}
    return {name: strict(inner) for name, inner in schema.items()} | closed


@cache
def validator(is_strict: bool) -> Draft202012Validator:
    message, data = schema("certificate-event-message"), schema("certificate-event")
    if is_strict:
        message, data = strict(message), strict(data)
    registry = Registry().with_contents([(one["$id"], one) for one in (message, data)])
    return Draft202012Validator(message, registry=registry, format_checker=FormatChecker())


def violations(event: dict) -> list:
    """A line for each way in which an event breaks the contract."""
    return [f"{error.json_path}: {error.message}" for one in (False, True) for error in validator(one).iter_errors(event)]


def attributes(event: dict) -> dict:
    """The message attributes of a delivery."""
    return {
        "content-type": "application/cloudevents+json",
        "id": event["id"],
        "provider": event["data"]["provider"],
        "subject": event["subject"],
        "type": event["type"],
    }


def assert_kept(message: dict):
    """A message of SQS: its body, and its attributes."""
    event = json.loads(message["Body"])
    assert violations(event) == [], message["Body"]
    assert {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()} == attributes(event)
