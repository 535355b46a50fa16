"""`apt install ./certhooks.deb` on a clean Debian, in a folder: no systemd boots there, so the unit's command is run as
its user, with its variables.
"""

import re
import shlex
import shutil
import sqlite3
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from conftest import ARCH, DIST, KEY, Machine, post, serving
from emulator import eventually, free_port
from source import ROOT, VERSION

MACHINE = {"x86_64": "amd64", "arm64": "arm64"}[ARCH]
PACKAGE = DIST / f"certhooks_{VERSION}_{MACHINE}.deb"
# A clean system of each run comes from here.
BASE = ROOT / "target/debian"
EXPOSURE = 2.5
APT = {"DEBIAN_FRONTEND": "noninteractive", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}


def ran(*command, **more) -> str:
    done = subprocess.run(command, capture_output=True, text=True, **more)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def debian(tmp_path_factory):
    """The root of a clean Debian with the package in it."""
    if not (BASE / "complete").exists():
        shutil.rmtree(BASE, ignore_errors=True)
        ran("debootstrap", "--variant=minbase", "bookworm", BASE)
        (BASE / "complete").touch()
    root = tmp_path_factory.mktemp("debian") / "root"
    ran("cp", "-a", "--reflink=auto", BASE, root)
    shutil.copy(PACKAGE, root / "tmp/certhooks.deb")
    for file in ("/etc/resolv.conf", "/etc/hosts"):
        shutil.copy(file, root / file[1:])
    ran("mount", "-t", "proc", "proc", root / "proc")
    try:
        ran("chroot", root, "apt-get", "update", "-q")
        ran("chroot", root, "apt-get", "install", "-qy", "--no-install-recommends", "/tmp/certhooks.deb", env=APT)
        yield root
    finally:
        ran("umount", root / "proc")


def unit(root: Path) -> dict:
    """The last value of each setting of the installed unit, variables by name."""
    text = (root / "usr/lib/systemd/system/certhooks.service").read_text()
    settings = dict(re.findall(r"^(\w+)=(.*)$", text, re.M))
    settings["Environment"] = dict(word.split("=", 1) for word in settings["Environment"].split())
    return settings


class Service(Machine):
    """The unit's command in the folder, as systemd would start it: user, working folder and variables."""

    def __init__(self, root: Path, providers, port: int):
        self.root, self.port = root, port
        self.unit = unit(root)
        variables = self.unit["Environment"] | {
            "CERTHOOKS_LISTEN": f"127.0.0.1:{port}",
            "CERTHOOKS_ADMIN": "127.0.0.1:0",
            "DIGICERT_API_KEY": KEY,
            "DIGICERT_API_BASE": providers.bases["digicert"],
            "DIGICERT_API_BUDGET": "none",
        }
        # What an operator writes into the file, which only root may read.
        file = root / "etc/certhooks/certhooks.env"
        assert file.stat().st_mode & 0o777 == 0o600
        file.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        user = self.unit["User"]
        self.enter = ["chroot", f"--userspec={user}:{self.unit['Group']}", str(root)]
        environment = variables | {"PATH": APT["PATH"]}
        super().__init__([*self.enter, "/usr/bin/certhooks"], "/var/lib/certhooks", environment)

    @property
    def command(self) -> list:
        words = shlex.split(self.unit["ExecStart"])
        return self.enter + [re.sub(r"\$\{(\w+)}", lambda m: self.environment[m[1]], word) for word in words]

    @property
    def secrets(self) -> str:
        return f"{self.root}{self.state}/secrets.json"


def test_the_unit_is_valid_and_hardened(debian):
    # What it names has to be there: the command, the user, the manual page.
    verified = subprocess.run(
        ["systemd-analyze", f"--root={debian}", "--man=no", "verify", "certhooks.service"], capture_output=True, text=True
    )
    assert "certhooks.service" not in verified.stderr, verified.stderr
    assert verified.returncode == 0
    report = ran("systemd-analyze", "security", "--offline=true", f"--root={debian}", "certhooks.service")
    exposure = float(re.search(r"Overall exposure level for certhooks.service: ([\d.]+)", report)[1])
    assert exposure < EXPOSURE


def test_the_package_brings_a_user_a_state_folder_pages_and_completions(debian):
    name, _, uid, gid, _, home, shell = next(
        line.split(":") for line in (debian / "etc/passwd").read_text().splitlines() if line.startswith("certhooks:")
    )
    assert int(uid) != 0 and home == "/var/lib/certhooks" and shell.endswith("nologin")
    state = (debian / "var/lib/certhooks").stat()
    assert (state.st_uid, state.st_gid, state.st_mode & 0o777) == (int(uid), int(gid), 0o700)
    for file in (
        "usr/share/man/man1/certhooks-local.1.gz",
        "usr/share/bash-completion/completions/certhooks",
        "usr/share/zsh/vendor-completions/_certhooks",
        "usr/share/fish/vendor_completions.d/certhooks.fish",
        "usr/share/doc/certhooks/changelog.gz",
    ):
        # dpkg leaves pages and documents out where the system is configured so.
        assert (debian / file).exists(), file


