"""The Python consumer over everything that there is: every example of the schema, the samples of all providers, and a replay."""

import json
import sqlite3
import subprocess

import contract
from conftest import CONSUMERS, INSTALLED
from stream import EXAMPLES

OWN_CODE = {
    "python": (["python/consumer.py"], "#"),
    "rust": (["rust/src/main.rs"], "//"),
    "typescript": (["typescript/src/consumer.ts", "typescript/src/server.ts"], ("//", "/**")),
}

# Runs the consumer over the events on standard input, each a dictionary that knows what the schema says of it.
WATCHED = """
import json, sys
sys.path.insert(0, sys.argv[1])
import consumer

message, data = (json.load(open(f"{sys.argv[2]}/{name}.json")) for name in ("certificate-event-message", "certificate-event"))
guesses = []


class Described(dict):
    def __init__(self, members, schema, root):
        schema, root = resolve(schema, root)
        self.known, self.required = schema.get("properties"), schema.get("required", [])
        known = self.known or {}
        super().__init__({name: describe(value, known.get(name, {}), root) for name, value in members.items()})

    def look(self, name, is_sure):
        # A member that is not described, or one that may be absent and is taken for granted.
        if self.known is not None and (name not in self.known or is_sure and name not in self.required):
            guesses.append(name)

    def __getitem__(self, name):
        self.look(name, True)
        return super().__getitem__(name)

    def get(self, name, default=None):
        self.look(name, False)
        return super().get(name, default)


def resolve(schema, root):
    for choice in schema.get("anyOf", []):
        if "$ref" in choice:
            schema = choice
    reference = schema.get("$ref")
    if reference == data["$id"]:
        return data, data
    return (root["$defs"][reference.rsplit("/", 1)[1]], root) if reference else (schema, root)


def describe(value, schema, root):
    schema, root = resolve(schema, root)
    if isinstance(value, dict):
        return Described(value, schema, root)
    return [describe(one, schema.get("items", {}), root) for one in value] if isinstance(value, list) else value


consumer.restore = lambda event: None  # the objects of the examples are in no bucket
count = 0
for line in sys.stdin:
    consumer.handle(describe(json.loads(line), message, message))
    count += 1
print(json.dumps({"events": count, "guesses": guesses}))
"""


def test_python_reads_every_fixture_and_guesses_nothing(samples, python, tmp_path):
    delivered = samples.tail()
    assert any(event.get("replayed") for event in delivered)
    events = [*EXAMPLES.values(), *delivered]
    errors = [error for event in events for error in contract.violations(event)]
    command = [python, "-c", WATCHED, CONSUMERS / "python", CONSUMERS.parents[1] / "events/schema"]
    lines = "".join(json.dumps(event) + "\n" for event in events)
    environment = {"INVENTORY_FILE": str(tmp_path / "inventory.db"), "AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(command, input=lines, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    print(f"{len(EXAMPLES)} examples, {len(delivered)} deliveries: {len(errors)} schema errors, {len(result['guesses'])} guesses")
    assert (result["events"], errors, result["guesses"]) == (len(events), [], [])
    with sqlite3.connect(tmp_path / "inventory.db") as inventory:
        rows = [json.loads(row) for (row,) in inventory.execute("SELECT row FROM inventory")]
    live = [row for row in rows if row["state"] not in ("revoked", "deleted")]
    assert len(live) > 3 and all(row["not_after"] and row["names"] and row["issuer"] for row in live), live


def test_what_is_not_in_the_schema_counts_as_a_guess(python):
    """Otherwise the test above could not fail."""
    program = WATCHED.replace("consumer.handle(", "(lambda event: (event['data']['serial'], event['causationid']))(")
    example = EXAMPLES["case.replayed"] | {"data": EXAMPLES["case.replayed"]["data"] | {"serial": 1}}
    command = [python, "-c", program, CONSUMERS / "python", CONSUMERS.parents[1] / "events/schema"]
    environment = {"AWS_DEFAULT_REGION": "eu-central-1"}
    done = subprocess.run(command, input=json.dumps(example), env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["guesses"] == ["serial", "causationid"]


def test_each_consumer_has_fewer_than_80_lines_of_its_own():
    """Types, manifests and tests not counted, nor lines that are blank or a comment."""
    for files, comment in OWN_CODE.values():
        lines = [line.strip() for file in files for line in (CONSUMERS / file).read_text().splitlines()]
        assert len([line for line in lines if line and not line.startswith(comment)]) < 80, files


def test_installed_types_are_those_of_the_sources():
    assert (INSTALLED / "typescript/src/events.ts").read_text() == (CONSUMERS / "typescript/src/events.ts").read_text()
