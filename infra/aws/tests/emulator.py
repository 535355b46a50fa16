"""Processes that the tests run against, on loopback: ministack, an AWS emulator, and the simulated providers."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent
# Where cargo leaves the functions and the simulator.
BINARIES = Path(os.environ.get("CERTHOOKS_BINARIES", ROOT / "target/debug"))
REGION = "eu-central-1"
PATIENCE = 30  # seconds, for what takes one or two
# It knows the default limit of SNS only, 256 KiB, and not the topic's own `MaximumMessageSize`; and neither saved queries
# nor alarms on an expression, which nothing here evaluates.
LAUNCH = """
from ministack.services import sns
from ministack.services.cloudformation import provisioners

sns._SNS_MAX_PAYLOAD_BYTES = 2**20
provisioners._RESOURCE_HANDLERS["AWS::Logs::QueryDefinition"] = {
    "create": lambda name, *_: (name, {}),
    "update": lambda physical, *_, **__: (physical, {}),
    "delete": lambda *_: None,
}

record = provisioners._cw_metric_alarm_record
plain = {"Namespace": "any", "MetricName": "any", "Statistic": "Sum", "Period": 60}
provisioners._cw_metric_alarm_record = lambda name, properties: record(
    name, properties if "MetricName" in properties else {k: v for k, v in properties.items() if k != "Metrics"} | plain
)

from ministack.app import main

main()
"""


def eventually(read: Callable, patience: float = PATIENCE):
    """The first result of `read` that is true, or its last one."""
    end = time.monotonic() + patience
    while not (result := read()) and time.monotonic() < end:
        time.sleep(0.2)
    return result


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def process(command: list, environment: dict, log: Path, **streams) -> Iterator[subprocess.Popen]:
    """Runs until the end of the block, with this environment and nothing of ours."""
    with log.open("w") as file:
        streams = {"stdout": file, "stderr": file} | streams
        running = subprocess.Popen(command, env=environment, cwd=log.parent, text=True, **streams)
        try:
            yield running
        finally:
            running.terminate()
            running.wait(timeout=PATIENCE)


@dataclass(frozen=True)
class Emulator:
    url: str
    folder: Path

    @property
    def environment(self) -> dict:
        """For what talks to it. The functions inherit it, so it holds no proxy and no credential of this machine."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.url,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }

    def client(self, service: str):
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def is_up(self) -> bool:
        try:
            return urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=PATIENCE).status == 200
        except OSError:
            return False


@contextmanager
def emulator(folder: Path) -> Iterator[Emulator]:
    port = free_port()
    started = Emulator(f"http://127.0.0.1:{port}", folder)
    settings = {
        "BIND_HOST": "127.0.0.1",  # by itself it binds every address,
        "IOT_MTLS_ENABLED": "0",  # with MQTT
        "SFTP_ENABLED": "0",  # and SFTP beside HTTP
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "localhost",
    }
    log = folder / "emulator.log"
    with process([BIN / "python", "-c", LAUNCH], started.environment | settings, log):
        assert eventually(started.is_up), f"ministack did not start; see {log}"
        yield started


@dataclass(frozen=True)
class Simulator:
    """The simulated providers: `bases` by provider, and the operator's side under `/_simulator`."""

    bases: dict

    def control(self, method: str, path: str, body=None):
        origin = "/".join(self.bases["digicert"].split("/")[:3])
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{origin}/_simulator/{path}", data, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text else None


@contextmanager
def simulator(folder: Path, keys: dict) -> Iterator[Simulator]:
    """`keys`: the API keys that it takes, by environment variable."""
    command = [BINARIES / "certhooks-simulator", "--listen", "127.0.0.1:0", "--json"]
    with process(command, keys, folder / "simulator.log", stdout=subprocess.PIPE) as running:
        line = running.stdout.readline()
        assert line, f"the simulator did not start; see {folder / 'simulator.log'}"
        yield Simulator(json.loads(line))
