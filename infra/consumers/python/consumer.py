"""An inventory of what expires, kept from certificate events.

On AWS:         a Lambda function on the queue, with `consumer.handler`; INVENTORY_TABLE and IDEMPOTENCY_TABLE name its tables.
On one machine: INVENTORY_FILE=inventory.db certhooks forward --consumer inventory --exec "python consumer.py"
What ends:      INVENTORY_FILE=inventory.db python consumer.py 30     (within 30 days)
"""

import hashlib
import json
import os
import sqlite3
import sys
from datetime import UTC, datetime, timedelta

import boto3
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from boto3.dynamodb.conditions import Attr
from events import CertificateEvent

STATES = {f"certhooks.certificate.{state}": state for state in ("issued", "renewed", "deployed", "expiring", "revoked", "deleted")}
GONE = ("revoked", "deleted")


class Table:
    def __init__(self, name: str):
        self.table = boto3.resource("dynamodb").Table(name)

    def put(self, row: dict):
        try:
            self.table.put_item(Item=row, ConditionExpression=Attr("subject").not_exists() | Attr("time").lte(row["time"]))
        except self.table.meta.client.exceptions.ConditionalCheckFailedException:
            pass  # What is known is later.

    def rows(self) -> list:
        return [row for page in self.table.meta.client.get_paginator("scan").paginate(TableName=self.table.name) for row in page["Items"]]


class File:
    def __init__(self, path: str):
        self.database = sqlite3.connect(path, timeout=10)
        self.database.execute("CREATE TABLE IF NOT EXISTS inventory (subject PRIMARY KEY, time, row)")

    def put(self, row: dict):
        later = "ON CONFLICT DO UPDATE SET time = excluded.time, row = excluded.row WHERE excluded.time >= time"
        with self.database as transaction:
            transaction.execute(f"INSERT INTO inventory VALUES (?, ?, ?) {later}", (row["subject"], row["time"], json.dumps(row)))

    def rows(self) -> list:
        return [json.loads(row) for (row,) in self.database.execute("SELECT row FROM inventory")]


def restore(event: CertificateEvent):
    """Puts back what was too large for the queue."""
    if offloaded := event["data"].get("offloaded"):
        bucket, key = offloaded["uri"].removeprefix("s3://").split("/", 1)
        content = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
        if (len(content), hashlib.sha256(content).hexdigest()) != (offloaded["size"], offloaded["sha256"]):
            raise ValueError(f"{offloaded['uri']} is not what event {event['id']} names")
        for name, value in json.loads(content).items():
            of, _, member = name.rpartition(".")
            (event["data"][of] if of else event["data"])[member] = value


def handle(event: CertificateEvent):
    """A row for each subject. A replay is old and events come in any order, so the row with the latest `time` stays."""
    restore(event)
    state, data = STATES.get(event["type"]), event["data"]
    # Beside a chain only the leaf counts. Without one, each entry is a certificate of the subject.
    ends = [one for one in data["certificates"][: 1 if data["pem_chain"] else None] if one["not_after"]]
    first = min(ends, key=lambda one: one["not_after"], default={})
    if not state or event.get("ordering") == "stale" or (not first and state not in GONE):
        return
    row = {name: event[name] for name in ("subject", "time", "id")} | {"state": state, "verdict": data["verdict"]}
    row |= {"not_after": first.get("not_after"), "issuer": first.get("issuer") or first.get("certificate_authority")}
    names = (first.get("names") or {}).values()
    inventory().put(row | {"names": [name for kind in names for name in kind], "conflict": event.get("conflict", False)})


def inventory() -> Table | File:
    return Table(os.environ["INVENTORY_TABLE"]) if "INVENTORY_TABLE" in os.environ else File(os.environ["INVENTORY_FILE"])


def ending(days: int) -> list:
    until = f"{datetime.now(UTC) + timedelta(days):%Y-%m-%dT%H:%M:%SZ}"
    live = [row for row in inventory().rows() if row["state"] not in GONE and row["not_after"]]
    return sorted((row for row in live if row["not_after"] <= until), key=lambda row: row["not_after"])


def handler(batch: dict, context) -> dict:
    # Certhooks keeps ids for 120 days, so nothing comes twice after that.
    once = IdempotencyConfig("id", expires_after_seconds=120 * 86400, raise_on_no_idempotency_key=True, lambda_context=context)
    store = DynamoDBPersistenceLayer(os.environ["IDEMPOTENCY_TABLE"])
    handle_once = idempotent_function(lambda event: handle(event), data_keyword_argument="event", persistence_store=store, config=once)
    processor = BatchProcessor(EventType.SQS)
    return process_partial_response(batch, lambda record: handle_once(event=json.loads(record.body)), processor, context)


if __name__ == "__main__" and len(sys.argv) == 1:
    handle(json.load(sys.stdin))
elif __name__ == "__main__":
    for row in ending(int(sys.argv[1])):
        note = "  CONFLICT: another certificate came first" * row["conflict"]
        line = f"{row['not_after']}  {row['subject']}  {', '.join(row['names'])}  {row['issuer']}  {row['verdict']}{note}"
        print("".join(letter if letter.isprintable() else "?" for letter in line))  # Names come from outside.