def test_the_service_takes_an_event_and_delivers_it_and_doctor_is_green(debian, providers, tmp_path):
    service = Service(debian, providers, free_port())
    with serving(service.command, service.environment, service.port, tmp_path / "log"):
        sent = post(service.port, service.secret("digicert_webhook_key"), 1001)
        assert eventually(lambda: sent in service.delivered())
        event = service.delivered()[sent]
        assert event["data"]["callback"]["outcome"] == "downloaded"
        assert event["data"]["pem_chain"].count("BEGIN CERTIFICATE") >= 2
        service.subscribes_and_is_healthy(service.port)


def emptied(service: Service):
    """Takes away the state of the tests before."""
    shutil.rmtree(service.root / "var/lib/certhooks")
    ran("chroot", service.root, "install", "-d", "-m", "0700", "-o", "certhooks", "-g", "certhooks", service.state)


@contextmanager
def another(service: Service, version: Path, log: Path):
    """Runs another version's command as the unit would run it; the same command reads its state."""
    shutil.copy(version / "certhooks", service.root / "tmp/certhooks-other")
    other = Machine([*service.enter, "/tmp/certhooks-other"], service.state, service.environment)
    command = [*other.prefix, *service.command[len(service.prefix) :]]
    with serving(command, service.environment, service.port, log):
        yield other


def waiting(service: Service, providers, orders: range) -> set:
    """Ids of events that stay on the queue, since the provider is away."""
    path = "/" + providers.bases["digicert"].split("/", 3)[3]
    providers.control("PUT", "faults", [{"path": path, "fault": "server_error", "status": 503}])
    return {post(service.port, service.secret("digicert_webhook_key"), order) for order in orders}


def test_an_upgrade_loses_nothing(debian, before, providers, tmp_path):
    service = Service(debian, providers, free_port())
    emptied(service)
    with another(service, before, tmp_path / "older.log") as older:
        key = service.secret("digicert_webhook_key")
        delivered = post(service.port, key, 2001)
        assert eventually(lambda: delivered in older.delivered())
        held = waiting(service, providers, range(2002, 2012))
    providers.control("DELETE", "faults")
    ran("chroot", debian, "apt-get", "install", "-qy", "--reinstall", "/tmp/certhooks.deb", env=APT)
    with serving(service.command, service.environment, service.port, tmp_path / "log"):
        assert service.secret("digicert_webhook_key") == key
        after = post(service.port, key, 2012)
        assert eventually(lambda: {delivered, after, *held} <= set(service.delivered()), 120)
        outcomes = {event["data"]["callback"]["outcome"] for event in service.delivered().values()}
        # Version 0.1.0 archived into files, which have moved into the database.
        assert service.archived() == {delivered, after, *held}
        assert not (debian / "var/lib/certhooks/archive").exists()
    assert outcomes == {"downloaded"}


def test_after_a_roll_back_the_envelopes_of_the_newer_version_wait_for_it(debian, newer, providers, tmp_path):
    service = Service(debian, providers, free_port())
    emptied(service)
    with another(service, newer, tmp_path / "newer.log"):
        held = waiting(service, providers, range(2101, 2106))
    providers.control("DELETE", "faults")
    hurry(debian)
    log = tmp_path / "log"
    with serving(service.command, service.environment, service.port, log):
        assert eventually(lambda: log.read_text().count("sent back unread") == len(held)), log.read_text()
        this = post(service.port, service.secret("digicert_webhook_key"), 2106)
        assert eventually(lambda: this in service.delivered(), 120)
        assert set(service.delivered()) == {this}
    hurry(debian)
    with another(service, newer, tmp_path / "newer.log") as again:
        assert eventually(lambda: set(again.delivered()) == {this, *held}, 120)


def hurry(root: Path):
    """What waits on the queue for its next try is due now. The service must not run."""
    with closing(sqlite3.connect(root / "var/lib/certhooks/certhooks.db")) as database, database:
        assert database.execute("UPDATE messages SET visible_at = 0").rowcount > 0


def test_a_removed_package_leaves_the_events(debian):
    ran("chroot", debian, "apt-get", "purge", "-qy", "certhooks", env=APT)
    assert not (debian / "usr/bin/certhooks").exists()
    assert not (debian / "etc/certhooks/certhooks.env").exists()
    assert any((debian / "var/lib/certhooks").iterdir())
