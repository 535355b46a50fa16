"""The container image with a read-only root and one volume, run without an engine: its layer is unpacked, bound
read-only in a mount namespace, and its command is run there as its user.
"""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest
from conftest import ARCH, DIST, KEY, Machine, post, serving
from emulator import eventually, free_port
from source import COMMIT, VERSION

MACHINE = {"x86_64": "amd64", "arm64": "arm64"}[ARCH]


class Image:
    """An image of the OCI layout, unpacked into `folder`."""

    def __init__(self, file: Path, folder: Path):
        self.files = {}
        with tarfile.open(file) as layout:
            for entry in layout:
                self.files[entry.name] = layout.extractfile(entry).read()
        assert json.loads(self.files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
        top, = json.loads(self.files["index.json"])["manifests"]
        assert top["annotations"]["org.opencontainers.image.ref.name"] == VERSION
        entry, = (m for m in self.json(top)["manifests"] if m["platform"] == {"architecture": MACHINE, "os": "linux"})
        self.manifest = self.json(entry)
        self.config = self.json(self.manifest["config"])
        self.folder = folder
        for descriptor, expected in zip(self.manifest["layers"], self.config["rootfs"]["diff_ids"], strict=True):
            content = gzip.decompress(self.blob(descriptor))
            assert "sha256:" + hashlib.sha256(content).hexdigest() == expected
            with tarfile.open(fileobj=io.BytesIO(content)) as layer:
                layer.extractall(folder, filter="tar", numeric_owner=True)

    def blob(self, descriptor: dict) -> bytes:
        digest = descriptor["digest"].removeprefix("sha256:")
        content = self.files[f"blobs/sha256/{digest}"]
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, descriptor["size"])
        return content

    def json(self, descriptor: dict) -> dict:
        return json.loads(self.blob(descriptor))


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Image:
    return Image(DIST / f"certhooks-{VERSION}-oci.tar", tmp_path_factory.mktemp("image") / "root")


class Container(Machine):
    """A container of the image with this folder as its volume."""

    def __init__(self, image: Image, volume: Path, providers, port: int):
        configured = image.config["config"]
        state, = configured["Volumes"]
        root = image.folder
        # What an engine does with --read-only and one volume, and nothing more: no /proc, no /tmp.
        script = f'mount --bind "$1" "$1" && mount --bind "$2" "$1{state}" && mount -o remount,bind,ro "$1" "$1" && \
          shift 2 && exec chroot --userspec={configured["User"]} "$@"'
        enter = ["unshare", "--mount", "sh", "-ec", script, "sh", root, volume]
        self.port, self.volume = port, volume
        variables = {
            "CERTHOOKS_ADMIN": "127.0.0.1:0",
            "DIGICERT_API_KEY": KEY,
            "DIGICERT_API_BASE": providers.bases["digicert"],
            "DIGICERT_API_BUDGET": "none",
        }
        super().__init__([*enter, root, *configured["Entrypoint"]], state, variables | {"PATH": os.environ["PATH"]})
        # On this machine the container has no network of its own.
        own = {"0.0.0.0:3000": f"127.0.0.1:{port}", "0.0.0.0:3001": "127.0.0.1:0"}
        assert own.keys() <= set(configured["Cmd"])
        self.command = [*self.prefix, *(own.get(word, word) for word in configured["Cmd"])]

    @property
    def secrets(self) -> str:
        return f"{self.volume}/secrets.json"


@pytest.fixture
def volume() -> Path:
    """As an engine makes it: with the owner and mode that the folder has in the image."""
    # The folders of pytest are open to root only.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as parent:
        os.chmod(parent, 0o755)
        folder = Path(parent) / "volume"
        folder.mkdir(mode=0o700)
        os.chown(folder, 65532, 65532)
        yield folder


def test_the_image_has_one_file_to_run_and_no_shell(image):
    found = {str(file.relative_to(image.folder)) for file in image.folder.rglob("*") if file.is_file()}
    assert found == {"usr/bin/certhooks", "etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"}
    assert image.config["config"]["User"] == "65532:65532"
    labels = image.config["config"]["Labels"]
    assert (labels["org.opencontainers.image.version"], labels["org.opencontainers.image.revision"]) == (VERSION, COMMIT)


def test_it_takes_an_event_and_delivers_it_with_a_read_only_root_and_one_volume(image, volume, providers, tmp_path):
    container = Container(image, volume, providers, free_port())
    with serving(container.command, container.environment, container.port, tmp_path / "log"):
        sent = post(container.port, container.secret("digicert_webhook_key"), 3001)
        assert eventually(lambda: sent in container.delivered())
        assert container.delivered()[sent]["data"]["callback"]["outcome"] == "downloaded"
        container.subscribes_and_is_healthy(container.port)


def test_an_upgrade_loses_nothing(image, volume, before, providers, tmp_path):
    container = Container(image, volume, providers, free_port())
    # The older version had no image, and may not know each option of this one; it ran on the same folder.
    older = shutil.copy(before / "certhooks", volume.parent / "certhooks")
    local = [older, "local", "--listen", f"127.0.0.1:{container.port}", "--state", str(volume)]
    command = ["setpriv", "--reuid=65532", "--regid=65532", "--clear-groups", *local]
    with serving(command, container.environment, container.port, tmp_path / "older"):
        key = container.secret("digicert_webhook_key")
        path = "/" + providers.bases["digicert"].split("/", 3)[3]
        providers.control("PUT", "faults", [{"path": path, "fault": "server_error", "status": 503}])
        waiting = {post(container.port, key, order) for order in range(4001, 4011)}
    providers.control("DELETE", "faults")
    with serving(container.command, container.environment, container.port, tmp_path / "log"):
        assert eventually(lambda: waiting <= set(container.delivered()), 120)
