"""The template on the emulator, packaged and deployed by SAM as `make deploy` does it on AWS."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import contract
from emulator import BIN, BINARIES, PATIENCE, ROOT, Emulator, eventually

FUNCTIONS = sorted(folder.name for folder in (ROOT / "functions").iterdir())
BUCKET = "packages"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Stack:
    def __init__(self, emulator: Emulator, name: str):
        self.emulator = emulator
        self.name = name
        self.cloudformation = emulator.client("cloudformation")
        self.lambda_ = emulator.client("lambda")
        self.logs = emulator.client("logs")
        self.s3 = emulator.client("s3")
        self.secrets = emulator.client("secretsmanager")
        self.sqs = emulator.client("sqs")
        described, = self.cloudformation.describe_stacks(StackName=name)["Stacks"]
        self.outputs = {o["OutputKey"]: o["OutputValue"] for o in described["Outputs"]}

    def request(self, provider: str, body: bytes | None, headers: dict, method="POST", query="") -> Answer:
        """Sent to the provider's route at API Gateway; `provider` as in the output's name."""
        host, path = self.outputs[f"{provider}WebhookUrl"].removeprefix("https://").split("/", 1)
        url = f"{self.emulator.url}/_aws/execute-api/{host.split('.')[0]}/{path}{query}"
        request = urllib.request.Request(url, body, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, dict(answer.headers), answer.read())
        except urllib.error.HTTPError as refusal:
            with refusal:
                return Answer(refusal.status, dict(refusal.headers), refusal.read())

    def take(self, queue: str) -> list:
        """The messages that are on a queue now, which are taken off it; `queue` as in the output's name."""
        url = self.outputs[f"{queue}Url"]
        taken = []
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            for message in messages:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            taken += messages
        return taken

    def deliveries(self, count: int, is_older: bool = False) -> list:
        """The next `count` certificate events, in the order in which they come; an older version has its own contract."""
        taken = []

        def enough() -> bool:
            for message in self.take("DeliveriesQueue"):
                if not is_older:
                    contract.assert_kept(message)
                taken.append(json.loads(message["Body"]))
            return len(taken) >= count

        eventually(enough)
        return taken

    def secret(self, name: str) -> dict:
        """The current value; `name` as in the output's name, such as `DigicertWebhook`."""
        stored = self.secrets.get_secret_value(SecretId=self.outputs[f"{name}SecretName"])
        return json.loads(stored["SecretString"])

    def fill(self, name: str, value: dict, stage: str = "AWSCURRENT"):
        self.secrets.put_secret_value(
            SecretId=self.outputs[f"{name}SecretName"], SecretString=json.dumps(value), VersionStages=[stage]
        )

    def log(self, resource: str) -> list:
        """The lines of a log group; `resource` by its logical id."""
        group = self.physical(resource)
        events = self.logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in events for event in page["events"]]

    def metrics(self, *logs: str) -> set:
        """Namespace, name and dimensions of each metric in these log groups (embedded metric format)."""
        found = set()
        for line in (line for log in logs for line in self.log(log) if '"_aws"' in line):
            metrics, = json.loads(line)["_aws"]["CloudWatchMetrics"]
            dimensions, = metrics["Dimensions"]
            namespace, _stack = metrics["Namespace"].split("/")
            found |= {(namespace, m["Name"], frozenset(dimensions)) for m in metrics["Metrics"]}
        return found

    def physical(self, resource: str) -> str:
        described = self.cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId=resource)
        return described["StackResourceDetail"]["PhysicalResourceId"]


def stage(folder: Path) -> Path:
    """The template beside the functions, as `make build` leaves them; returns the template.

    The functions are those that the Rust tests use. cargo-lambda would compile everything once more.
    """
    template = folder / "infra/aws/template.yaml"
    template.parent.mkdir(parents=True)
    shutil.copy(ROOT / "infra/aws/template.yaml", template)
    for function in FUNCTIONS:
        target = folder / "target/lambda" / function / "bootstrap"
        target.parent.mkdir(parents=True)
        # As cargo-lambda does for a release; the rest of a dev build is most of the time that packaging takes.
        subprocess.run(["strip", "-o", target, BINARIES / function], check=True)
    return template


def deploy(emulator: Emulator, template: Path, name: str, **parameters: str) -> Stack:
    buckets = emulator.client("s3")
    if BUCKET not in [bucket["Name"] for bucket in buckets.list_buckets()["Buckets"]]:
        buckets.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    command = [BIN / "sam", "deploy", "--template-file", template, "--stack-name", name, "--s3-bucket", BUCKET]
    command += ["--capabilities", "CAPABILITY_IAM", "--no-progressbar", "--parameter-overrides"]
    command += [f"{key}={value}" for key, value in parameters.items()]
    environment = emulator.environment | {"SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "1"}
    done = subprocess.run(command, env=environment, cwd=template.parent, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    stack = Stack(emulator, name)
    # The emulator keeps a number that came through a parameter as text, and its poller stumbles over it.
    mapping = stack.physical("WorkerEnvelopes")
    concurrency = int(parameters.get("WorkerConcurrency", 4))
    stack.lambda_.update_event_source_mapping(UUID=mapping, ScalingConfig={"MaximumConcurrency": concurrency})
    return stack
