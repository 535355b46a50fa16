"""What the tests of the consumers share: the emulator with a queue and a function for each consumer, a chat, and a state folder."""

import io
import json
import os
import sqlite3
import subprocess
import threading
import time
import zipfile
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import stream as streams
from emulator import BINARIES, ROOT, Emulator, emulator, eventually, process

CONSUMERS = ROOT / "infra/consumers"
INSTALLED = Path(os.environ.get("CONSUMERS", ROOT / ".tools/consumers"))
CERTHOOKS = os.environ.get("CERTHOOKS", BINARIES / "certhooks")
RUST = ROOT / "target/consumers/debug/expected-keys"
DIST = INSTALLED / "typescript/dist"
SECONDS = 12  # of the functions, and until a queue gives out again what was not handled


@pytest.fixture(scope="session")
def aws(tmp_path_factory) -> Emulator:
    with emulator(tmp_path_factory.mktemp("emulator")) as started:
        yield started


@pytest.fixture(scope="session")
def stream(aws) -> streams.Stream:
    return streams.make(aws)


@dataclass
class Chat:
    url: str = ""
    texts: list = field(default_factory=list)


@pytest.fixture
def chat():
    with new_chat() as chat:
        yield chat


@contextmanager
def new_chat():
    """An incoming webhook as Slack has it."""
    chat = Chat()

    class Webhook(BaseHTTPRequestHandler):
        def do_POST(self):
            chat.texts.append(json.loads(self.rfile.read(int(self.headers["content-length"])))["text"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Webhook) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        chat.url = f"http://127.0.0.1:{server.server_port}/"
        yield chat
        server.shutdown()


def archive(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as zipped:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o755 << 16
        zipped.writestr(entry, content)
    return file.getvalue()


class Function:
    """A consumer as a Lambda function, with a queue and a dead-letter queue of its own."""

    def __init__(self, aws: Emulator, name: str, runtime: str, handler: str, code: bytes, variables: dict):
        self.sqs, self.logs, self.name = aws.client("sqs"), aws.client("logs"), name
        self.failed = self.sqs.create_queue(QueueName=f"{name}-failed")["QueueUrl"]
        redrive = json.dumps({"deadLetterTargetArn": self.arn(self.failed), "maxReceiveCount": 2})
        attributes = {"VisibilityTimeout": str(SECONDS), "RedrivePolicy": redrive}
        self.queue = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        functions = aws.client("lambda")
        functions.create_function(
            FunctionName=name,
            Runtime=runtime,
            Handler=handler,
            Role="arn:aws:iam::000000000000:role/consumer",
            Code={"ZipFile": code},
            Timeout=SECONDS,
            MemorySize=256,
            Environment={"Variables": aws.environment | variables},
        )
        self.mapping = {
            "EventSourceArn": self.arn(self.queue),
            "FunctionName": name,
            "BatchSize": 10,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
        self.functions = functions

    def arn(self, queue: str) -> str:
        return self.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def start(self, bodies: list):
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        self.functions.create_event_source_mapping(**self.mapping)

    def given_up(self) -> list:
        """Waits until none is left on the queue; returns the ids of those on the dead-letter queue."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

        def is_empty() -> bool:
            counts = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
            return all(int(count) == 0 for count in counts.values())

        assert eventually(is_empty, 60), "\n".join(self.lines())
        messages = self.sqs.receive_message(QueueUrl=self.failed, MaxNumberOfMessages=10).get("Messages", [])
        return sorted(json.loads(message["Body"])["id"] for message in messages)

    def lines(self) -> list:
        events = self.logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.name}")
        return [event["message"].strip() for page in events for event in page["events"]]


def table(aws: Emulator, name: str, key: str) -> str:
    aws.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
    )
    return name


@dataclass
class State:
    """A state folder of `certhooks local`, through which the samples of all providers went, and one replay."""

    folder: Path

    def tail(self) -> list:
        command = [CERTHOOKS, "tail", "--state", self.folder, "--json", "--from-start", "--no-follow"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def query(self, statement: str, *values) -> list:
        with closing(sqlite3.connect(self.folder / "certhooks.db", timeout=30)) as database, database:
            return database.execute(statement, values).fetchall()

    def deliver(self, events: list):
        """What the simulated providers do not bring about: it is put among the deliveries as it would be delivered."""
        for event in events:
            row = (event["id"], event["type"], event["data"]["provider"], event["subject"], time.time_ns() // 1000, json.dumps(event))
            names = "id, kind, provider, subject, published_at, body"
            self.query(f"INSERT INTO deliveries ({names}) VALUES (?, ?, ?, ?, ?, ?)", *row)

    def is_done(self, consumer: str) -> bool:
        position = "SELECT 1 FROM consumers WHERE name = ? AND position = (SELECT max(sequence) FROM deliveries)"
        return bool(self.query(position, consumer))

    def untaken(self, consumer: str) -> list:
        joined = "SELECT d.id FROM untaken u JOIN deliveries d USING (sequence) WHERE u.consumer = ?"
        return [id_ for (id_,) in self.query(joined, consumer)]

    def forward(self, consumer: str, options: list, environment: dict, log: Path):
        command = [CERTHOOKS, "forward", "--state", self.folder, "--consumer", consumer, *options]
        return process(command, environment, log)


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> State:
    folder = tmp_path_factory.mktemp("samples")
    state = State(folder / "state")
    command = [CERTHOOKS, "local", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state", state.folder, "--samples", ROOT / "events"]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    counts = []

    def all_came() -> bool:
        if (state.folder / "samples-sent").exists():
            counts.extend(state.query("SELECT count(*) FROM deliveries UNION ALL SELECT count(*) FROM messages"))
            return counts[-1] == (0,) and counts[-2] > (30,)

    with process(command, environment, folder / "local.log"):
        assert eventually(all_came, 60), (folder / "local.log").read_text()[-2000:]
    issued = next(event for event in state.tail() if event["type"] == "certhooks.certificate.issued")
    replay = [CERTHOOKS, "replay", "--state", state.folder, "--id", issued["id"]]
    done = subprocess.run(replay, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return state


@pytest.fixture
def python() -> Path:
    return INSTALLED / "python/bin/python"
