"""What a user has: the files of dist/, and nothing of the sources but the simulated providers.

An older and a newer version, built by infra/release/versions.sh, are where upgrades and roll-backs begin.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1] / "aws/tests")]

from emulator import PATIENCE, Simulator, eventually, simulator  # noqa: E402
from source import ROOT, VERSION  # noqa: E402

DIST = ROOT / "dist"
ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}[os.uname().machine]
KEY = "digicert-api-key-of-the-release"
KEYS = {"SIMULATOR_DIGICERT_API_KEY": KEY}


@pytest.fixture(scope="session", autouse=True)
def nothing_of_rust():
    assert shutil.which("cargo") is None and shutil.which("rustc") is None, "these tests are those of a user without Rust"
    assert (DIST / "SHA256SUMS").exists(), "dist/ is missing: make release"


def unpacked(name: str, folder: Path) -> Path:
    """An archive of dist/, unpacked; `name` is what stands between version and `.tar.gz`."""
    name = f"certhooks-{VERSION}-{name}"
    with tarfile.open(DIST / f"{name}.tar.gz") as archive:
        archive.extractall(folder, filter="tar")
    return folder / name


@pytest.fixture(scope="session")
def aws(tmp_path_factory) -> Path:
    """The release for AWS, of this machine's architecture, as it is unpacked."""
    return unpacked(f"aws-{ARCH}", tmp_path_factory.mktemp("aws"))


@pytest.fixture(scope="session")
def linux(tmp_path_factory) -> Path:
    """The archive of the command, as it is unpacked."""
    return unpacked(f"linux-{ARCH}", tmp_path_factory.mktemp("linux"))


def version(name: str) -> Path:
    """The folder with functions, command and template of another version."""
    folder = ROOT / "target" / name
    assert (folder / "commit").exists(), f"{folder} is missing: infra/release/versions.sh"
    return folder


@pytest.fixture(scope="session")
def before() -> Path:
    """The version before this one."""
    return version("before")


@pytest.fixture(scope="session")
def newer() -> Path:
    """This version, but for its envelope, which is of version 2 and has a member of another name."""
    return version("newer")


@pytest.fixture(scope="session")
def providers(tmp_path_factory) -> Simulator:
    with simulator(tmp_path_factory.mktemp("simulator"), KEYS) as started:
        yield started


@dataclass
class Machine:
    """A way to run the command: `prefix` goes before its arguments, and is nothing for the command itself."""

    prefix: list
    state: str
    environment: dict

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        command = [*self.prefix, *arguments, "--state", self.state]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=2 * PATIENCE)
        assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done

    def delivered(self) -> dict:
        """Certificate events by id."""
        lines = self.run("tail", "--json", "--from-start", "--no-follow").stdout.splitlines()
        return {event["id"]: event for event in map(json.loads, lines)}

    def archived(self) -> set:
        """Ids of the events in the archive."""
        lines = self.run("replay", "--all", "--dry-run", "--json").stdout.splitlines()
        return {event["id"] for event in map(json.loads, lines) if "id" in event}

    def subscribes_and_is_healthy(self, port: int):
        """As an operator does it after the installation."""
        self.run("digicert", "webhook", "subscribe", "--endpoint", f"http://127.0.0.1:{port}/webhooks/digicert")
        self.run("doctor", "--provider", "digicert")

    def secret(self, member: str) -> str:
        """From `secrets.json`; the folder is another user's where the command is."""
        return json.loads(Path(self.secrets).read_text())[member]

    @property
    def secrets(self) -> str:
        return f"{self.state}/secrets.json"


@contextmanager
def serving(command: list, environment: dict, port: int, log: Path) -> Iterator[None]:
    """Runs `certhooks local` until the end of the block; it then has to end by itself."""
    with log.open("a") as file:
        running = subprocess.Popen(command, env=environment, stdout=file, stderr=file)
        try:
            assert eventually(lambda: answers(port)), f"it does not listen: {log.read_text()}"
            yield
        finally:
            running.send_signal(signal.SIGTERM)
            assert running.wait(timeout=PATIENCE) == 0, log.read_text()


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def post(port: int, key: str, order: int) -> str:
    """An event of CertCentral about this order; the id of the event."""
    event = {"event": "certificate_issued", "data": {"order_id": order, "certificate_id": order + 10**9}}
    headers = {"content-type": "application/json", "X-WEBHOOK-KEY": key}
    url = f"http://127.0.0.1:{port}/webhooks/digicert"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode(), headers), timeout=PATIENCE) as answer:
        identifier, = json.loads(answer.read())["ids"]
    return identifier
